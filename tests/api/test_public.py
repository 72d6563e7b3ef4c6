"""What `import specrun` gives is a promise: its names, what they take, and how little is imported for it."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import specrun

ROOT = Path(__file__).parents[2]

NAMES = {
    "ApplyFailed", "Change", "ConfirmationNeeded", "Conflict", "Denied", "Difference", "Diagnostic", "Diagnostics",
    "EngineError", "Error", "Lines", "Location", "LogLine", "Metrics", "Missing", "Model", "Models", "OutputFile",
    "Outputs", "Plan", "PlanFailed",
    "Quota", "Refused", "Run", "RunFailed", "Runs", "SecretUnset", "Severity", "SpecInvalid", "Specs", "Transient",
    "Trial", "Trials", "UsageError", "__version__", "load",
}  # fmt: skip

SIGNATURES = """
load(*files, target=None, engine=None, vars=None, var_files=(), inputs=None, environment=None, allow_outside=())
Specs.apply(self, *, yes=False, rerun=False, cancel_previous=False, allow_replace=False, max_runs=10, adopt=(), \
detach=False, fail_fast=False, lock_timeout=600.0, show=None)
Specs.model(self, name, version='latest')
Specs.models(self, name=None, limit=100)
Specs.places(self)
Specs.plan(self, *, rerun=False, cancel_previous=False, allow_replace=False, max_runs=10, adopt=())
Specs.run(self, name)
Specs.runs(self, limit=100)
Specs.validate(self)
Diagnostics.broken
Difference.data(self)
Diagnostics.check(self)
Diagnostics.data(self)
Diagnostics.valid
Plan.changes
Plan.check(self)
Plan.data(self)
Plan.fingerprints
Plan.pending
Change.action
Change.address
Change.place
Change.reason
Run.best_trial
Run.cancel(self, *, wait=True)
Run.check(self)
Run.diff(self, other=None)
Run.done
Run.elapsed
Run.ended
Run.link
Run.logged(self)
Run.logs(self, *, role='', tail=None, follow=False)
Run.metrics(self, name=None)
Run.name
Run.now(self)
Run.observed
Run.outputs
Run.params
Run.reason
Run.registered
Run.row(self)
Run.source
Run.spec
Run.started
Run.status
Run.submitted
Run.trials
Run.wait(self, timeout=None)
Runs.check(self)
Runs.rows(self)
Trial.name
Trial.observed
Trial.params
Trial.reason
Trial.row(self)
Trial.run
Trial.status
Trial.value
Trials.best
Trials.rows(self)
Model.created
Model.data(self)
Model.lineage
Model.metrics
Model.name
Model.observed
Model.path
Model.row(self)
Model.run
Model.tags
Model.type
Model.version
Models.data(self)
Models.notes
Models.rows(self)
Outputs.fetch(self, folder, *patterns)
Outputs.open(self, path)
Outputs.path(self, path)
""".strip().replace("Diagnostics.broken\n", "")  # set in its instances

CODES = {
    "ApplyFailed": 1, "ConfirmationNeeded": 1, "Conflict": 1, "Denied": 1, "EngineError": 1, "Error": 1, "Missing": 1,
    "PlanFailed": 1, "Quota": 1, "Refused": 4, "RunFailed": 1, "SecretUnset": 1, "SpecInvalid": 65, "Transient": 1,
    "UsageError": 64,
}  # fmt: skip


def members(cls: type) -> list[str]:
    own = [one for one in cls.__mro__ if one.__module__.startswith("specrun.api")]
    named = {name: value for one in own for name, value in vars(one).items() if not name.startswith("_")}
    return sorted(written(f"{cls.__name__}.{name}", value) for name, value in named.items())


def written(name: str, value: object) -> str:
    if not inspect.isfunction(value):
        return name
    parameters = [one.replace(annotation=one.empty) for one in inspect.signature(value).parameters.values()]
    return f"{name}{inspect.Signature(parameters)}"


def test_the_names_and_what_they_take_are_those() -> None:
    assert set(specrun.__all__) == NAMES
    assert all(hasattr(specrun, name) for name in NAMES)
    assert set(dir(specrun)) >= NAMES
    names = (
        "Specs",
        "Difference",
        "Diagnostics",
        "Plan",
        "Change",
        "Run",
        "Runs",
        "Trial",
        "Trials",
        "Model",
        "Models",
    )
    names = (*names, "Outputs")
    classes = [getattr(specrun, name) for name in names]
    found = [written("load", specrun.load), *(line for cls in classes for line in members(cls))]
    assert "\n".join(found) == SIGNATURES


def test_what_is_no_name_of_it_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'lod'"):
        specrun.lod  # noqa: B018


def test_each_error_has_its_exit_status() -> None:
    errors = {name: getattr(specrun, name) for name in NAMES if name[0].isupper()}
    errors = {name: one for name, one in errors.items() if issubclass(one, Exception)}
    assert {name: one.code for name, one in errors.items() if issubclass(one, specrun.Error)} == CODES
    assert set(errors) == set(CODES)


def test_importing_it_imports_nothing_and_loading_no_sdk_nor_page() -> None:
    program = (
        "import sys, json; before = set(sys.modules); import specrun\n"
        "first = sorted(set(sys.modules) - before); specrun.load('job.yaml').validate\n"
        "print(json.dumps([first, sorted(sys.modules)]))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    first, every = json.loads(told.stdout)
    roots = {name.partition(".")[0] for name in every}
    assert set(first) <= {"specrun", "specrun._version"}
    assert not {"click", "azure", "azureml", "anywidget", "IPython", "pandas", "mlflow", "asyncio"} & roots
    assert not [name for name in every if name.startswith(("specrun.cli", "specrun.ui", "specrun.engines.local"))]


def test_types_are_shipped() -> None:
    assert (ROOT / "specrun" / "py.typed").is_file()
