"""Pipelines in the documents are YAML, and their lines are ones that specrun takes."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from specrun.cli.main import VERBS, specrun

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^( *)```yaml\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def pipelines() -> Iterator[tuple[str, Any]]:
    for page in sorted(DOCS.glob("*.md")):
        for number, (_, text) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1):
            if re.search(r"^\s*(- )*(run|script|inlineScript): ", text, re.MULTILINE) and "steps:" in text:
                yield f"{page.name}, block {number}", yaml.safe_load(textwrap.dedent(text))


FOUND = dict(pipelines())


def scripts(value: Any) -> Iterator[str]:
    """What a pipeline runs, line by line."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("run", "script", "inlineScript") and isinstance(inner, str):
                yield from inner.splitlines()
            else:
                yield from scripts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scripts(inner)


def parsed(line: str) -> dict[str, object]:
    """The options that a command line of specrun gives. Raises click.UsageError."""
    _, verb, *arguments = shlex.split(line.partition(" > ")[0], comments=True)
    command = specrun.get_command(click.Context(specrun), verb)
    assert command is not None, f"{verb} is none of {', '.join(VERBS)}"
    context = click.Context(command, help_option_names=["-h", "--help"])  # a command keeps its help option
    return dict(command.make_parser(context).parse_args(arguments)[0])


@pytest.mark.parametrize("where", FOUND)
def test_lines_of_pipelines_are_commands(where: str) -> None:
    for line in (line for line in scripts(FOUND[where]) if line.startswith("specrun ")):
        parsed(line)


def test_both_services_train_every_night() -> None:
    nightly = {where: one for where, one in FOUND.items() if where.startswith("azure.md") and "--rerun" in str(one)}
    assert len(nightly) == 2
    for one in nightly.values():
        (line,) = (line for line in scripts(one) if line.startswith("specrun apply"))
        given = parsed(line)
        assert {"yes", "rerun", "max_runs", "engine"} <= given.keys()
    github, devops = nightly.values()
    assert github[True]["schedule"][0]["cron"] == devops["schedules"][0]["cron"] == "23 1 * * *"
    assert github["permissions"] == {"contents": "read", "id-token": "write"}
    assert github["concurrency"]
    assert not devops["schedules"][0].keys() - {"cron", "displayName", "branches", "always", "batch"}


def test_a_line_that_specrun_does_not_take_is_noticed() -> None:
    with pytest.raises(click.UsageError):
        parsed("specrun apply --no-such-option specs/job.yaml")
