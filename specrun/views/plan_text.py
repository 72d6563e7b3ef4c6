"""A plan for people: one line for each resource, and below it what would change and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from specrun.plan.changes import Action, FieldChange, Plan
from specrun.plan.files import SourceFile
from specrun.plan.resources import Place
from specrun.plan.shown import Shown, ShownChange, ShownRun, shown
from specrun.plan.transfer import Transfer
from specrun.spec.model import LocalPath, Secret
from specrun.spec.processes import Processes
from specrun.spec.visible import visible
from specrun.spec.wording import size
from specrun.views.accounts import account_lines
from specrun.views.costs import IDLE, cost_lines, run_lines, sweep_lines, total
from specrun.views.text import Paint, count, shorten, wrapped

COLOURS: Mapping[Action, str] = {
    Action.NO_OP: "dim",
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.REPLACE: "red",
    Action.DELETE: "red",
    Action.SUBMIT: "cyan",
}
FILES_SHOWN = 5
VERBS: Mapping[Action, str] = {
    Action.CREATE: "to create",
    Action.UPDATE: "to update",
    Action.REPLACE: "to replace",
    Action.DELETE: "to delete",
    Action.SUBMIT: "to submit",
}


class Looked(Protocol):
    """What came of a look at places: of which targets they are, and what of them could not be seen, and why."""

    @property
    def places(self) -> Sequence[Place]: ...
    @property
    def targets(self) -> Mapping[Place, Sequence[str]]: ...
    @property
    def unseen(self) -> Mapping[Place, Mapping[str, str]]: ...


def plan_text(plan: Plan | Shown, paint: Paint, width: int = 100) -> str:
    """The whole plan, a section for each place, ending with a line that counts."""
    plan = shown(plan)
    lines: list[str] = []
    said: set[str] = set()
    room = max((len(visible(change.key.title)) for change in plan.changes), default=0)
    for place in plan.places:
        of = targets_in(plan, place)
        where = f"{visible(place.title)} (engine {visible(place.engine)}){f' · {of}' if of else ''}"
        lines.append(f"{paint('Plan', 'bold')} for {where}")
        lines += [f"  {line}" for line in account_lines(plan.accounts.get(place), width)]
        lines.append("")
        for change in plan.in_place(place):
            lines.extend(_change(change, min(room, 44), paint, width, said))
        lines += [f"  ? {visible(key.title)}  not planned: see below" for key in plan.unplanned if key.place == place]
        lines.append("")
    if plan.stays:
        lines.append("What stays:")
        lines += [line for one in plan.stays for line in wrapped(one, "  ", width, "    ")]
        lines.append("")
    ends = (part for line in summary(plan).split("\n") for part in wrapped(line, "", width, "  "))
    return "\n".join([*lines, *ends])


def targets_in(plan: Looked, *places: Place) -> str:
    """`target prod`, of those specs of the plan that go to these places; "" where none has targets."""
    names = dict.fromkeys(visible(name) for place in places for name in plan.targets.get(place, ()))
    return f"target{'s' * (len(names) > 1)} {', '.join(names)}" if names else ""


class Unseen(NamedTuple):
    """Why something could not be observed: one thing of a place, and `more` of it for the same reason; or, without
    `what`, several places, or one as a whole.
    """

    places: tuple[Place, ...]
    what: str
    reason: str
    more: int = 0

    @property
    def rest(self) -> str:
        """` (the same of 4 more)`, where there are more."""
        return f" (the same of {self.more} more)" if self.more else ""


def unseen(plan: Looked) -> Iterator[Unseen]:
    """What could not be observed of the places, each reason once: nobody is let in, or an SDK is not there."""
    reasons: dict[str, dict[Place, list[str]]] = {}
    for place, errors in plan.unseen.items():
        for what, reason in errors.items():
            reasons.setdefault(reason, {}).setdefault(place, []).append(what)
    for reason, places in reasons.items():
        first, *more = next(iter(places.values()))
        alone = len(places) == 1
        yield Unseen(tuple(places), first if alone else "", reason, len(more) if alone else 0)


def summary(plan: Plan | Shown) -> str:
    """`Plan: 3 to create, 1 to submit.` or that there is nothing to do; what the command line leaves out; and what it
    costs.
    """
    plan = shown(plan)
    left_out = visible(f"{plan.left_out}.") if plan.left_out else ""
    return "\n".join(filter(None, (_summary(plan), left_out, total(plan))))


def counted(plan: Shown, place: Place | None = None) -> str:
    """`3 to create, 1 to submit`, of a plan or of one place; "" where nothing is done."""
    numbers = Counter(change.action for change in (plan.changes if place is None else plan.in_place(place)))
    told = [f"{numbers[action]} {verb}" for action, verb in VERBS.items() if numbers[action]]
    if left := [key for key in plan.unplanned if place in (None, key.place)]:
        told.append(f"{len(left)} not planned")
    return ", ".join(told)


def _summary(plan: Shown) -> str:
    if numbers := counted(plan):
        return f"Plan: {numbers}."
    runs = [(change, change.run) for change in plan.changes if change.run is not None]
    reasons = [f"{change.key}: {change.reason}." if run.held else f"{change.reason}." for change, run in runs]
    kept = [f"{change.key}: {change.reason}." for change in plan.changes if change.reason.startswith("kept")]
    said = [visible(reason) for reason in (*reasons, *kept)]
    return f"No changes: {said[0]}" if len(said) == 1 else "\n".join(["No changes.", *said])


def transfer_summary(transfer: Transfer) -> str:
    """`12 new (34 MB), 3 changed (1.2 kB), 980 unchanged, 2 extra`."""
    parts = []
    for files, word in ((transfer.new, "new"), (transfer.changed, "changed")):
        if files:
            known = any(file.md5 for file in files)
            parts.append(f"{len(files)} {word} ({size(sum(f.size for f in files)) if known else 'fetched at apply'})")
    if transfer.unchanged:
        parts.append(f"{len(transfer.unchanged)} unchanged")
    if transfer.extra:
        kept = f", {len(transfer.prune)} of them removed" if transfer.prune else ""
        parts.append(f"{len(transfer.extra)} extra{kept}")
    return ", ".join(parts) or "no files"


def _change(change: ShownChange, room: int, paint: Paint, width: int, said: set[str]) -> Iterator[str]:
    """The lines of a change; of what holds for many that is in `said` which need not be said again."""
    colour = COLOURS[change.action]
    head = f"  {change.action.sign} {visible(change.key.title):<{room}}"
    reason = visible(change.reason)
    if change.transfer is not None and change.here:
        reason = transfer_summary(change.transfer)
    plain = change.action is Action.NO_OP
    if len(head) + 2 + len(reason) <= width:
        yield paint(head, colour) + "  " + paint(reason, *(["dim"] * plain))
    else:
        yield from (paint(head.rstrip(), colour), *wrapped(reason, "      ", width, "        "))
    if change.transfer is not None:
        yield from _transfer(change.transfer) if not plain else ()
    elif change.run is not None:
        if change.action is Action.SUBMIT:
            yield from _submission(change, change.run, paint, width)
            yield from (
                part for line in reading_lines(change.run) for part in wrapped(line, "      ", width, "        ")
            )
            yield from (
                part for line in change.run.differences for part in wrapped(line, "      ~ ", width, "          ")
            )
        yield from (f"      cancels {visible(name)}" for name in change.run.cancels)
    else:
        for line in cost_lines(change):
            yield from wrapped(line, "      ", width) if line not in said else ()
            said |= {line} & {IDLE}
        if change.action is Action.CREATE:
            yield from _properties(change.wanted, "      ", width)
        yield from _fields(change.fields, paint)


def _fields(fields: Iterable[FieldChange], paint: Paint) -> Iterator[str]:
    for field in fields:
        forced = paint("  forces replacement", "red") if field.forces_replace else ""
        yield f"      {visible(field.path)}: {value_text(field.before)} → {value_text(field.after)}{forced}"


def _properties(properties: Mapping[str, object], indent: str, width: int) -> Iterator[str]:
    for key, value in properties.items():
        name = visible(key)
        line = f"{indent}{name}: {value_text(value)}"
        if isinstance(value, Mapping) and value:
            yield f"{indent}{name}:"
            yield from _properties(value, indent + "  ", width)
        elif isinstance(value, list) and len(line) > width:
            yield f"{indent}{name}:"
            yield from (shorten(f"{indent}  - {value_text(item)}", width) for item in value)
        else:
            yield shorten(f"{indent}{name}: {value_text(value)}", width)


def _transfer(transfer: Transfer) -> Iterator[str]:
    yield from _files("+", transfer.new)
    yield from _files("~", transfer.changed)
    kept = [path for path in transfer.extra if path not in transfer.prune]
    yield from _names("-", transfer.prune, "")
    yield from _names(" ", kept, " (extra, stays)")


def _files(sign: str, files: Sequence[SourceFile]) -> Iterator[str]:
    yield from _names(sign, [f"{file.path}  {size(file.size) if file.md5 else ''}".rstrip() for file in files], "")


def _names(sign: str, names: Iterable[str], note: str) -> Iterator[str]:
    listed = list(names)
    for name in listed[:FILES_SHOWN]:
        yield f"      {sign} {visible(name)}{note}"
    if len(listed) > FILES_SHOWN:
        yield f"      {sign} … and {len(listed) - FILES_SHOWN} more{note}"


def _submission(change: ShownChange, run: ShownRun, paint: Paint, width: int) -> Iterator[str]:
    bytes_of_code = sum(file.size for file in run.code)
    code = f", {count(len(run.code), 'code file')} ({size(bytes_of_code)})" if run.code else ""
    yield f"      {paint(run.name, 'bold')}: {_processes(run.processes)}{code}"
    for line in (*sweep_lines(change), *run_lines(change)):
        yield from wrapped(line, "      ", width)
    if run.runs_in:
        yield from wrapped(f"runs in {visible(run.runs_in)}", "      ", width)
    for name, where in run.finds.items():
        found, path = f"      finds {visible(name)} as the attempt before left it:", visible(where)
        fits = len(f"{found} {path}") <= width
        yield from (f"{found} {path}",) if fits else (found, f"        {path}")


def reading_lines(run: ShownRun) -> list[str]:
    """What a run that is submitted reads of others and of models, and for which runs it waits."""
    inputs: dict[tuple[bool, str], list[str]] = {}
    for name, one in run.upstream.items():
        inputs.setdefault((one.waits, one.run), []).append(name)
    there = [
        f"reads {visible(', '.join(names))} of {visible(of)}" for (waits, of), names in inputs.items() if not waits
    ]
    there += [f"reads {visible(name)} of {visible(version)}" for name, version in run.models.items()]
    awaited = [f"{visible(of)} ({visible(', '.join(names))})" for (waits, of), names in inputs.items() if waits]
    skipped = "that" if len(awaited) == 1 else "one of them"
    return [*there, *([f"waits for {', '.join(awaited)}: skipped if {skipped} does not succeed"] if awaited else [])]


def _processes(processes: Processes) -> str:
    if processes.kind != "tensorflow":
        return "1 process" if processes.count == 1 else f"{processes.count} processes"
    servers, workers = processes.parameter_servers, count(processes.workers, "worker")
    return f"{count(servers, 'parameter server')} and {workers}" if servers else workers


def value_text(value: object) -> str:
    """A field's value on one line, as JSON where it is no plain text; secrets by name."""
    if value is None:
        return "(not set)"
    if isinstance(value, (Secret, LocalPath, str)):
        return visible(str(value))
    return visible(json.dumps(value, ensure_ascii=False, default=str))
