"""Where the files of models are: as they are registered, and as they lie on datastores."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from specrun.engines.azure.artifacts import STORE, named_outputs
from specrun.engines.azure.coordinates import Coordinates, workspace_path
from specrun.engines.azure.jobs import API
from specrun.engines.azure.seen import SeenRun
from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.base import EngineError, Missing
from specrun.plan.models import RUN_TAG, Registration
from specrun.spec.datastore_paths import DatastorePath, parse
from specrun.spec.frozen import dataclass

ARTIFACTS = "artifacts"
"""The output that every job has: all that the service keeps with it, ./outputs of its script among that."""

_OF_JOB = re.compile(r"azureml://jobs/(?P<run>[^/]+)/outputs/(?P<output>[^/]+)(?:/paths)?(?:/(?P<path>.*))?", re.I)


@dataclass(frozen=True, slots=True)
class ModelPath:
    """A file or folder on a datastore (None: the workspace's default one), without slashes around it."""

    datastore: str | None
    path: str

    def below(self, name: str) -> str | None:
        """The rest of a blob's name, or a file's own; None for what lies elsewhere."""
        if name == self.path:
            return name.rpartition("/")[2]
        return name.removeprefix(f"{self.path}/") if self.path and name.startswith(f"{self.path}/") else None


def path_of(uri: str, workspace: str) -> ModelPath | None:
    """Where the files of a model in a workspace lie; None for what is elsewhere, or has another form."""
    if (match := _OF_JOB.fullmatch(uri)) is not None:
        below = (match["path"] or "").strip("/")
        if match["output"] == ARTIFACTS:
            return ModelPath(STORE, f"ExperimentRun/dcid.{match['run']}/{below}".rstrip("/"))
        return ModelPath(None, f"azureml/{match['run']}/{match['output']}/{below}".rstrip("/"))
    found = parse(uri)
    if found is None or found.workspace not in ("", workspace) or not found.path:
        return None
    return ModelPath(found.datastore, found.path)


def source_of(connection: Connection, registration: Registration, run: SeenRun) -> str:
    """The address that a run's output is registered by: with the job, or where its spec had it written.

    One request where the output has a place of its own. Raises EngineError; Missing where the job has no such output.
    """
    source, output = registration.source, registration.output
    if output == "default":
        return f"azureml://jobs/{source}/outputs/{ARTIFACTS}/paths/outputs/"
    if run.by_v1:  # which writes all that it keeps there
        return f"azureml://jobs/{source}/outputs/{ARTIFACTS}/paths/outputs/{output}/"
    if output in named_outputs(run):
        return f"azureml://jobs/{source}/outputs/{output}/paths/"
    name = registration.tags[RUN_TAG]  # of a sweep, which says it for its trials
    job = connection.arm.get(f"{workspace_path(connection.coordinates)}/jobs/{name}", API, f"find the run {name}")
    outputs: Mapping[str, Any] = (job.get("properties") or {}).get("outputs") or {}
    if output not in outputs:
        raise Missing(f"model/{registration.model}: {name} has no output {output}")
    uri = (outputs[output] or {}).get("uri")
    if not uri:
        return f"azureml://jobs/{source}/outputs/{output}/paths/"
    found = parse(str(uri))
    if found is None:
        raise EngineError(
            f"model/{registration.model}: the output {output} of {name} is at {uri}, which is no datastore"
        )
    return str(uri) if found.workspace else long_uri(connection.coordinates, found)


def long_uri(at: Coordinates, path: DatastorePath) -> str:
    """A path on a datastore as Azure Resource Manager takes it for a model: with the workspace."""
    space = f"subscriptions/{at.subscription_id}/resourcegroups/{at.resource_group}/workspaces/{at.workspace_name}"
    return f"azureml://{space}/datastores/{path.datastore}/paths/{path.path}"
