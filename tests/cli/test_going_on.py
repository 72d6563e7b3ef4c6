"""What an apply ends with whose runs go on: the command that goes on from there does, as it is printed."""

from __future__ import annotations

import os
import shlex
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests import commands
from tests.cli.conftest import Said
from tests.engine_double import write_spec
from tests.local.runs import wait_until
from tests.unit.test_git_changes import run as git

PREP = """\
name: prep
vars: {word: one}
job:
  code: src
  command: until [ -e GO ]; do sleep 0.01; done; echo "${{ vars.word }}" > ${{ outputs.f }}/f.txt
  outputs: {f: {}}
  ENVIRONMENT
"""
TRAIN = """\
name: train
vars: {word: one}
job:
  code: src
  command: cat ${{ inputs.f }}/f.txt > ${{ outputs.model }}/m.txt; echo "${{ vars.word }}" >> ${{ outputs.model }}/m.txt
  inputs: {f: {run: prep, output: f}}
  outputs: {model: {register: {name: digits}}}
  ENVIRONMENT
"""
BARE = {"prep.yaml": PREP, "chain/train.yaml": TRAIN.replace("run: prep", "run: ../prep.yaml")}


class Chain:
    """Two specs in a repository; the first waits until it is let go on."""

    def __init__(self, folder: Path, specrun: Any) -> None:
        self.folder = folder
        self.specrun = specrun
        self.go = folder / "go"
        git(folder, "init", "-q", ".")
        self.write()
        (folder / ".gitignore").write_text(".specrun/\ngo\n")
        git(folder, "add", ".")
        git(folder, "commit", "-qm", "first")

    def write(self, environment: str = "", **code: str) -> None:
        for file, text in BARE.items():
            write_spec(
                self.folder / Path(file).parent,
                text.replace("GO", str(self.go)).replace("  ENVIRONMENT\n", environment),
                Path(file).name,
                src__code_txt=code.get(Path(file).stem, "1"),
            )

    def runs(self) -> list[str]:
        return sorted(one.name for one in (self.folder / ".specrun" / "runs").iterdir())

    def counts(self) -> dict[str, int]:
        return dict(Counter(one.partition("-")[0] for one in self.runs()))

    def goes_on(self, err: str, *more: str) -> Said:
        """Let the first go on, and do what was printed; then nothing is left to be done."""
        self.go.touch()
        lines = printed(err)
        assert [line[0] for line in lines] == ["specrun"] * len(lines)
        for line in lines:
            said: Said = self.specrun(*line[1:], "-q", *more)
            assert said.code == 0, f"{line}: {said.err}"
            assert "still to be" not in said.err
        return said


def printed(err: str) -> Sequence[list[str]]:
    """The commands, in their order."""
    starts = ("  to go on:", "  and then:")
    lines = err.replace("\\\n", " ").splitlines()
    return [shlex.split(line.partition(":")[2]) for line in lines if line.startswith(starts)]


@pytest.fixture
def chain(tmp_path: Path, specrun: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chain]:
    monkeypatch.setenv("COLUMNS", "60")
    made = Chain(tmp_path, specrun)
    yield made
    made.go.touch()  # also after a test that has failed: nobody waits for ever


FILES = ("prep.yaml", "chain/train.yaml")
VARIABLES = ("--var", "word=two words; and 'more'", "--var-file", "words here.yaml")
SAID = {
    "a folder": (".", "--engine", "local"),
    "several files": (*FILES, *VARIABLES),
    "a glob, selected": ("**/*.yaml", "--only", "name:prep", "--only", "folder:chain", "--exclude", "name:other"),
    "an environment": (*FILES, "--environment", "current", "--rules-from", "HEAD"),
}


@pytest.mark.parametrize("arguments", SAID.values(), ids=list(SAID))
@pytest.mark.parametrize("saved", [False, True], ids=["", "saved"])
def test_detached(chain: Chain, arguments: tuple[str, ...], saved: bool) -> None:
    (chain.folder / "words here.yaml").write_text("word: three\n")
    if "--environment" in arguments:
        chain.write("  environment: {pip: [nothing-of-this-name-is-anywhere]}\n")
    said = apply(chain, arguments, saved)
    assert (said.code, len(printed(said.err))) == (0, 1), said.err
    chain.goes_on(said.err)
    assert chain.counts() == {"prep": 1, "train": 1}
    assert len(list((chain.folder / ".specrun" / "models" / "digits").glob("*/model.json"))) == 1
    (train,) = (chain.folder / ".specrun" / "runs").glob("train-*/outputs/model/m.txt")
    assert len(set(train.read_text().splitlines())) == 1


def apply(chain: Chain, arguments: tuple[str, ...], saved: bool) -> Said:
    """Apply and do not wait, of a saved plan perhaps."""
    if not saved:
        said: Said = chain.specrun("apply", *arguments, "--detach", "-q")
        return said
    planned = chain.specrun("plan", *arguments, "--out", "saved.plan")
    assert planned.code == 0, planned.err
    (line,) = (line for line in planned.err.splitlines() if line.startswith("saved: "))
    again = shlex.split(line.split("`")[1])
    rules = [word for word in arguments if word == "--rules-from" or word == "HEAD"]
    said = chain.specrun(*again[1:], *rules, "--detach", "-q")
    assert said.code == 0, said.err
    return Said(said.code, said.out, said.err)


def test_a_saved_plan_from_another_folder(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    assert chain.specrun("plan", *FILES, "--out", "saved.plan").code == 0
    monkeypatch.setenv("SPECRUN_HOME", str(chain.folder / ".specrun"))
    monkeypatch.chdir(chain.folder / "chain")
    said = chain.specrun("apply", "../saved.plan", "--detach", "-q")
    chain.goes_on(said.err)
    assert chain.counts() == {"prep": 1, "train": 1}


def test_what_changed_since_a_commit(chain: Chain) -> None:
    chain.go.touch()
    assert chain.specrun("apply", ".", "-q").code == 0
    chain.go.unlink()
    chain.write(prep="2")
    said = chain.specrun("apply", ".", "--changed-since", "HEAD", "--detach", "-q")
    assert printed(said.err) == [["specrun", "apply", "chain/train.yaml", "prep.yaml"]]
    chain.goes_on(said.err)
    assert chain.counts() == {"prep": 2, "train": 2}


@pytest.mark.parametrize("saved", [False, True], ids=["", "saved"])
@pytest.mark.parametrize("before", [("prep.yaml", "chain/train.yaml"), ("prep.yaml",)], ids=["all", "the first"])
def test_what_runs_again(chain: Chain, before: tuple[str, ...], saved: bool) -> None:
    """What has succeeded does so once more, and what has not yet, once."""
    chain.go.touch()
    assert chain.specrun("apply", *before, "-q").code == 0
    chain.go.unlink()
    said = apply(chain, (".", "--rerun"), saved)
    chain.goes_on(said.err)
    assert chain.counts() == {"prep": 2, "train": len(before)}


def test_more_than_are_submitted_unasked(chain: Chain) -> None:
    for number in range(11):
        write_spec(
            chain.folder,
            TRAIN.replace("name: train", f"name: t{number}")
            .replace("  ENVIRONMENT\n", "")
            .replace(": {register: {name: digits}}", ": {}"),
            f"t{number}.yaml",
        )
    said = chain.specrun("apply", ".", "--detach", "-q", "--max-runs", "20")
    assert said.code == 0, said.err
    chain.goes_on(said.err)
    assert len(chain.runs()) == 13


def test_interrupted(chain: Chain) -> None:
    environment = {**os.environ, "COLUMNS": "60"}
    command = commands.start(["apply", ".", "--quiet"], chain.folder, environment, "local")
    wait_until(
        lambda: (
            (chain.folder / ".specrun" / "journal.jsonl").exists()
            and "status_changed" in (chain.folder / ".specrun" / "journal.jsonl").read_text()
        ),
        "prep to run",
    )
    command.send_signal(signal.SIGINT)
    assert command.wait(30) == 130
    assert command.stderr is not None
    with command.stderr as err:
        said = err.read()
    assert "still to be submitted: train\nstill to be registered: digits\n" in said
    chain.goes_on(said)
    assert chain.counts() == {"prep": 1, "train": 1}
