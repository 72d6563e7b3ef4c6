"""A plan as a file: written by `plan --out`, carried out by `apply PLAN`, refused when its specs have changed.

It holds no properties and so no credentials: those are read again from the specs, whose digests it knows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from specrun.plan.changes import FORMAT, Action, Change, FieldChange, Plan, ResourceChange
from specrun.plan.files import SourceFile
from specrun.plan.graph import Graph
from specrun.plan.hashes import md5_of
from specrun.plan.kinds.data import DataTarget, Upload
from specrun.plan.kinds.environment import JobEnvironment
from specrun.plan.kinds.run import Follow, RunRequest, Submission, Submit
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.resources import Place, Resource
from specrun.plan.transfer import Transfer
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
        """Files, engine, variables, inputs and environment of the call that made the plan."""
        call: Mapping[str, Any] = self.content["call"]
        return call


def save(plan: Plan, call: Mapping[str, object], file: Path) -> None:
    """Write a plan, replacing the file at once. Raises OSError."""
    content = {
        "format": FORMAT,
        "call": dict(call),
        "places": [asdict(place) for place in plan.places],
        "spec_digests": _by_absolute_path(plan.spec_digests),
        "fingerprints": dict(plan.fingerprints),
        "changes": [_encode(change, plan.places) for change in plan.changes],
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
    if "changes" not in content or "spec_digests" not in content:
        return None
    if content.get("format") != FORMAT:
        raise PlanUnreadable(f"{file} is a plan of format {content.get('format')}, and this specrun reads {FORMAT}")
    _check(file, content)
    return Saved(content)


def restore(saved: Saved, graph: Graph) -> Plan:
    """The saved plan over freshly read specs. Raises PlanStale and PlanUnreadable."""
    found, recorded = _by_absolute_path(graph.spec_digests), saved.content["spec_digests"]
    for file in {**found, **recorded}:
        if found.get(file) != recorded.get(file):
            raise PlanStale(f"{file} (or a variable in it) changed since the plan was made: plan again")
    _check_environments(saved, graph)
    places = tuple(Place(**place) for place in saved.content["places"])
    numbered = enumerate(places)
    declared = {(number, found.address): found for number, place in numbered for found in graph.in_place(place)}
    items = {(item["place"], item["key"]): item for item in saved.content["changes"]}
    unknown = [address for place, address in items if (place, address) not in declared]
    if unknown:
        raise PlanUnreadable(f"the plan is damaged: its specs do not declare {', '.join(unknown)}: plan again")
    changes = tuple(_decode(item, declared[which]) for which, item in items.items())
    return Plan(places, changes, graph.spec_digests)


def _check_environments(saved: Saved, graph: Graph) -> None:
    """What an environment is built of must be what it was: its content is the environment's name."""
    recorded = [file for item in saved.content["changes"] for file in item.get("files", ())]
    for file in recorded:
        _check_unchanged(Path(file["source"]), file["md5"])
    known = {file["source"] for file in recorded}
    environments = (found for found in graph.resources.values() if isinstance(found, JobEnvironment))
    for file in (file for environment in environments for file in environment.content.files):
        if str(file.source) not in known:
            raise PlanStale(f"{file.source} is new since the plan was made: plan again")


def _check_unchanged(file: Path, md5: str) -> None:
    try:
        now = md5_of(file)
    except OSError as error:
        raise PlanStale(f"{file} cannot be read any more ({error.strerror}): plan again") from error
    if now != md5:
        raise PlanStale(f"{file} changed since the plan was made: plan again")


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


def _encode(change: Change, places: Sequence[Place]) -> dict[str, object]:
    item: dict[str, object] = {
        "place": places.index(change.key.place),
        "key": change.key.address,
        "action": change.action.value,
        "reason": change.reason,
    }
    match change:
        case ResourceChange(resource=resource, before=before, fields=fields):
            item |= {"before": asdict(before), "fields": [asdict(field) for field in fields]}
            if isinstance(resource, JobEnvironment):
                item["files"] = [asdict(file) for file in resource.content.files]
        case Upload(before=before, transfer=transfer):
            item |= {"before": asdict(before), "transfer": asdict(transfer)}
        case Submit(submission=submission, cancel=cancel, differences=differences):
            item |= _encode_submission(submission, cancel) | {"differences": list(differences)}
        case Follow(submission=submission, cancel=cancel, run=run):
            item |= _encode_submission(submission, cancel) | {"follow": _encode_run(run)}
    return item


def _encode_submission(submission: Submission, cancel: Sequence[Run]) -> dict[str, object]:
    return {
        "submission": {
            "name": submission.name,
            "fingerprint": submission.fingerprint,
            "attempt": submission.attempt,
            "identity": submission.identity,
            "files": {name: list(paths) for name, paths in submission.files.items()},
            "reads": list(submission.reads),
            "code": [asdict(file) for file in submission.code],
        },
        "cancel": [_encode_run(run) for run in cancel],
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


def _decode(item: Mapping[str, Any], resource: Resource) -> Change:
    action, reason = Action(item["action"]), item["reason"]
    if isinstance(resource, RunRequest):
        submission = _submission(item["submission"], resource)
        cancel = tuple(_run(run) for run in item["cancel"])
        if action is Action.SUBMIT:
            return Submit(resource, action, reason, submission, cancel, tuple(item["differences"]))
        return Follow(resource, action, reason, submission, cancel, _run(item["follow"]))
    before = _observed(item["before"])
    if isinstance(resource, DataTarget):
        return Upload(resource, action, reason, before, _transfer(item["transfer"]))
    return ResourceChange(resource, action, reason, before, tuple(FieldChange(**field) for field in item["fields"]))


def _submission(item: Mapping[str, Any], request: RunRequest) -> Submission:
    return Submission(
        name=item["name"],
        spec=request.name,
        fingerprint=item["fingerprint"],
        attempt=item["attempt"],
        identity=item["identity"],
        experiment=request.experiment,
        job=request.job,
        cluster=request.cluster,
        gpu=request.gpu,
        environment=request.environment,
        files={name: tuple(paths) for name, paths in item["files"].items()},
        reads=tuple(item["reads"]),
        code=_files(item["code"]),
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
