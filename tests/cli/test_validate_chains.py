"""`validate` of specs that read from each other's runs: what is wrong between them stands at their lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command

HEAD = "apiVersion: specrun/v1\nname: {}\n"


@pytest.fixture
def repository(bare: None) -> Path:
    root = Path.cwd()
    (root / ".git").mkdir()
    return root


def spec(name: str, inputs: str = "", outputs: str = "", more: str = "") -> None:
    parts = [f"inputs: {inputs}"] * bool(inputs) + [f"outputs: {outputs}"] * bool(outputs)
    file = Path(f"{name}.yaml")
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{HEAD.format(file.stem)}{more}job: {{command: ls, {', '.join(parts)}}}\n")


def errors(specrun: Command, *arguments: str) -> list[tuple[str, str]]:
    said = specrun("validate", "-o", "json", *arguments)
    found = [one for one in json.loads(said.out)["diagnostics"] if one["severity"] == "error"]
    assert said.code == (65 if found else 0)
    return [(one["code"], ".".join(map(str, one["path"]))) for one in found]


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ("{f: {run: prep, output: f}, g: {run: ./prep.yaml, output: default}}", []),
        ("{f: {run: prep, output: g}}", [("unknown-run-output", "job.inputs.f")]),
        ("{f: {run: prap, output: f}}", [("unknown-run", "job.inputs.f.run")]),
        ("{f: {run: ./prap.yaml, output: f}}", [("unknown-run", "job.inputs.f.run")]),
        (
            "{f: {run: prap, output: f}, g: {run: prep, output: g}}",
            [("unknown-run", "job.inputs.f.run"), ("unknown-run-output", "job.inputs.g")],
        ),
    ],
)
@pytest.mark.parametrize("given", [("train.yaml",), ("train.yaml", "prep.yaml"), (".",)])
def test_what_is_wrong_with_an_input_is_told(
    repository: Path, specrun: Command, inputs: str, told: list[tuple[str, str]], given: tuple[str, ...]
) -> None:
    spec("prep", outputs="{f: {}}")
    spec("train", inputs)
    assert errors(specrun, *given) == told


def test_an_input_that_the_command_line_gives_reads_no_run(repository: Path, specrun: Command) -> None:
    spec("train", "{f: {run: prap, output: f}}")
    (repository / "here").mkdir()
    assert errors(specrun, "train.yaml") == [("unknown-run", "job.inputs.f.run")]
    assert errors(specrun, "train.yaml", "--input", "f=here") == []
    wrong_in_itself = [("needs-workspace", "")]
    assert errors(specrun, "train.yaml", "--engine", "azureml") == wrong_in_itself, "that comes first"


def test_a_ring_is_told_at_one_of_its_inputs(repository: Path, specrun: Command) -> None:
    for name, upstream in {"a": "b", "b": "c", "c": "a"}.items():
        spec(name, f"{{f: {{run: {upstream}, output: default}}}}")
    assert errors(specrun, ".") == [("chain-loop", "job.inputs.f")]
    assert errors(specrun, "b.yaml") == [("chain-loop", "job.inputs.f")]


def test_each_target_is_looked_at(repository: Path, specrun: Command) -> None:
    targets = "targets: {dev: {}, prod: {job: {inputs: {f: {output: g}}}}}\n"
    spec("prep", outputs="{f: {}}")
    spec("train", "{f: {run: prep, output: f}}", more=targets)
    assert errors(specrun, "train.yaml") == [("unknown-run-output", "job.inputs.f")]
    spec("train", "{f: {run: prep, output: f}}", more=targets.replace("output: g", "mode: download"))
    assert errors(specrun, "train.yaml") == []


def test_specs_that_are_not_applied_together_may_read_the_latest(repository: Path, specrun: Command) -> None:
    spec("train", outputs="{m: {register: {name: digits}}}")
    spec("tune", "{base: {model: digits, version: latest}}")
    assert errors(specrun, ".") == []


def test_under_ci_a_spec_outside_is_not_read(
    repository: Path, specrun: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = repository.parent / "away.yaml"
    away.write_text("password: hunter2canary\n")
    (repository / "link.yaml").symlink_to(away)
    spec(
        "train", "{f: {run: ../away.yaml, output: f}, g: {run: link.yaml, output: f}, h: {run: ../no.yaml, output: f}}"
    )
    monkeypatch.setenv("CI", "true")
    for verb in ("validate", "plan", "graph"):
        said = specrun(verb, "train.yaml")
        assert said.code == 65
        assert "canary" not in said.out + said.err
        assert (said.out + said.err).count("error[outside-repository]") == 3
    away.write_text("apiVersion: specrun/v1\nname: away\njob: {command: ls, outputs: {f: {}}}\n")
    spec("train", "{f: {run: ../away.yaml, output: f}}")
    assert errors(specrun, "train.yaml", "--allow-outside", str(away)) == []
    assert errors(specrun, "train.yaml", str(away)) == []


def test_elsewhere_no_line_of_a_spec_outside_is_shown(repository: Path, specrun: Command) -> None:
    away = repository.parent / "away.yaml"
    away.write_text("apiVersion: specrun/v1\nname: away\njob: {command: ls, password: hunter2canary}\n")
    spec("train", "{f: {run: ../away.yaml, output: f}}")
    said = specrun("validate", "train.yaml")
    assert said.code == 65
    assert "canary" not in said.out + said.err
    assert "`specrun validate ../away.yaml`" in said.out


def test_a_name_that_is_nearly_one_is_told_what_it_may_mean(repository: Path, specrun: Command) -> None:
    (repository / "deep").mkdir()
    spec("deep/prep", outputs="{f: {}}")
    spec("train", "{f: {run: prap, output: f}}")
    said = specrun("validate", "train.yaml")
    assert "there is none in the repository. Did you mean `prep`?" in " ".join(said.out.split())


def test_a_spec_without_targets_reads_from_one_that_has_some(repository: Path, specrun: Command) -> None:
    targets = "vars: {n: 0}\ntargets: {dev: {vars: {n: 1}}, prod: {vars: {n: 2}}}\n"
    spec("prep", outputs="{f: {}}", more=targets)
    for written in ("prep", "prep.yaml"):
        spec("train", f"{{f: {{run: {written}, output: f}}}}")
        assert errors(specrun, "train.yaml", "prep.yaml") == []
        for given in (("train.yaml", "prep.yaml"), ("train.yaml",)):
            said = specrun("graph", *given, "--target", "prod")
            assert (said.code, "run/prep" in said.out) == (0, True), said.err
    spec("train", "{f: {run: prep, output: f}}")
    said = specrun("plan", "train.yaml")
    assert said.code == 65
    assert "prep has the targets dev, prod, and none is chosen: `--target NAME` says which." in " ".join(
        said.err.split()
    )
    spec("prep", outputs="{f: {}}", more=f"{targets}default_target: dev\n")
    assert specrun("graph", "train.yaml").code == 0


@pytest.mark.parametrize(
    ("prep", "told"),
    [
        ("data: {x: {path: x}}\n", "prep.yaml has no `job`: nothing of prep ever runs."),
        ("abstract: true\njob: {command: ls}\n", "What is named `prep` is a base of others"),
    ],
)
def test_a_spec_that_never_runs_is_not_read_from(repository: Path, specrun: Command, prep: str, told: str) -> None:
    (repository / "x").mkdir()
    (repository / "x" / "f").touch()
    (repository / "prep.yaml").write_text(HEAD.format("prep") + prep)
    spec("train", "{f: {run: prep, output: default}}")
    said = specrun("plan", "train.yaml")
    assert said.code == 65
    assert told in " ".join(said.err.split())
