"""The runs that a run reads from: which these are, and what changed of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specrun.plan.attempts import run_name
from specrun.plan.fingerprint import explain
from specrun.plan.planning import Planning, Unplanned
from specrun.plan.submission import Upstream
from specrun.spec.model import Origin, RunOutput


def upstream_runs(
    planning: Planning, sources: Mapping[str, RunOutput], origins: Mapping[str, Origin]
) -> Mapping[str, Upstream]:
    """The runs that a new attempt reads from, by its inputs. Raises Unplanned, when it has noted that of a spec which
    was not given none has succeeded.
    """
    found: dict[str, Upstream] = {}
    for name, source in sources.items():
        run = planning.run_of(source.spec)
        if run is None:
            spec, file = source.spec, planning.used[source.spec]
            detail = (
                f"Nothing has succeeded for what {spec} is now, and {file} is not among the given specs: give it, too "
                f"(`specrun apply {file} …`), or apply it first."
            )
            planning.problems.append(origins[name].diagnostic("upstream-not-run", detail))
            raise Unplanned
        draft = planning.drafts[source.spec]
        output = draft.job.outputs.get(source.output)
        path = (output.path or "") if output is not None else ""
        found[name] = Upstream(source.spec, run, draft.fingerprint, source.output, path)
    return found


def differences(planning: Planning, before: Mapping[str, object], spec: str) -> tuple[str, ...]:
    """What changed between a run and what a spec is now, a line each: of runs that it reads from, what changed of these
    (`prep: code: clean.py changed`), however far up.
    """
    draft = planning.drafts[spec]
    lines = explain(before, draft.identity)
    changed = {}
    for name, entry in draft.job.inputs.items():
        was = _fingerprint(before, name)
        if isinstance(entry.source, RunOutput) and was and was != _fingerprint(draft.identity, name):
            changed[name] = (entry.source.spec, was)
    if not changed:
        return lines
    own = [line for line in lines if not any(line.startswith(f"inputs: {name}.run ") for name in changed)]
    return (*own, *(line for upstream, was in dict.fromkeys(changed.values()) for line in _of(planning, upstream, was)))


def _of(planning: Planning, spec: str, was: str) -> Iterator[str]:
    """What changed of a spec since it was a fingerprint."""
    known = planning.view.identity(run_name(spec, was, 1)) if spec in planning.drafts else {}
    lines = differences(planning, known, spec) if known else ()
    yield from (f"{spec}: {line}" for line in lines) if lines else [f"{spec} changed"]


def _fingerprint(identity: Mapping[str, object], name: str) -> str:
    """The fingerprint of the run that an input read from, as an identity has it; "" where it read from none."""
    inputs: Any = identity.get("inputs")
    entry = inputs.get(name) if isinstance(inputs, Mapping) else None
    return str(entry.get("run") or "") if isinstance(entry, Mapping) else ""
