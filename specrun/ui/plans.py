"""The plan of the specs as a page shows it, and how far an apply is that carries one out, wherever."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from specrun.apply.project import Project
from specrun.plan.changes import Change, Plan
from specrun.plan.kinds.run import Follow
from specrun.plan.planning import PlanOptions
from specrun.plan.private import open_private
from specrun.plan.resources import Key
from specrun.spec.errors import Error, OfDiagnostics
from specrun.spec.frozen import dataclass
from specrun.ui.wire import Refused, Watched, whole
from specrun.views.data import plan_data

OpenProject = Callable[[], Project]
"""Reads the specs of the command line anew. Raises Error."""

Resource: TypeAlias = tuple[str, str]
"""The title of a place ("": the only one of a plan), and an address there."""

TAIL = 1 << 20
"""Bytes of the journal's end in which an apply that goes on is looked for."""


@dataclass(frozen=True, slots=True)
class Made:
    """A plan with its graph; or why there is none."""

    plan: Mapping[str, Any] | None = None
    nodes: tuple[tuple[Key, Mapping[str, Any]], ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()


class Plans:
    """The plan of the specs, made when somebody asks for it."""

    def __init__(self, open_project: OpenProject | None, home: Path | None) -> None:
        self._open = open_project
        self._home = home
        self._lock = threading.Lock()
        self._made: Made | None = None
        self._making = False
        self._was_live = False
        self._journal = _Journal(home) if home is not None else None

    def get(self) -> dict[str, object]:
        """The plan, or that it is being made: anew, too, once an apply is over, after which another one is true."""
        states = self._journal.states() if self._journal is not None else {}
        with self._lock:
            is_over = self._was_live and not states
            self._was_live = bool(states)
            if (self._made is None or is_over) and not self._making:
                self._start()
            made, making = self._made or Made(), self._making
        nodes = [{**node, "state": _state(states, key)} for key, node in made.nodes]
        return {
            "plan": made.plan,
            "graph": {"nodes": nodes, "edges": [list(edge) for edge in made.edges]},
            "making": making,
            "problems": list(made.problems),
            "live": bool(states),
        }

    def watched(self) -> Watched:
        """The same, told whenever it changes."""
        return whole(self.get, 0.5)

    def make(self) -> dict[str, object]:
        """Make it anew. Raises Refused."""
        if self._open is None:
            raise Refused(404, "no spec was named, and none is here: there is nothing to plan")
        with self._lock:
            if not self._making:
                self._start()
        return {}

    def _start(self) -> None:
        if self._open is None:
            self._made = Made(problems=("No spec was named, and none is here: there is nothing to plan.",))
            return
        self._making = True
        threading.Thread(target=self._make, args=(self._open,), name="plan", daemon=True).start()

    def _make(self, open_project: OpenProject) -> None:
        made = Made(problems=("The plan could not be made.",))
        try:
            project = open_project()
            made = _made(project, project.plan(PlanOptions()))
        except OfDiagnostics as error:
            made = Made(problems=tuple(str(error).splitlines()))
        except (Error, OSError) as error:
            made = Made(problems=(str(error) or "The specs cannot be read: `specrun validate` says why.",))
        finally:
            with self._lock:
                self._made, self._making = made, False


def _made(project: Project, plan: Plan) -> Made:
    changes = {change.key: number for number, change in enumerate(plan.changes)}
    ids = {key: f"n{number}" for number, key in enumerate(project.graph.resources)}
    several = len(project.graph.places) > 1
    nodes = [_node(key, ids[key], plan.changes[changes[key]] if key in changes else None) for key in ids]
    for node, key in zip(nodes, ids, strict=True):
        node |= {"change": changes.get(key), "place": key.place.title if several else None}
    edges = [
        (ids[need], ids[key])
        for key, resource in project.graph.resources.items()
        for need in resource.needs
        if need in ids
    ]
    problems = [
        f"{place.title}: {what}: {why}" for place, errors in plan.unseen.items() for what, why in errors.items()
    ]
    return Made(plan_data(plan), tuple(zip(ids, nodes, strict=True)), tuple(edges), tuple(problems))


def _node(key: Key, name: str, change: Change | None) -> dict[str, Any]:
    action = change.action.value if change is not None else None
    kind = key.address.partition("/")[0]
    status = change.run.status.value if isinstance(change, Follow) else None
    return {"id": name, "address": key.address, "label": key.title, "kind": kind, "action": action, "status": status}


def _state(states: Mapping[Resource, str], key: Key) -> str | None:
    return states.get((key.place.title, key.address)) or states.get(("", key.address))


class _Journal:
    """What the last apply in a state folder does, as long as it goes on: read from the end of its journal."""

    def __init__(self, home: Path) -> None:
        self._file = home / "journal.jsonl"
        self._seen: tuple[int, int] = (0, 0)
        self._process = 0
        self._states: dict[Resource, str] = {}

    def states(self) -> Mapping[Resource, str]:
        """How far each resource is; {} where no apply goes on."""
        with suppress(OSError, ValueError):
            seen = self._file.lstat()
            if (seen.st_size, seen.st_mtime_ns) != self._seen:
                self._read(seen.st_size)
                self._seen = (seen.st_size, seen.st_mtime_ns)
        return self._states if self._states and _goes_on(self._process) else {}

    def _read(self, size: int) -> None:
        with open(open_private(self._file, os.O_RDONLY), "rb") as file:  # noqa: PTH123 - a descriptor
            file.seek(max(0, size - TAIL))
            lines = file.read(TAIL).splitlines()
        events: list[dict[str, Any]] = []
        for line in lines:
            with suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict):
                    events.append(event)
        begun = max((number for number, one in enumerate(events) if one.get("event") == "plan_ready"), default=None)
        if begun is None:
            return
        process = events[begun].get("process")
        self._process = process if isinstance(process, int) else 0
        changes = (events[begun].get("plan") or {}).get("resource_changes") or []
        self._states = {_planned(one): _waits(one) for one in changes if isinstance(one, dict)}
        for event in [one for one in events[begun:] if one.get("process") == process]:
            match event.get("key"):
                case [{"title": str(title)}, str(address)]:
                    self._take(("" if ("", address) in self._states else title, address), event)
                case None if event.get("event") == "apply_ended":
                    self._states = {}

    def _take(self, key: Resource, event: Mapping[str, Any]) -> None:
        kind = event.get("event")
        if kind in ("operation_started", "status_changed"):
            self._states[key] = "going"
        elif kind == "operation_settled":
            is_run = key[1].startswith("run/")  # which has only been submitted
            left = "failed" if event.get("error") else "skipped" if event.get("skipped") else ""
            self._states[key] = left or ("going" if is_run else "done")
        elif kind == "finished":
            status = (event.get("run") or {}).get("status")
            self._states[key] = "done" if status == "succeeded" else "failed"


def _planned(change: Mapping[str, Any]) -> Resource:
    """Of which resource a change is: a plan for one place does not say which."""
    return str((change.get("place") or {}).get("target") or ""), str(change.get("address"))


def _waits(change: Mapping[str, Any]) -> str:
    return "done" if change.get("specrun_action") == "no-op" else "waiting"


def _goes_on(process: int) -> bool:
    if process <= 0:
        return False
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
