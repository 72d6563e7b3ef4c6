"""Specs that read from each other, for people: where each is, and what waits for what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from specrun.plan.attempts import NAME
from specrun.plan.observed import Run, RunStatus
from specrun.spec.frozen import dataclass
from specrun.spec.visible import visible
from specrun.spec.wording import listed
from specrun.views.runs import COLOURS
from specrun.views.text import Paint, wrapped

NOT_SUBMITTED = "not submitted"


@dataclass(frozen=True, slots=True)
class Link:
    """A spec with its newest run (None: it has none), and the specs that it reads from with theirs, by the input."""

    spec: str
    run: Run | None
    upstream: Mapping[str, tuple[str, Run | None]]

    @property
    def awaited(self) -> Sequence[tuple[str, Run | None]]:
        """What it is to be run for and has not been: what has not succeeded, else another run than its own has read."""
        found = dict(one for name, one in self.upstream.items() if not self._has_read(name, one[1]))
        going = [one for one in found.items() if one[1] is None or one[1].status is not RunStatus.SUCCEEDED]
        return going or list(found.items())

    def _has_read(self, name: str, upstream: Run | None) -> bool:
        if self.run is None or upstream is None:
            return False
        read = self.run.upstream.get(name)
        if read is None:
            return True
        if upstream.is_sweep:  # what is read of one is a trial, which has another name
            return upstream.attempt > 1 or not _is_before(self.run, upstream)
        return _spec_and_fingerprint(read) == _spec_and_fingerprint(upstream.name)  # another attempt is the same


def _is_before(run: Run, other: Run) -> bool:
    return run.submitted is not None and other.submitted is not None and run.submitted < other.submitted


def _spec_and_fingerprint(run: str) -> tuple[str, ...]:
    found = NAME.fullmatch(run)
    return (found["spec"], found["fingerprint"]) if found is not None else (run,)


def chain_text(links: Sequence[Link], paint: Paint, width: int) -> str:
    """A line for each spec, upstream first, and below it what it waits for."""
    room = max(len(visible(link.spec)) for link in links)
    return "\n".join(["chain", *(line for link in links for line in _link(link, room, paint, width))])


def _link(link: Link, room: int, paint: Paint, width: int) -> Iterator[str]:
    run = link.run
    head = f"  {visible(link.spec):<{room}}  "
    if run is None:
        yield f"{head}{NOT_SUBMITTED}"
    else:
        yield f"{head}{visible(run.name)}  {paint(run.status.value, COLOURS[run.status])}"
    if told := _awaited(link):
        yield from wrapped(f"waits for {told}", " " * len(head), width)


def _awaited(link: Link) -> str:
    """What a spec waits for, each with what it is; where all of it has succeeded, it is only to be gone on."""
    missing = [visible(spec) for spec, upstream in link.awaited if upstream is None]
    runs = [upstream for _, upstream in link.awaited if upstream is not None]
    ready = [run.name for run in runs if run.status is RunStatus.SUCCEEDED]
    told = [
        f"{run.name}, which is {run.status.value}" if not run.status.ended else _ended(run)
        for run in runs
        if run.status is not RunStatus.SUCCEEDED
    ]
    if missing:
        told.append(f"{listed(missing, 'and', code=False)}, which {'is' if len(missing) == 1 else 'are'} not submitted")
    if not told and ready:
        have = "has" if len(ready) == 1 else "have"
        return f"`specrun apply`, since {listed(ready, 'and', code=False)} {have} succeeded"
    return "; ".join(told)


def _ended(upstream: Run) -> str:
    how = {RunStatus.FAILED: "has failed", RunStatus.CANCELLED: "was cancelled"}
    return f"{upstream.name}, which {how.get(upstream.status, 'was ended by the platform')}"


def link_data(link: Link) -> dict[str, object]:
    """A spec of a chain that has no run, as a JSON value in the place of one."""
    return {
        "name": None,
        "spec": link.spec,
        "status": NOT_SUBMITTED,
        "waits_for": [run.name if run is not None else spec for spec, run in link.awaited],
    }
