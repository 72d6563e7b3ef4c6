"""What to say about a text that is not YAML: the parser's words, and what people usually meant."""

from __future__ import annotations

import re
from typing import Any

from specrun.spec.locations import Span
from specrun.spec.masking import masked

_EXPRESSION = re.compile(r"\$\{\{.*?(?:\}\}|$)", re.MULTILINE)
_TAB_INDENT = re.compile(r"[ \t]*")
_CONTROL = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_NO_COLON = re.compile(r"([A-Za-z_][\w-]*):?(?:\s*[ =:]\s*|(?<=:)|$)([^\s=:#][^#]*)?(?:#.*)?")
_KEY_AND_VALUE = re.compile(r"\s*[\w-]+:[ ]+[^\s|>&#]")

_MARKED = r"\s*(?:- +|(?:- +)?[\w.-]+: +)(?P<value>(?P<mark>[*&\[{'\"]).*)"
_NEAR = 500
"""Characters above the line at which the parser stumbled, among which the reason may be."""

_HINTS = (
    ("mapping values are not allowed", "A value that holds `: ` needs quotes; or the line is indented too far."),
    ("found unexpected end of stream", "A quote is opened and never closed."),
    ("found unexpected ':'", "A key has a blank after its colon, and then a value."),
    ("could not find expected ':'", "A key needs a colon and a blank after it: `key: value`."),
    ("did not find expected key", "Check the indentation: the keys of one mapping begin in the same column."),
    ("did not find expected '-' indicator", "Check the indentation: among a list's `-` there can be no key."),
    (
        "did not find expected ',' or '}'",
        "Entries between { and } have commas between them; special characters need quotes.",
    ),
    (
        "did not find expected ',' or ']'",
        "Items between [ and ] have commas between them; special characters need quotes.",
    ),
    ("cannot start any token", "A value that begins with this character needs quotes."),
    ("unknown escape character", "In double quotes a backslash begins an escape: write two, or take single quotes."),
    ("expected comment or line break", "Behind `|` and `>` the line ends; the text begins below it, indented."),
    ("did not find expected node content", "A bracket is opened and never closed, or a value is missing."),
)


def flow_expression(error: Any, text: str) -> Span | None:
    """The span of the `${{ … }}` inside { } or [ ] on which the parser stumbled, if it was one."""
    mark = getattr(error, "problem_mark", None)
    if mark is None or not str(getattr(error, "context", "")).startswith("while parsing a flow"):
        return None
    start = mark.index - 1
    found = _EXPRESSION.match(text, start) if start >= 0 else None
    return Span(found.start(), found.end()) if found else None


def describe(error: Any, text: str) -> tuple[str, str, Span]:
    """Code, detail and place of what stopped the parser."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return _unreadable_character(error, text)
    index = mark.index
    if not text[index:].strip():
        index = _left_open(error, text)
    line_start = max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1
    indent = _TAB_INDENT.match(text, line_start)
    if indent is not None and "\t" in indent[0]:
        at = line_start + indent[0].index("\t")
        detail = "YAML is indented with blanks, never with tabs: replace the tab by blanks."
        return "tab-indent", detail, Span(at, at + 1)
    from specrun.spec.lookalikes import where_yaml_looks  # late: few files are no YAML

    above = max(text.rfind("\n", 0, min(index, _begun(error, index))) + 1, line_start - _NEAR)
    odd = where_yaml_looks(text[above : line_start + len(_line(text, line_start))])
    if odd is not None:
        return "lookalike", str(odd), Span(above + odd.at, above + odd.at + 1)
    usual = _usual(error, text, line_start)
    if usual is not None:
        return "yaml-syntax", *usual
    return "yaml-syntax", _detail(error, index), Span(index, index + 1)


def _begun(error: Any, index: int) -> int:
    """Where begins what the parser stumbled in, or the line above that."""
    begun = getattr(error, "context_mark", None)
    return index if begun is None else int(begun.index)


def _usual(error: Any, text: str, line_start: int) -> tuple[str, Span] | None:
    """Detail and place of the commonest slips, of which the parser only notices something later."""
    problem, begun = str(getattr(error, "problem", None)), getattr(error, "context_mark", None)
    if "expected key" in problem or "alphabetic or numeric" in problem:
        found = _value_with_a_mark(text, line_start, error.problem_mark.index)
        if found is not None:
            return found
    if "could not find expected ':'" in problem and begun is not None:
        return _without_colon(text, begun.index)
    if "mapping values are not allowed" in problem:
        above, here = _line_above(text, line_start), _line(text, line_start)
        if above is not None and _indent(here) > _indent(text[above:]):
            found = _without_colon(text, above + _indent(text[above:]))
            if found is not None:
                return found
            if _KEY_AND_VALUE.match(_line(text, above)) and not here.lstrip().startswith("- "):
                at = line_start + _indent(here)
                detail = "This line is indented further than the one above it, which has a value already."
                return f"{detail} Keys of one mapping begin in the same column.", Span(at, at + 1)
    if "or '}'" in problem or "or ']'" in problem:
        mark = getattr(error, "problem_mark", None)
        if begun is not None and mark is not None and mark.line > begun.line and text[begun.index] in "{[":
            closing = "}" if text[begun.index] == "{" else "]"
            detail = f"What this `{text[begun.index]}` opens is not closed before line {mark.line + 1}: `{closing}` or "
            return detail + "a comma is missing.", Span(begun.index, begun.index + 1)
    return None


def _value_with_a_mark(text: str, line_start: int, index: int) -> tuple[str, Span] | None:
    """A value that is text, and begins with what YAML takes for its own: `*`, `&`, a quote or bracket closed soon."""
    line = _line(text, line_start)
    found = re.match(_MARKED, line)
    if found is None or not line_start + found.start("mark") < index <= line_start + len(line.rstrip()):
        return None
    mark, value = found["mark"], found["value"].strip()
    what = {"*": "an alias", "&": "an anchor", "[": "a list", "{": "a mapping"}.get(mark, "a text in quotes")
    detail = f"YAML takes what begins with `{mark}` for {what}"
    detail += "" if mark in "*&" else ", and more stands behind its end"
    if mark in "'\"" and value[1:].endswith(mark) and value.count(mark) % 2:
        value = value[1:-1]  # it stands in its quotes already, with one of them inside
    quoted = value.replace("'", "''")
    instead = f" Put the whole value in quotes: `{masked(chr(39) + quoted + chr(39))}`." if len(value) < 80 else ""
    return f"{detail}.{instead or ' Put the whole value in quotes.'}", Span(
        line_start + found.start("mark"), line_start + len(line.rstrip())
    )


def _without_colon(text: str, start: int) -> tuple[str, Span] | None:
    """A line that would be a key if it had a colon and a blank after it."""
    line = _line(text, start).rstrip()
    found = _NO_COLON.fullmatch(line) if len(line) < 200 else None
    if found is None or re.match(r"[\w-]+:(\s|$)", line):
        return None
    written = f"{found[1]}: {found[2] or ''}".rstrip()
    return f"A key has a colon and a blank after it: write `{masked(written)}`.", Span(start, start + len(line))


def _line(text: str, start: int) -> str:
    end = text.find("\n", start)
    return text[start : end if end >= 0 else len(text)]


def _line_above(text: str, start: int) -> int | None:
    """Where the nearest line above begins that says anything."""
    while start > 0:
        start = text.rfind("\n", 0, start - 1) + 1
        line = _line(text, start).strip()
        if line and not line.startswith("#"):
            return start
    return None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _left_open(error: Any, text: str) -> int:
    """Where to look when the parser stumbled over the end of the file: where what is still open begins."""
    begun = getattr(error, "context_mark", None)
    end = max(len(text.rstrip()) - 1, 0)
    return min(begun.index, end) if begun is not None else end


def _detail(error: Any, index: int) -> str:
    problem = str(getattr(error, "problem", None) or "the text is not YAML")
    context, begun = getattr(error, "context", None), getattr(error, "context_mark", None)
    said = f"The YAML parser says: {problem}"
    if context:
        said += f", {context}"
    if begun is not None and begun.index != index:
        said += f" that begins on line {begun.line + 1}"
    hint = next((hint for start, hint in _HINTS if start in problem), None)
    return f"{said}. {hint}" if hint else f"{said}."


def _unreadable_character(error: Any, text: str) -> tuple[str, str, Span]:
    found = _CONTROL.search(text)
    if found is None:
        return "yaml-syntax", f"The YAML parser says: {error}.", Span(0, 1)
    name = f"U+{ord(found[0]):04X}"
    detail = f"{name} may not stand in YAML: delete it, or write it as an escape in double quotes."
    return "control-character", detail, Span(found.start(), found.end())
