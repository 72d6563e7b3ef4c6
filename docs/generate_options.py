"""Writes specrun/cli/option_table.py: the options of all verbs, for completion, which has no time to import the verbs.

With --check it only says whether the file is as it should be.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from specrun.cli.main import VERBS, specrun
from specrun.cli.options import forms_of

FILE = Path(__file__).parents[1] / "specrun" / "cli" / "option_table.py"
Row = tuple[tuple[str, ...], str, str, bool]


def table_text() -> str:
    """The module's text."""
    rows: dict[Row, int] = {}
    table: dict[str, tuple[str, tuple[int, ...]]] = {}
    for verb, (_, about) in VERBS.items():
        command = specrun.get_command(click.Context(specrun), verb)
        assert command is not None
        for kind, form in forms_of(command).items():
            key, said = (f"{verb} {kind}", form.get_short_help_str(80)) if kind else (verb, about)
            table[key] = (said, tuple(_rows(form, rows)))
    text = [
        '"""The options of all verbs, for completion: written by docs/generate_options.py, and compared by a test."""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Mapping",
        "",
        "# names, what it takes (a|b: one of these), what it is for, whether it may be repeated",
        f"ROWS: tuple[tuple[tuple[str, ...], str, str, bool], ...] = {tuple(rows)!r}",
        "",
        "# a verb: what it is for, and its rows",
        f"TABLE: Mapping[str, tuple[str, tuple[int, ...]]] = {table!r}",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(FILE), "-"],
        input="\n".join(text),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def _rows(command: click.Command, rows: dict[Row, int]) -> list[int]:
    return [
        rows.setdefault(_row(one), len(rows))
        for one in command.params
        if isinstance(one, click.Option) and not one.hidden
    ]


def _row(option: click.Option) -> Row:
    takes = "" if option.is_flag else option.metavar or "VALUE"
    if isinstance(option.type, click.Choice):
        takes = "|".join(map(str, option.type.choices))
        takes = takes if "|" in takes else f"{takes}|"
    return tuple(sorted(option.opts, key=len)), takes, option.help or "", option.multiple


if __name__ == "__main__":
    text = table_text()
    if "--check" in sys.argv:
        sys.exit(FILE.read_text(encoding="utf-8") != text)
    FILE.write_text(text, encoding="utf-8")
