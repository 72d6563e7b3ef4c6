"""A plan as a file: written by `plan --out`, carried out by `apply PLAN`, refused when its specs have changed.

It holds no properties and so no credentials: those are read again from the specs, whose digests it knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from specrun.plan.changes import FORMAT, Action, Change, FieldChange, Plan, Submission, Transfer
from specrun.plan.files import SourceFile
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.resources import Graph
from specrun.spec.schema import schema_text

SCHEMA = "specrun-plan.v1.schema.json"


class PlanUnreadable(Exception):
    """The file is not a plan of this format."""


class PlanStale(Exception):
    """The specs are not those that the plan was made of: plan again (exit 5)."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A plan's file, and how its specs were read: what the command line said then holds again."""

    content: Mapping[str, Any]

    @property
    def call(self) -> Mapping[str, Any]:
        """Files, variables, inputs and environment of the call that made the plan."""
        call: Mapping[str, Any] = self.content["call"]
        return call

    @property
    def engine(self) -> str:
        """The engine's name."""
        return str(self.content["engine"])


def save(plan: Plan, call: Mapping[str, object], file: Path) -> None:
    """Write a plan, replacing the file at once. Raises OSError."""
    content = {
        "format": FORMAT,
        "call": dict(call),
        "engine": plan.engine,
        "target": plan.target,
        "spec_digests": _by_absolute_path(plan.spec_digests),
        "fingerprints": dict(plan.fingerprints),
        "changes": [_encode(change) for change in plan.changes],
    }
    temporary = file.with_name(f".{file.name}.tmp")
    temporary.write_text(json.dumps(content, indent=1, default=_plain) + "\n")
    temporary.replace(file)


def read_saved(file: str) -> Saved | None:
    """The saved plan in a file, or None when it is something else, such as a spec. Raises PlanUnreadable."""
    try:
        with open(file, "rb") as source:  # noqa: PTH123 - a name with a NUL byte must not raise in Path
            if source.read(1) != b"{":
                return None
            content = json.loads(b"{" + source.read())
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or "changes" not in content or "spec_digests" not in content:
        return None
    if content.get("format") != FORMAT:
        raise PlanUnreadable(f"{file} is a plan of format {content.get('format')}, and this specrun reads {FORMAT}")
    _check(file, content)
    return Saved(content)


def restore(saved: Saved, graph: Graph) -> Plan:
    """The saved plan over freshly read specs. Raises PlanStale and PlanUnreadable."""
    digests = {str(resource.spec.file): resource.spec.digest for resource in graph.resources.values()}
    found, recorded = _by_absolute_path(digests), saved.content["spec_digests"]
    for file in {**found, **recorded}:
        if found.get(file) != recorded.get(file):
            raise PlanStale(f"{file} (or a variable in it) changed since the plan was made: plan again")
    unknown = [item["key"] for item in saved.content["changes"] if item["key"] not in graph.resources]
    if unknown:
        raise PlanUnreadable(f"the plan is damaged: its specs do not declare {', '.join(unknown)}: plan again")
    changes = tuple(_decode(item, graph) for item in saved.content["changes"])
    return Plan(saved.engine, str(saved.content["target"]), changes, digests)


def _check(file: str, content: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator  # late: only a saved plan is checked with it
    from jsonschema.exceptions import best_match

    schema = json.loads(schema_text(SCHEMA))
    error = best_match(Draft202012Validator(schema).iter_errors(content))
    if error is not None:
        raise PlanUnreadable(f"{file} is a damaged plan: at {error.json_path}, {error.message}: plan again")


def _by_absolute_path(digests: Mapping[str, str]) -> dict[str, str]:
    # A plan may be applied from another folder than it was made in.
    return {str(Path(file).absolute()): digest for file, digest in digests.items()}


def _encode(change: Change) -> dict[str, object]:
    submission, transfer = change.submission, change.transfer
    return {
        "key": change.resource.key,
        "action": change.action.value,
        "reason": change.reason,
        "before": asdict(change.before) if change.before else None,
        "fields": [asdict(field) for field in change.fields],
        "transfer": asdict(transfer) if transfer else None,
        "submission": {
            "name": submission.name,
            "fingerprint": submission.fingerprint,
            "attempt": submission.attempt,
            "identity": submission.identity,
            "code": [asdict(file) for file in submission.code],
        }
        if submission
        else None,
        "follow": _encode_run(change.follow) if change.follow else None,
        "cancel": [_encode_run(run) for run in change.cancel],
        "differences": list(change.differences),
    }


def _encode_run(run: Run) -> dict[str, object]:
    return {
        "name": run.name,
        "spec": run.spec,
        "fingerprint": run.fingerprint,
        "attempt": run.attempt,
        "status": run.status.value,
    }


def _plain(value: object) -> object:
    return value.value if isinstance(value, (Status, RunStatus)) else str(value)


def _decode(item: Mapping[str, Any], graph: Graph) -> Change:
    resource = graph.resources[item["key"]]
    submission = item["submission"]
    return Change(
        resource,
        Action(item["action"]),
        item["reason"],
        before=_observed(item["before"]) if item["before"] else None,
        fields=tuple(FieldChange(**field) for field in item["fields"]),
        transfer=_transfer(item["transfer"]) if item["transfer"] else None,
        submission=Submission(
            submission["name"],
            submission["fingerprint"],
            submission["attempt"],
            submission["identity"],
            resource.spec,
            _files(submission["code"]),
        )
        if submission
        else None,
        follow=_run(item["follow"]) if item["follow"] else None,
        differences=tuple(item["differences"]),
        cancel=tuple(_run(run) for run in item["cancel"]),
    )


def _observed(item: Mapping[str, Any]) -> Observed:
    return Observed(Status(item["status"]), item["properties"], _stored(item["files"]), item["owner"], item["reason"])


def _transfer(item: Mapping[str, Any]) -> Transfer:
    return Transfer(
        _files(item["new"]),
        _files(item["changed"]),
        _files(item["unchanged"]),
        _stored(item["extra"]),
        tuple(item["prune"]),
    )


def _files(items: Sequence[Mapping[str, Any]]) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(**{**item, "source": Path(item["source"])}) for item in items)


def _stored(items: Mapping[str, Any]) -> dict[str, StoredFile]:
    return {path: StoredFile(**item) for path, item in items.items()}


def _run(item: Mapping[str, Any]) -> Run:
    return Run(**{**item, "status": RunStatus(item["status"])})
