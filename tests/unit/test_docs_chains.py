"""The pages about chains and models: their specs are valid and read from each other, their commands are commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from specrun.apply.chains import with_upstream
from specrun.apply.project import open_project
from specrun.cli.main import specrun
from specrun.spec.load import check, load

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("chains.md", "models.md")}
BLOCKS = [
    (name, block)
    for name, page in PAGES.items()
    for block in re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
]
COMMANDS = [
    line.removeprefix("$ ")
    for page in PAGES.values()
    for kind, block in re.findall(r"^```(sh|console)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
    if kind == "sh" or line.startswith("$ specrun ")  # what else stands there was answered, or is of other programs
]


def files(folder: Path) -> None:
    (folder / "src").mkdir()
    for name in ("prepare", "train", "evaluate"):
        (folder / "src" / f"{name}.py").write_text("")
    for name in ("data", "features/features"):
        (folder / name).mkdir(parents=True)


def whole(block: str) -> str:
    text = block if "apiVersion:" in block else f"apiVersion: specrun/v1\nname: digits\n{block}"
    return text if "code:" in text else text.replace("\njob:\n", "\njob:\n  code: src\n")


@pytest.mark.parametrize(("page", "block"), BLOCKS)
def test_a_spec_of_the_pages_is_valid(page: str, block: str, tmp_path: Path) -> None:
    files(tmp_path)
    (tmp_path / "job.yaml").write_text(whole(block))
    assert check([str(tmp_path / "job.yaml")]) == ()


def test_the_specs_of_the_page_read_from_each_other(tmp_path: Path) -> None:
    files(tmp_path)
    for number, (page, block) in enumerate(BLOCKS):
        if page == "chains.md" and "apiVersion:" in block:
            (tmp_path / f"{number}.yaml").write_text(block)
    chained = with_upstream(load([str(file) for file in sorted(tmp_path.glob("*.yaml"))]).specs, {})
    assert (len(chained.specs), chained.used, chained.mistakes) == (3, (), ())
    assert not list(open_project(chained.specs, "local", tmp_path / "home", chained.used).check())


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_pages_is_one(line: str) -> None:
    program, verb, *arguments = shlex.split(line)
    command = specrun.get_command(click.Context(specrun), verb)
    assert program == "specrun"
    assert command is not None
    command.make_parser(click.Context(command, help_option_names=["-h", "--help"])).parse_args(arguments)
