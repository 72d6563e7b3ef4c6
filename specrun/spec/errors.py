"""What specrun cannot do, or will not, as exceptions; each has the exit status that a command ends with for it.

These numbers are a promise to scripts and pipelines.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from specrun.spec.secrets import how_to_set
from specrun.spec.visible import visible

if TYPE_CHECKING:
    from specrun.spec.diagnostics import Diagnostic

DONE = 0
FAILED = 1
CHANGES_PENDING = 2
DRIFT = 3
REFUSED = 4
STALE = 5
WRONG_USAGE = 64
INVALID_SPEC = 65
BUG = 70
RUN_FAILED = 100
RUN_CANCELLED = 103
INTERRUPTED = 130

ORDER = (INTERRUPTED, BUG, STALE, REFUSED, FAILED, RUN_FAILED, RUN_CANCELLED)
"""Of several that apply, the first is the one."""


def worst(codes: set[int]) -> int:
    """The exit status of a command to which all these apply."""
    return next((code for code in ORDER if code in codes), DONE)


class Error(Exception):
    """Something that specrun cannot do, or will not. `code` is the exit status of a command that ends so."""

    code: int = FAILED


class UsageError(Error):
    """What was asked for is not to be had, such as an engine that there is not."""

    code = WRONG_USAGE

    def __init__(self, *lines: str) -> None:
        self.message = "\n".join(map(visible, lines))
        super().__init__(self.message)


class SecretUnset(Error):
    """A secret's environment variable is not set; `name` is the variable."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the secret {name} is not set: {how_to_set(name)} before apply")
        self.name = name


class OfDiagnostics(Error):
    """Something that `diagnostics` say, each with its place, and what is `said` besides. As text each has a line."""

    def __init__(self, diagnostics: Iterable[Diagnostic], said: str = "") -> None:
        self.diagnostics = tuple(diagnostics)
        self.said = visible(said)
        told = [
            f"{one.location}: {one.severity.value}[{one.code}]: {one.summary} {one.detail}" for one in self.diagnostics
        ]
        super().__init__("\n".join([*map(visible, told), *filter(None, [self.said])]))


class SpecInvalid(OfDiagnostics):
    """Specs have mistakes."""

    code = INVALID_SPEC


class Refused(OfDiagnostics):
    """A rule forbids it, or it would touch what is somebody else's."""

    code = REFUSED
