"""Keeps one mistake at one diagnostic: what only follows from a misspelt or misshapen key is left unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from specrun.spec.diagnostics import Diagnostic, Path, Severity
from specrun.spec.names import foreign_key, section
from specrun.spec.nearest import nearest

# Code: where a key was looked for and not found, and the keys that would have done. A "*" in a
# place stands for what the diagnostic's own path has there.
_RESTS_ON: Mapping[str, tuple[tuple[Path, tuple[str, ...]], ...]] = {
    "unknown-variable": (((), ("vars",)),),
    "unknown-data": (((), ("data",)),),
    "unknown-input": ((("job",), ("inputs",)),),
    "unknown-output": ((("job",), ("outputs",)),),
    "unused-input": ((("job",), ("command", "script", "arguments")),),
    "job-without-command": ((("job",), ("command", "script")),),
    "arguments-without-script": ((("job",), ("script",)),),
    "script-without-code": ((("job",), ("code",)),),
    "version-without-framework": ((("job", "environment"), ("framework",)),),
    "environment-empty": ((("job", "environment"), ("pip", "conda_file", "image", "build", "framework")),),
    "parameter-server-without-worker": (
        (("job", "distribution"), ("worker_count", "type", "process_count_per_instance")),
    ),
    "more-processes-than-instances": (
        (("job", "resources"), ("instance_count",)),
        (("job",), ("resources", "instance_count")),
    ),
    "data-without-sha256": ((("data", "*"), ("sha256",)),),
}
# Codes about a datastore that a mistake among the datastores brings.
_OF_DATASTORES = ("data-on-file-share", "undeclared-datastore")
# Codes about the place of an expression: what stands below a key that is not known stands nowhere.
_OF_PLACES = ("expression-misplaced", "secret-misplaced")
_MISSHAPEN = ("unknown-key", "wrong-type", "not-indented")


def without_unused_inputs(found: Iterable[Diagnostic], wrong: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics without `unused-input`, where an expression in what the job runs is wrong: it may be the use."""
    words = (("job", "command"), ("job", "arguments"))
    if not any(one.path[:2] in words and one.severity is Severity.ERROR for one in wrong):
        return list(found)
    return [one for one in found if one.code != "unused-input"]


def without_consequences(found: Iterable[Diagnostic], refused: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics that do not follow from what the schema has refused already."""
    causes = _Causes(refused)
    return [one for one in found if not causes.explain(one)]


class _Causes:
    """What the schema has refused. `unknown` are the keys that a mapping does not have, by the mapping's path."""

    def __init__(self, refused: Iterable[Diagnostic]) -> None:
        refused = list(refused)
        self.paths = {one.path for one in refused}
        self.misshapen = {one.path for one in refused if one.code in _MISSHAPEN}
        # What was meant to stand in an empty section stands beside it.
        self.misshapen |= {one.path[:-1] for one in refused if one.code == "not-indented"}
        self.unknown: dict[Path, list[str]] = {}
        for one in refused:
            if one.code == "unknown-key" and one.path:
                self.unknown.setdefault(one.path[:-1], []).append(str(one.path[-1]))

    def explain(self, found: Diagnostic) -> bool:
        """Whether the diagnostic follows from one of the refusals."""
        path = found.path
        if path in self.paths:
            return True
        if found.code in _OF_PLACES:
            return any(path[:length] in self.misshapen for length in range(len(path)))
        if found.code in _OF_DATASTORES:
            return any(refused[:1] == ("datastores",) for refused in self.paths)
        return any(self._rests(path, place, keys) for place, keys in _RESTS_ON.get(found.code, ()))

    def _rests(self, path: Path, place: Path, keys: tuple[str, ...]) -> bool:
        parent = tuple(path[index] if part == "*" else part for index, part in enumerate(place))
        if parent in self.paths or any((*parent, key) in self.paths for key in keys):
            return True
        return any(_means(parent, key, keys) for key in self.unknown.get(parent, ()))


def _means(parent: Path, key: str, keys: tuple[str, ...]) -> bool:
    """Whether an unknown key of `parent` is probably one of `keys`, misspelt or by its name elsewhere."""
    if nearest(key, keys) is not None:
        return True
    foreign = foreign_key(section(parent), key)
    return foreign is not None and foreign.target is not None and not {*keys}.isdisjoint(foreign.target.split("."))
