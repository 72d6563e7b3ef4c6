"""How a run ended, as the service says it: its last status, and the error if there is one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from emulator.collecting import user_log_name
from emulator.runs_state import CANCELED, COMPLETED, FAILED, Run
from specrun.engines.local import state

Verdict = tuple[str, dict[str, Any] | None]

_SCRIPT_FAILED = (
    "AzureMLCompute job failed.\n"
    "JobFailed: Submitted script failed with a non-zero exit code; see the driver log file for details."
)

_TAIL = 8192
_MISSING = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")


def error(code: str, message: str) -> dict[str, Any]:
    """An error as a run shows it; `code` is UserError or ServiceError."""
    return {"code": code, "message": message, "messageParameters": {}, "details": []}


def verdict(run: Run, kind: str, result: state.State) -> Verdict:
    """What the end of a run's processes means; `kind` is that of its shape."""
    if result.status == state.SUCCEEDED:
        return COMPLETED, None
    if result.status == state.CANCELLED:
        return CANCELED, None
    if result.failed_role is not None:
        told = _failure(result) if run.job is None else _failure_of_job(kind, result)
        return FAILED, error("UserError", told + (lacking(run.folder) if run.folder else ""))
    if "limits.timeout" in result.reason:
        limit = (run.definition or {}).get("maxRunDurationSeconds")
        told = f"The run exceeded its maximum run duration of {limit} seconds and was canceled."
        return CANCELED, error("UserError", told)
    return FAILED, error("ServiceError", f"AzureMLCompute job failed.\n{result.reason}")


def lacking(folder: Path) -> str:
    """What to say when processes failed for a package that the emulator's nodes do not have; "" otherwise."""
    for log in sorted((folder / "logs").glob("*.txt")):
        with log.open("rb") as source:
            source.seek(max(log.stat().st_size - _TAIL, 0))
            found = _MISSING.search(source.read().decode(errors="replace"))
        if found:
            told = f"There is no {found[1]} on the emulator's nodes: they have the Python that runs it, and what is"
            return f"\n{told} installed there. Install it, and run the job again."
    return ""


def _failure(result: state.State) -> str:
    role = result.roles[str(result.failed_role)]
    how = f"exited with {role.exit}" if role.exit is not None else f"was killed by signal {role.signal}"
    return f"{_SCRIPT_FAILED}\n\tReason: {str(result.failed_role).replace('/', '_')} {how}"


def _failure_of_job(kind: str, result: state.State) -> str:
    """A process killed by a signal has its negative number as status, as Python counts."""
    role = result.roles[str(result.failed_role)]
    status = role.exit if role.exit is not None else -int(role.signal or 0)
    log = user_log_name(str(result.failed_role).replace("/", "-"), kind)
    return (
        f"Execution failed. User process 'bash' exited with status code {status}. "
        f"Please check log file '{log}' for error details."
    )
