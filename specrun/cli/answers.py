"""What a program reads that asked for JSON, where a command ends before it has an answer: one document all the same."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from specrun.cli.exit_codes import CHANGES_PENDING, DONE, DRIFT, RUN_CANCELLED, RUN_FAILED
from specrun.spec.diagnostics import Diagnostic

_ANSWERS = (DONE, CHANGES_PENDING, DRIFT, RUN_FAILED, RUN_CANCELLED)
"""Ends of a command that are its answer: all was told."""


@dataclass(slots=True)
class Answer:
    """What was said on standard error while a command ran that prints JSON: mistakes of specs, and other errors."""

    verb: str
    diagnostics: list[Diagnostic] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def finish(self, code: int) -> None:
        """Print what went wrong, if that is needed: events have an end, and any other answer is one document."""
        if code in _ANSWERS or (self.verb != "apply" and getattr(sys.stdout, "used", False)):
            return
        from specrun.spec.visible import json_text
        from specrun.views.diagnostics import diagnostic_data

        found = {
            "errored": True,
            "exit_code": code,
            "errors": self.errors,
            "diagnostics": [diagnostic_data(one) for one in self.diagnostics],
        }
        if self.verb == "apply":
            print(json_text({"event": "errored", **found}), flush=True)
        else:
            print(json_text({**_nothing(self.verb), **found}, 2))


_current: list[Answer] = []


@contextmanager
def answering(arguments: Sequence[str]) -> Iterator[Answer | None]:
    """While this lasts, what goes wrong is kept for a program, if the command line asks for JSON."""
    answer = Answer(next((word for word in arguments if not word.startswith("-")), ""))
    wanted = _wants_json(arguments) and not (answer.verb == "import" and not _writes(arguments))
    _current[:] = [answer] if wanted else []
    try:
        yield answer if wanted else None
    finally:
        _current.clear()


def note_diagnostics(found: Iterable[Diagnostic]) -> None:
    """Keep what was found in specs."""
    for answer in _current:
        answer.diagnostics += found


def note_error(text: str) -> None:
    """Keep another error, as people are told it."""
    for answer in _current:
        answer.errors += [text] if text else []


def _wants_json(arguments: Sequence[str]) -> bool:
    """Also of a command line that is no right one: what is wrong with it is to be read by the same program."""
    pairs = zip(arguments, [*arguments[1:], ""], strict=False)  # of no words there are none
    spelled = ("-ojson", "--output=json")
    return any(word in spelled or (word in ("-o", "--output") and value == "json") for word, value in pairs)


def _writes(arguments: Sequence[str]) -> bool:
    """Whether an import writes files; else standard output is for the spec."""
    return any(word.partition("=")[0] in ("--out", "--out-dir") for word in arguments)


def _nothing(verb: str) -> Mapping[str, Any]:
    """What the answer of a verb is of nothing, for readers who look at no more than that."""
    if verb == "validate":
        return {"valid": False}
    if verb == "drift":
        from specrun.plan.drift.findings import Drift
        from specrun.views.drift_data import drift_data

        return {**drift_data(Drift()), "complete": False}
    if verb != "plan":
        return {}
    from specrun.plan.changes import Plan
    from specrun.views.data import plan_data

    return {**plan_data(Plan((), (), {})), "complete": False}
