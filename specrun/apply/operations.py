"""One planned change carried out: looked at again, begun, waited for, and looked at once more.

Nothing is decided here. What is not as the plan saw it, and not already as the plan wants it, is left alone.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from specrun.apply.calls import ATTEMPTS, Abandoned, call, call_reporting
from specrun.apply.stage import Stale, stage
from specrun.engines.base import Conflict, Engine, EngineError, Progress, Report, Transient
from specrun.plan.attempts import decide
from specrun.plan.changes import Action, Capability, Change, Submission
from specrun.plan.diff import diff
from specrun.plan.hashes import md5_of
from specrun.plan.home import scratch
from specrun.plan.observed import Observed, Run, Status
from specrun.plan.remote import WrongContent, download
from specrun.plan.transfer import is_same, plan_transfer

FIRST_POLL = 0.2
"""Seconds between the first looks at a resource that is being made; later ones are as far apart as the engine says."""

FIRST_PAUSE = 0.2
"""Seconds before something is tried again; twice as many each time, unless the service says how many."""


class Stopped(Exception):
    """The user asked to stop while this was under way."""


def carry_out(change: Change, engine: Engine, home: Path, report: Report, stop: threading.Event) -> None:
    """Make one resource what the plan says; of runs only their deletion, see `submit`.

    Raises EngineError, Stale and Stopped.
    """
    key = change.resource.key
    if change.action is Action.NO_OP:
        if change.before is not None and not change.before.status.settled:
            _await_maker(change, engine, stop)
        return
    if change.kind == "run":
        _begin(change, engine, report)
        return
    now = _observe(change, engine)
    if change.action is Action.CREATE and now.status is Status.CREATING:
        now = _settle(change, engine, stop)  # another apply of the same has begun with it
    if _achieved(change, now, engine):
        return
    if change.before is not None and change.before.status is Status.DELETING:
        if _settle(change, engine, stop).status is not Status.MISSING:
            raise Stale(f"{key} was being deleted and is there again: plan again")
    elif change.before is not None and _seen(now) != _seen(change.before) and not _on_the_way(change, now):
        raise Stale(f"{key} changed since the plan: plan again")
    if str(change.resource.properties.get("path", "")).startswith("https://"):
        change = _fetched(change, home, report)
    _begin(change, engine, report)
    settled = _settle(change, engine, stop)
    if not _achieved(change, settled, engine):
        raise EngineError(f"{key}: {settled.reason or 'it is not as it was asked for afterwards: plan again'}")


def submit(change: Change, engine: Engine, home: Path, report: Report) -> str:
    """Submit a planned run, or find the one that somebody submitted for the same in the meantime; its name.

    Raises EngineError and Stale.
    """
    submission = change.submission
    assert submission is not None
    for run in change.cancel:
        call(partial(engine.cancel, run.name), engine.patience, f"cancelling {run.name}")
    gave_up: EngineError | None = None
    for attempt in range(ATTEMPTS):
        # Looked for before each try: the last one may have been accepted all the same, or somebody else's was.
        twin = _twin(engine, submission)
        if twin is not None:
            return twin.name
        try:
            _submit_once(change, submission, engine, home, report)
        except (Transient, Abandoned) as error:
            gave_up = error
            if attempt < ATTEMPTS - 1:
                _pause(error, attempt)
                continue
            if (twin := _twin(engine, submission)) is None:
                raise
            return twin.name
        except Conflict as conflict:
            if (twin := _twin(engine, submission)) is None:
                # What stands in the way may be the try before, which hangs.
                raise gave_up or conflict from conflict
            return twin.name
        else:
            return submission.name
    raise AssertionError("the last try returns or raises")


def _submit_once(change: Change, submission: Submission, engine: Engine, home: Path, report: Report) -> None:
    # Staged anew for each try: an engine may take the folder away.
    with scratch(home) as folder:
        stage(submission.code, folder / "code")
        staged = replace(change, submission=replace(submission, staged=folder / "code"))
        call_reporting(lambda alive: engine.begin(staged, alive), report, engine.patience, submission.name)


def _twin(engine: Engine, submission: Submission) -> Run | None:
    """The run of the same fingerprint that makes this submission superfluous."""
    spec = submission.spec.name
    runs = call(lambda: engine.runs(spec), engine.patience, f"runs of {spec}")
    same = [run for run in runs if run.is_of(submission.fingerprint) and run.attempt >= submission.attempt]
    decision = decide(same, submission.fingerprint, rerun=False)
    return decision.follow


def _fetched(change: Change, home: Path, report: Report) -> Change:
    properties = change.resource.properties
    assert change.transfer is not None
    try:
        path = download(
            str(properties["path"]),
            str(properties["sha256"]),
            home,
            lambda done, total: report(Progress(done, total, "fetching")),
        )
    except (WrongContent, OSError) as error:
        raise EngineError(f"{change.resource.key}: {error}") from error
    size, md5 = path.stat().st_size, md5_of(path)
    files = tuple(replace(file, size=size, md5=md5) for file in change.transfer.send)
    return replace(change, transfer=replace(change.transfer, new=files, changed=()))


def _begin(change: Change, engine: Engine, report: Report) -> None:
    key = change.resource.key
    for attempt in range(ATTEMPTS):
        try:
            call_reporting(partial(engine.begin, change), report, engine.patience, key)
        except (Transient, Abandoned) as error:
            now = _observe(change, engine)
            if not now.status.settled or _achieved(change, now, engine):
                return
            if attempt == ATTEMPTS - 1:
                raise
            change = _unsent(change, now)
            _pause(error, attempt)
        except Conflict:
            # Somebody was faster. When that was another apply of the same, it is what was wanted.
            now = _observe(change, engine)
            if change.action is Action.CREATE and (not now.status.settled or _achieved(change, now, engine)):
                return
            raise
        else:
            return


def _unsent(change: Change, now: Observed) -> Change:
    """The same without the files that are there by now: what was sent is not sent again."""
    transfer = change.transfer
    if transfer is None:
        return change
    left = plan_transfer(transfer.send, now.files, sha256=_sha256(change))
    return replace(change, transfer=replace(transfer, new=left.new, changed=left.changed))


def _pause(error: EngineError, attempt: int) -> None:
    time.sleep(getattr(error, "after", None) or FIRST_PAUSE * 2**attempt)


def _await_maker(change: Change, engine: Engine, stop: threading.Event) -> None:
    """Wait for what somebody else, or an apply that was killed, is making; it must then be what the spec says."""
    key = change.resource.key
    settled = _settle(change, engine, stop)
    if settled.status is not Status.READY:
        raise EngineError(f"{key} was being made and is {settled.status.value}: {settled.reason or 'plan again'}")
    if change.resource.managed and not _achieved(change, settled, engine):
        raise Stale(f"{key} was being made, and is not as declared now that it is there: plan again")


def _settle(change: Change, engine: Engine, stop: threading.Event) -> Observed:
    begun = time.monotonic()
    while not (now := _observe(change, engine)).status.settled:
        # What is there after seconds is seen after seconds; what takes minutes is not asked for all the time.
        if stop.wait(max(FIRST_POLL, min(engine.poll, (time.monotonic() - begun) / 10))):
            raise Stopped(f"{change.resource.key} is still being made: the next apply waits for it")
    return now


def _observe(change: Change, engine: Engine) -> Observed:
    return call(lambda: engine.observe(change.resource), engine.patience, f"observing {change.resource.key}")


def _achieved(change: Change, now: Observed, engine: Engine) -> bool:
    if change.action is Action.DELETE:
        if change.kind == "data":  # what other people put there stays
            return all(file.owner != change.resource.spec.name for file in now.files.values())
        return now.status is Status.MISSING
    if now.status is not Status.READY:
        return False
    if change.transfer is not None:
        source = (*change.transfer.send, *change.transfer.unchanged)
        again = plan_transfer(source, now.files, sha256=_sha256(change))
        return not again.send and not any(path in now.files for path in change.transfer.prune)
    if change.action is Action.REPLACE and now == change.before:
        return False
    return not diff(change.resource.properties, now.properties, engine.capabilities.get(change.kind, Capability()))


def _on_the_way(change: Change, now: Observed) -> bool:
    """Whether all that changed on a data target is as planned: another apply of the same is sending it right now."""
    if change.transfer is None or change.before is None:
        return False
    wanted = {file.path: file for file in change.transfer.send}
    before = change.before.files
    changed = [path for path in {**before, **now.files} if before.get(path) != now.files.get(path)]
    return all(
        path in wanted and is_same(wanted[path], now.files[path], _sha256(change))
        if path in now.files
        else path in change.transfer.prune
        for path in changed
    )


def _sha256(change: Change) -> str:
    return str(change.resource.properties.get("sha256", ""))


def _seen(observed: Observed) -> tuple[object, ...]:
    return observed.status, dict(observed.properties), dict(observed.files)
