"""What the SDKs have no public call for, asked of the workspace's own services.

Run history, for one, is where SDK v2 itself looks while it streams a job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.connection import Connection
from specrun.engines.azure.coordinates import workspace_path
from specrun.engines.base import EngineError


def read_details(connection: Connection[Any], name: str) -> Mapping[str, Any]:
    """Status, times, error and logs of a run: one request. Raises Missing."""
    path = f"/history/v1.0{workspace_path(connection.coordinates)}/runs/{name}/details"
    return as_mapping(ask_service(connection, path, {"api-version": "v1.0"}, f"read the details of the run {name}"))


def add_tags(connection: Connection[Any], name: str, experiment: str, tags: Mapping[str, str]) -> None:
    """Give tags to a run, beside those that it has: one request, as the portal makes it. Raises Missing."""
    path = f"/history/v1.0{workspace_path(connection.coordinates)}/experiments/{quote(experiment, safe='')}/runs/{name}"
    arm = Arm(connection.credential, endpoint=endpoint(connection))
    arm.patch(path, {"api-version": "v1.0"}, {"tags": dict(tags)}, f"tag the run {name}")


def ask_service(connection: Connection[Any], path: str, query: Mapping[str, str], what: str) -> Mapping[str, Any]:
    """The object that a service answers at a path. Raises EngineError's kinds."""
    return as_mapping(Arm(connection.credential, endpoint=endpoint(connection)).get(path, query, what))


def endpoint(connection: Connection[Any]) -> str:
    """Where the workspace's services are: in its region, at the host that MLflow is told, or (SDK v1) where they are
    looked up.
    """
    workspace = connection.workspace()
    told = getattr(workspace, "mlflow_tracking_uri", None) or getattr(workspace, "discovery_url", None)
    host = urlsplit(str(told or "")).hostname
    if not host:
        raise EngineError(f"the workspace {connection.coordinates.workspace_name} does not say where its services are")
    return f"https://{host}"


def as_mapping(value: Any) -> Mapping[str, Any]:
    """An answer's part that should be an object; {} where it is none."""
    return value if isinstance(value, Mapping) else {}


def objects(listed: Any) -> Iterator[Mapping[str, Any]]:
    """The objects in what should be a list of such."""
    return (one for one in listed if isinstance(one, Mapping)) if isinstance(listed, list) else iter(())
