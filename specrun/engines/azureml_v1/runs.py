"""The runs that this process has seen: the SDK's own objects, and what was read of them, so that nothing is read twice.

Finding a run costs two requests, its details cost three; a run that has ended does not change any more.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from specrun.engines.azure.endings import status_of
from specrun.engines.azure.run_marks import FINGERPRINT_TAG, TAG, VARIABLE, is_named_for
from specrun.engines.azureml_v1.connection import SOON, Connection
from specrun.engines.azureml_v1.errors import translated
from specrun.engines.base import Missing, Transient
from specrun.plan.attempts import NAME
from specrun.plan.observed import RunStatus


@dataclass(slots=True)
class SeenRun:
    """One run: the SDK's object, and the newest details."""

    run: Any
    details: Mapping[str, Any] = field(default_factory=dict)
    detailed: float = -1e9
    """When the details were read, by the monotonic clock."""
    record: Mapping[str, Any] | None = None
    lengths: dict[str, int] = field(default_factory=dict)
    """Of a run that has ended: how many bytes each role's log has, once it was read to its end."""

    @property
    def status(self) -> RunStatus:
        """As the service last said; a failed run may have been lost."""
        return status_of(str(self.run.status))


@dataclass(slots=True)
class Seen:
    """What one connection has seen, by name."""

    runs: dict[str, SeenRun] = field(default_factory=dict)
    experiments: dict[str, Any] = field(default_factory=dict)
    marked: set[str] = field(default_factory=set)
    """Experiments that were given the tag: the SDK's object does not learn of it."""


_SEEN: WeakKeyDictionary[Connection, Seen] = WeakKeyDictionary()


def seen(connection: Connection) -> Seen:
    """What this connection has seen so far."""
    return _SEEN.setdefault(connection, Seen())


def find_run(connection: Connection, name: str) -> SeenRun:
    """A run of the workspace by its id, wherever it is filed; no request when it was seen. Raises Missing."""
    known = seen(connection).runs.get(name)
    if known is None:
        with translated(f"find the run {name}"):
            known = SeenRun(connection.workspace().get_run(name))
        seen(connection).runs[name] = known
    return known


def find_experiments(connection: Connection) -> list[Any]:
    """The SDK's Experiments that hold runs of specrun's, whichever spec's: they carry its tag. One request."""
    from azureml.core import Experiment
    from azureml.core.experiment import ViewType

    with translated(f"list the experiments of {connection.coordinates.workspace_name}"):
        # Archived ones, too: what ran there ran for exactly the same.
        found = list(Experiment.list(connection.workspace(), tags=TAG, view_type=ViewType.All))
    seen(connection).experiments.update({one.name: one for one in found})
    return found


def look_at_run(connection: Connection, name: str) -> SeenRun:
    """A run of the workspace as it is now: one request if it was seen before, unless it had ended. Raises Missing."""
    if name not in seen(connection).runs:
        return find_run(connection, name)
    known = seen(connection).runs[name]
    if not known.status.ended:
        with _there(name):
            known.run.get_status()
    return known


def read_details(known: SeenRun, again: bool = False) -> Mapping[str, Any]:
    """The details of a run as they are now; of an ended run they are read once, unless `again`."""
    if again or not (known.status.ended and status_of(str(known.details.get("status"))).ended):
        with _there(known.run.id):
            known.details = known.run.get_details()
        known.detailed = time.monotonic()
    return known.details


@contextmanager
def _there(name: str) -> Iterator[None]:
    """Read a run that was seen or submitted. Raises Transient where whoever answers has not heard of it yet."""
    try:
        with translated(f"read the run {name}"):
            yield
    except Missing as error:
        raise Transient(str(error), SOON) from error


def is_ours(known: SeenRun) -> bool:
    """Whether specrun submitted a run: its fingerprint, from the tag or else its definition, begins as its name says.

    The tag is set after the run was submitted: an apply that was killed in between leaves a run without one.
    """
    return NAME.fullmatch(known.run.id) is not None and is_named_for(known.run.id, fingerprint_of(known))


def fingerprint_of(known: SeenRun) -> str:
    """The whole fingerprint of a run; "" when specrun did not submit it."""
    tagged = (known.run.tags or {}).get(FINGERPRINT_TAG)
    return str(tagged or _variables(known.details or read_details(known)).get(VARIABLE) or "")


def check_ours(known: SeenRun) -> None:
    """Raises Missing for a run that specrun did not submit."""
    if not is_ours(known):
        raise Missing(f"run {known.run.id} was not submitted by specrun: its definition lacks {VARIABLE}")


def _variables(details: Mapping[str, Any]) -> Mapping[str, Any]:
    definition = details.get("runDefinition")
    if not isinstance(definition, Mapping):
        return {}
    environment = definition.get("environment")
    inside = environment.get("environmentVariables") if isinstance(environment, Mapping) else None
    return {**(inside or {}), **(definition.get("environmentVariables") or {})}
