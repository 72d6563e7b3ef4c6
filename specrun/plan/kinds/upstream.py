"""The runs that a run reads from: which these are, whether they keep it back, and what changed of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from specrun.plan.attempts import NAME, run_name
from specrun.plan.fingerprint import explain
from specrun.plan.observed import Run, RunStatus, Written
from specrun.plan.planning import Planning, Unplanned
from specrun.plan.resources import Resource
from specrun.plan.submission import Upstream
from specrun.plan.trials import best
from specrun.spec.model import Job, Origin, RunOutput

SOME = 2
"""What changed that is told in a reason; all of it stands below."""


class Standing(NamedTuple):
    """What others can read of a spec: the name of its `run`, which is still to succeed where it `waits`. `held` is why
    it will not, and `found` the run where it has.
    """

    run: str
    waits: bool = False
    held: str = ""
    found: Run | None = None


class Difference(NamedTuple):
    """What changed since the last run, of the spec itself ("") or of one that it reads from."""

    spec: str
    line: str

    def __str__(self) -> str:
        """As in `prep: code: clean.py changed`."""
        return f"{self.spec}: {self.line}" if self.spec else self.line

    @property
    def of_spec(self) -> str:
        """As in `clean.py of prep changed`."""
        if not self.spec:
            return self.line.removeprefix("code: ")
        name, colon, rest = self.line.partition(": ")
        if name == "code":
            name, _, verb = rest.rpartition(" is ") if " is " in rest else rest.rpartition(" ")
            return f"{name} of {self.spec} {rest[len(name) + 1 :]}" if verb else f"code of {self.spec}: {rest}"
        return f"{name} of {self.spec}: {rest}" if colon else f"{self.spec} {self.line}"


class Reading(NamedTuple):
    """The runs that a new attempt reads from, by its inputs; `held` is why it is not submitted for one of them."""

    upstream: Mapping[str, Upstream]
    held: str = ""


class Look(NamedTuple):
    """An output that a new attempt of `spec` is to read by the input written at `origin`, and where that lies."""

    spec: str
    origin: Origin
    read: Upstream
    written: Written


def reading(
    planning: Planning, reader: str, sources: Mapping[str, RunOutput], origins: Mapping[str, Origin]
) -> Reading:
    """What a new attempt of the spec `reader` reads of other runs. Raises Unplanned, when it has noted why nothing can
    be read; whether it is there still is looked at later, see `gone`.
    """
    found: dict[str, Upstream] = {}
    held = ""
    missing = False
    for name, source in sources.items():
        standing = _standing(planning, source.spec)
        if standing is None:
            detail = _not_run(planning, source.spec)
            planning.problems.append(origins[name].diagnostic("upstream-not-run", detail))
            missing = True
            continue
        held = held or standing.held
        one = found[name] = _upstream(planning, source, standing)
        writer = _writer(planning, standing) if not standing.held and not one.waits else ""
        if writer:
            written = Written(writer, one.output, one.path)
            planning.readings.append(Look(reader, origins[name], one, written))
    if missing:
        raise Unplanned
    return Reading(found, held)


def unreadable(planning: Planning) -> frozenset[str]:
    """The specs whose new attempts would read what is not there any more, or what a later run has written, which is
    noted: all is looked at together.
    """
    there = planning.view.outputs_there([look.written for look in planning.readings]) if planning.readings else {}
    missing = [look for look in planning.readings if not there.get(look.written, True)]
    replaced = [look for look in planning.readings if look not in missing and _note_replaced(planning, look)]
    for look in missing:
        one = look.read
        at = f" at {one.path}" if one.path else ""
        detail = (
            f"{one.run} has succeeded for exactly what {one.spec} is now, and nothing is there of its output "
            f"`{one.output}`{at}: it was deleted, or the run wrote nothing there. Have it written again: "
            f"`specrun apply --rerun {planning.files[one.spec]}`."
        )
        planning.problems.append(look.origin.diagnostic("upstream-output-gone", detail))
    return frozenset(look.spec for look in (*missing, *replaced))


def _note_replaced(planning: Planning, look: Look) -> bool:
    one = look.read
    detail = written_since(planning, one.spec, one.run, one.path)
    if detail:
        planning.problems.append(look.origin.diagnostic("output-replaced", detail))
    return bool(detail)


def written_since(planning: Planning, spec: str, run: str, path: str) -> str:
    """What is wrong with what a run of a spec has written at a `path` of its own ("": it has none), in words, since a
    later run of that spec wrote there; "" where none did.
    """
    runs = planning.past_of(spec).runs if path else ()
    since = next((one.submitted for one in runs if one.name == run), None)
    for one in runs:
        if since is None or one.name == run or (one.submitted or 0.0) <= since:
            continue
        outputs: Any = planning.view.identity(one.name).get("outputs")
        entries = outputs.values() if isinstance(outputs, Mapping) else ()
        if any(isinstance(entry, Mapping) and entry.get("path") == path for entry in entries):
            return (
                f"{run} has written to {path}, and so has {one.name} since: what lies there is not of {run} any more. "
                f"Have it written again: `specrun apply --rerun {planning.files[spec]}`. Without `path` each run of "
                f"{spec} keeps its own."
            )
    return ""


def followed(
    planning: Planning, resource: Resource, sources: Mapping[str, RunOutput], run: Run
) -> Mapping[str, Upstream]:
    """The runs that a run which is there has read from, by its inputs, as far as that is known. Of which of them there
    is a newer attempt by now is noted.
    """
    found: dict[str, Upstream] = {}
    for name, source in sources.items():
        standing = _standing(planning, source.spec, doubtful=True)
        now = _upstream(planning, source, standing) if standing is not None else None
        read = run.upstream.get(name, "")
        if now is not None:
            found[name] = replace(now, run=read or now.run, waits=False)
        if now is not None and (attempt := _earlier(read, now.run)):
            detail = (
                f"{run.name} has read {read}, which was attempt {attempt}, and there is {now.run} by now. Both are of "
                "one fingerprint, so nothing is run again for that. To have the newer one read, run it again: "
                f"`specrun apply --rerun {planning.files.get(resource.name, '…')}`."
            )
            planning.note(resource, "upstream-rerun", detail)
    return found


def _upstream(planning: Planning, source: RunOutput, standing: Standing) -> Upstream:
    draft = planning.drafts[source.spec]
    output = draft.job.outputs.get(source.output)
    path = (output.path or "") if output is not None else ""
    return Upstream(source.spec, standing.run, draft.fingerprint, source.output, path, standing.waits)


def _standing(planning: Planning, spec: str, *, doubtful: bool = False) -> Standing | None:
    """What others can read of a spec: of the run that is planned of it, or of the newest that has succeeded for what a
    spec is now that was not given. None where nothing has. Raises Unplanned of one of which nothing is planned, unless
    that is no matter.
    """
    if spec in planning.used:
        return next(iter(_succeeded(planning, spec)), None)
    change = planning.changes.get(spec)
    if change is None and not doubtful:
        raise Unplanned
    return change.standing if change is not None else None


def _succeeded(planning: Planning, spec: str) -> Iterator[Standing]:
    attempts = _attempts(planning, spec)
    planned = [run for run in attempts if run.name in planning.options.planned]
    for run in sorted(attempts, key=lambda one: (one in planned, one.attempt), reverse=True):
        if run.status is RunStatus.SUCCEEDED:
            yield Standing(run.name, found=run)


def _attempts(planning: Planning, spec: str) -> list[Run]:
    if spec not in planning.drafts:
        raise Unplanned
    digest = planning.drafts[spec].fingerprint
    return [run for run in planning.past_of(spec).runs if run.is_of(digest)]


def _not_run(planning: Planning, spec: str) -> str:
    """Why nothing can be read of a spec that was not given, and what to do."""
    file, attempts = planning.files[spec], sorted(_attempts(planning, spec), key=lambda one: one.attempt)
    give = f"{file} is not among the given specs: give it, too (`specrun apply {file} …`)"
    if not attempts:
        return f"Nothing has run for what {spec} is now, and {give}, or apply it first."
    run = attempts[-1]
    if not run.status.ended:
        return f"{run.name} is {run.status.value}, and {give}, and it is waited for."
    ended = f"{run.name} {run.status.value}{f' ({run.why})' if run.why else ''} for exactly what {spec} is now"
    return f"{ended}. Change {spec}, or run it again: `specrun apply --rerun {file}`."


def _writer(planning: Planning, standing: Standing) -> str:
    """Which run has written what is read of one: itself; of a sweep, its best trial, "" where it has none."""
    if standing.found is None or standing.found.objective is None:
        return standing.run
    if standing.run not in planning.best:
        chosen = best(planning.view.history.trials(standing.run), standing.found.objective)
        planning.best[standing.run] = chosen.run if chosen is not None else ""  # apply says so
    return planning.best[standing.run]


def _earlier(read: str, now: str) -> int:
    """Which attempt was read, where there is a newer one at the same; 0 where there is none, or nobody knows."""
    was, newest = NAME.fullmatch(read), NAME.fullmatch(now)
    if was is None or newest is None or (was["spec"], was["fingerprint"]) != (newest["spec"], newest["fingerprint"]):
        return 0
    attempts = [int(one["attempt"] or 1) for one in (was, newest)]
    return attempts[0] if attempts[0] < attempts[1] else 0


def differences(planning: Planning, before: Mapping[str, object], spec: str) -> tuple[Difference, ...]:
    """What changed between a run and what a spec is now; of the runs that it reads from, what changed of these, however
    far up, each once.
    """
    own, waiting = _own_differences(before, planning.drafts[spec].identity, planning.drafts[spec].job)
    lines = [Difference("", line) for line in own]
    seen = set(waiting)
    for upstream, was in waiting:  # grows as it is gone through
        told, further = _since(planning, upstream, was)
        lines += [Difference(upstream, line) for line in told]
        waiting += [one for one in further if one not in seen]
        seen.update(further)
    return tuple(dict.fromkeys(lines))


def _since(planning: Planning, spec: str, was: str) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """What changed of a spec itself since it was a fingerprint, and what it read from then; looked for once."""
    if (spec, was) not in planning.since:
        known = planning.view.identity(run_name(spec, was, 1)) if spec in planning.drafts else {}
        told: tuple[str, ...] = ()
        further: list[tuple[str, str]] = []
        if known:
            told, further = _own_differences(known, planning.drafts[spec].identity, planning.drafts[spec].job)
        planning.since[spec, was] = (told if told or further else ("changed",), further)
    return planning.since[spec, was]


def why_again(found: tuple[Difference, ...]) -> str:
    """`runs again: train.py of prep changed`, of what changed; "" where nothing did of what is read from."""
    if not any(one.spec for one in found):
        return ""
    told = "; ".join(one.of_spec for one in found[:SOME])
    return f"runs again: {told}" + (f"; and {len(found) - SOME} more" if len(found) > SOME else "")


def _own_differences(
    before: Mapping[str, object], after: Mapping[str, object], job: Job
) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """What changed between two identities of one spec, but for what it reads from: of that, which specs are not what
    they were, with the fingerprints that they had.
    """
    lines, was, now = explain(before, after), _read(before), _read(after)
    changed = {
        name: (entry.source.spec, was[name])
        for name, entry in job.inputs.items()
        if isinstance(entry.source, RunOutput) and name in was and was[name] != now.get(name)
    }
    own = tuple(line for line in lines if not any(line.startswith(f"inputs: {name}.run ") for name in changed))
    return own, list(dict.fromkeys(changed.values()))


def _read(identity: Mapping[str, object]) -> Mapping[str, str]:
    """The fingerprints of the runs that inputs read from, as an identity has them, by the input."""
    inputs: Any = identity.get("inputs")
    entries = inputs.items() if isinstance(inputs, Mapping) else ()
    return {name: str(entry["run"]) for name, entry in entries if isinstance(entry, Mapping) and entry.get("run")}
