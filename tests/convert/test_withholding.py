"""No credential leaves an importer, in whatever field it stood."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.convert.azureml import import_azureml
from specrun.convert.batchai import BatchaiOptions, import_batchai
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import Verdict
from specrun.convert.sources import Source
from specrun.convert.withholding import withheld

MARK = "n0tT0BeC0piedN0tT0BeC0pied"
CREDENTIALS = [
    f"https://trees.blob.core.windows.net/leaves?sv=1&sig={MARK}",
    f"AccountName=trees;AccountKey={MARK}==;x=y",
    f"https://me:{MARK}@example.com/leaves",
    f"me:{MARK}@example.com",
]
FIELDS = ["description", "display_name", "experiment_name", "name", "code", "docker_args", "locations"]


def imported(field: str, text: str) -> Imported:
    resources: dict[str, object] = {"docker_args": {"docker_args": text}, "locations": {"locations": [text]}}.get(
        field, {}
    )
    job = {"command": "ls", "environment": "azureml:a:1", "compute": "c-1", "resources": resources}
    values = job if resources else job | {field: text}
    (found,) = import_azureml([Source("job.yml", "", values)], ImportOptions(folder=Path()))
    return found


def all_of(found: Imported) -> str:
    return f"{found.name}{found.draft.text()}{found.report}{found.files}"


@pytest.mark.parametrize("text", CREDENTIALS)
@pytest.mark.parametrize("field", FIELDS)
def test_none_is_copied_and_it_is_asked_for(field: str, text: str) -> None:
    found = withheld(imported(field, text))
    assert MARK not in all_of(found)
    open_fields = [entry.to for entry in found.report.todos]
    assert ("TODO" in found.draft.text()) == bool(open_fields)


def test_the_place_is_named() -> None:
    found = withheld(imported("description", CREDENTIALS[0]))
    (asked,) = found.report.todos
    assert (asked.to, asked.path, asked.verdict) == ("job.description", ("description",), Verdict.NEEDS_YOU)
    assert "description: TODO\n" in found.draft.text()


def test_what_has_none_is_left_as_it_is() -> None:
    before = imported("description", "me@example.com wrote a:b@latest, python:3.11@sha256:0 and x=1&y=2")
    text, report = before.draft.text(), before.report
    after = withheld(before)
    assert (after.draft.text(), after.report, after.files) == (text, report, before.files)


def test_a_script_beside_the_spec_has_asterisks() -> None:
    settings = {"pythonScriptFilePath": "a.py", "workerCount": 2, "workerCommandLineArgs": "--x 1"}
    properties = {"nodeCount": 2, "tensorFlowSettings": settings | {"masterCommandLineArgs": f"--sas '?sig={MARK}'"}}
    found = withheld(import_batchai(Source("a.json", "", {"properties": properties}), BatchaiOptions()))
    assert found.files
    assert MARK not in all_of(found)
