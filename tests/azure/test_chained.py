"""The addresses by which a job reads what earlier runs have left, and models."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from specrun.engines.azure.chained import output_address, with_addresses
from specrun.engines.azure.seen import SeenRun
from specrun.plan.makers import Maker
from specrun.plan.models import RegisteredModel
from specrun.plan.observed import RunStatus
from specrun.plan.submission import Submission, Upstream
from specrun.spec.model import Input, Job

PLACED = "azureml://datastores/other/paths/placed"
ARTIFACTS = "azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.prep-1/outputs"


def run(name: str, *, by_v1: bool = False) -> SeenRun:
    return SeenRun(name, RunStatus.SUCCEEDED, {}, "1", by_v1=by_v1)


def sent(upstream: Mapping[str, Upstream], models: Mapping[str, RegisteredModel]) -> Mapping[str, tuple[str, str, str]]:
    """The address, the type and the mode of each input."""
    inputs = {name: Input(name, mode="download") for name in (*upstream, *models)}
    job = Job(command="ls", inputs={**inputs, "n": Input("n", 3)})
    asked = Submission("s-1", Maker("s"), "1", 1, {}, "e", job, "", False, upstream=upstream, models=models)
    found = with_addresses(asked, lambda name: run(name), lambda: "chosen").job.inputs
    assert found["n"] == Input("n", 3)
    return {name: (found[name].uri or "", found[name].type, found[name].mode) for name in inputs}


@pytest.mark.parametrize(
    ("output", "by_v1", "address"),
    [
        ("rows", False, "azureml://datastores/chosen/paths/azureml/prep-1/rows"),
        ("default", False, ARTIFACTS),
        ("rows", True, f"{ARTIFACTS}/rows"),
        ("default", True, ARTIFACTS),
    ],
)
def test_where_an_output_lies(output: str, by_v1: bool, address: str) -> None:
    found = output_address(Upstream("prep", "prep-1", "1", output), run("prep-1", by_v1=by_v1), lambda: "chosen")
    assert found == address


def test_what_is_read_of_runs_and_models() -> None:
    upstream = {"a": Upstream("prep", "prep-1", "1", "rows"), "b": Upstream("prep", "prep-1", "1", "kept", PLACED)}
    models = {kind: RegisteredModel("digits", "7", kind) for kind in ("mlflow_model", "custom_model", "triton_model")}
    assert sent(upstream, models) == {
        "a": ("azureml://datastores/chosen/paths/azureml/prep-1/rows", "uri_folder", "download"),
        "b": (PLACED, "uri_folder", "download"),
        "mlflow_model": ("azureml:digits:7", "mlflow_model", "download"),
        "custom_model": ("azureml:digits:7", "custom_model", "download"),
        "triton_model": ("azureml:digits:7", "custom_model", "download"),
    }


def test_other_jobs_are_sent_as_they_are() -> None:
    asked = Submission("s-1", Maker("s"), "1", 1, {}, "e", Job(command="ls"), "", False)
    assert with_addresses(asked, lambda name: run(name), lambda: "chosen") is asked
