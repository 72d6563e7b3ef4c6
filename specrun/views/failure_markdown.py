"""What stands in a comment where a command has ended without an answer: never nothing."""

from __future__ import annotations

from collections.abc import Sequence

from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.views.comment import LIMIT, Sticky, few, finding_blocks, folded_text, size
from specrun.views.diagnostics import diagnostics_summary, findings
from specrun.views.markdown_text import prose
from specrun.views.text import count, indented

_NOTHING = {
    "plan": "nothing was planned",
    "show": "there is nothing to show",
    "drift": "nothing was compared",
    "validate": "nothing was checked",
}
_INVALID_SPEC, _WRONG_USAGE, _BUG = 65, 64, 70


def failure_markdown(
    verb: str, diagnostics: Sequence[Diagnostic], errors: Sequence[str], code: int, key: str = "", more_at: str = ""
) -> str:
    """The comment of a command that ended with the exit status `code`, for these reasons; see `Sticky`."""
    sticky = Sticky(verb, key, more_at=more_at)
    wrong = [one for one in findings(diagnostics) if one.diagnostic.severity is Severity.ERROR]
    if code == _BUG:
        why = "this is a bug in specrun"
    elif wrong:
        why = count(len(wrong), "mistake")
    elif code == _WRONG_USAGE:
        why = "the command line is not right"
    else:
        why = "it could not be done"
    nothing = f", {_NOTHING[verb]}" if verb in _NOTHING and not (verb == "validate" and wrong) else ""
    lines = [sticky.marker, f"### ⛔ specrun {prose(verb)}: {why}{nothing}", ""]
    lines += finding_blocks(diagnostics, 40_000)
    told = [error for error in errors if error.strip()]
    lines += few(told, lambda error: f"⛔ {prose(_first(error), 1500)}\n", 12_000)
    if any("\n" in error.strip() for error in told):
        text = "\n".join(map(indented, told))
        room = LIMIT - size("\n".join(lines))
        lines.append(folded_text("All that was said", text, "text", room, sticky.rest(f"specrun {verb}")))
    return "\n".join(lines).rstrip("\n")


def checked_markdown(diagnostics: Sequence[Diagnostic], files: int, sticky: Sticky) -> str:
    """What was found in specs, each at its line, or that there is nothing."""
    wrong = any(one.severity is Severity.ERROR for one in diagnostics)
    title = f"### {'⛔ ' * wrong}specrun validate: {diagnostics_summary(diagnostics, files)}"
    return "\n".join([sticky.marker, title, "", *finding_blocks(diagnostics, 60_000)]).rstrip("\n")


def _first(text: str) -> str:
    return text.strip().split("\n", 1)[0]
