"""Every field of the SDK's pipelines and their steps stands in a spec, or the report says what becomes of it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from specrun.convert.azureml import import_azureml
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import Verdict
from specrun.convert.sources import Source
from tests.completeness.cli_v2 import fields_of
from tests.completeness.test_cli_v2 import SAMPLES, _put, _steps

IMAGE = {"image": "python:3.11"}
COMMAND = {"type": "command", "command": "python train.py", "environment": IMAGE}
INLINE = {**COMMAND, "command": "python train.py ${{inputs.x}}", "inputs": {"x": {"type": "number"}}}
SWEEP = {
    "type": "sweep",
    "trial": {**COMMAND, "command": "python train.py --a ${{search_space.a}}", "inputs": {"a": {"type": "number"}}},
    "sampling_algorithm": "random",
    "search_space": {"a": {"type": "choice", "values": [1, 2]}, "x": {"type": "choice", "values": [1]}},
    "objective": {"goal": "minimize", "primary_metric": "loss"},
    "limits": {"max_total_trials": 4},
}
STEPS: Mapping[str, Mapping[str, Any]] = {
    "command step": COMMAND,
    "component step": {"type": "command", "component": INLINE, "inputs": {"x": 2}},
    "sweep step": SWEEP,
    "pipeline step": {"type": "pipeline", "component": {"type": "pipeline", "jobs": {"inner": COMMAND}}},
}
OPTIONS = ImportOptions(folder=Path())
PATH = {"path": "azureml://datastores/one/paths/a"}
OTHERS: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    **{f"inputs.*.{name}": (value, {"inputs.x": PATH}) for name, value in (("mode", "download"), ("type", "uri_file"))},
    "inputs.*.value": (3, {}),
    "settings.force_rerun": (True, {}),
    "settings.continue_on_step_failure": (True, {}),
    "pipeline.component": ("azureml:whole:1", {}),
    "pipeline step.component": ({"type": "pipeline", "jobs": {"other": COMMAND}}, {}),
    "compute": ("azureml:other", {}),
    "component.compute": ("azureml:other", {}),
    "component.code": ("src", {}),
    "component.is_deterministic": (False, {}),
    "component.additional_includes": (["../other"], {}),
    "component.inputs.*.default": (3, {}),
    "component.outputs.*.type": ("uri_folder", {}),
    "component.outputs.*.mode": ("upload", {}),
}
"""A value of a field, and what else stands there, by path; of others what a job's field has, else a text."""


@pytest.mark.parametrize("kind", ["pipeline", *STEPS])
def test_no_field_of_a_pipeline_is_lost_without_a_word(kind: str) -> None:
    fields = fields_of(kind)
    assert len(fields) > 15
    assert [field for field in fields if not _is_spoken_of(kind, field)] == []


@pytest.mark.parametrize("kind", ["parallel step", "spark step", "data transfer step"])
def test_a_step_that_is_no_spec_is_told_with_all_that_it_says(kind: str) -> None:
    step = {"type": kind.removesuffix(" step").replace(" ", "_"), "task": "copy_data"}
    for field in fields_of(kind):
        if field.partition(".")[0] not in ("type", "task", "component"):
            _put(step, _steps(field), "some-text")
    found = import_azureml([Source("p.yml", "", {"type": "pipeline", "jobs": {"one": step, "last": COMMAND}})], OPTIONS)
    assert [one.name for one in found] == ["last"]
    assert [(entry.source, entry.verdict) for entry in found[0].report.todos] == [("jobs.one", Verdict.NEEDS_YOU)]


def _is_spoken_of(kind: str, field: str) -> bool:
    """Whether the specs have it, or an entry of the report that would not be there without it is about it."""
    with_it, without = _imported(kind, field, leave_out=False), _imported(kind, field, leave_out=True)
    if [one.draft.values() for one in with_it] != [one.draft.values() for one in without]:
        return True
    path = (*(() if kind == "pipeline" else ("jobs", "one")), *_steps(field))
    before = {(entry.path, entry.note) for one in without for entry in one.report.entries}
    for entry in (entry for one in with_it for entry in one.report.entries):
        is_lost = entry.verdict in (Verdict.DROPPED, Verdict.NEEDS_YOU) and (entry.path, entry.note) not in before
        is_within = entry.path[: len(path)] == path or (entry.path and path[: len(entry.path)] == entry.path)
        if entry.path == path or (is_lost and is_within):
            return True
    return False


def _imported(kind: str, field: str, *, leave_out: bool) -> list[Imported]:
    step = copy.deepcopy(dict(STEPS.get(kind, COMMAND)))
    document: dict[str, Any] = {"type": "pipeline", "jobs": {"one": step}}
    changed = document if kind == "pipeline" else step
    plain = field.removeprefix("component.").removeprefix("trial.")
    own = OTHERS.get(f"{kind}.{field}") or OTHERS.get(field)
    value, around = own or SAMPLES.get(f"job.{plain}") or SAMPLES.get(f"sweep.{plain}", ("some-text", {}))
    inner = field.removesuffix(plain)
    for path, other in around.items():
        _put(changed, f"{inner}{path}".split("."), copy.deepcopy(other))
    if not leave_out:
        _put(changed, _steps(field), value)
    return import_azureml([Source("p.yml", "", document)], OPTIONS)
