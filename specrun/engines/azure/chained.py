"""What earlier runs have left, as addresses that a job reads as any other: their outputs, and models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specrun.engines.azure.artifacts import STORE
from specrun.engines.azure.connection import Connection
from specrun.engines.azure.coordinates import workspace_name
from specrun.engines.azure.listing import FEW, list_blobs
from specrun.engines.azure.seen import SeenRun
from specrun.engines.base import Missing
from specrun.plan.observed import Written
from specrun.plan.submission import Submission, Upstream
from specrun.spec.datastore_paths import datastore_uri, parse
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


def is_there(connection: Connection[Any], written: Written, run: SeenRun) -> bool:
    """Whether anything is there of an output; also where it has a place in another workspace. Raises EngineError."""
    datastore, folder = _kept(run, written.output)
    if written.path:
        path = parse(written.path)
        if path is None or path.workspace not in ("", workspace_name(connection.coordinates)):
            return True
        datastore, folder = path.datastore, path.path
    try:
        blobs = list_blobs(connection.open_datastore(datastore), f"{folder}/" if folder else "", FEW)
        return next(iter(blobs), None) is not None
    except Missing:
        return False


def output_address(upstream: Upstream, run: SeenRun, default_datastore: Callable[[], str]) -> str:
    """Where the service keeps an output without a place: of SDK v2 on the default datastore, in a folder of its own; of
    SDK v1, and what a script writes to ./outputs, with the run.
    """
    datastore, folder = _kept(run, upstream.output)
    return datastore_uri(datastore or default_datastore(), folder)


def _kept(run: SeenRun, output: str) -> tuple[str | None, str]:
    """The datastore (None: the default one) and the folder of an output."""
    if run.by_v1 or output == "default":
        kept = "outputs" if output == "default" else f"outputs/{output}"
        return STORE, f"ExperimentRun/dcid.{run.name}/{kept}"
    return None, f"azureml/{run.name}/{output}"
