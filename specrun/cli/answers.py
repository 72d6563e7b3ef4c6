"""One document in the format of `-o`, whatever way a command ends: also where it ends before it has an answer."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from specrun.cli.exit_codes import CHANGES_PENDING, DONE, DRIFT, RUN_CANCELLED, RUN_FAILED
from specrun.spec.diagnostics import Diagnostic

if TYPE_CHECKING:  # this is imported before any verb
    from specrun.plan.changes import Plan
    from specrun.plan.drift.findings import Drift
    from specrun.plan.resources import Place
    from specrun.spec.model import Spec

_ANSWERS = (DONE, CHANGES_PENDING, DRIFT, RUN_FAILED, RUN_CANCELLED)
"""Ends of a command that are its answer: all was told."""


ANNOTATED = ("github", "sarif")
"""The formats that say each thing at a line of a file; see `annotated`."""

_FORMATS: Mapping[str, Sequence[str]] = {
    "json": (),
    "markdown": ("validate", "plan", "drift", "show"),
    **dict.fromkeys(ANNOTATED, ("validate", "plan", "drift")),
}
"""The formats that are for programs, or stand where people look later, and the verbs that have them (none: any)."""


@dataclass(slots=True)
class Answer:
    """What was said on standard error while a command ran that prints for programs: mistakes of specs, other errors."""

    verb: str
    format: str
    arguments: Sequence[str]
    diagnostics: list[Diagnostic] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    places: list[Place | None] = field(default_factory=list)
    """Of the errors: which of the places that specs go to each is about."""
    files: Sequence[str] | None = None
    """Those that are read; None where the command has not begun."""
    target: str = ""
    specs: dict[Place, Spec] = field(default_factory=dict)
    """The first that goes to each place."""
    result: Plan | Drift | None = None

    def finish(self, code: int) -> None:
        """Print what went wrong, if that is needed: events have an end, and any other answer is one document."""
        used = getattr(sys.stdout, "used", False)
        if self.format in ANNOTATED and (code != DONE or self.files is not None):  # else it was help
            from specrun.cli.annotated import print_annotated

            print_annotated(self, code)
        if self.format in ANNOTATED or code in _ANSWERS or (self.verb != "apply" and used):
            return
        if self.format == "markdown":
            from specrun.cli.commenting import KEY, MORE_AT, given_in
            from specrun.views.failure_markdown import failure_markdown

            key, more_at = (given_in(self.arguments, option) for option in (KEY, MORE_AT))
            print(failure_markdown(self.verb, self.diagnostics, self.errors, code, key, more_at))
        else:
            self._print_json(code)

    def _print_json(self, code: int) -> None:
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
    """While this lasts, what goes wrong is kept for a program, if the command line asks for what one reads."""
    answer = Answer(next((word for word in arguments if not word.startswith("-")), ""), _format(arguments), arguments)
    verbs = _FORMATS.get(answer.format)
    wanted = verbs is not None and (not verbs or answer.verb in verbs)
    wanted = wanted and not (answer.verb == "import" and not _writes(arguments))
    _current[:] = [answer] if wanted else []
    try:
        yield answer if wanted else None
    finally:
        _current.clear()


def note_diagnostics(found: Iterable[Diagnostic]) -> None:
    """Keep what was found in specs."""
    for answer in _current:
        answer.diagnostics += found


def note_error(text: str, place: Place | None = None) -> None:
    """Keep another error, as people are told it; `place` is what it is about."""
    for answer in _current:
        answer.errors += [text] if text else []
        answer.places += [place] if text else []


def note_reading(files: Sequence[str], target: str | None) -> None:
    """Keep which files are read, and the target that was chosen."""
    for answer in _current:
        answer.files, answer.target = files, target or ""


def note_specs(specs: Sequence[Spec], places: Mapping[str, Place]) -> None:
    """Keep which specs go where: what cannot be looked at there is said of them."""
    for answer in _current:
        for spec in specs:
            answer.specs.setdefault(places[str(spec.file)], spec)


def note_result(result: Plan | Drift) -> None:
    """Keep what the command came to, for a format that is printed in the end."""
    for answer in _current:
        answer.result = result


def _format(arguments: Sequence[str]) -> str:
    """Also of a command line that is no right one: what is wrong with it is to be read by the same program."""
    found = ""
    for word, value in zip(arguments, [*arguments[1:], ""], strict=False):  # of no words there are none
        if word in ("-o", "--output"):
            found = value
        elif word.startswith(("-o", "--output=")):
            found = word.removeprefix("--output=").removeprefix("-o")
    return found


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
