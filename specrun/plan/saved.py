"""A plan as a file: written by `plan --out`, and shown again to `apply PLAN`, which plans anew and compares.

It is evidence, never instructions: of what stands in it only the request is used, that is what the command line said.
It holds no credential: the specs' properties have secrets by name, and texts are masked as in all that is shown.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn

from specrun.plan.changes import FORMAT, Change, Plan, ResourceChange
from specrun.plan.files import SourceFile
from specrun.plan.kinds.data import Upload
from specrun.plan.kinds.environment import JobEnvironment
from specrun.plan.kinds.model import Register
from specrun.plan.kinds.run import Adopt, Follow, Held, RunChange, Submit
from specrun.plan.machines import Machines
from specrun.plan.observed import Observed, Run, StoredFile
from specrun.plan.portable import Below, digests_from
from specrun.plan.resources import Place
from specrun.plan.shown import fields_of, finds_of, models_of, upstream_of, wanted_of
from specrun.plan.shown_again import links_of, location_of, said_of
from specrun.plan.submission import Submission
from specrun.plan.transfer import Transfer
from specrun.spec.masking import mask_properties
from specrun.spec.reading import PLAINLY
from specrun.spec.schema import schema_text

SCHEMA = "specrun-plan.v1.schema.json"

LARGEST = 1 << 30
"""Bytes of a saved plan, which has some hundreds for each file that it lists."""

DEEPEST = 100
"""How deep lists and mappings stand in each other: what is deeper was not written by `save`."""

_BEGINNING = re.compile(rb'\{\s*"format"\s*:')


class PlanUnreadable(Exception):
    """The file is a plan, and not one of this format, or damaged."""


def contents(
    plan: Plan,
    call: Mapping[str, object],
    root: str,
    mask: Callable[[str], str],
    changed_since: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """A plan as JSON values. `call` is the request; paths are relative to `root`, texts as `mask` leaves them.

    `changed_since` is what programs are told of how the specs were chosen.
    """
    place = Below(root)
    machines = Machines(plan.changes)
    changes = [_encode(change, plan.places, place, machines) for change in plan.changes]
    said = said_of(plan, changed_since)
    return {
        "format": FORMAT,
        "call": dict(call),
        "places": [_encode_place(at, plan.targets.get(at, ())) for at in plan.places],
        "spec_digests": digests_from(root, plan.spec_digests),
        "fingerprints": dict(plan.fingerprints),
        "left_out": mask(plan.left_out),
        "changes": masked(changes, mask),
        "said": masked(said, lambda text: mask(place.told(text))),
    }


def save(content: Mapping[str, object], file: Path) -> None:
    """Write a plan's contents, replacing the file at once. Raises OSError, and PlanUnreadable for one too large."""
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    if len(text) > LARGEST:
        raise PlanUnreadable(f"{file} would have {len(text):,} bytes, and nobody reads more than {LARGEST:,}")
    if file.exists() and not file.is_file():  # a pipe, or a terminal
        file.write_text(text)
        return
    # A name that nobody knows beforehand, and never through a link.
    temporary = file.with_name(f".{file.name}.{os.getpid()}-{time.monotonic_ns()}")
    try:
        with temporary.open("x", encoding="utf-8") as written:
            written.write(text)
        temporary.replace(file)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def read_saved(file: str) -> dict[str, Any] | None:
    """The saved plan in a file, or None when it is something else, such as a spec. Raises PlanUnreadable."""
    try:
        data = _bytes(file)
    except (OSError, ValueError):
        return None  # whoever reads specs says why
    if data is None:
        raise PlanUnreadable(f"{file} has more than {LARGEST:,} bytes: it is no plan that specrun has saved")
    if not data.startswith(b"{"):
        return None
    begins = _BEGINNING.match(data) is not None
    try:
        content = json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        if not begins:
            return None
        raise PlanUnreadable(_damaged(file, str(error))) from error
    if not begins and not {"changes", "spec_digests"} <= content.keys():
        return None
    _check(file, content)
    return content  # type: ignore[no-any-return]


def masked(value: object, mask: Callable[[str], str]) -> Any:
    """JSON values of anything that stands in a plan, every text as `mask` leaves it."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {mask(str(name)): masked(item, mask) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(item, mask) for item in value]
    if value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return mask(str(value))


def _bytes(file: str) -> bytes | None:
    """A file's content, None where it is a plan and too large. Raises OSError, and ValueError for a NUL in the name."""
    with open(file, "rb", opener=_open) as source:
        status = os.fstat(source.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError
        start = source.read(64) or b""
        if not start.startswith(b"{"):
            return start
        if status.st_size <= LARGEST:
            data = start + (source.read(LARGEST) or b"")
            if len(data) <= LARGEST:
                return data
    return None if _BEGINNING.match(start) else b""


def _open(file: str, flags: int) -> int:
    return os.open(file, flags | PLAINLY)  # a pipe without a writer must not hold us up


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one mapping")
    return found


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _check(file: str, content: Any) -> None:
    from jsonschema import Draft202012Validator  # late: only a saved plan is checked with it
    from jsonschema.exceptions import best_match

    written = content.get("format")
    if type(written) is int and written != FORMAT:
        raise PlanUnreadable(f"{file} is a plan of format {str(written)[:20]}, and this specrun reads {FORMAT}")
    if wrong := _not_plain(content):
        raise PlanUnreadable(_damaged(file, wrong))
    call = content.get("call")
    if isinstance(call, dict) and not ({"rerun", "adopt", "only"} <= call.keys() and "said" in content):
        raise PlanUnreadable(f"{file} was saved by an older specrun: plan again")
    schema = json.loads(schema_text(SCHEMA))
    error = best_match(Draft202012Validator(schema).iter_errors(content))
    if error is not None:
        said = error.message if len(error.message) < 160 else f"it is not what the schema says ({error.validator})"
        raise PlanUnreadable(_damaged(file, f"at {error.json_path}, {said}"))
    known = {(item["place"], item["key"]) for item in content["changes"]}
    if len(known) < len(content["changes"]) or any(at >= len(content["places"]) for at, _ in known):
        raise PlanUnreadable(_damaged(file, "it does not agree with itself"))


def _not_plain(content: object) -> str:
    """What of JSON values is nothing that can be worked with, in words; "" when all is well."""
    left = [(content, 1)]
    while left:
        value, depth = left.pop()
        if depth > DEEPEST:
            return "lists and mappings stand too deep in each other"
        if isinstance(value, dict):
            left += ((item, depth + 1) for pair in value.items() for item in pair)
        elif isinstance(value, list):
            left += ((item, depth + 1) for item in value)
        elif isinstance(value, float) and not math.isfinite(value):
            return "a number is too large"
        elif isinstance(value, str) and not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            return "half a character stands in a text"
    return ""


def _damaged(file: str, why: str) -> str:
    return f"{file} is a damaged plan: {ascii(why)[1:-1]}: plan again"


def _encode_place(at: Place, targets: Sequence[str]) -> dict[str, object]:
    return {"engine": at.engine, "workspace": at.workspace, "title": at.title, "targets": list(targets)}


def _encode(change: Change, places: Sequence[Place], place: Below, machines: Machines) -> dict[str, object]:
    item: dict[str, object] = {
        "place": places.index(change.key.place),
        "key": change.key.address,
        "action": change.action,
        "reason": place.told(change.reason),
        "maker": asdict(change.resource.maker),
        "name": change.resource.name,
        "managed": change.resource.managed,
        "wanted": mask_properties(wanted_of(change)),
        "location": location_of(change.resource.location),
        **links_of(change.resource),
    }
    match change:
        case ResourceChange(resource=resource, before=before, fields=differing):
            item |= {"before": _observed(before, place), "fields": [asdict(field) for field in fields_of(differing)]}
            if isinstance(resource, JobEnvironment):
                item["files"] = _files(resource.content.files, place)
        case Upload(resource=target, before=before, transfer=transfer):
            where = (lambda _: "") if target.absent else place
            item |= {"before": _observed(before, place), "transfer": _encode_transfer(transfer, where)}
            item["here"] = not target.absent
        case Submit(differences=differences, trials=trials):
            item |= {"differences": differences, **({"trials": asdict(trials)} if trials is not None else {})}
        case Follow(run=run):
            item |= {"follow": _encode_run(run), **({"specs": run.specs} if isinstance(change, Adopt) else {})}
        case Held():
            item["held"] = True
        case Register(found=found):
            item["version"] = found.version if found is not None else ""
    if isinstance(change, RunChange):
        size = machines.size_of(change)
        item |= {**_encode_submission(change.submission, change.cancel, place), **({"size": size} if size else {})}
    return item


def _observed(seen: Observed, place: Below) -> dict[str, object]:
    return {
        "status": seen.status,
        "properties": seen.properties,
        "files": _stored(seen.files),
        "owner": str(seen.maker),
        "reason": place.told(seen.reason),
    }


def _stored(files: Mapping[str, StoredFile]) -> dict[str, object]:
    return {
        path: {"size": file.size, "md5": file.md5, "owner": str(file.maker), "sha256": file.sha256, "etag": file.etag}
        for path, file in files.items()
    }


def _encode_transfer(transfer: Transfer, place: Callable[[Path], str]) -> dict[str, object]:
    return {
        "new": _files(transfer.new, place),
        "changed": _files(transfer.changed, place),
        "unchanged": _files(transfer.unchanged, place),
        "extra": _stored(transfer.extra),
        "prune": transfer.prune,
    }


def _encode_submission(submission: Submission, cancel: Sequence[Run], place: Below) -> dict[str, object]:
    upstream = {name: asdict(one) for name, one in upstream_of(submission).items()}
    return {
        "submission": {
            "name": submission.name,
            "fingerprint": submission.fingerprint,
            "attempt": submission.attempt,
            "identity": submission.identity,
            "files": submission.files,
            "reads": submission.reads,
            "processes": asdict(submission.job.processes()),
            "finds": finds_of(submission),
            "code": _files(submission.code, place),
            **({"upstream": upstream} if upstream else {}),
            **({"models": models} if (models := models_of(submission)) else {}),
        },
        "cancel": [_encode_run(run) for run in cancel],
    }


def _encode_run(run: Run) -> dict[str, object]:
    return {
        "name": run.name,
        "spec": run.spec,
        "fingerprint": run.fingerprint,
        "attempt": run.attempt,
        "status": run.status,
    }


def _files(files: Sequence[SourceFile], place: Callable[[Path], str]) -> list[dict[str, object]]:
    return [
        {
            "path": file.path,
            "source": place(file.source),
            "size": file.size,
            "executable": file.executable,
            "md5": file.md5,
        }
        for file in files
    ]
