"""What of a file a shell runs: all of a script, of a notebook the lines with `!` and the cells with `%%bash`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field

from specrun.convert.scripts.cells import code_cells
from specrun.spec.frozen import dataclass

_SHELL_CELL = re.compile(r"%%(?:bash|sh|!|script[ \t]+(?:bash|sh))\b|%%!")
_LITERAL = re.compile(r"""(\w+)[ \t]*=[ \t]*(["'])([^"'\\]*)\2[ \t]*(?:#.*)?""")
_BRACES = re.compile(r"(?<![${])\{([A-Za-z_]\w*)\}")


@dataclass(frozen=True, slots=True)
class Shell:
    """A text as a shell reads it, and of a notebook the place of each of its lines, and the literals of its Python.

    In a notebook a shell's lines have Python's names, as `$name` and `{name}`.
    """

    text: str
    places: tuple[str, ...] = ()
    literals: dict[str, str] = field(default_factory=dict)

    @property
    def is_notebook(self) -> bool:
        """Whether names that nothing sets may be Python's."""
        return bool(self.places)

    def place(self, number: int) -> str:
        """Where a line stands, which counts from 1."""
        return self.places[number - 1] if number <= len(self.places) else f"line {number}"


def shell_of(file: str, text: str) -> Shell:
    """What of a file a shell runs. Raises Refused for a notebook that is none."""
    if not file.endswith(".ipynb"):
        return Shell(text)
    literals: dict[str, str] = {}
    lines: list[tuple[str, str]] = []
    for number, source in code_cells(file, text):
        rows = source.split("\n")
        if _SHELL_CELL.match(source.lstrip()):
            lines += [(row, f"cell {number}, line {at}") for at, row in enumerate(rows[1:], 2)]
            continue
        lines += [(row, f"cell {number}, line {at}") for at, row in _marked(rows)]
        literals.update((match[1], match[3]) for match in map(_LITERAL.fullmatch, rows) if match)
    return Shell("\n".join(row for row, _ in lines), tuple(place for _, place in lines), literals)


def _marked(rows: list[str]) -> Iterator[tuple[int, str]]:
    """The lines that Python hands to a shell, and those that they go on in."""
    continued = False
    for number, row in enumerate(rows, 1):
        plain = row.strip()
        if continued or plain.startswith("!"):
            continued = plain.endswith("\\")
            yield number, _BRACES.sub(r"${\1}", plain.removeprefix("!").lstrip())
