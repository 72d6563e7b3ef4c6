"""MLflow's published REST interface, which every workspace has: what runs have logged, and which there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.connection import Connection
from specrun.engines.azure.coordinates import workspace_path
from specrun.engines.azure.services import as_mapping, ask_service, endpoint, objects
from specrun.engines.base import EngineError

MOST = 1_000
"""Runs in one answer, as MLflow sends them where nothing is said."""

PAGES = 100
"""How many such answers are read at most."""

Point = tuple[str, int, float, float]
"""A metric's name, step, time (Unix seconds) and value."""


def ask_mlflow(connection: Connection[Any], what: str, query: Mapping[str, str], doing: str) -> Mapping[str, Any]:
    """What is answered to a question. Raises EngineError's kinds."""
    return ask_service(connection, _path(connection, what), query, doing)


def search_runs(connection: Connection[Any], wanted: Mapping[str, Any], doing: str) -> Iterator[Mapping[str, Any]]:
    """The runs that are found, each with its information and its data: a request for each thousand of them.

    Raises EngineError's kinds.
    """
    arm, path = Arm(connection.credential, endpoint=endpoint(connection)), _path(connection, "runs/search")
    body = {**wanted, "max_results": MOST}
    for _ in range(PAGES):
        answer = as_mapping(arm.post(path, {}, doing, body=body))
        yield from objects(answer.get("runs"))
        token = answer.get("next_page_token")
        if not token:
            return
        body["page_token"] = str(token)
    raise EngineError(f"cannot {doing}: the list that came has more than {PAGES} pages")


def points_in(listed: Any) -> Iterator[Point]:
    """Those of a list that are points. Numbers may be texts there: JSON has neither NaN nor 64 bits."""
    for one in objects(listed):
        try:
            step, time = int(one.get("step") or 0), float(one.get("timestamp") or 0) / 1000
            yield str(one["key"]), step, time, float(one["value"])
        except (KeyError, TypeError, ValueError):
            continue


def _path(connection: Connection[Any], what: str) -> str:
    return f"/mlflow/v1.0{workspace_path(connection.coordinates)}/api/2.0/mlflow/{what}"
