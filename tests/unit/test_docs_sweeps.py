"""The page about sweeps: its specs are valid, its commands are commands, and its table is what the rules say."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from specrun.cli.main import specrun
from specrun.spec.load import check
from specrun.spec.rules.search_space import _TAKES
from specrun.spec.schema import schema

PAGE = (Path(__file__).parents[2] / "docs" / "sweeps.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"^(specrun .*)$", "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S)), re.M)
JOB = "job: {code: src, command: 'python train.py ${{ search_space.learning_rate }}'}\n"


@pytest.mark.parametrize("block", BLOCKS)
def test_a_spec_of_the_page_is_valid(block: str, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("")
    head = "" if "apiVersion:" in block else f"apiVersion: specrun/v1\nname: digits\n{JOB}"
    (tmp_path / "job.yaml").write_text(head + block)
    assert check([str(tmp_path / "job.yaml")]) == ()


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_page_is_one(line: str) -> None:
    _, verb, *arguments = shlex.split(line)
    command = specrun.get_command(click.Context(specrun), verb)
    assert command is not None
    command.make_parser(click.Context(command, help_option_names=["-h", "--help"])).parse_args(arguments)


def test_the_table_says_which_algorithm_takes_which_type() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| .* \| ([a-z, ]+) \|$", PAGE, re.MULTILINE)
    told = {kind: set(takes.split(", ")) for kinds, takes in rows[1:] for kind in re.findall(r"\w+", kinds)}
    kinds = schema()["$defs"]["parameterType"]["anyOf"][0]["enum"]
    every = {algorithm: _TAKES.get(algorithm, kinds) for algorithm in ("grid", "random", "bayesian")}
    assert told == {kind: {algorithm for algorithm in every if kind in every[algorithm]} for kind in kinds}
