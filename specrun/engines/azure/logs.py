"""Which of a run's files are logs of its processes, of which role, and the lines in them.

Two generations of the service name them, `azureml-logs/70_driver_log_worker_0.txt` and
`user_logs/std_log_process_0.txt`. All other logs (image builds, what the service does around the job) are nobody's
output: the portal shows them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from specrun.engines.azure.endings import role_name

CHUNK = 1 << 22
"""Bytes of one role's log that are read at a time."""

TOLD = 16
"""Roles of which the last lines are read, where nobody says which of them failed: each is a request."""

_LOG = re.compile(r"(?:azureml-logs/70_driver_log|user_logs/std_log)((?:_[a-z0-9]+)*)\.txt")


def role_of(log: str, single: bool = False) -> str | None:
    """The role whose output a log is, such as worker/0; None for other logs.

    What follows in its name may be a kind of role and a number, in any order and among other words: `_ps_0`,
    `_process_01`, `_process_0_ps`. Of a job with a `single` process it is main/0, however the service counts.
    """
    match = _LOG.fullmatch(log)
    if match is None:
        return None
    words = [word for word in match[1].split("_") if word]
    if single or not words:
        return "main/0"
    kinds = [word for word in words if not word.isdigit()]
    numbers = [word for word in words if word.isdigit()]
    return role_name("ps" if "ps" in kinds else kinds[0] if kinds else "", numbers[-1] if numbers else "0")


def logs_of(details: Mapping[str, Any], single: bool = False) -> Mapping[str, str]:
    """The address of each role's log, by role in order; addresses hold a signature and are not for people to see."""
    files: Mapping[str, Any] = details.get("logFiles") or {}
    found = {role: str(address) for log, address in sorted(files.items()) if (role := role_of(log, single)) is not None}
    return {role: found[role] for role in sorted(found, key=order_of)}


def roles_of(details: Mapping[str, Any], single: bool = False) -> tuple[str, ...]:
    """The roles that have a log so far."""
    return tuple(logs_of(details, single))


def expected_logs(details: Mapping[str, Any]) -> int:
    """How many roles the run's definition asks for."""
    definition = details.get("runDefinition")
    if not isinstance(definition, Mapping):
        return 1
    section, counts = _COUNTS.get(str(definition.get("framework")), ("", ()))
    counted = definition.get(section)
    found = [counted.get(count) for count in counts] if isinstance(counted, Mapping) else []
    return max(1, sum(count for count in found if isinstance(count, int)))


_COUNTS = {
    "TensorFlow": ("tensorflow", ("workerCount", "parameterServerCount")),
    "PyTorch": ("pytorch", ("processCount",)),
}


def order_of(role: str) -> tuple[str, int]:
    """Where a role comes in a list: by kind, then by number."""
    kind, _, index = role.partition("/")
    return kind, int(index)
