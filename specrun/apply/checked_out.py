"""A run's spec and code written into a folder, and whether they make the same fingerprint there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any

from specrun.apply.chains import with_upstream
from specrun.apply.project import open_project
from specrun.apply.submitted import Submitted
from specrun.engines.background import in_background
from specrun.engines.base import EngineError
from specrun.engines.facts import unread
from specrun.plan.as_ran import CODE, SPEC, UPSTREAM
from specrun.plan.attempts import spec_of, trial_of
from specrun.plan.field_diff import mapping
from specrun.plan.fingerprint import explain
from specrun.plan.kinds.run import RunChange
from specrun.plan.planning import PlanOptions
from specrun.spec.below import NameRefused, below
from specrun.spec.diagnostics import Severity
from specrun.spec.frozen import dataclass
from specrun.spec.load import load
from specrun.spec.wording import size

IGNORED = ".amlignore"
AT_ONCE = 8
"""Files that are fetched at once."""

MOST_INPUT = 1 << 30
"""Bytes of an input that are copied."""

_NOTHING_IGNORED = "# All files here belong to the run: what ignore files above say is not about them.\n!*\n"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written into a folder, by paths in it, and what was not, each with the reason."""

    files: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """The fingerprint of what was written ("": it has none), what differs from the run's, and what is in the way."""

    fingerprint: str = ""
    differences: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def write_out(run: Submitted, folder: Path) -> Written:
    """Write a run's spec and code below a folder, and those of the runs that it reads from, however far up, each once
    and beside each other. What a name would lead out of it is refused. Raises OSError.
    """
    own = _write_out(run, folder)
    written, refused = list(own.files), dict(own.refused)
    seen: set[str] = set()
    waiting = list(_upstream(run))
    for spec, name in waiting:  # grows as it is gone through
        if spec in seen:
            continue
        seen.add(spec)
        beside = f"{UPSTREAM}/{spec}"
        try:
            source = Submitted(run.engine, run.engine.run(name))
            found = _write_out(source, folder / beside, is_upstream=True)
            waiting += _upstream(source)
        except EngineError as error:
            refused[beside] = f"what {name} was cannot be read: {error}"
            continue
        written += (f"{beside}/{one}" for one in found.files)
        refused.update({f"{beside}/{one}": why for one, why in found.refused.items()})
    return Written(tuple(written), refused)


_READ_FROM = re.compile(rf"^( +run: ){UPSTREAM}/([a-z0-9-]+/{re.escape(SPEC)})$", re.MULTILINE)


def _write_out(run: Submitted, folder: Path, *, is_upstream: bool = False) -> Written:
    """The same of one run alone. What one that `is_upstream` reads from lies beside it."""
    files: dict[str, bytes] = {}
    if run.kept is not None:
        spec = _READ_FROM.sub(r"\1../\2", run.kept.spec) if is_upstream else run.kept.spec
        files = {SPEC: spec.encode(), **run.kept.files}
    written: list[str] = []
    refused: dict[str, str] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if (place := _place(folder, name, refused)) is not None:
            place.write_bytes(content)
            written.append(name)
    if run.kept is not None:
        (folder / CODE).mkdir(exist_ok=True)  # also when there is nothing in it
        (folder / IGNORED).write_text(_NOTHING_IGNORED)
    wanted = {**dict(_code(run)), **dict(_inputs(run, refused))}
    places = {name: place for name in wanted if (place := _place(folder, name, refused)) is not None}
    for name, why in _fetched({name: (*wanted[name], place) for name, place in places.items()}):
        if why:
            refused[name] = why
        else:
            written.append(name)
    return Written(tuple(written), refused)


def _upstream(run: Submitted) -> Iterator[tuple[str, str]]:
    """The specs and runs that a run reads from; of a trial that is its sweep."""
    for name in dict.fromkeys(run.run.upstream.values()):
        if spec := spec_of(name):
            trial = trial_of(name)
            found = trial[0] if trial is not None else name
            yield spec, (run.engine.run(found).parent if trial is None else "") or found


_Fetch = tuple[bool, Callable[[Path], str]]
"""Whether a file may be executed, and what copies it; that says why it could not."""


def _fetched(wanted: Mapping[str, tuple[bool, Callable[[Path], str], Path]]) -> Iterator[tuple[str, str]]:
    """Why each file is not there, "" where it is: some are fetched at once, once the first has found where they lie."""

    def fetch(executable: bool, copy: Callable[[Path], str], place: Path) -> str:
        why = copy(place)
        if executable and not why:
            place.chmod(place.stat().st_mode | 0o111)
        return why

    names = list(wanted)
    for start in (0, *range(1, len(names), AT_ONCE)):
        few = names[start : start + AT_ONCE] if start else names[:1]
        fetching = [(name, in_background(partial(fetch, *wanted[name]))) for name in few]
        yield from ((name, found.result()) for name, found in fetching)


def _code(run: Submitted) -> Iterator[tuple[str, _Fetch]]:
    for path, entry in mapping(run.identity.get("code")).items():
        yield f"{CODE}/{path}", (bool(entry[1]), partial(run.fetch_code, path))


def _inputs(run: Submitted, refused: dict[str, str]) -> Iterator[tuple[str, _Fetch]]:
    """The files of inputs that were local paths: unlike entries of `data` they have to be there."""
    inputs = mapping(run.identity.get("inputs"))
    for name, folder in (run.kept.inputs if run.kept is not None else {}).items():
        files = mapping(mapping(inputs.get(name)).get("files"))
        total = sum(run.sizes.get(name, {}).values())
        if total > MOST_INPUT:
            refused[folder] = f"{len(files)} files, {size(total)}: copy what the input {name} reads there"
            continue
        for path, entry in files.items():
            yield f"{folder}/{path}", (bool(entry[1]), partial(run.fetch_input, name, path))


def _place(folder: Path, name: str, refused: dict[str, str]) -> Path | None:
    """Where a file of this name goes; None where it must not, which is noted."""
    try:
        place = below(folder, name)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            return place
        refused[name] = "to this machine it is the same as another file"
    except (NameRefused, OSError) as error:
        refused[name] = str(error)
    return None


def check(run: Submitted, folder: Path, home: Path) -> Check:
    """Plan what was written, without doing anything. `home` is the state folder of the run. Raises EngineError."""
    file = str(folder / SPEC)
    options: dict[str, Any] = {"engine": run.engine.place.engine, "unread": unread(), "allow_outside": [str(folder)]}
    loaded = load([file], **options)
    if not loaded.ok or not loaded.specs:
        return Check(problems=_told(one for one in loaded.diagnostics if one.severity is Severity.ERROR))
    chained = with_upstream(loaded.specs, options)
    project = open_project(chained.specs, run.engine.place.engine, home, chained.used)
    plan = project.plan(PlanOptions())
    change = next((one for one in plan.changes if isinstance(one, RunChange)), None)
    unseen = tuple(why for errors in plan.unseen.values() for why in errors.values())
    if change is None:
        return Check(problems=(*unseen, *_told(plan.problems)))
    differs = change.fingerprint != run.run.fingerprint
    found = explain(run.identity, change.submission.identity) if differs else ()
    return Check(change.fingerprint, found)


def _told(diagnostics: Any) -> tuple[str, ...]:
    return tuple(f"{one.summary}: {one.detail}" for one in diagnostics)


def lacking(run: Submitted) -> Sequence[str]:
    """What of a run was not kept, in words."""
    return run.kept.lacks if run.kept is not None else (run.spec[1],)
