"""Keeps one mistake at one diagnostic: what only follows from a misspelt or misshapen key is left unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from specrun.spec.diagnostics import Diagnostic, Path, Severity
from specrun.spec.nearest import nearest

# Code: where a key was looked for and not found, and the keys that would have done. A "*" in a
# place stands for what the diagnostic's own path has there.
_RESTS_ON: Mapping[str, tuple[Path, tuple[str, ...]]] = {
    "unknown-variable": ((), ("vars",)),
    "unknown-data": ((), ("data",)),
    "unknown-input": (("job",), ("inputs",)),
    "unknown-output": (("job",), ("outputs",)),
    "unused-input": (("job",), ("command", "script", "arguments")),
    "job-without-command": (("job",), ("command", "script")),
    "arguments-without-script": (("job",), ("script",)),
    "script-without-code": (("job",), ("code",)),
    "version-without-framework": (("job", "environment"), ("framework",)),
    "environment-empty": (("job", "environment"), ("pip", "conda_file", "image", "build", "framework")),
    "parameter-server-without-worker": (("job", "distribution"), ("worker_count",)),
    "more-processes-than-instances": (("job", "resources"), ("instance_count",)),
    "data-without-sha256": (("data", "*"), ("sha256",)),
}


def without_unused_inputs(found: Iterable[Diagnostic], wrong: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics without `unused-input`, where an expression in what the job runs is wrong: it may be the use."""
    words = (("job", "command"), ("job", "arguments"))
    if not any(one.path[:2] in words and one.severity is Severity.ERROR for one in wrong):
        return list(found)
    return [one for one in found if one.code != "unused-input"]


def without_consequences(found: Iterable[Diagnostic], refused: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics that do not follow from what the schema has refused already."""
    refused_paths = {one.path for one in refused}
    unknown: dict[Path, list[str]] = {}
    for one in refused:
        if one.code == "unknown-key" and one.path:
            unknown.setdefault(one.path[:-1], []).append(str(one.path[-1]))
    return [one for one in found if not _follows(one, refused_paths, unknown)]


def _follows(found: Diagnostic, refused: set[Path], unknown: Mapping[Path, list[str]]) -> bool:
    if found.path in refused:
        return True
    if found.code not in _RESTS_ON:
        return False
    place, keys = _RESTS_ON[found.code]
    parent = tuple(found.path[index] if part == "*" else part for index, part in enumerate(place))
    if parent in refused or any((*parent, key) in refused for key in keys):
        return True
    return any(nearest(key, keys) is not None for key in unknown.get(parent, ()))
