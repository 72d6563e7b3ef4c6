"""How a run ended, in specrun's words, read from what the service says about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from specrun.engines.base import EngineError
from specrun.plan.observed import Loss, RunStatus
from specrun.spec.frozen import dataclass

STATUSES = {
    "Completed": RunStatus.SUCCEEDED,
    "Failed": RunStatus.FAILED,
    "Canceled": RunStatus.CANCELLED,
    "Running": RunStatus.RUNNING,
    "Finalizing": RunStatus.RUNNING,
    "CancelRequested": RunStatus.RUNNING,
    "NotResponding": RunStatus.RUNNING,
}
"""All others (NotStarted, Starting, Provisioning, Preparing, Queued) come before the first process."""

_WORD = re.compile(r"[A-Za-z]{1,40}")
_OVERTIME = re.compile(r"time[\s_-]?out|timed out|time[\s_-]?limit|max(imum)?[\s_-]?run[\s_-]?duration", re.IGNORECASE)
_LOSSES = {
    Loss.PREEMPTED: re.compile(r"preempt|evicted|deallocat", re.IGNORECASE),
    Loss.NEVER_STARTED: re.compile(
        r"(no|insufficient|not enough) (capacity|quota|nodes)|AllocationFailed|OutOfCapacity", re.IGNORECASE
    ),
    Loss.NODE_LOST: re.compile(r"unusable|node[\w\s]{0,20} (was )?(lost|restarted|removed)", re.IGNORECASE),
}
"""By what the service says; the first of them counts."""

_RAISED = re.compile(r"user program failed with", re.IGNORECASE)
"""What follows are the words of the job's own exception, whatever they say."""

_OWN = re.compile(
    r"execution-wrapper\W{0,2} (failed|exited) with|submitted script failed|non-?zero exit"
    r"|(?<!` )\bexit(ed)?( with)?( exit)?( status)?( code)?\W{0,2} ?[1-9]",
    re.IGNORECASE,
)
"""That the job's own process ended by itself: the service calls some such ends an error of its own. The containers that
it puts beside the job's, whose names stand in backquotes, are no such process."""

_ROLE = re.compile(r"(?<![a-z])(worker|ps|chief|master|evaluator|rank|process)[ _/:-]{1,2}'?(\d+)\b", re.IGNORECASE)
_LONGEST_REASON = 400


@dataclass(frozen=True, slots=True)
class Ending:
    """A run's last status, why it ended so, and which role was the first to fail, where the service names it.

    `loss` is what the platform did to it, of one that is lost.
    """

    status: RunStatus
    reason: str = ""
    failed_role: str | None = None
    loss: Loss | None = None


def status_of(status: str) -> RunStatus:
    """The service's word for a run's status as one of specrun's; of a failed run see `ending_of`."""
    return STATUSES.get(status, RunStatus.QUEUED)


def told_status(word: object) -> RunStatus:
    """The status of a run that was asked about. Raises EngineError for what is no word: such a run would never end."""
    if isinstance(word, str) and _WORD.fullmatch(word):
        return status_of(word)
    raise EngineError(f"what came is not what Azure answers: it says that a run's status is {word!r:.60}")


def ending_of(details: Mapping[str, Any], limit: int | None = None) -> Ending:
    """The ending of a run that has ended, from its details in run history; `limit` in seconds, if not told there.

    What its own code did is a failure; what the platform did to it is a loss, and the next apply tries again.
    """
    status = told_status(details.get("status"))
    if status not in (RunStatus.FAILED, RunStatus.CANCELLED):
        return Ending(status)
    error = _error(details)
    codes = tuple(_codes(error))
    words = " ".join((*codes, _message(error)))
    limit, lasted = limit or _limit(details), _lasted(details)
    if limit and ((lasted is not None and lasted >= limit) or _OVERTIME.search(words)):
        return Ending(RunStatus.FAILED, f"timed out after {limit} s")
    if status is RunStatus.CANCELLED:
        return Ending(status)
    reason = _shortened(_message(error)) or (codes[0] if codes else "")
    if _RAISED.search(words):
        return Ending(status, reason, _failed_role(error))
    loss = next((loss for loss, said in _LOSSES.items() if said.search(words)), None)
    told = loss is Loss.NODE_LOST or (loss is None and not _OWN.search(words))
    if codes and codes[0] != "UserError" and told:
        # The service calls it an error of its own. What it took away with a word of why is no such error.
        loss = Loss.SERVICE_ERROR if seconds(details.get("startTimeUtc")) is not None else Loss.NEVER_STARTED
    if loss is not None:
        return Ending(RunStatus.LOST, reason, loss=loss)
    return Ending(status, reason, _failed_role(error))


def role_name(kind: str, index: str) -> str:
    """A role in specrun's spelling: processes that only have a rank are workers."""
    kind = kind.lower()
    return f"{'worker' if kind in ('', 'rank', 'process') else kind}/{int(index)}"


def seconds(value: object) -> float | None:
    """A time as the service writes it (ISO 8601, up to seven digits of a second) in Unix seconds."""
    match = re.match(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(\.\d+)?", str(value or ""))
    if match is None:
        return None
    whole = datetime.fromisoformat(match[1]).replace(tzinfo=timezone.utc)
    return whole.timestamp() + float(match[2] or 0)


def _error(details: Mapping[str, Any]) -> Mapping[str, Any]:
    response = details.get("error")
    error = response.get("error") if isinstance(response, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def _codes(error: Mapping[str, Any]) -> Iterator[str]:
    """The error's code, then those inside of it."""
    inside: Any = error
    while isinstance(inside, Mapping):
        if inside.get("code"):
            yield str(inside["code"])
        inside = inside.get("innerError")


def _message(error: Mapping[str, Any]) -> str:
    return str(error.get("message") or "")


def _shortened(message: str) -> str:
    words = " ".join(message.split()).removeprefix("AzureMLCompute job failed. ")
    return words if len(words) <= _LONGEST_REASON else f"{words[:_LONGEST_REASON]}…"


def _failed_role(error: Mapping[str, Any]) -> str | None:
    match = _ROLE.search(_message(error))
    return role_name(match[1], match[2]) if match else None


def _limit(details: Mapping[str, Any]) -> int | None:
    definition = details.get("runDefinition")
    limit = definition.get("maxRunDurationSeconds") if isinstance(definition, Mapping) else None
    return limit if isinstance(limit, int) else None


def _lasted(details: Mapping[str, Any]) -> float | None:
    started, ended = seconds(details.get("startTimeUtc")), seconds(details.get("endTimeUtc"))
    return None if started is None or ended is None else ended - started
