"""What specrun writes down with a run: in the properties of the job, so that it is there as soon as the run is.

The service keeps at most 50 properties of 1,000 characters; git and the service itself need some of them.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from itertools import count
from typing import Any

from specrun.plan.provenance import Provenance
from specrun.plan.submission import Submission

PREFIX = "specrun.record."
PROVENANCE = "specrun.provenance"
"""One property, as JSON that people can read, too; what is kept of a run's origin is bounded."""

LENGTH, MOST = 1000, 30
"""Characters of one property, and how many there may be."""


def record_of(submission: Submission) -> dict[str, Any]:
    """What a run of SDK v2 reads, what it keeps, and what its fingerprint was taken of."""
    on, sweep = submission.instances, submission.sweep
    return {
        "reads": list(submission.reads),
        **({"instances": on.noted()} if on is not None else {}),
        **({"variables": dict(submission.variables)} if submission.variables else {}),
        **submission.lineage,
        **({"sweep": {**asdict(sweep.objective), "trials": sweep.most_trials}} if sweep is not None else {}),
        "keeps": [name for name, output in submission.job.outputs.items() if output.path is None],
        "identity": dict(submission.identity),
    }


def run_properties(record: Mapping[str, Any], provenance: Provenance) -> dict[str, str]:
    """A record, and where the run comes from, as properties."""
    noted = provenance.noted()
    said = {PROVENANCE: json.dumps(noted, ensure_ascii=False)} if noted else {}
    return {**record_properties(record), **said}


def record_properties(record: Mapping[str, Any]) -> dict[str, str]:
    """A record as properties. One that is too large goes without the list of code files, then without identity, then
    without variables.

    Only what explains a later change is lost then: the fingerprint itself stands in the job.
    """
    identity = {name: value for name, value in record["identity"].items() if name != "code"}
    least = {**record, "identity": {}}
    for content in (record, {**record, "identity": identity}, least, {**least, "variables": {}}):
        text = base64.b64encode(zlib.compress(json.dumps(content).encode(), 9)).decode()
        if len(text) <= LENGTH * MOST:
            break
    starts = range(0, len(text), LENGTH)
    return {f"{PREFIX}{number}": text[start : start + LENGTH] for number, start in enumerate(starts)}


def record_of_v1(submission: Submission) -> dict[str, Any]:
    """The same of a run of SDK v1, which writes all it keeps to ./outputs."""
    return {**record_of(submission), "keeps": [], "sdk": "v1"}


def is_of_v1(record: Mapping[str, Any]) -> bool:
    """Whether a run with this record in its properties is one of SDK v1. Older ones have none there."""
    return not record or record.get("sdk") == "v1"


def record_in(properties: Mapping[str, str]) -> Mapping[str, Any]:
    """The record in a job's properties; {} where there is none, or no whole one."""
    parts: list[str] = []
    for number in count():
        part = properties.get(f"{PREFIX}{number}")
        if part is None:
            break
        parts.append(part)
    try:
        content = json.loads(zlib.decompress(base64.b64decode("".join(parts)))) if parts else {}
    except (ValueError, zlib.error):
        return {}
    return content if isinstance(content, Mapping) else {}
