"""Folders with specs that have run, or run, for the page to show."""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path

from tests import commands
from tests.ui.served import PATIENCE


class Folder:
    """A folder with a spec `job.yaml`, whose code is `src/train.py`. Its runs are on this machine, or with `engine`."""

    def __init__(self, path: Path, engine: str = "local", environment: Mapping[str, str] | None = None) -> None:
        self.path = path
        self.engine = engine
        self.environment = {**os.environ, **(environment or {})}
        (path / "src").mkdir(parents=True, exist_ok=True)

    def write(self, script: str, command: str = "python train.py", name: str = "digits", more: str = "") -> Folder:
        """Write the spec and its script; `more` are lines of the spec besides."""
        (self.path / "src" / "train.py").write_text(textwrap.dedent(script))
        spec = ["apiVersion: specrun/v1", f"name: {name}", textwrap.dedent(more), "job:", "  code: src"]
        spec += [f"  command: {json.dumps(command)}", "  outputs:", "    model: {}"]
        (self.path / "job.yaml").write_text("\n".join(spec) + "\n")
        return self

    def apply(self, *arguments: str, code: int = 0) -> str:
        """`specrun apply`; the name of the run."""
        self.specrun("apply", "--yes", *arguments, code=code)
        return self.newest()

    def begin(self, *arguments: str) -> str:
        """The same, and the run goes on."""
        return self.apply("--detach", *arguments)

    def newest(self) -> str:
        """The name of the newest run."""
        return str(json.loads(self.specrun("status", "-o", "json", code=None).stdout)["name"])

    def status(self, name: str) -> str:
        """Where a run is."""
        return str(json.loads(self.specrun("status", name, "-o", "json", code=None).stdout)["status"])

    def run(self, name: str) -> Path:
        """The folder of a run on this machine."""
        return self.path / ".specrun" / "runs" / name

    def specrun(self, *arguments: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
        """A command to its end, which has this exit status."""
        said = commands.run(arguments, self.path, self.environment, self.engine, PATIENCE)
        assert code in (None, said.returncode), f"{arguments} ended with {said.returncode}:\n{said.stdout}{said.stderr}"
        return said
