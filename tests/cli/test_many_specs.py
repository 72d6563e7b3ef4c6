"""Command lines about folders of specs, and about some of the specs in them."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.engine_double import Double, offer

JOB = "job: {command: 'true', tags: {team: %s, gpu: 'true'}}\n"


@pytest.fixture(autouse=True)
def repository(bare: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four specs of two teams, a base, and other YAML."""
    root = Path("repository").absolute()
    (root / ".git").mkdir(parents=True)
    for name, team in (("vision/digits", "vision"), ("vision/faces", "vision"), ("text/words", "text")):
        add(root / f"{name}.yaml", name.partition("/")[2], JOB % team)
    add(root / "shared/cluster.yaml", "cluster", "compute: {name: gpu, max_instances: 1, tags: {team: platform}}\n")
    add(root / "vision/base.yaml", "base", "abstract: true\n")
    (root / "vision/conda.yml").write_text("dependencies: [python]\n")
    monkeypatch.chdir(root)
    offer(monkeypatch, "local", Double(asks=False))
    return root


def add(file: Path, name: str, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"apiVersion: specrun/v1\nname: {name}\n{text}")


def test_a_folder_is_validated_and_its_summary_counts_specs(specrun: Command) -> None:
    here = ("--environment", "current")
    assert specrun("validate", ".", *here).out == "no mistakes in 4 specs\n"
    assert specrun("validate", ".").out.endswith("\n3 notes in 4 specs\n")
    said = specrun("validate", "vision", *here)
    assert (said.out, said.err) == ("no mistakes in 2 specs\n", "1 base passed over (`abstract: true`)\n")
    said = specrun("validate", "vision/base.yaml")
    assert (said.out, said.err) == ("no mistakes in 1 file\n", "")
    said = specrun("plan", "vision/base.yaml")
    assert (said.code, "`abstract: true`" in said.err) == (65, True)
    Path("vision/broken.yaml").write_text("apiVersion: specrun/v1\nname: [\n")
    said = specrun("validate", ".")
    assert (said.code, "vision/broken.yaml:" in said.out) == (65, True)
    (found,) = json.loads(specrun("validate", "-o", "json", "nothing/*.yaml").out)["diagnostics"]
    assert (found["code"], found["file"]) == ("no-specs", "nothing/*.yaml")


def test_the_first_line_says_what_was_taken(specrun: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".specrun.yaml").write_text("specs: [vision, text/*.yaml]\n")
    listed = "using 4 specs of .specrun.yaml (specs: vision, text/*.yaml)"
    said = specrun("validate", "-o", "json")
    assert (said.code, said.err.splitlines()[0], json.loads(said.out)["valid"]) == (0, listed, True)
    add(Path("job.yaml"), "own", JOB % "vision")
    assert specrun("plan").err.splitlines()[0] == "using job.yaml"  # which hides what is listed
    monkeypatch.chdir("vision")
    assert specrun("plan").err.splitlines()[0] == "using ../job.yaml"
    Path("../job.yaml").unlink()
    said = specrun("status")
    assert said.err.splitlines()[0] == "using 4 specs of ../.specrun.yaml (specs: vision, text/*.yaml)"


def test_one_job_beside_nothing_else_needs_no_line(specrun: Command) -> None:
    add(Path("job.yaml"), "own", JOB % "vision")
    assert specrun("validate").err == ""


def test_where_there_is_nothing_to_take_it_says_what_to_do(specrun: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    said = specrun("plan")
    assert (said.code, "shared/cluster.yaml" in said.err, "Traceback" in said.err) == (65, True, False)
    Path("empty").mkdir()
    monkeypatch.chdir("empty")
    for verb in (["apply"], ["graph"], ["status"], ["destroy"], ["cancel"], ["export", "azureml"]):
        said = specrun(*verb)
        assert (said.code, "`specrun init`" in said.err) == (65, True), verb


@pytest.mark.parametrize("verb", [["cancel"], ["destroy", "--yes"]])
def test_what_ends_or_deletes_takes_no_whole_repository(specrun: Command, verb: list[str]) -> None:
    assert specrun(*verb, "--all").code == 64  # nothing is listed
    Path(".specrun.yaml").write_text("specs: [vision]\n")
    said = specrun(*verb)
    assert (said.code, "--all" in said.err, "specs: vision" in said.err) == (64, True, True)
    assert specrun(*verb, "--all", "vision").code == 64
    assert specrun(*verb, "--all").code == 0
    assert specrun(*verb, "vision/digits.yaml").code == 0


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--only", "digits"], "digits"),
        (["--only", "name:[df]*"], "digits faces"),
        (["--only", "folder:vision"], "digits faces"),
        (["--only", "folder:./vi*"], "digits faces"),
        (["--only", "tag:team=vision", "--only", "cluster"], "cluster digits faces"),
        (["--only", "tag:team=plat*"], "cluster"),
        (["--only", "tag:gpu=true", "--exclude", "folder:text"], "digits faces"),
        (["--exclude", "tag:gpu"], "cluster"),
        (["--exclude", "digits", "--exclude", "name:words"], "cluster faces"),
    ],
)
def test_some_of_the_specs(specrun: Command, options: list[str], names: str) -> None:
    add(Path("other/wrong.yaml"), "wrong", "jobb: {}\n")  # which stops nobody who does not mean it
    out = specrun("plan", "-o", "json", ".", "--exclude", "wrong", *options)
    assert f"{len(names.split())} of 5 specs" in out.err.splitlines()
    digests = json.loads(out.out)["spec_digests"]
    assert [Path(file).stem for file in digests] == names.split()


def test_what_selects_nothing_says_what_there_is(specrun: Command) -> None:
    said = specrun("validate", ".", "--only", "digitz")
    assert said.code == 64
    assert "--only name:digitz fits none of 4 specs: did you mean name:digits?" in said.err
    assert "tag: gpu=true" in said.err
    said = specrun("validate", ".", "--only", "digits", "--exclude", "folder:nowhere")
    assert (said.code, "--exclude folder:nowhere fits none" in said.err) == (0, True)
    for wrong in (["--only", "kind:data"], ["--only", "nam:x"], ["--exclude", "tag:"], ["--only", ""]):
        assert specrun("validate", ".", *wrong).code == 64, wrong
    assert "Did you mean `kind:run`?" in specrun("plan", ".", "--only", "kind:runs").err
    said = specrun("plan", "vision", "--only", "kind:data")
    assert (said.code, "nothing is selected, of 2 runs" in said.err) == (64, True)


def test_kinds_are_left_out_of_a_plan_which_says_so(specrun: Command) -> None:
    said = specrun("plan", ".", "--exclude", "kind:run")
    assert said.out.splitlines()[-1] == "left out by --exclude kind:run: 3 runs."
    assert "run/" not in said.out
    assert json.loads(specrun("plan", ".", "--exclude", "kind:run", "-o", "json").out)["left_out"]
    assert "3 runs" in specrun("plan", ".", "--exclude", "kind:run", "-o", "markdown").out.split("<details>")[0]
    assert "run/" not in specrun("graph", ".", "--exclude", "kind:run").out


def test_standard_input_is_a_spec_in_the_current_folder(specrun: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    given("apiVersion: specrun/v1\nname: a\njob: {command: cat a.txt, code: vision}\n")
    assert specrun("validate", "-", "-", "--environment", "current").out == "no mistakes in 1 file\n"
    assert json.loads(specrun("plan", "-", "-o", "json").out)["resource_changes"]
    said = specrun("plan", "-", "--out", "the.plan")
    assert (said.code, "standard input" in said.err) == (64, True)
    given("apiVersion: specrun/v1\nname: a\njob: {comand: x}\n")
    assert specrun("validate", "-").out.startswith("-:3:7: error[unknown-key]")
    given("x" * (1 << 20) + "x")
    assert "error[too-large]" in specrun("validate", "-").out


def test_a_saved_plan_is_for_what_was_named_and_selected(specrun: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("vision")
    chosen = ["--only", "folder:../vision", "--exclude", "kind:run", "--only", "cluster"]
    assert specrun("plan", "..", *chosen, "--out", "../the.plan").code == 0
    monkeypatch.chdir("..")
    call = json.loads(Path("the.plan").read_text())["call"]
    assert (call["files"], call["only"], call["exclude"]) == (
        ["."],
        ["folder:vision", "name:cluster"],
        ["kind:run"],
    )
    said = specrun("apply", "the.plan")
    assert (said.code, "specrun plan . --only folder:vision --only name:cluster --exclude kind:run" in said.err) == (
        0,
        True,
    ), said
    assert specrun("apply", "the.plan", "--only", "faces").code == 64
    add(Path("vision/new.yaml"), "new", "compute: {name: other, max_instances: 1}\n")
    said = specrun("apply", "the.plan")
    assert (said.code, "stale" in said.err) == (5, True)
