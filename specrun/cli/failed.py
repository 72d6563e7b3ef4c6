"""Why a run failed, as the verbs about runs show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from specrun.apply.failures import Failure, failure_of
from specrun.cli.opened import RunsOfSpec
from specrun.cli.reading import Reading
from specrun.plan.observed import Run
from specrun.spec.frozen import dataclass
from specrun.views.endings import failure_data, failure_text, hint_text
from specrun.views.own_paths import OwnPaths
from specrun.views.text import Paint


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a run failed, the `command` for all that its role wrote, and what names the user's `own` files in that."""

    failure: Failure
    command: str
    own: OwnPaths

    @property
    def raised(self) -> str:
        """The line that tells most."""
        return self.own(self.failure.raised)

    def text(self, paint: Paint, room: int | None) -> str:
        """The last lines and a hint, in lines of their own; "" where nothing is known."""
        of = " ".join(filter(None, (self.failure.trial, self.failure.role)))
        told = failure_text(self.failure, of, self.command, paint, room, self.own)
        return "\n".join([*told, *hint_text(self.failure.hint, paint, room)])

    def data(self) -> Mapping[str, object] | None:
        """The same as JSON values."""
        return failure_data(self.failure, self.command)


def look(runs: RunsOfSpec, run: Run, reading: Reading) -> Failed:
    """Why a run failed: a request or more, of one that did."""
    failure = failure_of(runs.engine, run)
    role = ("--role", failure.role) if failure.role else ()
    of = replace(run, name=failure.trial) if failure.trial else run
    return Failed(failure, runs.about("logs", of, reading, *role), runs.own_paths(of))
