"""What MLflow's search for runs understands: `tags.mlflow.parentRunId = 'a' AND metrics.loss < 0.5`. No HTTP."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.router import Refused

_Run = Mapping[str, Any]
_COMPARISON = re.compile(
    r"""\s*(?P<field>[A-Za-z_]+(?:\.(?:`[^`]+`|"[^"]+"|[\w.\-/]+))?)\s*
    (?P<how>!=|<=|>=|=|<|>|I?LIKE\b|NOT\s+IN\b|IN\b)\s*
    (?P<value>'[^']*'|"[^"]*"|\([^)]*\)|-?[\d.eE+-]+)\s*(?P<joint>AND\b|$)""",
    re.VERBOSE | re.IGNORECASE,
)
_HOW: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "LIKE": lambda one, pattern: _like(pattern, 0).fullmatch(one),
    "ILIKE": lambda one, pattern: _like(pattern, re.IGNORECASE).fullmatch(one),
    "IN": lambda one, several: one in several,
    "NOT IN": lambda one, several: one not in several,
}
_KINDS = {"metric": "metrics", "param": "params", "parameter": "params", "tag": "tags"}
_ATTRIBUTES = ("attribute", "attributes", "attr", "run")


def matching(runs: Sequence[_Run], text: str) -> list[_Run]:
    """Those runs that a filter lets through. Raises Refused for one that cannot be read."""
    found, at = list(runs), 0
    while at < len(text.rstrip()):
        match = _COMPARISON.match(text, at)
        if match is None or (match["joint"] and not text[match.end() :].strip()):
            raise Refused(400, "INVALID_PARAMETER_VALUE", f"Invalid clause(s) in filter string: '{text[at:].strip()}'")
        how, wanted = " ".join(match["how"].upper().split()), _value(match["value"])
        field = match["field"]
        found = [run for run in found if _holds(_of(run, field), how, wanted)]
        at = match.end()
    return found


def ordered(runs: Sequence[_Run], by: Sequence[str]) -> list[_Run]:
    """Runs in the order of `metrics.accuracy DESC`; those without the value come last."""
    found = list(runs)
    for one in reversed(by):
        field, _, way = one.strip().partition(" ")
        has = [run for run in found if _of(run, field) is not None]
        has.sort(key=lambda run, field=field: _of(run, field), reverse=way.strip().upper() == "DESC")  # type: ignore[misc]
        found = has + [run for run in found if _of(run, field) is None]
    return found


def _holds(found: Any, how: str, wanted: Any) -> bool:
    if found is None or isinstance(found, str) != isinstance(wanted, str | tuple):
        return False
    return bool(_HOW[how](found, wanted))


def _of(run: _Run, field: str) -> Any:
    """What a run has under a name such as "tags.team"; None where it has nothing."""
    kind, _, name = field.partition(".")
    name = name.strip('`"')
    if not name or kind.lower() in _ATTRIBUTES:
        attribute = name or kind
        return run["info"].get("run_name" if attribute == "Run name" else attribute)
    kind = _KINDS.get(kind.lower(), kind.lower())
    if kind not in _KINDS.values():
        raise Refused(400, "INVALID_PARAMETER_VALUE", f"Invalid entity type '{kind}'.")
    there = next((one["value"] for one in run["data"][kind] if one["key"] == name), None)
    return float(there) if kind == "metrics" and there is not None else there


def _value(text: str) -> Any:
    if text.startswith("("):
        return tuple(one.strip().strip("'\"") for one in text[1:-1].split(","))
    if text[0] in "'\"":
        return text[1:-1]
    try:
        return float(text)
    except ValueError:
        raise Refused(400, "INVALID_PARAMETER_VALUE", f"Invalid value '{text}'.") from None


def _like(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace("%", ".*").replace("_", "."), flags | re.DOTALL)
