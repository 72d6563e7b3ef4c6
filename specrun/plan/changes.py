"""What a plan consists of: changes, each with an action, a reason, and what was there before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from specrun.plan.files import SourceFile
from specrun.plan.observed import Observed, Run, StoredFile
from specrun.plan.resources import Kind, Resource
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Spec

FORMAT = 1


class Action(Enum):
    """What happens to a resource. The value is its name in data, `sign` what people see."""

    NO_OP = "no-op"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    SUBMIT = "submit"

    @property
    def sign(self) -> str:
        """One character, as in `+ compute/gpu-cluster`."""
        return {"no-op": " ", "create": "+", "update": "~", "replace": "±", "delete": "-", "submit": "▶"}[self.value]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs. `path` is dotted, as in `network_settings.subnet`."""

    path: str
    before: object
    after: object
    reason: str = ""
    forces_replace: bool = False


@dataclass(frozen=True, slots=True)
class Transfer:
    """An upload, file by file. Paths are relative to the source and to the target alike.

    `extra` are on the target and not in the source; those in `prune` will be removed (the spec says `prune: true` and
    this spec wrote them), the others stay.
    """

    new: tuple[SourceFile, ...] = ()
    changed: tuple[SourceFile, ...] = ()
    unchanged: tuple[SourceFile, ...] = ()
    extra: Mapping[str, StoredFile] = field(default_factory=dict)
    prune: tuple[str, ...] = ()

    @property
    def send(self) -> tuple[SourceFile, ...]:
        """The files that go over the wire."""
        return (*self.new, *self.changed)


@dataclass(frozen=True, slots=True)
class Submission:
    """What a run is asked for with. `identity` is what the fingerprint was taken of.

    `staged` is a copy of exactly the planned code files: apply makes it, engines are given nothing else.
    """

    name: str
    fingerprint: str
    attempt: int
    identity: Mapping[str, object]
    spec: Spec
    code: tuple[SourceFile, ...] = ()
    staged: Path | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One resource and what will be done to it. `before` is what was observed when the plan was made.

    For a run: `submission` says what would be asked for, `follow` is the run that apply follows instead (or again), and
    `differences` what changed since the spec's last run.
    """

    resource: Resource
    action: Action
    reason: str
    before: Observed | None = None
    fields: tuple[FieldChange, ...] = ()
    transfer: Transfer | None = None
    submission: Submission | None = None
    follow: Run | None = None
    differences: tuple[str, ...] = ()
    cancel: tuple[Run, ...] = ()

    @property
    def kind(self) -> Kind:
        """The resource's kind."""
        return self.resource.kind


@dataclass(frozen=True, slots=True)
class Plan:
    """What apply will do, and nothing else. `refusals` forbid it (exit 4), `problems` make it impossible (exit 1)."""

    engine: str
    target: str
    changes: tuple[Change, ...]
    spec_digests: Mapping[str, str]
    refusals: tuple[Diagnostic, ...] = ()
    problems: tuple[Diagnostic, ...] = ()
    format: int = FORMAT

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that do something."""
        return tuple(change for change in self.changes if change.action is not Action.NO_OP)

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """The fingerprint of each run in the plan, by the run's spec."""
        return {c.resource.name: c.submission.fingerprint for c in self.changes if c.submission is not None}


@dataclass(frozen=True, slots=True)
class Capability:
    """What an engine can do to one kind. `in_place`: fields that can change without replacing (None: all of them).

    `write_only`: fields, with dots, that no service gives back: what cannot be observed is not compared. `kept`: why
    things of this kind are never deleted ("": they may be).
    """

    in_place: frozenset[str] | None = frozenset()
    replaceable: bool = False
    write_only: frozenset[str] = frozenset()
    kept: str = ""
