"""Runs for people: one in full, where it comes from, and what changed from one to the next."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field

from specrun.plan.fingerprint import explain
from specrun.plan.metrics import Logged, Series
from specrun.plan.observed import RoleStatus, Run, RunStatus
from specrun.plan.trials import Trial
from specrun.spec.expressions import scalar_text
from specrun.spec.frozen import dataclass
from specrun.spec.model import Scalar
from specrun.spec.visible import visible
from specrun.views.sparkline import signs_for, sparkline
from specrun.views.text import Paint, columns, duration, is_link, nearby, shorten, tied, wrapped

COLOURS = {
    RunStatus.QUEUED: "yellow",
    RunStatus.RUNNING: "cyan",
    RunStatus.SUCCEEDED: "green",
    RunStatus.FAILED: "red",
    RunStatus.CANCELLED: "yellow",
    RunStatus.LOST: "red",
}

WIDEST, SPARK, LEAST = 100, 40, 5
"""Columns of a line where nothing breaks it, of the picture of a metric at most, and what it needs to be one."""

PARAMETERS, VALUE = 24, 40
"""How many are told of a run, and columns of each value."""

Identity = Callable[[str], Mapping[str, object]]
"""What the run of a name consisted of."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What belongs to a run and is not in it: where its outputs are, its cluster's instances by state, what it has
    logged, its parameters, and how the first of its metrics went. `unread` says of each that could not be read why.
    """

    outputs: str
    compute: str = ""
    nodes: Mapping[str, int] = field(default_factory=dict)
    logged: Logged = field(default_factory=Logged)
    unread: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Scalar] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)
    trials: Sequence[Trial] = ()
    """Of a sweep."""
    trial: Trial | None = None
    """Of one of its trials what the sweep knows of it."""
    registered: Mapping[str, str] = field(default_factory=dict)
    """The versions of models that its outputs are, as NAME:VERSION, by the output."""


def status_text(run: Run, around: Surroundings, paint: Paint, room: int | None = None, cost: str = "") -> str:
    """One run: where it is, since when, its roles, what it has cost, and what belongs to it. After `room` columns lines
    would break.
    """
    lines = [f"{paint(run.name, 'bold')}  {paint(run.status.value, COLOURS[run.status])}"]
    if run.why:
        head = "  reason       "
        lines += [f"{head}{visible(run.why)}"] if room is None else wrapped(run.why, head, room, " " * len(head))
    lines.append(f"  fingerprint  {visible(run.fingerprint)}")
    for word, moment in (("submitted", run.submitted), ("started", run.started), ("ended", run.ended)):
        if moment is not None:
            lines.append(f"  {word:<11}  {local_moment(moment)}")
    if run.duration is not None:
        lines.append(f"  duration     {duration(run.duration)}")
    if cost:
        lines += [f"  cost         {cost}"] if room is None else wrapped(cost, "  cost         ", room, " " * 15)
    lines.extend(f"  {word:<11}  {visible(text)}" for word, text in origin_of(run))
    for name, source in {**run.upstream, **run.models}.items():
        lines.append(tied("  reads       ", f"{visible(name)} of {visible(source)}", room))
    for name, version in around.registered.items():
        lines.append(tied("  model       ", f"{visible(version)}, its output {visible(name)}", room))
    if run.python:
        lines.append(tied("  python      ", visible(run.python), room))
    if around.outputs:
        word = "portal" if is_link(around.outputs) else "outputs"
        lines.append(tied(f"  {word:<11} ", nearby(around.outputs), room))
    if around.nodes:
        counts = ", ".join(f"{count} {visible(state)}" for state, count in around.nodes.items() if count)
        lines.append(f"  cluster      {visible(around.compute)}: {counts or 'no instances'}")
    if around.params:
        head, said = "  parameters   ", _parameters(around.params)
        lines += [f"{head}{visible(said)}"] if room is None else wrapped(said, head, room, " " * len(head))
    lines.extend(_metrics(around, room or WIDEST))
    for note in around.logged.notes:
        lines += (
            [f"  metrics      {visible(note)}"] if room is None else wrapped(note, "  metrics      ", room, " " * 15)
        )
    lines.extend(f"  {name:<11}  cannot be read: {visible(why)}" for name, why in around.unread.items())
    several = len(run.roles) > 1
    lines.extend(
        f"  {visible(role.name):<11}  {visible(role.status)}{_ending(role)}{_taken(role) if several else ''}"
        for role in run.roles
    )
    return "\n".join(lines)


def _parameters(params: Mapping[str, Scalar]) -> str:
    """The first of them."""
    told = [f"{name}={shorten(scalar_text(value), VALUE)}" for name, value in params.items()]
    more = f"  and {len(told) - PARAMETERS} more (-o json)" if len(told) > PARAMETERS else ""
    return "  ".join(told[:PARAMETERS]) + more


def _metrics(around: Surroundings, room: int) -> Iterator[str]:
    """A line for each metric: its last value, how it went, and its least and greatest value."""
    metrics, signs = around.logged.main, signs_for()
    names = [shorten(name, room // 2) for name in metrics]
    longest = max([11, *map(columns, names)])
    for shown, (name, last) in zip(names, metrics.items(), strict=True):
        line = f"  {shown}{' ' * (longest - columns(shown))}  {last.value:<9g}"
        series = around.series.get(name)
        if series is not None and len(series.values) > 1:
            finite = [value for value in series.values if math.isfinite(value)]
            span = f"  {min(finite):g} to {max(finite):g}" if finite else ""
            width = min(SPARK, room - len(line) - 2 - len(span))
            if width >= LEAST:
                line += f"  {sparkline(series.values, width, signs)}{span}"
        yield line.rstrip()


def _taken(role: RoleStatus) -> str:
    """How long one of several roles took, where that is known."""
    return f", {duration(role.ended - role.started)}" if role.started is not None and role.ended is not None else ""


def _ending(role: RoleStatus) -> str:
    """How a role ended. A parameter server never does by itself: that it was stopped says it all."""
    if role.exit is not None:
        return f" (exit {role.exit})"
    return f" (signal {role.signal})" if role.status == "failed" and role.signal is not None else ""


def origin_of(run: Run) -> Iterator[tuple[str, str]]:
    """What is known of where a run comes from, with the words for it."""
    known = run.provenance
    commit = known.commit[:10] + (" (dirty)" if known.commit and known.dirty else "")
    request = f"pull request {known.pull_request}" if known.pull_request else ""
    version = f"specrun {known.specrun_version}" if known.specrun_version else ""
    for word, texts in (
        ("repository", (run.repository,)),
        ("target", (run.target,)),
        ("commit" if commit else "branch", (commit, known.branch, request)),
        ("by", (known.user, version)),
        ("pipeline", (known.ci,)),
    ):
        if said := [text for text in texts if text]:
            yield word, ", ".join(said)


def origin_text(run: Run) -> str:
    """How a run ended, when it was submitted and by whom, as the run itself tells it: one line, in UTC."""
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(run.submitted)) if run.submitted is not None else ""
    known = run.provenance
    told = (
        run.status.value + (f" ({run.why})" if run.why else ""),
        " ".join(filter(None, ("submitted", when, known.user and f"by {known.user}"))),
        known.commit and f"commit {known.commit[:10]}",
        known.ci,
    )
    return visible(", ".join(filter(None, told)))


def changed_since(run: Run, older: Sequence[Run], identity: Identity) -> tuple[str, ...]:
    """What changed between a run and the one before it; nothing for the first."""
    if not older:
        return ()
    if older[0].fingerprint == run.fingerprint:
        return (f"the same again (attempt {run.attempt})",)
    before = identity(older[0].name)
    after = identity(run.name) if before else {}
    return explain(before, after) if after else ()


def local_moment(seconds: float) -> str:
    """A moment by this machine's clock, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
