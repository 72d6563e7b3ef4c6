"""The console blocks of a page, typed by one person after another on this machine: `$ COMMAND`, and what it prints."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests import commands

PATIENCE = 120.0
FOREIGN = ("SPECRUN_", "AZURE_", "AZUREML_", "GITHUB_", "GIT_", "NO_COLOR", "CI", "VIRTUAL_ENV", "CONDA_")
"""Settings of whoever runs the tests."""

VOLATILE = re.compile(r"\b\d+(?:\.\d)? (?:s|min)\b|\b\d+:\d\d\b")
"""How long something took."""

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Walk:
    """A shell that begins in `folder`. `fixed` are variables that nothing on the page sets anew; its `--engine local`
    is left out where `engine` is another one. `strict`: what is printed is what the page shows, where `…` is anything.
    """

    page: Path
    folder: Path
    fixed: Mapping[str, str]
    engine: str
    strict: bool
    variables: dict[str, str] = field(default_factory=dict)
    _code: int = 0

    def __post_init__(self) -> None:
        self._blocks = iter(BLOCK.findall(self.page.read_text(encoding="utf-8")))

    def block(self, start: str) -> None:
        """Type the next block, which begins so."""
        block = next(self._blocks)
        assert block.startswith(f"$ {start}"), block
        for command, shown, status in _typed(block):
            said = self._type(command)
            assert self._code == status, f"$ {command}\nexit {self._code}\n{said}"
            if self.strict:
                assert pattern(shown).fullmatch(_plain(said)), f"$ {command}\n{said}\n--- on the page\n{shown}"

    @property
    def done(self) -> bool:
        """Whether all blocks were typed."""
        return next(self._blocks, None) is None

    @property
    def environment(self) -> dict[str, str]:
        """What a command sees."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        return {**own, "COLUMNS": "100", "PYTHONPATH": str(commands.ROOT), **self.variables, **self.fixed}

    def specrun(self, words: list[str], folder: Path | None = None, **variables: str) -> tuple[int, str, str]:
        """The exit status, and what went to standard output and standard error."""
        done = commands.run(words, folder or self.folder, {**self.environment, **variables}, self.engine, PATIENCE)
        return done.returncode, done.stdout, done.stderr

    def _type(self, line: str) -> str:
        if self.engine != "local":
            line = line.replace(" --engine local", "")
        words = shlex.split(line, comments=True)
        if words[0] == "specrun":
            self._code, out, err = self.specrun(words[1:])
            return (err + out).replace(self.environment["HOME"], "~")
        if words[0] == "export":
            self.variables |= {
                name: self._home(value) for name, _, value in (word.partition("=") for word in words[1:])
            }
            return ""
        where = Path(self.environment["HOME"], ".where")
        done = subprocess.run(
            ["bash", "-c", f"{line}\nended=$?; pwd > ~/.where; exit $ended"],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.folder = Path(where.read_text().strip())
        where.unlink()
        self._code = done.returncode
        return done.stdout

    def _home(self, value: str) -> str:
        return value.replace("~", self.environment["HOME"], 1) if value.startswith("~/") else value


def _typed(block: str) -> Iterator[tuple[str, str, int]]:
    """Each command, what the page shows of it, and how it has to end: what `echo $?` says below it, else with 0."""
    parts = [part.partition("\n") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    for (command, _, shown), (then, _, status) in zip(parts, [*parts[1:], ("", "", "")], strict=True):
        if command != "echo $?":
            yield command, shown, int(status) if then == "echo $?" else 0


def pattern(shown: str) -> re.Pattern[str]:
    """What fits a text of the page: a line with nothing but `…` stands for any lines, elsewhere `…` is anything."""
    text = re.escape(_plain(shown))
    text = re.sub(r"(?m)^…\\\n", r"(?:.*\n)*?", text)
    return re.compile(text.replace("…", ".*?"))


def _plain(text: str) -> str:
    return VOLATILE.sub("TIME", text)
