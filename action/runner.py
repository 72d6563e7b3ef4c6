"""The files of a GitHub runner, and the lines that it takes for commands."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SUMMARY = 1 << 20
"""Bytes of a step's summary; GitHub shows nothing of a larger one."""

_CUT = "\n\n… cut here: a summary has at most 1 MiB.\n"


class Runner:
    """What a job's step may read and write. `environment` has the files' names."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment

    @property
    def event(self) -> Mapping[str, Any]:
        """What has started the workflow; empty where nothing tells."""
        file = self.environment.get("GITHUB_EVENT_PATH", "")
        try:
            found = json.loads(Path(file).read_bytes()) if file else {}
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def summary(self, text: str) -> None:
        """Add Markdown to the job's page, as much as there is room for."""
        if not (file := self.environment.get("GITHUB_STEP_SUMMARY", "")):
            return
        path = Path(file)
        room = SUMMARY - (path.stat().st_size if path.exists() else 0)
        data = f"{text.rstrip()}\n\n".encode()
        if len(data) > room:
            kept = max(0, room - len(_CUT.encode()) - 8)
            text = data[:kept].decode("utf-8", "ignore")
            text = text[: text.rfind("\n") + 1]
            closed = "\n```\n" if text.count("\n```") % 2 else ""
            data = f"{text}{closed}{_CUT}".encode() if kept else b""
        with path.open("ab") as written:
            written.write(data)

    def output(self, name: str, value: str) -> None:
        """Set an output. The value ends where a line is that nobody could know."""
        if not (file := self.environment.get("GITHUB_OUTPUT", "")):
            return
        end = f"end-{secrets.token_hex(16)}"
        with Path(file).open("a", encoding="utf-8") as written:
            written.write(f"{name}<<{end}\n{value}\n{end}\n")

    def annotate(self, commands: str) -> None:
        """What `specrun -o github` has printed."""
        print(commands, end="", flush=True)

    def tell(self, level: str, text: str) -> None:
        """An annotation of the run."""
        escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        print(f"::{level} title=specrun::{escaped}", file=sys.stdout, flush=True)
