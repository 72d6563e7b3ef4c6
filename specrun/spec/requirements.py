"""Requirements as pip reads them, also from the files that they name: the lines of a requirements file.

`pip` in a spec and what stands below `pip:` in a conda file are such lines. Besides requirements there are pip's own
options; `-r FILE` stands for the lines of that file, and `-c FILE` for those of constraints.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from specrun.spec.boundary import Boundary
from specrun.spec.diagnostics import Location, Path
from specrun.spec.frozen import dataclass
from specrun.spec.masking import source_line

INCLUDE, CONSTRAIN, EDIT = "--requirement", "--constraint", "--editable"
ADDRESSES = ("--index-url", "--extra-index-url", "--find-links")
_WITH_VALUE: Mapping[str, str] = {
    **{name: name for name in (INCLUDE, CONSTRAIN, EDIT, *ADDRESSES)},
    "-r": INCLUDE,
    "-c": CONSTRAIN,
    "-e": EDIT,
    "-i": "--index-url",
    "-f": "--find-links",
    "--pypi-url": "--index-url",
    **{name: name for name in ("--no-binary", "--only-binary", "--trusted-host", "--use-feature")},
}
_ALONE = ("--no-index", "--prefer-binary", "--require-hashes", "--pre")
_OF_REQUIREMENT = ("--hash", "--config-settings", "--config-setting", "--global-option")

MOST_LINES = 10_000
MOST_DEEP = 20
LONGEST_LINE = 20_000
"""Characters: that of a package with all the hashes of its files has some thousands."""

_USUAL = re.compile(r"(?i)[^.].*\.(txt|in|pip|lock|reqs?)|[^.].*(requirement|constraint|require|dep)s?.*|(req|dep)s?")
_CLAUSE = r"(===|==|~=|!=|<=|>=|<|>)[ ]?[^\s,;()<>=!~]+"
_EXTRAS = r"(\[[\w ,.-]*\])?"
_MAY_BE = re.compile(
    rf"""(?xi) [a-z0-9][\w.-]* [ ]? {_EXTRAS} [ ]? ( @[ ]?\S+ | \(?[ ]? ({_CLAUSE} [ ]? ,? [ ]?)* \)? ) [ ]? (;.*)?
           | ([a-z]+\+)? [a-z]+:/\S+ [ ]? (;.*)?
           | (?=\S*/|\.) [\w.~/+-]+ {_EXTRAS} [ ]? (;.*)?"""
)
"""What may be a requirement, its blanks single: a name, an address or a path."""

_COMMENT = re.compile(r"(^|(?<!\s)\s+)#.*$")
_NAMES_FILES = re.compile(r"(?<![\w-])(-r|-c|--requirement|--constraint)")
_SECRET = re.compile(r"\$\{\{\s*secrets\.([A-Za-z_][\w-]*)\s*\}\}")
VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
"""What pip takes from its own environment."""


class Line(NamedTuple):
    """A requirement, which may be empty, and the options behind it, each with its value; or the `mistake` in them."""

    requirement: str
    options: tuple[tuple[str, str], ...] = ()
    mistake: str = ""

    def value(self, *names: str) -> str:
        """What the first of some options says, "" where none is there."""
        return next((value for option, value in self.options if option in names), "")

    @property
    def named_file(self) -> str:
        """The file that this line stands for."""
        return self.value(INCLUDE, CONSTRAIN)

    @property
    def addresses(self) -> Iterator[str]:
        """Where packages are looked for."""
        return (value for option, value in self.options if option in ADDRESSES)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line as it is written: where its relative paths begin, and where it stands."""

    text: str
    folder: str
    at: Callable[[], Location]
    path: Path = ()
    """Where in the spec it, or the file that it stands in, is named."""
    constraint: bool = False
    within: tuple[str, ...] = ()
    """The files that named each other down to this line."""
    hidden: bool = False
    """Whether no message may show it: its file is outside of the spec's boundary, or by its name none of these."""


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a requirements file with their numbers: continued ones joined, comments and blank ones left out."""
    begun, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            begun, first = begun + line[:-1], first or number
            continue
        whole = _COMMENT.sub("", begun + (f" {line}" if begun and comment else line)).strip()
        if whole:
            yield first or number, whole
        begun, first = "", 0
    if begun.strip():
        yield first, begun.strip()


@lru_cache(maxsize=1000)  # specs of a team share their requirements
def read_line(text: str) -> Line:
    """One line, as pip takes it apart."""
    if len(text) > LONGEST_LINE:
        return Line("", mistake=f"The line has more than {LONGEST_LINE:,} characters.")
    words = with_secrets(text, "${{{{secrets.{}}}}}".format).split(" ")  # one word, as their values are
    start = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
    requirement = " ".join(words[:start]).strip()
    if start == len(words):
        return Line(requirement)
    try:
        rest = shlex.split(" ".join(words[start:]))
    except ValueError:
        return Line(requirement, mistake="A quote is not closed.")
    options: list[tuple[str, str]] = []
    while rest:
        name, value, wrong = _option(rest, has_requirement=bool(requirement))
        if wrong:
            return Line(requirement, tuple(options), wrong)
        options.append((name, value))
    return Line(requirement, tuple(options))


def _option(rest: list[str], *, has_requirement: bool) -> tuple[str, str, str]:
    """Take one option off: its whole name, its value, and what is wrong with it."""
    word = rest.pop(0)
    name, equals, value = word.partition("=") if word.startswith("--") else (word[:2], word[2:], word[2:])
    if name in _OF_REQUIREMENT and not has_requirement:
        return name, "", f"`{name}` belongs behind a requirement: `NAME==VERSION {name}=…`."
    if name in _OF_REQUIREMENT and not equals and not rest:
        return name, "", f"`{name}` lacks its value."
    if name in _OF_REQUIREMENT:
        return name, value if equals else rest.pop(0), ""
    if name in _ALONE:
        return name, "", f"`{name}` takes no value." if equals else ""
    if name not in _WITH_VALUE:
        return name, "", _unknown(name)
    if has_requirement:
        return name, "", f"`{name}` is none of what may stand behind a requirement: give it a line of its own."
    if not equals and not rest:
        return name, "", f"`{name}` lacks its value."
    return _WITH_VALUE[name], value if equals else rest.pop(0), ""


def _unknown(name: str) -> str:
    from specrun.spec.nearest import nearest  # late, as are all mistakes

    known = [*_WITH_VALUE, *_ALONE, *_OF_REQUIREMENT]
    near = nearest(name, known)
    instead = (
        f"Did you mean `{near}`?" if near else f"There are {', '.join(f'`{one}`' for one in known if len(one) > 2)}."
    )
    return f"`{name}` is no option that a line of requirements can have. {instead}"


def with_secrets(text: str, value: Callable[[str], str]) -> str:
    """The text with a value for the name of each secret in it."""
    return _SECRET.sub(lambda match: value(match[1]), text) if "${{" in text else text


def near(path: str) -> str:
    """A file's name for people: as seen from here, where it lies below."""
    shown = os.path.relpath(path)
    return path if shown.startswith(os.pardir) else shown


def starting_at(folder: str, text: str) -> str:
    """A line so that a file that it names is found from anywhere; `folder` is where its path begins."""
    line = read_line(text)
    if not line.named_file or "://" in line.named_file:
        return text
    option = CONSTRAIN if line.value(CONSTRAIN) else INCLUDE
    return f"{option}={shlex.quote(os.path.join(folder, line.named_file))}"  # noqa: PTH118


def names_files(text: str) -> bool:
    """Whether a text may hold a line that names a file of lines; cheap, and yes too often."""
    return _NAMES_FILES.search(text) is not None


class Lines(NamedTuple):
    """A file of lines: its `text`, and whether that is `hidden`."""

    text: str = ""
    hidden: bool = False


class TooMany(OSError):
    """Files of lines name more of them than anybody installs."""

    def __init__(self, path: str) -> None:
        said = f"with the files that it names it has more than {MOST_LINES:,} lines, or {MOST_DEEP} levels"
        super().__init__(errno.EFBIG, said, path)


def expand(entries: Iterable[Entry], read: Callable[[Entry, str], Lines]) -> Iterator[Entry]:
    """Each line, and behind one that names a file the lines of that file, as pip takes them.

    `read` gives the file that an entry names, by its path. One that names itself is read once. Raises TooMany.
    """
    for count, entry in enumerate(_expand(entries, read)):
        if count == MOST_LINES or len(entry.within) > MOST_DEEP:
            raise TooMany(entry.within[0] if entry.within else "")
        yield entry


def _expand(entries: Iterable[Entry], read: Callable[[Entry, str], Lines]) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        line = read_line(entry.text)
        if line.mistake or not line.named_file or "://" in line.named_file:
            continue
        path = os.path.normpath(os.path.join(entry.folder, line.named_file))  # noqa: PTH118
        if path in entry.within:
            continue
        named = read(entry, path)
        inner = replace(
            entry,
            folder=os.path.dirname(path),  # noqa: PTH120
            constraint=bool(line.value(CONSTRAIN)),
            within=(*entry.within, path),
            hidden=named.hidden,
        )
        yield from _expand(_lines(inner, path, named.text), read)


def _lines(inner: Entry, path: str, text: str) -> Iterator[Entry]:
    written = text.splitlines()
    for number, line in logical_lines(text):
        yield replace(inner, text=line, at=_place(path, number, "" if inner.hidden else written[number - 1]))


def _place(path: str, number: int, line: str) -> Callable[[], Location]:
    def place() -> Location:
        column = len(line) - len(line.lstrip()) + 1
        return Location(near(path), number, column, max(1, len(line.strip())), source_line(line))

    return place


def is_hidden(boundary: Boundary, path: str) -> bool:
    """Whether no line of a file of lines may be shown: it is outside, or called as none is that is meant to be one."""
    real = boundary.real(path)
    names = os.path.basename(path), os.path.basename(real)  # noqa: PTH119
    return not boundary.holds(real) or not all(map(_USUAL.fullmatch, names))


def may_be_requirement(line: Line) -> bool:
    """Whether pip could read a line: a yes too often. What it is not said of is another kind of text."""
    single = " ".join(line.requirement.split())
    return not line.mistake and (not single or bool(_MAY_BE.fullmatch(single) or VARIABLE.search(single)))


class Oddity(NamedTuple):
    """The `first` line of a file that pip could not read (0: none), and whether that is so of `most` of its lines."""

    first: int = 0
    most: bool = False


def oddity(text: str) -> Oddity:
    """Whether a text is likely to be a file of lines. Of more lines than may be, the first decide."""
    first = odd = count = 0
    for number, line in islice(logical_lines(text), MOST_LINES):
        count += 1
        if not may_be_requirement(read_line(line)):
            first, odd = first or number, odd + 1
    return Oddity(first, 2 * odd > count)
