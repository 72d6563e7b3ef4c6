"""A saved plan against what is planned now: it holds, it is stale, or it is spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from specrun import __version__
from specrun.cli.exit_codes import FAILED, STALE, WRONG_USAGE, Exit
from specrun.cli.session import show
from specrun.plan.changes import Plan, ResourceChange
from specrun.plan.comparison import changed_specs, differences
from specrun.plan.graph import Graph
from specrun.plan.kinds.data import Upload
from specrun.plan.kinds.run import Follow, RunChange
from specrun.plan.portable import digests_from
from specrun.plan.saved import PlanUnreadable, contents, masked, read_saved
from specrun.spec.frozen import dataclass
from specrun.spec.masking import mask
from specrun.spec.repository import repository_of
from specrun.views.runs import origin_text

TOLD = 10
"""Differences, or runs, that are told."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved plan: its file as it was named, and what stands in it."""

    file: str
    content: Mapping[str, Any]

    @property
    def request(self) -> Mapping[str, Any]:
        """What the command line said when it was made: see `call` in its schema."""
        request: Mapping[str, Any] = self.content["call"]
        return request

    @property
    def submitted(self) -> frozenset[str]:
        """The names of the runs that it submits."""
        runs = (item for item in self.content["changes"] if item["action"] == "submit" and "submission" in item)
        return frozenset(item["submission"]["name"] for item in runs)

    @property
    def attempts(self) -> frozenset[str]:
        """The names of the runs after which it asks for no further attempt. One that it follows is never run again,
        unless the platform ended it: then it is another plan.
        """
        followed = (item["follow"]["name"] for item in self.content["changes"] if "follow" in item)
        return self.submitted | (frozenset(followed) if self.request["rerun"] else frozenset())

    @property
    def pending(self) -> int:
        """How many changes it has that do something."""
        return sum(item["action"] != "no-op" for item in self.content["changes"])


class Stale(Exit):
    """Ends the command: what is planned now is not what was saved, in `differences`, a line each."""

    def __init__(self, saved: Saved, found: Sequence[str]) -> None:
        self.differences = found
        head = f"{saved.file} is stale: plan again. Nothing was changed."
        version = saved.content["said"]["version"]
        upgraded = f"specrun {version:.40} has saved it, and this is {__version__}: they may plan differently"
        super().__init__(STALE, head, *_few(found), *([f"  {upgraded}"] * (version != __version__)))


class Spent(Exit):
    """Ends the command: the `runs` that were submitted as planned have ended, and nothing else is left to do."""

    def __init__(self, saved: Saved, runs: Sequence[Follow]) -> None:
        self.runs = runs
        several = len({change.key.place for change in runs}) > 1
        told = [
            f"{change.run.name}{f' on {change.key.place.title}' if several else ''}: {origin_text(change.run)}"
            for change in runs
        ]
        head = f"{saved.file} is spent: what it submits has run, and nothing is left to do. Plan again to run more."
        super().__init__(STALE, head, *_few(told))


def find_saved(files: Sequence[str]) -> Saved | None:
    """The saved plan among the files that were named, if there is one. Ends the command when it cannot be used."""
    try:
        plans = [Saved(file, content) for file in files if (content := read_saved(file)) is not None]
    except PlanUnreadable as error:
        raise Exit(FAILED, str(error)) from error
    if plans and len(files) > 1:
        raise Exit(WRONG_USAGE, f"{plans[0].file} is a saved plan, and has its own specs: give it without other FILEs")
    return plans[0] if plans else None


def check_specs(saved: Saved, graph: Graph) -> None:
    """End the command when the specs are not those that the plan was made of."""
    end_if_stale(saved, changed_specs(saved.content, digests_from(root(), graph.spec_digests)))


def check_same(saved: Saved, made: Plan) -> None:
    """End the command when what is planned now is not what was saved, or all of it has run."""
    if made.unseen:
        return  # nothing is carried out either, and what could not be observed is told
    now = contents(made, saved.request, root(), mask)
    was = {**saved.content, "changes": masked(saved.content["changes"], mask)}
    found = differences(was, now)
    if found:
        show(made.problems)
    end_if_stale(saved, found)
    runs = [change for change in made.changes if isinstance(change, Follow) and change.run.name in saved.submitted]
    if runs and not any(map(_is_left, made.changes)):
        raise Spent(saved, runs)


def end_if_stale(saved: Saved, found: Sequence[str]) -> None:
    """End the command when there are differences."""
    if found:
        raise Stale(saved, found)


def root() -> str:
    """What paths in a plan are relative to."""
    here = str(Path.cwd())
    return repository_of(here) or here


def _is_left(change: Any) -> bool:
    """Whether a change has something that is to be done, or waited for."""
    if isinstance(change, Follow) and not change.run.status.ended:
        return True
    if isinstance(change, RunChange) and change.cancel:
        return True
    waits = isinstance(change, (ResourceChange, Upload)) and not change.before.status.settled
    return waits or change.action.value != "no-op"


def _few(lines: Sequence[str]) -> list[str]:
    more = [f"… and {len(lines) - TOLD} more"] if len(lines) > TOLD else []
    return [f"  {line}" for line in (*lines[:TOLD], *more)]
