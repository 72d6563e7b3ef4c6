"""The command line with real runs on this machine, and what only a process of its own can show."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest

from specrun.spec import secrets
from tests.engine_double import write_spec

ROOT = Path(__file__).parents[2]
CANARY = 'canary-0451-"quoted\\'


UNWRITTEN = (["schema"], ["--version"], ["plan", "-o", "json", "none.yaml"])
"""More and less than a buffer holds, and what is printed once a command has ended."""


def program(
    *arguments: str, to: IO[str] | int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "specrun", *arguments]
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    nothing, err = subprocess.DEVNULL, subprocess.PIPE
    return subprocess.run(command, env=variables, stdin=nothing, stdout=to, stderr=err, text=True, check=False)


def test_init_and_apply_train_something(specrun: Any) -> None:
    assert specrun("init").code == 0
    assert specrun("init").code == 1
    assert specrun("validate").code == 0
    said = specrun("apply", "--var", "steps=1000")
    assert said.code == 0, said.err
    assert re.search(r"^main/0 \| accuracy 0\.9\d+$", said.out, re.MULTILINE)
    assert "succeeded after" in said.out.splitlines()[-1]
    listed = specrun("outputs")
    assert "model/model.json" in listed.out
    assert specrun("outputs", "--fetch", "got", "--only", "model/*").code == 0
    assert [path.as_posix() for path in Path("got").rglob("*.json")] == ["got/model/model.json"]
    assert specrun("outputs", "--only", "nothing/*").code == 1
    assert "accuracy 0.9" in specrun("logs", "--tail", "1").out
    again = specrun("apply", "--var", "steps=1000")
    assert (again.code, "No changes" in again.err) == (0, True)
    assert len(specrun("runs").out.splitlines()) == 2


def test_a_secret_is_shown_and_written_nowhere(specrun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECRUN_CANARY", CANARY)
    command = 'set -- --password canary-0451; echo "the key is $KEY, 2 literals: ${#2} ${#PASSWORD}."; exit 3'
    text = (
        f"name: job\njob:\n  command: '{command}'\n"
        "  environment_variables:\n    KEY: '${{ secrets.SPECRUN_CANARY }}'\n    PASSWORD: canary-0451-xx\n"
        "    INDEX: https://me:canary-0451@host/simple\n"
    )
    write_spec(Path.cwd(), text)
    told = [specrun("validate"), specrun("plan", "--out", "the.plan"), specrun("plan", "-o", "json")]
    told += [specrun("apply", "-o", "json"), specrun("apply"), specrun("status"), specrun("runs", "-o", "json")]
    logs = specrun("logs")
    assert logs.out == "main/0 | the key is ••••, 2 literals: 11 14.\n"
    assert [said.code for said in told] == [0, 0, 0, 100, 100, 0, 0]
    for said in (*told, logs):
        assert "canary-0451" not in said.out + said.err
    holding = [path for path in Path.cwd().rglob("*") if path.is_file() and b"canary-0451" in path.read_bytes()]
    assert [path.name for path in holding] == ["job.yaml"]
    monkeypatch.delenv("SPECRUN_CANARY")
    monkeypatch.setattr(secrets, "_values", ())
    monkeypatch.setattr(secrets, "_forms", ())
    assert (
        specrun("logs").out == "main/0 | the key is ••••, 2 literals: 11 14.\n"
    )  # nor is it there for who does not know it


def test_a_key_of_several_lines_is_masked_line_by_line(specrun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECRUN_CANARY", "-----BEGIN KEY-----\ncanary-one\ncanary-two\n")
    text = "name: job\njob: {command: 'echo \"$KEY\"', environment_variables: {KEY: '${{ secrets.SPECRUN_CANARY }}'}}\n"
    write_spec(Path.cwd(), text)
    assert "canary" not in specrun("apply").out


def test_an_unset_secret_is_an_error_in_apply_alone(specrun: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPECRUN_CANARY", raising=False)
    text = "name: job\njob: {command: ls, environment_variables: {KEY: '${{ secrets.SPECRUN_CANARY }}'}}\n"
    write_spec(Path.cwd(), text)
    assert [specrun(verb).code for verb in ("validate", "plan", "apply")] == [0, 0, 65]


HEAVY = ("rich", "jsonschema", "stamina", "asyncio", "tensorflow", "torch", "azure", "numpy", "http")
FOR_OTHERS = ("specrun.plan.graph", "specrun.spec.model", "pathlib", "shutil", "urllib.parse", "difflib", "unicodedata")
"""What others need, and who only checks does not: some milliseconds each of the 60 that it takes."""


@pytest.mark.parametrize(("verb", "heavy"), [("validate", HEAVY + FOR_OTHERS), ("plan", HEAVY)])
def test_checking_and_planning_import_nothing_heavy(verb: str, heavy: tuple[str, ...]) -> None:
    write_spec(Path.cwd(), "name: job\njob: {code: src, command: ls}\n", src__a_py="")
    code = (
        f"import sys; from specrun.cli.main import run; assert run(['{verb}']) == 0; "
        f"print(sorted({set(heavy)} & set(sys.modules)), file=sys.stderr)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (0, ["[]"])


def test_a_terminal_without_utf_8_and_a_full_or_closed_standard_output() -> None:
    write_spec(Path.cwd(), "name: job\njob: {command: ls}\n")
    done = program("plan", PYTHONIOENCODING="ascii")
    assert (done.returncode, "run/job" in done.stdout) == (0, True)
    with Path("/dev/full").open("w") if Path("/dev/full").exists() else pytest.skip("no /dev/full here") as full:
        for words in UNWRITTEN:
            ended = program(*words, to=full)
            assert (ended.returncode, "No space left" in ended.stderr) == (1, True)
            assert "Traceback" not in ended.stderr
    for words in UNWRITTEN:
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as nobody:
            ended = program(*words, to=nobody)
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
