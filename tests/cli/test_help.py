"""Help fits 80 columns, and ends with examples that work as they stand."""

from __future__ import annotations

import shlex
from typing import Any

import click
import pytest

from specrun.cli.examples import EXAMPLES
from specrun.cli.main import VERBS, specrun
from specrun.cli.meant import _parses


def paths() -> list[str]:
    """Every verb, and every kind of those that have kinds."""
    found = []
    for verb in VERBS:
        command = specrun.get_command(click.Context(specrun), verb)
        kinds = command.commands if isinstance(command, click.Group) else ()
        found += [verb, *(f"{verb} {kind}" for kind in kinds)]
    return found


@pytest.mark.parametrize("path", ["", *paths()])
def test_help_fits_and_ends_with_examples(specrun: Any, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = specrun(*path.split(), "-h")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    examples = lines[lines.index("  Examples:") + 1 :]
    own = EXAMPLES.get(path) or [one for name, few in EXAMPLES.items() if name.startswith(f"{path} ") for one in few]
    assert [line.strip() for line in examples] == [text for about, typed in own for text in (f"# {about}", typed)]


def test_all_have_two_to_four_that_are_read_by_the_parser() -> None:
    groups = {path.split()[0] for path in paths() if " " in path} - {"import"}  # which takes FILEs by itself, too
    assert set(EXAMPLES) == {"", *paths()} - groups
    for path, examples in EXAMPLES.items():
        assert 2 <= len(examples) <= 4, path
        for _, typed in examples:
            for words in map(shlex.split, typed.replace("source <(", "").rstrip(")").split(" && ")):
                assert words[0] == "specrun", typed
                assert path == "" or words[1:][: len(path.split())] == path.split()
                assert _parses(specrun, words[1 : words.index(">") if ">" in words else None]), typed
