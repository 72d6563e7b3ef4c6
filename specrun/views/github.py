"""Annotations as commands of GitHub's runner, which shows them at the lines of a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from specrun.spec.diagnostics import Severity
from specrun.spec.masking import mask
from specrun.spec.visible import visible
from specrun.views.annotations import Annotation, Tree, arranged
from specrun.views.text import count

MOST = 10
"""Annotations that GitHub shows of one step."""

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_TITLE, _MESSAGE = 200, 3000
"""Characters at most."""


def github_text(annotations: Sequence[Annotation], tree: Tree) -> str:
    """A line for each of the first, the gravest first; the last of them counts the rest.

    A runner acts on these lines: they must reach it as they are, and nothing in them but they themselves does anything.
    """
    first = arranged(annotations)
    rest = first[MOST:]
    lines = [_line(one, tree) for one in first[: MOST - bool(rest)]]
    if rest:
        numbers = Counter(one.severity for one in rest)
        counted = ", ".join(count(numbers[kind], _COMMANDS[kind]) for kind in Severity if numbers[kind])
        lines.append(_line(first[MOST - 1], tree, f"… and {len(rest)} more that are not shown here: {counted}"))
    return "".join(f"{line}\n" for line in lines)


def _line(one: Annotation, tree: Tree, more: str = "") -> str:
    place, message = tree.placed(one)
    code = f" [{one.code}]" if one.code else ""
    also = [f"See also {tree.told(other)}." for other in one.others]
    lines = [*message.splitlines(), *also]
    properties = {
        "file": visible(place.file),
        "line": place.line,
        "endLine": place.line,
        "col": place.column,
        "endColumn": place.column + place.length,
        "title": f"{_shown(one.title, _TITLE)}{code}{f' ({more})' if more else ''}",
    }
    told = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    said = "\n".join([*_cut(lines), *([more] if more else [])]) or one.title
    return f"::{_COMMANDS[one.severity]} {told}::{_data(said)}"


def _cut(lines: Sequence[str]) -> list[str]:
    left, shown = _MESSAGE, []
    for line in lines:
        shown.append(_shown(line, left))
        left -= len(shown[-1])
        if left <= 0:
            break
    return shown


def _shown(text: str, room: int) -> str:
    text = visible(mask(text))
    return text if len(text) <= room else f"{text[: room - 1]}…"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
