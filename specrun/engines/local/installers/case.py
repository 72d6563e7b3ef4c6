"""An installation that failed: what was said of it, and the lines that it was about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from specrun.spec.frozen import dataclass
from specrun.spec.requirements import read_line

LONGEST = 200
"""Characters of the installer's own words that a message repeats."""

NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_NUMBERED = re.compile(r"-([rc]) \S+ \(line (\d+)\)")
_FRAME = re.compile(r"^\s*(?:[×╰├│─▶>]+\s*|cause:|Caused by:)*\s*")
_WRONG = re.compile(
    r"(?:\S*error:|\w*(?:Error|Exception)\b|fatal:|E:|CMake Error|\S+:\d+:\d+: fatal error:)", re.IGNORECASE
)
_EMPTY = re.compile(
    r"error: subprocess-exited|error: \S+-failed$|\w+: Command errored out|ERROR: Failed to build", re.I
)


class Refusal(NamedTuple):
    """Why, with what to write instead; and the lines at fault, counted from 0, those of constraints behind the rest."""

    why: str
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What was said, a line each and as one `text`; the `lines` that were to be installed, of which those from
    `constraints` on are such; and the version of Python that it was for, as `3.11`.
    """

    said: Sequence[str]
    lines: Sequence[str]
    constraints: int
    python: str
    text: str

    def named(self, *names: str) -> tuple[int, ...]:
        """The lines that the installer means: by their numbers, else by name, and version where several have it."""
        return tuple(dict.fromkeys(index for name in names for index in self._named(name)))

    def _named(self, name: str) -> Iterable[int]:
        if numbered := _NUMBERED.findall(name):
            found = (int(number) - 1 + self.constraints * (kind == "c") for kind, number in numbered)
            return [index for index in found if index < len(self.lines)][:1]
        wanted = name.removeprefix("(constraint)").strip()
        kind = range(self.constraints, len(self.lines)) if wanted != name else range(len(self.lines))
        alike = [index for index in kind if normalised(wanted) and normalised(self.lines[index]) == normalised(wanted)]
        exact = [index for index in alike if _plain(self.lines[index]).startswith(_plain(wanted))]
        return (exact or alike)[:1]

    def having(self, part: str) -> tuple[int, ...]:
        """The first line that has some text in it."""
        return tuple(index for index, line in enumerate(self.lines) if part and part in line)[:1]

    def shown(self, index: int) -> str:
        """The requirement of a line."""
        return f"`{read_line(self.lines[index]).requirement}`"

    def wanting(self, package: str, lines: tuple[int, ...]) -> str:
        """`, which X needs`, of a package that was not asked for itself."""
        other = bool(lines) and normalised(self.lines[lines[0]]) != normalised(package)
        return f", which {self.shown(lines[0])} needs," if other else ""


def case_of(said: Sequence[str], requirements: Sequence[str], constraints: Sequence[str], python: str) -> Case:
    """The case, its text without the frames that uv draws and without the breaks of its lines."""
    text = re.sub(r"\s+", " ", " ".join(_FRAME.sub("", line) for line in said))
    return Case(said, (*requirements, *constraints), len(requirements), python, text)


def normalised(requirement: str) -> str:
    """A package's name as indexes compare it; "" where a line has none."""
    found = NAME.match(requirement.strip())
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found is not None else ""


def name_in(requirement: str) -> str:
    """The name at the beginning of a requirement, as it is written."""
    found = NAME.match(requirement)
    return found[0] if found is not None else requirement


def shortened(text: str) -> str:
    """The installer's own words, as many as a message repeats."""
    single = " ".join(text.split())
    return single if len(single) <= LONGEST else f"{single[: LONGEST - 1]}…"


def last_words(said: Sequence[str]) -> str:
    """The line that says most about what went wrong: the last that looks like an error, else the last at all."""
    lines = [line.strip(" │×╰─▶>") for line in said if line.strip(" │×╰─▶>")]
    wrong = [line for line in lines if _WRONG.match(line) and not _EMPTY.match(line)]
    return shortened((wrong or lines or ["nothing"])[-1])


def _plain(requirement: str) -> str:
    return re.sub(r"[\s()]+", "", requirement).lower().replace("_", "-")
