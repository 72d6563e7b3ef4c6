"""What a spec leaves open: `TODO`, where an import could not know, and what stands in angle brackets to be filled in.

Either is text like any other to a schema, a service or a shell, so that a cluster called TODO would be looked for, and
a script would be given the word. So both are mistakes of their own, and nothing else is said of such a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from specrun.spec import codes
from specrun.spec.diagnostics import MAX_DIAGNOSTICS, Diagnostic, Location, Path
from specrun.spec.expressions import OPEN, references

if TYPE_CHECKING:
    from specrun.spec.source import Document

CODE = "open-todo"
TODO = "TODO"
"""Stands where a person has to write something."""

_WORD = re.compile(r"(?<![\w$])TODO(?:_\w*)?(?!\w)(?!\.(?:md|txt|rst|org)\b)")
"""TODO, or a name that begins so; but no variable of the shell's, nor a file such as TODO.md."""
_BRACKETS = re.compile(r"<[^<>\n]+>")
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}")
_COMMAND: Path = ("job", "command")
_SPLIT: tuple[Path, ...] = (_COMMAND, ("job", "resources", "docker_args"))
"""What a shell makes words of."""
_TEXTS: tuple[Path, ...] = (
    _COMMAND,
    ("job", "arguments"),
    ("job", "environment_variables"),
    ("job", "resources", "docker_args"),
    ("job", "environment", "pip"),
    ("job", "tags"),
    ("compute", "tags"),
)
"""Where brackets may stand for themselves: `--pad-token <pad>`, or `torch<3,>2`."""
_NOT_MEANT = ("vars", "targets", "extends")
"""A variable is open where it is used, and what a target says where that one is meant."""


class Todos(NamedTuple):
    """What is open in a document: `holes` are the paths of its values, of which nothing else is to be said.

    Of a command that is open in a part of it that holds only at the `places`. What the command line has `settled`
    is replaced before anybody reads it.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    holes: frozenset[Path] = frozenset()
    settled: frozenset[Path] = frozenset()
    places: tuple[Location, ...] = ()

    @property
    def hidden(self) -> frozenset[Path]:
        """The values that no rule is to look at."""
        return self.holes - self.settled - ({_COMMAND} if self.places else frozenset())

    def explain(self, found: Diagnostic) -> bool:
        """Whether a mistake of a command is about what is open in it."""
        return found.path == _COMMAND and any(_overlap(found.location, place) for place in self.places)


def find(
    document: Document,
    values: Any,
    variables: Collection[str] = (),
    inputs: Collection[str] = (),
    *,
    environment: bool = False,
) -> Todos:
    """What is open in the values of a document, be they substituted or not.

    `variables` were given on the command line, as were the `inputs`, and perhaps the `environment`: these replace what
    the document says.
    """
    if not isinstance(values, dict) or not _may_be_open(document, variables):
        return Todos()
    walk = _Walk(document, values)
    for key, value in values.items():
        if key not in _NOT_MEANT:
            walk.value(value, (key,))
    given = {("job", "inputs", name) for name in inputs} | ({("job", "environment")} if environment else set())
    settled = frozenset(path for path in walk.found if path[:3] in given or path[:2] in given)
    told = (one for path, ones in walk.found.items() if path not in settled for one in ones.values())
    diagnostics = dict.fromkeys(islice(told, MAX_DIAGNOSTICS))  # what several fields take of one variable is one
    return Todos(tuple(diagnostics), frozenset(walk.found), settled, tuple(walk.places))


def is_open(text: str, path: Path) -> bool:
    """Whether a text is open as the value at a path."""
    return bool(_spans(text, path))


def lowered(text: str) -> str:
    """A text that is open in parts, with names in their place."""
    return _BRACKETS.sub("x", _WORD.sub(lambda match: match[0].lower(), text))


def _may_be_open(document: Document, variables: Collection[str]) -> bool:
    """Whether it is worth a look: nearly no spec is open, and thousands are read."""
    text = document.text
    return "TODO" in text or "<" in text or bool(variables) or any("TODO" in read for read in document.read.values())


def _spans(text: str, path: Path) -> list[tuple[int, int]]:
    """Where a text is open, as the value at a path: offsets and lengths."""
    if "TODO" in text:
        if text.strip() == TODO:
            return [(text.index(TODO), len(TODO))]
        known: Callable[[str], Iterator[int]] | None = None
        if path in _SPLIT:
            known = _in_shell
        elif path[:3] == ("job", "environment", "pip"):
            known = _in_requirement
        elif not re.search(r"\s", _EXPRESSION.sub("", text).strip()):
            known = _words
        found = [(at, len(_WORD.match(text, at)[0])) for at in known(text)] if known is not None else []  # type: ignore[index]
        if found:
            return found
    if "<" in text and not _may_have_brackets(path):
        return [(match.start(), len(match[0])) for match in _BRACKETS.finditer(text)]
    return []


def _may_have_brackets(path: Path) -> bool:
    is_scalar_input = path[:2] == ("job", "inputs") and len(path) == 3
    is_prose = path[-1] in ("description", "display_name")
    return is_scalar_input or is_prose or any(path[: len(one)] == one for one in _TEXTS)


def _words(text: str) -> Iterator[int]:
    return (match.start() for match in _WORD.finditer(text))


def _in_requirement(text: str) -> Iterator[int]:
    comment = re.search(r"(^|\s)#", text)
    return (at for at in _words(text) if comment is None or at < comment.start())


def _in_shell(text: str) -> Iterator[int]:
    """Words of a command, also of one that another shell reads; not its comments, nor what it quotes as prose."""
    from specrun.spec.shell_reader import read  # late: few commands are open

    plain = _EXPRESSION.sub(lambda match: "%" * len(match[0]), text)
    script = read(plain)
    quoted = [
        (word, before)
        for command in script.commands
        for before, word in zip(("", *(one.text for one in command.words)), command.words, strict=False)
        if re.search(r"\s", word.text.strip())
    ]
    for at in _words(plain):
        if any(start <= at < end for start, end in script.comments):
            continue
        around = next(((w, before) for w, before in quoted if w.start <= at < w.start + len(w.text)), None)
        if around is None:
            yield at
        elif re.fullmatch(r"-[a-z]*c", around[1]):
            word = around[0]
            inside = word.text[1:-1]
            yield from (word.start + 1 + one for one in _in_shell(inside) if word.start + 1 + one == at)


class _Walk:
    """One pass over one document. `found` has the diagnostics of each open value, by its path and theirs."""

    def __init__(self, document: Document, values: Mapping[str, Any]) -> None:
        self.document = document
        variables = values.get("vars")
        self.variables: Mapping[str, Any] = variables if isinstance(variables, dict) else {}
        self.may_be_taken = any(
            isinstance(one, str) and ("TODO" in one or "<" in one) for one in self.variables.values()
        )
        self.found: dict[Path, dict[Path, Diagnostic]] = {}
        self.places: list[Location] = []

    def value(self, value: Any, path: Path) -> None:
        """Look at a value and all that is in it."""
        if isinstance(value, str):
            is_found = ("TODO" in value or "<" in value) and bool(_spans(value, path))
            if is_found or (self.may_be_taken and OPEN in value):
                self._text(value, path, is_found=is_found)
        elif isinstance(value, dict):
            for key, inside in value.items():
                if isinstance(key, str) and key.startswith("TODO") and _WORD.fullmatch(key):
                    here = (*path, key)
                    self._add(here, here, f"The name `{key}` in {_field(path)} is still open.", key=True)
                else:
                    self.value(inside, (*path, key))
        elif isinstance(value, list):
            for index, inside in enumerate(value):
                self.value(inside, (*path, index))

    def _text(self, value: str, path: Path, *, is_found: bool) -> None:
        written = _at(self.document.values, path)
        written = written if isinstance(written, str) else value
        if OPEN in written:
            self._expressions(written, path)
            if not _spans(_EXPRESSION.sub("", written), path):
                if is_found and path not in self.found:
                    self._add(path, path, f"What the expression in {_field(path)} stands for is still open.")
                return
        spans = _spans(written, path) or [(0, len(written))]
        places = [self.document.inside(path, written, at, length) for at, length in spans]
        at, length = spans[0]
        others = len(spans) - 1
        more = f", and so {'is 1 more part' if others == 1 else f'are {others} more parts'} of it" if others else ""
        part = "" if length == len(written.strip()) else f"`{written[at : at + length]}` in "
        detail = f"{part}{_field(path)} is still open{more}."
        self._add(path, path, detail, place=places[0])
        if path == _COMMAND and part:
            self.places += places

    def _expressions(self, written: str, path: Path) -> None:
        """What is open comes from a variable, or from the environment."""
        names = dict.fromkeys(references(written, "vars"))
        for name, value in [(name, self.variables.get(name)) for name in names]:
            if isinstance(value, str) and (is_open(value, path) or is_open(value, ("vars", name))):
                detail = f"`vars.{name}` is still open, and {_field(path)} takes it"
                self._add(path, ("vars", name), f"{detail}: `--var {name}=VALUE` settles it for one command.")

    def _add(self, path: Path, at: Path, detail: str, *, key: bool = False, place: Location | None = None) -> None:
        there = place or self.document.location(at, key=key)
        told = self.found.setdefault(path, {})
        first = next((ones[at] for ones in self.found.values() if at in ones), None)
        if first is not None:  # a variable that several fields take is said once
            told[at] = first
            return
        text = " ".join([detail, *_instead(self.document, at, there, is_name=key)])
        told[at] = self.document.hiding(codes.diagnostic(CODE, text, at, there))


def _instead(document: Document, path: Path, place: Location, *, is_name: bool) -> Iterator[str]:
    """What to write, as far as anybody can say."""
    above = document.part(path).document.text.split("\n")[: place.line - 1]
    said = above[-1].strip().startswith("#") if above else False
    yield "Write what belongs there" + (": the comment above it says what it is about." if said else ".")
    from specrun.spec.schema import field_at  # late: few specs are open
    from specrun.spec.wording import example

    shown = example(path[-1], field_at(path))
    if shown and not is_name and isinstance(path[-1], str) and path[0] != "vars" and not _may_have_brackets(path):
        yield f"For example `{shown}`."
    if path[:2] == ("job", "inputs") and len(path) > 2 and not is_name:
        yield f"Or give it with `--input {path[2]}=PATH`."


def _field(path: Path) -> str:
    from specrun.spec.wording import field_name  # late: few specs are open

    return f"`{field_name(path)}`"


def _at(values: Any, path: Path) -> Any:
    for step in path:
        there = isinstance(values, dict) and step in values
        if not there and not (isinstance(values, list) and isinstance(step, int) and step < len(values)):
            return None
        values = values[step]
    return values


def _overlap(one: Location, other: Location) -> bool:
    return (
        (one.file, one.line) == (other.file, other.line)
        and one.column < other.column + other.length
        and other.column < one.column + one.length
    )
