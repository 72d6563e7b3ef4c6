"""A YAML file as plain values, with the place of each on demand; a file that is none, as diagnostics."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple, TextIO

from yaml.error import YAMLError

from specrun.spec import codes, secrets
from specrun.spec.builder import Builder, Mistake, Unreadable
from specrun.spec.diagnostics import Diagnostic, Location, Path
from specrun.spec.expressions import secret_names
from specrun.spec.locations import Span, locate, locate_inside, location, written
from specrun.spec.reading import MOST_YAML, TooLarge, read_bytes
from specrun.spec.syntax import describe, flow_expression

STDIN = "-"
"""The FILE that is standard input, and what it is shown as."""

_MAX_MENDED = 50
_HIDDEN = {ord("{"): "\ue000", ord("}"): "\ue001"}
_SHOWN = {ord("\ue000"): "{", ord("\ue001"): "}"}


class Part(NamedTuple):
    """Where a value of a spec is written: the document, its path there, and the layer (file, base, target NAME, …)."""

    document: Document
    path: Path
    layer: str = "file"


class Document:
    """One parsed YAML file.

    `file` is the name as it was given, `text` the file's text (no byte order mark), `values` its content as dict, list,
    str, int, float, bool and None, with anchors and merge keys resolved. `read` has what its expressions read of the
    environment, values by their names: no diagnostic shows them.
    """

    __slots__ = ("_parsed", "file", "read", "text", "values")

    target = ""
    """The target that a spec is merged for; none where that makes no difference."""

    def __init__(
        self, file: str, text: str, values: Any, parsed: str | None = None, read: Mapping[str, str] = {}
    ) -> None:
        self.file = file
        self.text = text
        self.values = values
        self.read = read
        self._parsed = text if parsed is None else parsed

    def having_read(self, read: Mapping[str, str]) -> Document:
        """The same document when its expressions have been looked up."""
        return Document(self.file, self.text, self.values, self._parsed, read) if read else self

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it was merged from, its own first: absolute paths."""
        return (os.path.abspath(self.file),)  # noqa: PTH100 - resolve() would follow links

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents of these files, as they stand there."""
        return (self,)

    def part(self, path: Path) -> Part:
        """Where the value at `path` is written, of a spec that is merged from layers in one of theirs."""
        return Part(self, path)

    def line(self, of: Path, seen_from: Path = ()) -> str:
        """The place of a key in words, for a detail about another value: `line 3`, or with its file where that is
        another one's.
        """
        place, other = self.location(of, key=True), self.part(seen_from).document.file
        return f"line {place.line}" if place.file == other else f"{place.file}:{place.line}"

    def location(self, path: Path, *, key: bool = False) -> Location:
        """The place of the value at `path`, or of its key. What an alias or a merge key brings stands where it is
        written. For a path that does not exist: the key of its nearest parent (at the top: the file's first character).
        """
        return locate(self.file, self.text, self._parsed, path, key=key)

    def inside(self, path: Path, value: str, offset: int, length: int = 1) -> Location:
        """The place of a part of the text `value`, which stands at `path` as it is written there."""
        return locate_inside(self.file, self.text, self._parsed, path, value, offset, length)

    def written(self, path: Path) -> str:
        """The value at `path` as it is written: 1.10 is not 1.1, and a block begins with its mark."""
        return written(self.text, self._parsed, path)

    def diagnostic(self, code: str, detail: str, path: Path, *, key: bool = False) -> Diagnostic:
        """What a known code says of the value at `path`, or of its key."""
        return self.hiding(codes.diagnostic(code, detail, path, self.location(path, key=key)))

    def hiding(self, found: Diagnostic) -> Diagnostic:
        """A diagnostic of this document without what was read of the environment."""
        if not self.read:
            return found
        from specrun.spec.env_values import hidden  # late: few documents are wrong and have read some

        return hidden(found, self.read, self.text, self.file)


def read(file: str) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """The file's document, None where there is no way to make one; and every mistake of its YAML."""
    try:
        return parse(file, read_bytes(file, MOST_YAML))
    except TooLarge:
        detail = f"It has more than {MOST_YAML:,} bytes. Data goes into files of its own."
        return None, (whole_file(file, "too-large", detail),)
    except (OSError, ValueError) as error:
        return None, (whole_file(file, "unreadable", _why(error)),)


def read_standard_input() -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """The same of standard input, which is read once. Its paths start at the working folder."""
    try:
        data = _standard_input(sys.stdin)
    except (OSError, ValueError) as error:  # the latter: it was closed
        return None, (whole_file(STDIN, "unreadable", f"It cannot be read: {error}."),)
    if len(data) > MOST_YAML:
        return None, (whole_file(STDIN, "too-large", f"There are more than {MOST_YAML:,} bytes."),)
    return parse(STDIN, data)


@cache
def _standard_input(stream: TextIO | None) -> bytes:
    if stream is None:
        raise OSError("there is none")
    return stream.buffer.read(MOST_YAML + 1)


def parse(file: str, data: bytes) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    """The same for bytes that were read already."""
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return None, (_not_utf8(file, data, error),)
    secrets.note(secret_names(text))  # of one that cannot be parsed, too
    found: list[Diagnostic] = []
    parsed: str | None = None
    while True:
        builder: Builder | None = None
        try:
            builder = Builder(data if parsed is None else parsed)
            builder.build()
            if not data.isascii() and _has_odd_keys(builder.values):
                odd, mended = _with_blanks(file, text, parsed or text)
                if odd:
                    found, parsed = [*found, *odd], mended
                    continue
        except Unreadable as error:
            return None, (*found, *_mistakes(file, text, [*_seen(builder), error.mistake]))
        except YAMLError as error:
            if str(getattr(error, "problem", "")).startswith("exceeded maximum nesting depth"):
                # libyaml's limit, met while it looked ahead: what stands before it is beyond ours, which knows where.
                parsed = (parsed or text)[: error.problem_mark.index - 1]  # type: ignore[attr-defined]
                continue
            odd, mended = _with_blanks(file, text, parsed or text)
            if odd:
                found, parsed = [*found, *odd], mended
                continue
            expression = flow_expression(error, parsed or text)
            if expression is None or len(found) >= _MAX_MENDED:
                stopped = _diagnostic(file, text, *describe(error, text))
                return None, (*found, *_mistakes(file, text, _seen(builder)), stopped)
            # Read on as if the expression had been quoted, to report what else there is.
            found.append(_flow_expression(file, text, expression))
            parsed = _hide(parsed or text, expression)
            continue
        return _document(file, text, parsed, builder, found)


def _has_odd_keys(value: Any) -> bool:
    if isinstance(value, dict):
        keys = [key for key in value if isinstance(key, str) and not key.isascii()]
        return any(map(_is_odd, keys)) or any(map(_has_odd_keys, value.values()))
    return isinstance(value, list) and any(map(_has_odd_keys, value))


def _is_odd(key: str) -> bool:
    from specrun.spec.lookalikes import first  # late: most keys have the characters of a keyboard alone

    return first(key) is not None


def _with_blanks(file: str, text: str, parsed: str) -> tuple[list[Diagnostic], str]:
    """What only looks like the blanks between keys, each said once, and the text with blanks in its place."""
    odd: list[Diagnostic] = []
    if parsed.isascii():
        return odd, parsed
    from specrun.spec.lookalikes import between_keys, first

    for start, end in between_keys(parsed):
        one = first(parsed, start, end)
        if one is not None:
            odd.append(_diagnostic(file, text, "lookalike", str(one), Span(one.at, one.at + 1)))
        parsed = parsed[:start] + " " * (end - start) + parsed[end:]
    return odd[:_MAX_MENDED], parsed


def _document(
    file: str, text: str, parsed: str | None, builder: Builder, found: list[Diagnostic]
) -> tuple[Document | None, tuple[Diagnostic, ...]]:
    if builder.mistakes:
        found += _mistakes(file, text, builder.mistakes)
    values = builder.values
    if values is None:
        detail = "It needs at least apiVersion, name and one of job, compute, datastores and data; see `specrun init`."
        return None, (*found, _diagnostic(file, text, "empty-file", detail, Span(0, 1)))
    if values.__class__ is not dict:
        kind = "list" if isinstance(values, list) else "single value"
        detail = f"At the top of this file stands a {kind}. Begin with `apiVersion: specrun/v1`."
        return None, (*found, _diagnostic(file, text, "not-a-mapping", detail, _span(builder.start)))
    if not builder.usable:
        return None, tuple(found)
    if parsed is not None:
        values = _unhide(values)
    if "\\" in text:  # in quotes an expression may be spelled with escapes
        secrets.note(name for scalar in scalars(values) for name in secret_names(scalar))
    return Document(file, text, values, parsed), tuple(found)


def scalars(value: Any) -> Iterator[str]:
    """Every text of a document, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for pair in value.items() for child in pair for text in scalars(child))
    elif isinstance(value, list):
        yield from (text for child in value for text in scalars(child))


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "There is no such file."
    if isinstance(error, IsADirectoryError):
        return "This is a folder. Name the file in it."
    if isinstance(error, PermissionError):
        return "You may not read it: see its permissions."
    if isinstance(error, ValueError):
        return "The name holds a character that no file name can have (NUL)."
    return f"The system says: {error.strerror or error}."


def _not_utf8(file: str, data: bytes, error: UnicodeDecodeError) -> Diagnostic:
    before = data[: error.start].decode()
    text = before + data[error.start :].decode(errors="replace")
    detail = f"The byte 0x{data[error.start]:02X} does not belong to UTF-8. Save the file as UTF-8."
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        detail = "It looks like UTF-16. Save the file as UTF-8."
    return _diagnostic(file, text, "not-utf8", detail, Span(len(before), len(before) + 1))


def _flow_expression(file: str, text: str, span: Span) -> Diagnostic:
    written = text[span.start : span.end]
    detail = f'Inside {{ }} and [ ] YAML takes the braces for its own. Write it in quotes: "{written}".'
    return _diagnostic(file, text, "flow-expression", detail, span)


def _hide(text: str, span: Span) -> str:
    return text[: span.start] + text[span.start : span.end].translate(_HIDDEN) + text[span.end :]


def _unhide(value: Any) -> Any:
    if isinstance(value, str):
        return value.translate(_SHOWN)
    if isinstance(value, dict):
        return {_unhide(key): _unhide(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_unhide(child) for child in value]
    return value


def _seen(builder: Builder | None) -> list[Mistake]:
    return builder.mistakes if builder is not None else []


def _mistakes(file: str, text: str, mistakes: list[Mistake]) -> list[Diagnostic]:
    spans = [Span(mistake.mark.index, _word_end(text, mistake.mark.index)) for mistake in mistakes]
    return [_diagnostic(file, text, m.code, m.detail, span) for m, span in zip(mistakes, spans, strict=True)]


def _span(event: Any) -> Span:
    return Span(event.start_mark.index, event.start_mark.index + 1)


def _word_end(text: str, start: int) -> int:
    end = start
    while end < len(text) and end - start < 200 and text[end] not in " \t\r\n,:]}":
        end += 1
    return max(end, start + 1)


def whole_file(file: str, code: str, detail: str) -> Diagnostic:
    """A diagnostic of a file that shows none of its lines."""
    return codes.diagnostic(code, detail, (), Location(file, 1, 1))


def _diagnostic(file: str, text: str, code: str, detail: str, span: Span) -> Diagnostic:
    return codes.diagnostic(code, detail, (), location(file, text, span))
