"""A report and its spec agree: what validate would find stands in the report, at the source's field, and once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from specrun.apply.imported import agreed
from specrun.apply.validation import validated
from specrun.convert.document import Document
from specrun.convert.imported import Imported
from specrun.convert.report import Entry, Ledger, Report, Verdict
from specrun.spec.diagnostics import Severity

NAMES = {
    "ws": {"name": "ml-ws", "resource_group": "ml-rg", "subscription_id": "00000000-0000-0000-0000-000000000000"},
}


def imported(fields: dict[str, object], told: dict[str, str], asked: dict[str, str] | None = None) -> Imported:
    """An import of a file whose fields, in its order, became those of a spec: `told` by the places there."""
    draft = Document()
    draft.set(("apiVersion",), "specrun/v1")
    draft.set(("name",), "one")
    for place, value in fields.items():
        draft.set(tuple(place.split(".")), value)  # type: ignore[arg-type]
    values = {**told, **(asked or {})}
    ledger = Ledger("their.yml", values, lambda path: f"line {list(values).index(str(path[0])) + 1}")
    for path, to in told.items():
        ledger.carry((path,), to)
    for path, to in (asked or {}).items():
        ledger.ask((path,), to, "say what it is")
    return Imported("one", draft, ledger.close("unknown"))


def needs(one: Imported, folder: Path, engine: str = "azureml") -> list[Entry]:
    """What the report has afterwards that it had not."""
    before = set(one.report.entries)
    (after,) = agreed([one], {str(folder / "one.yaml"): one.draft.text()}, engine)
    assert [entry for entry in after.report.entries if entry in before] == list(one.report.entries)
    return [entry for entry in after.report.entries if entry not in before]


JOB = {"workspace": NAMES["ws"], "compute": "gpu-cluster", "job.command": "ls"}


def test_nothing_is_added_where_nothing_is_wrong(tmp_path: Path) -> None:
    assert needs(imported(JOB, {"command": "job.command"}), tmp_path) == []


def test_a_finding_stands_behind_the_field_it_came_of(tmp_path: Path) -> None:
    one = imported({**JOB, "job.code": "src"}, {"cmd": "job.command", "source": "job.code", "other": "job.tags"})

    (found,) = needs(one, tmp_path)

    assert (found.file, found.path, found.to, found.place) == ("their.yml", ("source",), "job.code", "line 2")
    assert found.verdict is Verdict.NEEDS_YOU
    assert found.note.startswith("The code folder does not exist. Looked for `")
    (after,) = agreed([one], {str(tmp_path / "one.yaml"): one.draft.text()})
    assert [entry.path for entry in after.report.entries] == [("cmd",), ("source",), ("source",), ("other",)]


def test_the_field_of_a_section_is_the_nearest(tmp_path: Path) -> None:
    given = {**JOB, "job.inputs": {"x": {"path": "s3://bucket/x"}}, "job.command": "ls ${{ inputs.x }}"}

    (found,) = needs(imported(given, {"all": "job", "x": "job.inputs.x"}), tmp_path)

    assert (found.path, found.to) == (("x",), "job.inputs.x.path")


def test_what_stands_for_an_open_input_is_not_told_and_what_an_engine_refuses_beside_it_is(tmp_path: Path) -> None:
    space = {"x": {"type": "choice", "values": [1, 2]}}
    sweep = {"sampling_algorithm": "grid", "search_space": space, "limits": {"timeout": 10}}
    sweep["objective"] = {"goal": "minimize", "primary_metric": "loss"}
    given = {**JOB, "job.inputs": {"x": "TODO"}, "job.command": "ls ${{ inputs.x }} ${{ search_space.x }}"}
    told, asked = {"all": "job", "space": "sweep"}, {"x": "job.inputs.x"}

    (found,) = needs(imported({**given, "sweep": sweep}, told, asked), tmp_path)

    assert (found.path, found.to) == (("space",), "sweep.limits.timeout")


def test_what_no_field_became_is_the_whole_file(tmp_path: Path) -> None:
    given = {name: value for name, value in JOB.items() if name != "workspace"}

    (found,) = needs(imported(given, {"cmd": "job.command"}), tmp_path)

    assert (found.file, found.path, found.to, found.flag) == (
        "their.yml",
        (),
        "workspace",
        "--workspace CONFIG.json",
    )


def test_what_is_asked_already_is_told_once(tmp_path: Path) -> None:
    given = {**JOB, "compute": "TODO", "job.code": "TODO"}
    assert needs(imported(given, {"cmd": "job.command"}, {"cluster": "compute", "src": "job.code"}), tmp_path) == []


def test_nothing_is_told_of_what_stands_for_an_open_part(tmp_path: Path) -> None:
    one = imported({**JOB, "job.inputs.digits": "TODO"}, {"cmd": "job.command"}, {"digits": "job.inputs.digits"})
    assert needs(one, tmp_path) == []


def test_an_open_part_that_nobody_asked_about_is_told(tmp_path: Path) -> None:
    (found,) = needs(imported({**JOB, "compute": "TODO"}, {"cluster": "compute"}), tmp_path)

    assert (found.path, found.to, found.place) == (("cluster",), "compute", "line 1")
    assert "`compute` is still open" in found.note


def test_an_open_variable_is_asked_for_by_its_option(tmp_path: Path) -> None:
    given = {**JOB, "vars.steps": "TODO", "job.command": "ls ${{ vars.steps }}"}
    one = imported(given, {"cmd": "job.command"})
    assert [entry.to for entry in needs(one, tmp_path)] == ["vars.steps"]

    asked = Entry("their.yml", ("cmd",), Verdict.NEEDS_YOU, "job.command", "say it", "--var steps=VALUE")
    assert needs(Imported("one", one.draft, one.report + Report((asked,))), tmp_path) == []


def test_behind_an_open_part_the_engine_is_asked_about_the_rest(tmp_path: Path) -> None:
    """What it would say of an example that stands for what is open is passed over."""
    given: dict[str, object] = {
        **JOB,
        "compute": {"name": "TODO", "size": "TODO", "max_instances": "TODO"},
        "vars.account": "TODO",
        "datastores.logs": {"type": "azure_blob", "account_name": "${{ vars.account }}", "container_name": "<name>"},
        "job.inputs": {"x": {"path": "s3://bucket/x"}, "y": {"path": "azureml://datastores/TODO_y/paths/z"}},
        "job.command": "python TODO ${{ inputs.x }} ${{ inputs.y }}",
        "job.environment": {"image": "<image>"},
    }

    found = needs(imported(given, {"cmd": "job.command"}), tmp_path)

    told = {entry.to: entry.note for entry in found}
    assert "Azure ML reads" in told.pop("job.inputs.x.path")
    assert all("is still open" in note for note in told.values()), told
    assert sorted(told) == [
        "compute.max_instances",
        "compute.name",
        "compute.size",
        "datastores.logs.container_name",
        "job.command",
        "job.environment.image",
        "job.inputs.y.path",
        "vars.account",
    ]


@pytest.mark.parametrize("engine", ["azureml", "azureml-v1", "local"])
def test_it_is_what_validate_says(tmp_path: Path, engine: str) -> None:
    given = {"job.command": "cat ${{ inputs.x }}", "job.inputs": {"x": {"path": "wasbs://c@a.blob.x/p"}}}
    one = imported({**given}, {"cmd": "job.command"})
    file = tmp_path / "one.yaml"
    file.write_text(one.draft.text(), encoding="utf-8")

    found = {entry.to for entry in needs(one, tmp_path, engine)}

    said = [d for d in validated(files=[str(file)], engine=engine).diagnostics if d.severity is Severity.ERROR]
    assert found == {".".join(map(str, d.path)) or "workspace" for d in said}
    assert found


def test_several_are_told_apart(tmp_path: Path) -> None:
    right, wrong = imported(JOB, {"cmd": "job.command"}), imported({**JOB, "compute": "x"}, {"cluster": "compute"})

    found = agreed(
        [right, wrong], {str(tmp_path / "a.yaml"): right.draft.text(), str(tmp_path / "b.yaml"): wrong.draft.text()}
    )

    assert [[entry.to for entry in one.report.todos] for one in found] == [[], ["compute"]]


def test_a_file_that_lies_there_is_not_what_is_judged(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("apiVersion: wrong\n", encoding="utf-8")
    assert needs(imported(JOB, {"cmd": "job.command"}), tmp_path) == []


def test_a_missing_config_is_told_once(tmp_path: Path) -> None:
    given = {**JOB, "workspace": {"from_config": "config.json"}}

    (found,) = needs(imported(given, {"where": "workspace.from_config"}), tmp_path)

    assert (found.path, found.note.split(".")[0]) == (
        ("where",),
        "The workspace's configuration file does not exist",
    )


def test_a_file_beside_the_spec_is_judged_with_it(tmp_path: Path) -> None:
    given = {**JOB, "job.environment": {"conda_file": "one.conda.yml", "image": "a/b"}}
    one = imported(given, {"cmd": "job.command", "software": "job.environment.conda_file"})
    (tmp_path / "one.conda.yml").write_text("dependencies:\n  - pip:\n      - a b c\n", encoding="utf-8")

    assert needs(one, tmp_path) == []
    (found,) = needs(replace(one, files={"one.conda.yml": ""}), tmp_path)

    assert (found.path, found.to) == (("software",), "job.environment.conda_file")
    assert found.note.startswith("This is not a pip requirement.")
