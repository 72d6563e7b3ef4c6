"""Two runs side by side, as data: what they consisted of, and what became of them. What is not known is said.

The comparison is of what was kept of each when it was submitted, and so the same whichever engines have them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import chain
from math import isfinite
from typing import Any, NamedTuple

from specrun.plan.code_diff import Content, FileFacts, FilesDiff, Listing, compare_files, with_lines
from specrun.plan.field_diff import FieldDiff, changed, mapping, of_identity
from specrun.plan.observed import Run
from specrun.plan.resources import Place
from specrun.spec.frozen import dataclass
from specrun.spec.model import Scalar

CONDA = "conda.yaml"
"""What the conda file of an environment is called here, whatever it was called."""


class Contents(NamedTuple):
    """What reads the files of a run that belong to its code, and to its environment."""

    code: Content
    environment: Content


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two runs, and what is known of it.

    `identity` is what its fingerprint was taken of ({}: that was not kept), `sizes` are those of its files in bytes, by
    input ("": its code) and path; `metrics` the last values; `cost` in a currency's units, with its words.
    """

    run: Run
    place: Place
    identity: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    cost: float | None = None
    currency: str = ""
    sizes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def files(self, of: str) -> Listing:
        """The files of an input, or of the code ("")."""
        listed = (
            self.identity.get("code") if not of else mapping(mapping(self.identity.get("inputs")).get(of)).get("files")
        )
        sizes = self.sizes.get(of, {})
        return {path: FileFacts(str(one[0]), bool(one[1]), sizes.get(path)) for path, one in _listed(listed)}

    @property
    def environment_files(self) -> Listing:
        """The files that its environment is made of: a conda file, and what an image is built from."""
        environment = mapping(self.identity.get("environment"))
        conda = environment.get("conda")
        files = {path: FileFacts(str(md5)) for path, md5 in mapping(environment.get("build")).items()}
        return {**({CONDA: FileFacts(str(conda))} if conda else {}), **files}


@dataclass(frozen=True, slots=True)
class DataDiff:
    """An input whose files are others; `data` is the entry of the spec's `data` that it is, "" for none."""

    input: str
    data: str
    files: FilesDiff


@dataclass(frozen=True, slots=True)
class Result:
    """What became of the runs: a status, seconds or another number, with how much more the second has."""

    name: str
    before: Any
    after: Any
    unit: str = ""

    @property
    def difference(self) -> float | None:
        """After less before; None where one of them is no number, or none that ends."""
        numbers = [one for one in (self.before, self.after) if isinstance(one, (int, float)) and isfinite(one)]
        return float(self.after) - float(self.before) if len(numbers) == 2 else None


@dataclass(frozen=True, slots=True)
class RunDiff:
    """What is not the same in two runs. `code` is None where that of one of them is not known, `environment` are the
    files that it is made of; `notes` say what is not known, and why.
    """

    before: Side
    after: Side
    code: FilesDiff | None
    environment: FilesDiff
    fields: tuple[FieldDiff, ...]
    data: tuple[DataDiff, ...]
    results: tuple[Result, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether both are attempts at the same."""
        return self.before.run.is_of(self.after.run.fingerprint) or self.after.run.is_of(self.before.run.fingerprint)


def compare(before: Side, after: Side, old: Contents, new: Contents, notes: Sequence[str] = ()) -> RunDiff:
    """Two runs, the older one first as a rule; `old` and `new` read their files, of those that differ only."""
    unknown = [side for side in (before, after) if not side.identity]
    told = list(notes)
    code, environment = None, FilesDiff()
    fields: list[FieldDiff] = list(changed("parameters", before.parameters, after.parameters))
    data: tuple[DataDiff, ...] = ()
    if unknown:
        told += [
            f"What {side.run.name} consisted of was not kept: only what became of it is compared." for side in unknown
        ]
    else:
        code = with_lines(compare_files(before.files(""), after.files("")), old.code, new.code)
        environment = compare_files(before.environment_files, after.environment_files)
        environment = with_lines(environment, old.environment, new.environment)
        fields += of_identity(before.identity, after.identity)
        data = tuple(_of_data(before, after))
    fields += _of_place(before, after)
    found = RunDiff(before, after, code, environment, tuple(fields), data, tuple(_results(before, after)), tuple(told))
    return found if found.is_same or unknown or _explains(found) else _unexplained(found)


def _explains(found: RunDiff) -> bool:
    """Whether anything that counts in a fingerprint differs."""
    counts = any(one.section not in ("parameters", "place", "origin") for one in found.fields)
    return counts or bool(found.data or found.environment.files or (found.code is not None and found.code.files))


def _unexplained(found: RunDiff) -> RunDiff:
    told = "Their fingerprints differ, and nothing that was kept of them does: what differs was too much to be kept."
    return replace(found, notes=(*found.notes, told))


def _of_data(before: Side, after: Side) -> Iterator[DataDiff]:
    old, new = (mapping(one.identity.get("inputs")) for one in (before, after))
    for name in old:
        was, now = mapping(old[name]), mapping(new.get(name))
        if "files" in was and "files" in now and was["files"] != now["files"]:
            files = compare_files(before.files(name), after.files(name))
            yield DataDiff(name, str(now.get("data") or was.get("data") or ""), files)


def _of_place(before: Side, after: Side) -> Iterator[FieldDiff]:
    yield from changed("place", _whereabouts(before), _whereabouts(after))
    yield from changed("origin", _origin(before.run), _origin(after.run))


def _whereabouts(side: Side) -> Mapping[str, Any]:
    run, on = side.run, side.run.instances
    told = {
        "engine": side.place.engine,
        "where": side.place.title,
        "spec": run.spec,
        "target": run.target,
        "cluster": run.compute,
        "size": on.size if on is not None else "",
        "python": run.python,
    }
    return {name: value for name, value in told.items() if value}


def _origin(run: Run) -> Mapping[str, Any]:
    known = run.provenance
    told = {
        "repository": run.repository,
        "commit": known.commit and known.commit[:12] + (" (dirty)" if known.dirty else ""),
        "branch": known.branch,
        "pull_request": known.pull_request,
        "user": known.user,
    }
    return {name: value for name, value in told.items() if value}


def _results(before: Side, after: Side) -> Iterator[Result]:
    was, now = before.run, after.run
    yield Result("status", was.status.value, now.status.value)
    if was.duration is not None or now.duration is not None:
        yield Result("duration", was.duration, now.duration, "s")
    if before.cost is not None or after.cost is not None:
        yield Result("cost", before.cost, after.cost, after.currency or before.currency)
    for name in sorted(chain({*before.metrics, *after.metrics})):
        yield Result(name, before.metrics.get(name), after.metrics.get(name), "metric")


def _listed(value: Any) -> Iterator[tuple[str, Sequence[Any]]]:
    """Files of an identity, as far as they are what was written there."""
    for path, one in mapping(value).items():
        if isinstance(one, (list, tuple)) and len(one) == 2:
            yield str(path), one
