"""A comment of a pull request, whatever it is about: a marker to find it again, what fits into it, and what was cut.

All that is measured is measured in bytes of UTF-8: no service counts a text as longer than that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from specrun.plan.resources import Place
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.frozen import dataclass
from specrun.views.diagnostics import Finding, excerpt, findings
from specrun.views.markdown_text import code_span, fenced, prose
from specrun.views.text import count, shorten

T = TypeVar("T")

LIMIT = 64_000
"""Bytes of a comment. GitHub takes 65,536 characters; whoever posts it may add a line of its own."""

MANY = 30
"""Entries of one list in sight; what is folded away goes on."""

SIGNS = {"error": "⛔", "warning": "⚠️", "note": "ℹ️"}


@dataclass(frozen=True, slots=True)
class Sticky:
    """How a comment is found again: by its `verb` and a `key` ("": none), which tells those of one pull request apart.

    `digest` is of all that would be done: another one means that the comment is stale. The rest of what was cut is
    `more_at` this address ("": nowhere).
    """

    verb: str
    key: str = ""
    digest: str = ""
    more_at: str = ""

    @property
    def marker(self) -> str:
        """The first lines of the comment, which nobody sees."""
        key = f" {self.key}" if self.key else ""
        digest = f"\n<!-- specrun digest {self.digest} -->" if self.digest else ""
        return f"<!-- specrun {self.verb}{key} -->{digest}"

    def rest(self, command: str) -> str:
        """Where the rest of what was cut is: `all of it: `specrun plan``."""
        shows = f"{code_span(command)} shows all of it"
        return f"[all of it]({self.more_at}), or {shows}" if self.more_at else shows


def size(text: str) -> int:
    """Bytes that a text takes, with the end of its line."""
    return len(text.encode("utf-8", "replace")) + 1


def few(
    entries: Sequence[T],
    show: Callable[[T], str],
    room: int,
    more: Callable[[int], str] = lambda left: f"… and {left} more",
    most: int = MANY,
) -> list[str]:
    """Those of the entries that fit into as many bytes, the first ones, and how many more there are."""
    shown: list[str] = []
    left = room - size(more(len(entries)))
    for entry in entries[:most]:
        text = show(entry)
        left -= size(text)
        if left < 0:
            break
        shown.append(text)
    return shown if len(shown) == len(entries) else [*shown, more(len(entries) - len(shown))]


def folded(title: str, *blocks: str) -> str:
    """Blocks of Markdown that are shown when somebody asks for them. The title is ours."""
    return "\n".join([f"<details><summary>{title}</summary>", "", *blocks, "", "</details>", ""])


def folded_text(title: str, text: str, language: str, room: int, rest: str) -> str:
    """Lines of text, folded away, as many as fit; "" where it would be too few to be worth it."""
    lines = text.splitlines()
    about = f"… and {len(lines)} more lines"
    left = room - size(folded(title, fenced(about, language), rest)) - 600  # a longer fence, where the text has some
    shown: list[str] = []
    for line in lines:
        left -= size(line)
        if left < 0:
            break
        shown.append(line)
    if len(shown) == len(lines):
        return folded(title, fenced(text, language))
    if len(shown) < min(5, len(lines)):
        return ""
    cut = f"… and {count(len(lines) - len(shown), 'more line')}"
    return folded(title, fenced("\n".join([*shown, cut]), language), f"\n{rest}")


def finding_blocks(diagnostics: Iterable[Diagnostic], room: int) -> list[str]:
    """Each finding at its line, with what to write instead: as many as fit, the worst first."""
    order = list(SIGNS)
    found = sorted(findings(diagnostics), key=lambda one: order.index(one.diagnostic.severity.value))

    def more(left: int) -> str:
        rest = Counter(one.diagnostic.severity.value for one in found[len(found) - left :])
        return f"… and {', '.join(count(number, f'more {name}') for name, number in rest.items())}\n"

    return few(found, _finding, room, more)


def _finding(found: Finding) -> str:
    one = found.diagnostic
    also = "".join(f" and {code(str(place))}" for place in one.others)
    lines = [f"{SIGNS[one.severity.value]} **{prose(one.summary)}** {code(str(one.location))}{also}", ""]
    if source := excerpt(one.location):
        lines += [fenced("\n".join(source), "text"), ""]
    elsewhere = f" ({said})" if (said := found.elsewhere(code)) else ""
    return "\n".join([*lines, f"{prose(one.detail, 1500)}{elsewhere}", ""])


def code(text: str) -> str:
    """A short text as inline code."""
    return code_span(shorten(text, 150))


def place_title(place: Place) -> str:
    """`workspace ml-prod (azureml)`."""
    return f"{prose(place.title, 150)} ({prose(place.engine)})"


def places_title(places: Sequence[Place]) -> str:
    """The same of one or two; of more their number."""
    return " · ".join(map(place_title, places)) if len(places) < 3 else count(len(places), "place")
