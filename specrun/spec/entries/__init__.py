"""What there is to say about each code beyond its summary: why it is reported, an example, what to write instead.

A file of this package holds one group of codes. Nothing here is read before somebody asks: `specrun explain` and the
generator of docs/diagnostics.md do.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from specrun.spec.codes import CODES, Code
from specrun.spec.frozen import dataclass

GROUPS: Mapping[str, str] = {
    "file": "The file",
    "shape": "Keys and values",
    "layers": "Bases and targets",
    "expressions": "Expressions and secrets",
    "job": "The job",
    "sweep": "Sweeps",
    "environment": "The environment",
    "data": "Data and datastores",
    "chains": "Chains and models",
    "paths": "Files and folders",
    "machines": "Counts and machines",
    "prices": "Prices",
    "rules": "Rules of a repository",
    "local": "On this machine",
    "workspace": "The workspace",
    "azure": "On Azure ML",
    "plan": "Plans",
    "export": "Exports",
}
"""The groups of codes, each with its heading."""

_HEAD = "apiVersion: specrun/v1\nname: digits\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """One code's entry.

    `wrong` is a spec that brings the code when `specrun COMMAND` reads it, `right` one that does not; both without the
    two lines that every spec begins with, but in the group `file`. `instead` says what to do where `right` does not
    show it. `test` is a test that brings a code which no spec alone can show.
    """

    code: str
    known: Code
    why: str
    wrong: str = ""
    right: str = ""
    instead: str = ""
    command: str = "validate"
    test: str = ""

    def whole(self, example: str) -> str:
        """An example as a file that specrun reads."""
        return example if self.known.group == "file" else _HEAD + example


def entries(group: str | None = None) -> dict[str, Entry]:
    """The entries of one group, or all of them, in the order of CODES."""
    told = {one: _read(one) for one in ([group] if group else GROUPS)}
    return {code: Entry(code, known, **told[known.group][code]) for code, known in CODES.items() if known.group in told}


def _read(group: str) -> dict[str, Any]:
    text = (Path(__file__).parent / f"{group}.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one of LibYAML takes a tenth of the time
    found: dict[str, Any] = yaml.load(text, Loader=loader)
    return found
