"""What earlier runs have left, as addresses that a job reads as any other: their outputs, and models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from specrun.engines.azure.artifacts import STORE
from specrun.engines.azure.seen import SeenRun
from specrun.plan.submission import Submission, Upstream
from specrun.spec.datastore_paths import datastore_uri
from specrun.spec.model import CloudPath, Input

TYPES = ("custom_model", "mlflow_model")
"""The types of an input whose address SDK v2 takes for a model's; of any other, such as triton_model, for data's."""


def with_addresses(
    submission: Submission, find: Callable[[str], SeenRun], default_datastore: Callable[[], str]
) -> Submission:
    """The submission, in whose job each input that reads an output or a model names its address. `find` finds the run
    of a name, `default_datastore` says what the workspace calls it.
    """
    if not submission.upstream and not submission.models:
        return submission

    def of(entry: Input) -> Input:
        if (upstream := submission.upstream.get(entry.name)) is not None:
            address = upstream.path or output_address(upstream, find(upstream.run), default_datastore)
            return replace(entry, source=CloudPath(address))
        if (model := submission.models.get(entry.name)) is not None:
            kind = model.type if model.type in TYPES else TYPES[0]
            return replace(entry, source=CloudPath(f"azureml:{model.name}:{model.version}"), type=kind)
        return entry

    inputs = {name: of(entry) for name, entry in submission.job.inputs.items()}
    return replace(submission, job=replace(submission.job, inputs=inputs))


def output_address(upstream: Upstream, run: SeenRun, default_datastore: Callable[[], str]) -> str:
    """Where the service keeps an output without a place: of SDK v2 on the default datastore, in a folder of its own; of
    SDK v1, and what a script writes to ./outputs, with the run.
    """
    name = upstream.output
    if run.by_v1 or name == "default":
        kept = "outputs" if name == "default" else f"outputs/{name}"
        return datastore_uri(STORE, f"ExperimentRun/dcid.{upstream.run}/{kept}")
    return datastore_uri(default_datastore(), f"azureml/{upstream.run}/{name}")
