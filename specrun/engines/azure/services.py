"""What the SDKs have no public call for, asked of the workspace's own services: how a run went, and its metrics.

Run history is where SDK v2 itself looks while it streams a job; metrics are MLflow's, with MLflow's published REST.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.connection import Connection
from specrun.engines.azure.coordinates import workspace_path
from specrun.engines.base import EngineError


def read_details(connection: Connection[Any], name: str) -> Mapping[str, Any]:
    """Status, times, error and logs of a run: one request. Raises Missing."""
    path = f"/history/v1.0{workspace_path(connection.coordinates)}/runs/{name}/details"
    return _mapping(_ask(connection, path, {"api-version": "v1.0"}, f"read the details of the run {name}"))


def read_metrics(connection: Connection[Any], name: str) -> Mapping[str, float]:
    """The latest value of each metric that a run logged: one request. Raises Missing."""
    path = f"/mlflow/v1.0{workspace_path(connection.coordinates)}/api/2.0/mlflow/runs/get"
    answer = _ask(connection, path, {"run_id": name}, f"read the metrics of {name}")
    logged = _mapping(_mapping(answer.get("run")).get("data")).get("metrics") or []
    return {str(one["key"]): float(one["value"]) for one in logged if isinstance(one.get("value"), (int, float))}


def add_tags(connection: Connection[Any], name: str, experiment: str, tags: Mapping[str, str]) -> None:
    """Give tags to a run, beside those that it has: one request, as the portal makes it. Raises Missing."""
    path = f"/history/v1.0{workspace_path(connection.coordinates)}/experiments/{quote(experiment, safe='')}/runs/{name}"
    arm = Arm(connection.credential, endpoint=_endpoint(connection))
    arm.patch(path, {"api-version": "v1.0"}, {"tags": dict(tags)}, f"tag the run {name}")


def _ask(connection: Connection[Any], path: str, query: Mapping[str, str], what: str) -> Mapping[str, Any]:
    return _mapping(Arm(connection.credential, endpoint=_endpoint(connection)).get(path, query, what))


def _endpoint(connection: Connection[Any]) -> str:
    """Where the workspace's services are: in its region, at the host that MLflow is told, or (SDK v1) where they are
    looked up.
    """
    workspace = connection.workspace()
    told = getattr(workspace, "mlflow_tracking_uri", None) or getattr(workspace, "discovery_url", None)
    host = urlsplit(str(told or "")).hostname
    if not host:
        raise EngineError(f"the workspace {connection.coordinates.workspace_name} does not say where its services are")
    return f"https://{host}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
