"""The comment on a pull request: what specrun wrote, below what is remembered of it and what has happened since."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace

_BEGIN, _END = "<!-- specrun knows ", " -->"
_DIGEST = "<!-- specrun digest "
ENDS = "✅❌⛔"
"""Signs of how an apply ended."""

FOLD = "\n<details>"
"""Where a part begins that is folded away."""

_LONGEST = 500
"""Characters of what is said to have happened."""


@dataclass(frozen=True)
class Known:
    """What a comment remembers: the line below its marker and digest, which nobody sees.

    `head` is the commit that was planned, `order` that of the run which did, `run` its address. `digest` is of all that
    would be done, `first` the one that was first shown for this commit, `file` of the saved plan's bytes. `touches`
    tells which things it is about, see `planned`; `says` is what has happened since, a line each.
    """

    head: str = ""
    order: int = 0
    run: str = ""
    digest: str = ""
    first: str = ""
    file: str = ""
    touches: str = ""
    says: Sequence[str] = field(default=())

    def saying(self, *lines: str) -> Known:
        """The same, with what has happened; an older line of the same kind, which its sign tells, is replaced."""
        kinds = {_kind(line) for line in lines}
        kept = [line for line in self.says if _kind(line) not in kinds]
        return replace(self, says=[*(" ".join(line.split())[:_LONGEST] for line in lines), *kept])


def _kind(line: str) -> str:
    """How an apply ended, however it did; else the sign."""
    return "end" if line[:1] in ENDS else line[:1]


def compose(marker: str, known: Known, content: str, room: int, rest: str) -> str:
    """The whole comment. What does not fit into so many characters is cut from the end of `content`, and `rest` says
    where it is.
    """
    told = [line for one in known.says for line in (f"> {one}", "")]
    digest = [f"{_DIGEST}{known.digest}{_END}"] if known.digest else []
    content = content.removeprefix("".join(digest)).lstrip("\n")
    head = "\n".join([marker, *digest, _line(known), *told])
    left = room - len(head) - 2
    if len(content) > left:
        kept = content[: max(0, left - len(rest) - 4)]
        # Neither within what is folded away, where nobody sees what follows, nor within a block of code.
        content = f"{kept[: max(0, kept.rfind(FOLD))].rstrip()}\n\n{rest}"
    return f"{head}\n{content}\n"


def split(marker: str, body: str) -> tuple[Known, str]:
    """What a comment remembers, and what specrun wrote; nothing of a comment that this program has not written."""
    lines = body.replace("\r\n", "\n").split("\n")
    at = 2 if lines[1:] and lines[1].startswith(_DIGEST) else 1
    if lines[0] != marker or not lines[at:] or not (lines[at].startswith(_BEGIN) and lines[at].endswith(_END)):
        return Known(), ""
    try:
        found = json.loads(lines[at][len(_BEGIN) : -len(_END)])
    except ValueError:
        return Known(), ""
    known = _known(found) if isinstance(found, dict) else Known()
    return known, "\n".join(lines[at + 1 + 2 * len(known.says) :]).rstrip("\n")


def _line(known: Known) -> str:
    """JSON that ends no comment of HTML, whatever stands in it."""
    text = json.dumps(asdict(known), separators=(",", ":"))
    return f"{_BEGIN}{text.replace('-', chr(92) + 'u002d').replace('>', chr(92) + 'u003e')}{_END}"


def _known(found: Mapping[str, object]) -> Known:
    """Of the right types alone: somebody may have edited it."""
    kept: dict[str, object] = {}
    for one in fields(Known):
        value = found.get(one.name)
        if one.name == "says":
            kept["says"] = [line for line in value if isinstance(line, str)] if isinstance(value, list) else []
        elif type(value) is type(one.default):
            kept[one.name] = value
    return Known(**kept)  # type: ignore[arg-type]


def fenced(text: str) -> str:
    """Lines that Markdown leaves as they are."""
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def code(text: str) -> str:
    """A short text as inline code, on one line."""
    plain = " ".join(text.split())
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in plain).split()), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{ticks}{pad}{plain}{pad}{ticks}"
