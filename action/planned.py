"""A saved plan as it is remembered on a pull request: what it is about, and whether it is the same as another one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from action.program import Specrun
from action.service import Refusal

MANY = 100
"""Things that a comment remembers by name; of more it is taken to be about anything."""

ANYTHING = "*"


@dataclass(frozen=True)
class Planned:
    """A saved plan. `file` is the SHA-256 of its bytes.

    `touches` are all things that stand in it, `changes` those that it would change, each by some letters that stand for
    its name and place; `deleted` are specs that this pull request deletes. `local`: it is for no other machine.
    """

    file: str
    touches: Collection[str]
    changes: Collection[str]
    deleted: Sequence[str]
    local: bool

    @property
    def remembered(self) -> str:
        """`touches` in a few letters."""
        return " ".join(sorted(self.touches)) if len(self.touches) <= MANY else ANYTHING


def planned(program: Specrun, plan: Path) -> Planned:
    """What stands in a saved plan. Raises Refusal where specrun cannot read it."""
    done = program("show", str(plan), "-o", "json", aloud=False)
    try:
        shown = json.loads(done.out)
        content = plan.read_bytes()
        saved = json.loads(content)
    except (OSError, ValueError) as error:
        raise Refusal(f"specrun cannot show the plan {plan.name}: {error}") from error
    if done.code or not isinstance(shown, dict) or not isinstance(saved, dict):
        raise Refusal(f"specrun cannot show the plan {plan.name} (exit {done.code})")
    changes = shown.get("resource_changes", [])
    return Planned(
        hashlib.sha256(content).hexdigest(),
        {_letters(shown, one) for one in changes},
        {_letters(shown, one) for one in changes if one.get("specrun_action") != "no-op"},
        (shown.get("changed_since") or {}).get("deleted", []),
        all(place.get("engine") == "local" for place in saved.get("places", ())),
    )


def overlap(remembered: str, changes: Collection[str]) -> bool:
    """Whether what was changed is what a comment is about."""
    return bool(changes) and (remembered == ANYTHING or not set(remembered.split()).isdisjoint(changes))


def _letters(shown: Mapping[str, Any], change: Mapping[str, Any]) -> str:
    place = change.get("place") or {"engine": shown.get("engine"), "target": shown.get("target")}
    name = f"{place.get('engine')}\n{place.get('target')}\n{change.get('address')}"
    return hashlib.sha256(name.encode()).hexdigest()[:6]
