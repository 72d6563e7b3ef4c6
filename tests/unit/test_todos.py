"""What is left open in a spec: how the command line settles it, and where layers leave it to others."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.spec.load import load
from specrun.spec.todos import is_open

SPEC = """\
apiVersion: specrun/v1
name: case
vars: {steps: TODO}
job:
  command: cat ${{ inputs.data }} ${{ vars.steps }}
  inputs:
    data: {path: TODO}
  environment: TODO
"""


def found(folder: Path, name: str = "job.yaml", **options: object) -> list[tuple[str, str, int]]:
    loaded = load([str(folder / name)], **options)  # type: ignore[arg-type]
    return [(one.code, ".".join(map(str, one.path)), one.location.line) for one in loaded.diagnostics]


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_the_command_line_settles_what_it_replaces(tmp_path: Path) -> None:
    write(tmp_path, job=SPEC)
    (tmp_path / "data").write_text("1", encoding="utf-8")

    todo = "open-todo"
    variable, path, environment = (
        (todo, "vars.steps", 3),
        (todo, "job.inputs.data.path", 7),
        (todo, "job.environment", 8),
    )
    given = {"data": str(tmp_path / "data")}
    assert found(tmp_path) == [variable, path, environment]
    assert found(tmp_path, variables={"steps": "5"}) == [path, environment]
    assert found(tmp_path, variables={"steps": "5"}, inputs=given) == [environment]
    assert found(tmp_path, variables={"steps": "5"}, inputs=given, environment="current") == []
    assert found(tmp_path, variables={"steps": "TODO"}, inputs=given, environment="current") == [variable]


def test_a_var_file_settles_a_variable(tmp_path: Path) -> None:
    write(
        tmp_path, job=SPEC.replace("  environment: TODO\n", "").replace("path: TODO", "path: job.yaml, type: uri_file")
    )
    write(tmp_path, given="steps: 5\n")

    assert found(tmp_path) == [("open-todo", "vars.steps", 3)]
    assert found(tmp_path, var_files=[str(tmp_path / "given.yaml")]) == []


def test_what_a_base_leaves_open_is_said_of_the_spec_that_leaves_it_so(tmp_path: Path) -> None:
    write(
        tmp_path,
        base="apiVersion: specrun/v1\nabstract: true\ncompute: TODO\njob:\n  command: x\n  resources: {gpu: TODO}\n",
        one="extends: base.yaml\nname: one\ncompute: gpu-cluster\njob: {resources: {gpu: true}}\n",
        two="extends: base.yaml\nname: two\ncompute: gpu-cluster\n",
    )

    def codes(name: str) -> list[tuple[str, int]]:
        read = load([str(tmp_path / name)], with_specs=False).diagnostics
        return [(Path(one.location.file).name, one.location.line) for one in read if one.code == "open-todo"]

    assert codes("base.yaml") == []
    assert not [one for one in found(tmp_path, "base.yaml", with_specs=False) if one[0] != "unused-var"]
    assert codes("one.yaml") == []
    assert codes("two.yaml") == [("base.yaml", 6)]


def test_a_target_that_is_not_meant_may_be_open(tmp_path: Path) -> None:
    write(
        tmp_path,
        job="apiVersion: specrun/v1\nname: case\njob: {command: x}\ntargets:\n  dev: {}\n  prod: {compute: TODO}\n",
    )

    assert found(tmp_path, target="dev") == []
    assert found(tmp_path, target="prod") == [("open-todo", "compute", 6)]


@pytest.mark.parametrize(
    ("text", "path", "answer"),
    [
        ("TODO", "job.description", True),
        (" TODO\n", "job.tags.x", True),
        ("todo", "compute", False),
        ("TODOS", "compute", False),
        ("azureml:TODO:1", "job.environment", True),
        ("azureml://datastores/TODO_store/paths/x", "job.inputs.x.path", True),
        ("notes/TODO.txt", "job.inputs.x.path", False),
        ("a TODO list", "job.description", False),
        ("a TODO list", "job.command", True),
        ("x '${{ vars.a }}TODO'", "job.command", True),
        ("x 'a TODO list'", "job.command", False),
        ('sh -lc "x TODO"', "job.command", True),
        ("sh -c \"x 'a TODO list'\"", "job.command", False),
        ("x # TODO", "job.command", False),
        ("x > TODO", "job.command", True),
        ("TODO=1 x", "job.command", True),
        ("x ${TODO}", "job.command", True),
        ("x $TODO", "job.command", False),
        ("-r TODO", "job.environment.pip.0", True),
        ("torch  # TODO", "job.environment.pip.0", False),
        ("torch<3,>2", "job.environment.pip.0", False),
        ("<name>", "compute", True),
        ("https://<account>.blob.core.windows.net/c", "data.x.path", True),
        ("<pad>", "job.inputs.pad", False),
        ("<pad>", "job.arguments.1", False),
        ("<pad>", "job.environment_variables.PAD", False),
        ("a < b > c", "job.command", False),
        ("<a name>", "job.display_name", False),
    ],
)
def test_what_is_open(text: str, path: str, answer: bool) -> None:
    assert is_open(text, tuple(path.split("."))) is answer


@pytest.mark.parametrize("field", ["inputs", "outputs", "environment_variables", "resources"])
def test_a_section_may_be_open_as_a_whole(tmp_path: Path, field: str) -> None:
    write(tmp_path, job=f"apiVersion: specrun/v1\nname: case\njob:\n  command: ls\n  {field}: TODO\n")

    assert found(tmp_path) == [("open-todo", f"job.{field}", 5)]
