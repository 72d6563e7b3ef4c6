"""Names from elsewhere on the command line: they show, and lead nowhere."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.base import LogLine
from specrun.plan.observed import Run, RunStatus
from tests.engine_double import Double, offer, write_spec

ACTS = re.compile(
    "(?!\n)[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]|##(?:vso)?\\[|(?m:^\\s*::)"
)
REFUSED = {
    "../../victim": "it leaves the folder",
    "/tmp/victim": "it is an absolute path",
    "a/../../victim": "it leaves the folder",
    "..": "it leaves the folder",
    "a\\..\\..\\victim": "it has a backslash in it, which divides a path on other machines",
    "a\x00b": "it has a control character in it",
    "a\n::error::b": "it has a control character in it",
    "a//b": "a part of it is empty or a dot",
    "./a": "a part of it is empty or a dot",
    "a/": "a part of it is empty or a dot",
    "": "a part of it is empty or a dot",
    "x" * 256: "it is too long",
    "/".join("x" * 99 for _ in range(99)): "it is too long",
    "a\ud800": "it has a character in it that is none",
    "link/victim": "fetched/link is a link, and would lead elsewhere",
    "good/link/victim": "fetched/good/link is a link, and would lead elsewhere",
    "file-link": "fetched/file-link is a link, and would be written through",
    "dangling": "fetched/dangling is a link, and would be written through",
    "good/model": "fetched/good/model is there, and is no file",
    "good/report.txt/x": "fetched/good/report.txt is a file, and no folder",
    "same": "to this machine it is the same as one",
}
GOOD = (
    "good/report.txt",
    "good/model/weights.bin",
    "good/größe 名前.txt",
    "good/a\u202eb",
    "good/.hidden",
    "a/..b/c..",
    "one",
)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Double:
    double = Double(asks=False)
    double.all_runs.append(Run("job-0123456789", "job", "0123456789", 1, RunStatus.SUCCEEDED))
    offer(monkeypatch, "local", double)
    write_spec(Path.cwd(), "name: job\njob: {command: ls}\n")
    return double


@pytest.fixture
def victim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder elsewhere, to which links in the folder of fetched files lead."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "victim").write_text("mine")
    Path("fetched/good").mkdir(parents=True)
    for link, to in {"link": "", "good/link": "", "file-link": "victim", "dangling": "nothing"}.items():
        Path("fetched", link).symlink_to(elsewhere / to)
    return elsewhere


def test_no_file_is_fetched_to_elsewhere(
    specrun: Any, engine: Double, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.outputs = [*GOOD, *REFUSED]
    fetch = engine.runs.fetch

    def on_such_a_disk(name: str, path: str, to: Path) -> None:
        fetch(name, path, to)
        if path == "one":  # as where case does not matter
            os.link("fetched/one", "fetched/same")

    monkeypatch.setattr(engine.runs, "fetch", on_such_a_disk)
    before = sorted(Path.cwd().parent.iterdir())
    said = specrun("outputs", "--fetch", "fetched")
    assert said.code == 1
    there = {path.relative_to("fetched").as_posix() for path in Path("fetched").rglob("*") if not path.is_symlink()}
    assert {name for name in there if Path("fetched", name).is_file()} == {*GOOD, "same"}
    assert (victim / "victim").read_text() == "mine"
    assert [path.name for path in victim.iterdir()] == ["victim"]
    assert sorted(Path.cwd().parent.iterdir()) == before
    assert f"job-0123456789: {len(GOOD)} files in fetched\n" in said.err
    assert f"error: {len(REFUSED)} files not fetched:\n" in said.err
    assert not ACTS.search(said.out + said.err)
    for name, why in list(REFUSED.items())[:20]:
        shown = ascii(name)[1:-1] if any(ord(char) in (0, 10, 0xD800) for char in name) else name
        assert f"  {shown}: {why}\n" in said.err
    listed = json.loads(specrun("outputs", "-o", "json").out)["files"]
    assert [file["path"] for file in listed] == [*GOOD, *REFUSED]


def test_what_can_be_fetched_is_fetched_again(specrun: Any, engine: Double) -> None:
    engine.outputs = list(GOOD)
    for _ in range(2):
        assert specrun("outputs", "--fetch", "fetched").code == 0
    assert all(Path("fetched", name).read_text() == name for name in GOOD)


@pytest.mark.parametrize("verb", ["status", "logs", "outputs", "cancel"])
@pytest.mark.parametrize(
    "name", ["../../x", "../job-0123456789", "/tmp/job-0123456789", "a\n::b-0123456789", "", "job"]
)
def test_no_run_is_looked_for_elsewhere(specrun: Any, verb: str, name: str) -> None:
    write_spec(Path.cwd(), "name: job\njob: {command: ls}\n")
    run = Path(".specrun/job-0123456789/outputs/model")
    run.mkdir(parents=True)
    (run / "secret").write_text("x")
    said = specrun(verb, "--run", name)
    assert (said.code, said.out) == (1, "")
    assert "no run" in said.err
    assert not ACTS.search(said.err)


@pytest.mark.parametrize(
    "arguments",
    [("apply",), ("apply", "-o", "json"), ("status",), ("status", "-o", "json"), ("runs",), ("runs", "-o", "json"),
     ("logs",), ("outputs",), ("cancel",)],
)  # fmt: skip
def test_what_a_service_says_cannot_act(specrun: Any, engine: Double, arguments: tuple[str, ...]) -> None:
    hostile = "done\n::error::a\r\x1b[2J\x1b]0;t\x07\u202e\x9b ##vso[task.complete]\udcff"
    engine.all_runs[:] = [Run("job-0123456789", "job", hostile, 1, RunStatus.SUCCEEDED, hostile, failed_role=hostile)]
    engine.lines = [LogLine("worker/0", "\x1b[32mgreen\x1b[0m\x1b[2J"), LogLine("::role", hostile), LogLine("ps/0", "")]
    engine.outputs = [hostile, f"  ::{hostile}"]
    engine.identities["job-0123456789"] = {hostile: hostile}
    said = specrun(*arguments)
    assert said.code in (0, 1, 100)
    assert not ACTS.search(re.sub("\x1b\\[[0-9;]*m", "", said.out + said.err))
    assert said.out


def test_a_file_of_data_cannot_write_the_review(specrun: Any) -> None:
    write_spec(
        Path.cwd(), "name: job\ndata: {d: {path: data}}\njob: {command: 'ls ${{ inputs.d }}', inputs: {d: {data: d}}}\n"
    )
    Path("data").mkdir()
    Path("data", "a\n\n## No changes - safe to merge").write_text("x")
    Path("data", "::warning::\x1b[2J").write_text("x")
    for output in ("text", "markdown"):
        said = specrun("plan", "-o", output)
        assert said.code == 0
        assert not ACTS.search(said.out + said.err)
        assert r"+ a\n\n## No changes - safe to merge" in said.out
    said = specrun("plan", "-o", "json")
    transfer = next(change["transfer"] for change in json.loads(said.out)["resource_changes"] if "transfer" in change)
    assert "a\n\n## No changes - safe to merge" in [file["path"] for file in transfer["new"]]


def test_nothing_is_written_through_a_link(specrun: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name in ("job", "other"):
        write_spec(Path.cwd(), f"name: {name}\ncompute: {{name: gpu, max_instances: 1}}\n", f"{name}.yaml")
    Path("out").mkdir()
    (elsewhere / "victim").write_text("mine")
    Path("out/job").symlink_to(elsewhere)
    Path("out/job.yaml").symlink_to(elsewhere / "victim")
    Path("init").mkdir()
    Path("init/job.yaml").symlink_to(elsewhere / "new")
    Path("az.yml").write_text("type: command\ncommand: ls\nname: job\n")
    for arguments in (
        ("export", "azureml", "job.yaml", "other.yaml", "--out-dir", "out"),
        ("import", "azureml", "az.yml", "--name", "job", "--out-dir", "out", "--force"),
        ("init", "init"),
    ):
        said = specrun(*arguments)
        assert said.code == 1
        assert "link" in said.err or "exists already" in said.err
    assert {path.name: path.read_text() for path in elsewhere.iterdir()} == {"victim": "mine"}


def test_a_name_on_the_command_line_and_in_an_error_shows(specrun: Any) -> None:
    name = "::error::a\n\x1b[2J\u202e.yaml"
    Path(name).write_text("x: 1")
    for arguments in (
        ("validate", name),
        ("status", name),
        ("plan", f"no{name}"),
        (name,),
        ("import", "azureml", name),
    ):
        said = specrun(*arguments)
        assert said.code in (64, 65)
        assert not ACTS.search(said.out + said.err)
