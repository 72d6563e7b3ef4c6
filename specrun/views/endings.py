"""How a run ended, in a line that says all; and of one that failed why, for people and as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from specrun.apply.events import Finished, ModelRegistered
from specrun.apply.failures import Failure
from specrun.plan.observed import Run, RunStatus
from specrun.spec.secrets import hide
from specrun.spec.visible import at_start, visible, visible_log
from specrun.views.text import Paint, duration, in_room, is_link, nearby, tied

LONGEST = 500
"""Characters that are shown of a line."""

ENDS = {
    RunStatus.SUCCEEDED: ("✓", "green"),
    RunStatus.FAILED: ("✗", "red"),
    RunStatus.CANCELLED: ("■", "yellow"),
    RunStatus.LOST: ("✗", "red"),
}


def result_text(run: Run, name: str, outputs: str, paint: Paint, room: int | None) -> str:
    """`✓ job-a succeeded after 4.2 s; outputs in …`, these on a line of their own where they do not fit in `room`."""
    sign, colour = ENDS[run.status]
    told = f"{paint(sign, colour)} {paint(name, 'bold')} {paint(run.status.value, colour)}"
    lasted = f"after {duration(run.duration)}" if run.duration is not None else ""
    if rest := " ".join(filter(None, (f"({visible(run.why)})" if run.why else "", lasted))):
        fits = room is None or len(f"{sign} {name} {run.status.value} {rest}") <= room
        told += f" {rest}" if fits else f"\n{in_room(rest, room, '  ')}"
    if not outputs:
        return told
    return tied(f"{told}; {'in the portal:' if is_link(outputs) else 'outputs in'}", nearby(outputs), room)


def registered_text(event: ModelRegistered, run: str, paint: Paint) -> str:
    """`✓ model digits: version 3, of train-…`."""
    return f"{paint('✓', 'green')} model {paint(event.model, 'bold')}: version {visible(event.version)}, of {run}"


def failure_text(
    failure: Failure, of: str, command: str, paint: Paint, room: int | None, own: Callable[[str], str] = str
) -> Iterator[str]:
    """The last lines under a heading that says whose they are, and the `command` for all of them; `own` names files.

    Nothing where there are none.
    """
    if failure.lines:
        several = len({line.role for line in failure.lines}) > 1
        yield f"{paint('Last lines', 'bold')}{f' of {visible(of)}' if of else ''}:"
        for line in failure.lines:
            # Not through what masks specrun's own texts: which addresses a job prints is its affair.
            said = own(hide(line.text))
            said = visible_log(said) if len(said) <= LONGEST else visible_log(said[:LONGEST], colours=False) + "…"
            yield f"  {visible(line.role)} | {said}" if several else f"  {at_start(said)}".rstrip()
        yield tied("All of it:", command, room)
    elif failure.unread:
        yield f"Its last lines cannot be read: {visible(failure.unread)}"


def last_lines_text(
    event: Finished, of: str, about: Callable[..., str], paint: Paint, room: int | None, own: Callable[[str], str]
) -> Iterator[str]:
    """The same of a run that has just ended; `about` makes a command of its name, its engine, a verb and options."""
    engine = event.key.place.engine if event.key is not None else ""
    command = about(event.trial or event.run.name, engine, "logs", *(("--role", event.role) if event.role else ()))
    return failure_text(Failure(event.role, event.last_lines), of, command, paint, room, own)


def hint_text(hint: str, paint: Paint, room: int | None) -> Iterator[str]:
    """A hint, in lines of `room` columns."""
    if hint:
        told = f"hint: {visible(hide(hint))}"
        yield in_room(told, room).replace("hint:", paint("hint:", "cyan"), 1)


def failure_data(failure: Failure, command: str) -> dict[str, object] | None:
    """The same as JSON values; None where nothing is known."""
    if not (failure.lines or failure.unread or failure.hint):
        return None
    return {
        "role": failure.role or None,
        **({"trial": failure.trial} if failure.trial else {}),
        "lines": [{"role": line.role, "text": hide(line.text)} for line in failure.lines],
        "hint": failure.hint or None,
        "logs": command,
        "unread": failure.unread or None,
    }
