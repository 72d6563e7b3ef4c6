"""docs/commands.md names every verb, every option and every exit status, and none that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from specrun.cli import exit_codes
from specrun.cli.main import VERBS, specrun
from specrun.cli.options import forms_of

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
SHARED = SECTIONS["Options of several verbs"]


def options(text: str) -> set[str]:
    """The options in the first cells of a section's tables: `--tail N` is --tail."""
    cells = "\n".join(line.split(" | ")[0] for line in text.splitlines() if line.startswith("| `-"))
    return set(re.findall(r"`(--[a-z-]+)", cells))


def described(verb: str) -> dict[str, click.Option]:
    """The options of a verb, without those that all have."""
    command = specrun.get_command(click.Context(specrun), verb)
    assert command is not None
    found = [
        option for each in forms_of(command).values() for option in each.params if isinstance(option, click.Option)
    ]
    named = {next(name for name in option.opts if name.startswith("--")): option for option in found}
    assert named.pop("--quiet", None) is not None
    return named


def test_sections_are_the_verbs_in_their_order() -> None:
    assert list(SECTIONS) == ["Options of several verbs", *VERBS, "Exit codes"]


def test_the_table_has_every_verb_in_the_order_of_the_sections() -> None:
    table = PAGE[: PAGE.index("## Options of several verbs")]
    rows = [line for line in table.splitlines() if line.startswith("| [")]
    linked = [name for row in rows for name in re.findall(r"\[([a-z]+)\]\(#\1\)", row.split(" | ")[0])]
    assert linked == list(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_the_options_that_its_section_names(verb: str) -> None:
    assert options(SECTIONS[verb]) == set(described(verb))


@pytest.mark.parametrize("verb", VERBS)
def test_short_forms_and_formats_are_named(verb: str) -> None:
    text = SECTIONS[verb]
    for name, option in described(verb).items():
        for short in (other for other in option.opts if len(other) == 2 and other != "-h"):
            assert f"`{short}" in text, f"{verb} {name} has the short form {short}"
        if isinstance(option.type, click.Choice):
            missing = [choice for choice in option.type.choices if choice not in text]
            assert not missing, f"{verb} {name} takes {missing}"
        if option.type.name == "integer range" and isinstance(option.default, int):
            assert str(option.default) in text + SECTIONS["plan"], f"{verb} {name} is {option.default} when left out"


def test_what_q_leaves_is_said_of_every_verb() -> None:
    table = SHARED[SHARED.index("### What -q leaves") :]
    assert set(re.findall(r"`([a-z]+)`", "".join(re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)))) == set(VERBS)


def test_options_that_are_only_referred_to_are_explained() -> None:
    for verb in VERBS:
        for line in SECTIONS[verb].splitlines():
            if "(#options-of-several-verbs)" in line:
                assert options(line) <= options(SHARED), f"{verb}: {line}"


def test_every_exit_status_is_listed() -> None:
    listed = {int(number) for number in re.findall(r"^\| (\d+) \|", SECTIONS["Exit codes"], re.MULTILINE)}
    assert listed == {value for name, value in vars(exit_codes).items() if name.isupper() and isinstance(value, int)}


def test_the_order_of_exit_statuses_is_that_of_the_program() -> None:
    assert ", ".join(map(str, exit_codes.ORDER)) in SECTIONS["Exit codes"]
