"""What an engine says of a spec before anybody is signed in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from specrun.spec.codes import CODES
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.load import load
from specrun.spec.model import Spec

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
WORKSPACE = f"workspace: {{name: ml-ws, resource_group: ml-rg, subscription_id: {SUBSCRIPTION}}}"
NET = "/providers/Microsoft.Network/virtualNetworks/vnet/subnets/default"
COMPUTE = "compute: gpu-cluster"
JOB = "job: {command: echo"


@dataclass(frozen=True)
class Checking:
    """`folder` is where the spec stands; `check` is the engine's."""

    folder: Path
    check: Callable[[Spec], Iterable[Diagnostic]]

    def found(self, *lines: str, workspace: str = WORKSPACE) -> list[Diagnostic]:
        """What is found in a spec of these lines, below its name."""
        file = self.folder / "job.yaml"
        file.write_text("\n".join(["apiVersion: specrun/v1", "name: job", workspace, *lines]))
        loaded = load([str(file)])
        assert loaded.specs, loaded.diagnostics
        return list(self.check(loaded.specs[0]))

    def says_one_thing(self, lines: Sequence[str], code: str, path: tuple[str, ...], words: str) -> None:
        """Nothing else is found, and this at its place; `words` is a pattern in its detail."""
        (diagnostic,) = self.found(*lines)
        assert (diagnostic.code, diagnostic.path) == (code, path)
        assert diagnostic.severity is CODES[code].severity
        assert re.search(words, diagnostic.detail), diagnostic.detail
        assert diagnostic.location.line > 3
