"""A person's desk: a folder with specs and code, and the command line, in processes of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import textwrap
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests import commands
from tests.commands import Command
from tests.conformance.places import Place

FOREIGN = ("SPECRUN_", "AZURE_", "AZUREML_", "NO_COLOR", "CI")
"""The caller's own settings, which no test is to depend on."""

LASTING = """
    import itertools, time
    print("begun", flush=True)
    for second in itertools.count(1):
        time.sleep(1)
        print(f"second {second}\\n", end="", flush=True)
"""
"""A script that runs until somebody ends it, and says so: each line in one write, which is there or is not."""


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        """Both streams, for a failed assertion."""
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"

    @property
    def words(self) -> str:
        """What stands on standard error, as one line: where it is wrapped does not matter."""
        return " ".join(self.err.split())

    @property
    def roles(self) -> dict[str, list[str]]:
        """The job's lines by the role in front of them."""
        found: dict[str, list[str]] = {}
        for line in self.out.splitlines():
            role, bar, text = line.partition(" | ")
            if bar and re.fullmatch(r"\w+/\d+", role):
                found.setdefault(role, []).append(text)
        return found

    def told(self, role: str = "main/0") -> Any:
        """The value that the job's process told as JSON, in a line after `told `."""
        values = [line.removeprefix("told ") for line in self.roles.get(role, []) if line.startswith("told ")]
        assert len(values) == 1, f"{role} told {len(values)} values\n{self.all}"
        return json.loads(values[0])


class Started:
    """A command that is still going on; what it has said so far is read as it comes."""

    def __init__(self, command: Command, patience: float) -> None:
        self.command = command
        self._patience = patience
        self._said: dict[str, list[str]] = {"out": [], "err": []}
        self._more = threading.Condition()
        streams = {"out": command.stdout, "err": command.stderr}
        self._readers = [threading.Thread(target=self._read, args=item, daemon=True) for item in streams.items()]
        for reader in self._readers:
            reader.start()

    def _read(self, name: str, stream: IO[str]) -> None:
        for line in stream:
            with self._more:
                self._said[name].append(line)
                self._more.notify_all()

    def await_line(self, part: str, stream: str = "out") -> None:
        """Wait until a line with this in it was said."""
        deadline = time.monotonic() + self._patience
        with self._more:
            while not any(part in line for line in self._said[stream]):
                assert any(reader.is_alive() for reader in self._readers), self._so_far(part)
                assert time.monotonic() < deadline, self._so_far(part)
                self._more.wait(0.2)

    def await_more(self, lines: int) -> None:
        """Wait until it has said so many lines more on standard output than it has by now."""
        deadline = time.monotonic() + self._patience
        with self._more:
            wanted = len(self._said["out"]) + lines
            while len(self._said["out"]) < wanted:
                assert any(reader.is_alive() for reader in self._readers), self._so_far("more")
                assert time.monotonic() < deadline, self._so_far("more")
                self._more.wait(0.2)

    def await_event(self, event: threading.Event) -> None:
        """Wait for what the command does elsewhere."""
        deadline = time.monotonic() + self._patience
        while not event.wait(0.1):
            assert self.command.poll() is None, self.end().all
            assert time.monotonic() < deadline, self._so_far("")

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self.command.send_signal(signal.SIGINT)

    def end(self, ends: int | None = None) -> Said:
        """Wait for its end; with `ends` that must be the exit status."""
        code = self.command.wait(self._patience)
        for reader in self._readers:
            reader.join(self._patience)
        said = Said(code, "".join(self._said["out"]), "".join(self._said["err"]))
        assert ends is None or said.code == ends, said.all
        return said

    def _so_far(self, part: str) -> str:
        return f"no line with {part!r}\n" + "".join([*self._said["out"], "--- err\n", *self._said["err"]])


class Desk:
    """`name` is of this test alone: of its specs, their clusters and their data. See `spec` for what it writes."""

    def __init__(self, folder: Path, place: Place) -> None:
        self.folder = folder / "desk"
        self.place = place
        self.name = f"conf-{uuid.uuid4().hex[:8]}"
        self.variables: dict[str, str] = {}
        self._home = folder
        self._started: list[Started] = []
        self._specs: dict[str, bool] = {}
        self.folder.mkdir(parents=True)

    def write(self, path: str, content: str | bytes) -> Path:
        """A file on the desk; text loses its common indentation."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            file.write_text(textwrap.dedent(content).lstrip("\n"), encoding="utf-8")
        return file

    def spec(self, text: str, file: str = "job.yaml", *, lasting: bool = False, **words: str) -> Path:
        """A spec of this `text`, with what it leaves out of apiVersion, name, workspace and, for a job, compute.

        `<word>` in the text stands for `words[word]`, and `<name>` for the spec's name, which is the desk's unless they
        say another. `lasting`: its job must be
        cancelled in the end.
        """
        text = textwrap.dedent(text).lstrip("\n")
        words = {"name": self.name, **words}
        for word, value in words.items():
            text = text.replace(f"<{word}>", value)
        head = {"apiVersion": "specrun/v1", "name": words["name"], "workspace": self.place.workspace}
        if re.search(r"^job:", text, re.MULTILINE):
            head["compute"] = self.place.compute
        lines = [f"{key}: {value}" for key, value in head.items() if not re.search(rf"^{key}:", text, re.MULTILINE)]
        self._specs[file] = lasting or self._specs.get(file, False)
        return self.write(file, "\n".join([*lines, text]))

    def lasting_job(self, text: str = "", file: str = "job.yaml") -> None:
        """A spec whose job goes on until it is cancelled, or for ten minutes; it says `begun`."""
        self.write("src/last.py", LASTING)
        job = "job:\n  code: src\n  command: python last.py\n  limits: {timeout: 600}\n"
        self.spec(job + textwrap.dedent(text), file, lasting=True)

    def run(self, *arguments: str, ends: int | None = 0) -> Said:
        """A command to its end; `ends` is the exit status that it must have, None for any."""
        return self.start(*arguments).end(ends)

    def start(self, *arguments: str) -> Started:
        """A command that goes on while the test does."""
        engine = None if self.place.costly else self.place.engine
        environment, first = self._environment(), None
        if self.place.recordings:
            environment["RECORDING_FILE"] = str(self.place.recordings / f"{self.name}.jsonl")
            first = "tests.live.recorder"
        command = commands.start(arguments, self.folder, environment, engine, first)
        self._started.append(Started(command, self.place.patience))
        return self._started[-1]

    def apply(self, *arguments: str, ends: int = 0) -> Said:
        """`specrun apply --yes`."""
        return self.run("apply", "--yes", *arguments, ends=ends)

    def plan(self, *arguments: str, ends: int = 0) -> dict[str, Any]:
        """`specrun plan -o json`, read."""
        plan: dict[str, Any] = json.loads(self.run("plan", "-o", "json", *arguments, ends=ends).out)
        return plan

    def runs(self, *arguments: str) -> list[dict[str, Any]]:
        """`specrun runs -o json`, read."""
        runs: list[dict[str, Any]] = json.loads(self.run("runs", "-o", "json", *arguments).out)
        return runs

    def close(self) -> None:
        """End what was started; where that costs something, take away what was made."""
        for started in self._started:
            if started.command.poll() is None:
                started.command.kill()
                started.command.wait(self.place.patience)
        for file, lasting in self._specs.items():
            if lasting:
                self.run("cancel", file, ends=None)
            if self.place.costly:
                self.run("destroy", "--yes", "--also", "data", file, ends=None)

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        isolated = {
            "HOME": str(self._home / "home"),
            "AZURE_CONFIG_DIR": str(self._home / "home" / ".azure"),
            "SPECRUN_HOME": str(self._home / "state"),
        }
        (self._home / "home").mkdir(exist_ok=True)
        settings = {"PYTHONPATH": str(commands.ROOT), "COLUMNS": "120", "SPECRUN_ENGINE": self.place.engine}
        return {**own, **isolated, **settings, **self.place.environment, **self.variables}


def actions(plan: Mapping[str, Any]) -> dict[str, str]:
    """What a plan does to each resource, without what it leaves as it is."""
    changes = {change["address"]: change["specrun_action"] for change in plan["resource_changes"]}
    return {address: action for address, action in changes.items() if action != "no-op"}


def change(plan: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The plan's one change to a resource of this kind."""
    (found,) = [change for change in plan["resource_changes"] if change["type"] == kind]
    return dict(found)
