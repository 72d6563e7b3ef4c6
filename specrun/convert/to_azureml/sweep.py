"""A spec's sweep as a sweep job: what runs stands below `trial`, and data and machines beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from specrun.convert.document import Document, Value
from specrun.convert.to_azureml.words import plain
from specrun.spec.diagnostics import Path
from specrun.spec.expressions import scalar_text
from specrun.spec.model import Job, Spec
from specrun.spec.sweep import RANDOM, Parameter, Sweep

_PARAMETER = re.compile(r"\$\{\{search_space\.(\w+)\}\}")
OF_TRIAL = ("code", "command", "environment", "environment_variables", "distribution")
"""The fields of a job that a sweep job has in its trial. What the trial takes stands beside it, as the SDK sends it."""


def put_sweep(page: Document, sweep: Sweep, job: Job) -> None:
    """Write how values are chosen, which trial is the best, and when trials end."""
    page.put("sampling_algorithm", _sampling(sweep))
    space: dict[str, Value] = {}
    for name, parameter in sweep.search_space.items():
        space[name] = _parameter(parameter)
    page.put("search_space", space)
    page.put("objective", {"goal": sweep.objective.goal, "primary_metric": sweep.objective.primary_metric})
    page.put("limits", _limits(sweep, job))
    if sweep.max_total_trials is None:
        page.comment(("limits", "max_total_trials"), "The spec leaves it out, and the SDK wants it: all that there are")
    page.put("early_termination", _policy(sweep.early_termination) if sweep.early_termination else None)


def declare(page: Document, sweep: Sweep) -> None:
    """In a pipeline the trial is a component: it declares what it takes, and its parameters are inputs."""
    inputs: dict[str, Value] = {}
    for name, entry in _inner(page, "inputs").items():
        kind = entry["type"] if isinstance(entry, Mapping) else _kind([entry])
        inputs[name] = {"type": kind}
    for name, parameter in sweep.search_space.items():
        values = parameter.get("values")
        inputs[name] = {"type": _kind(values) if isinstance(values, (list, tuple)) else "number"}
    outputs: dict[str, Value] = {}
    for name, entry in _inner(page, "outputs").items():
        outputs[name] = {"type": entry["type"] if isinstance(entry, Mapping) else "uri_folder"}
    page.set(("trial", "type"), "command")
    page.set(("trial", "inputs"), inputs)
    if outputs:
        page.set(("trial", "outputs"), outputs)
    command = page.get(("trial", "command"))
    if isinstance(command, str):
        page.set(("trial", "command"), _PARAMETER.sub(r"${{inputs.\1}}", command))


def _kind(values: Sequence[object]) -> str:
    if all(isinstance(one, int) and not isinstance(one, bool) for one in values):
        return "integer"
    numbers = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in values)
    return "number" if numbers else "string"


def losses_of_sweep(spec: Spec) -> Iterator[tuple[Path, str]]:
    """What a sweep job cannot say."""
    sweep, job = spec.sweep, spec.job
    if sweep is None:
        return
    if sweep.max_failed_trials is not None:
        detail = f"limits.max_failed_trials {sweep.max_failed_trials}: Azure ML goes on, however many trials fail."
        yield ("sweep", "limits", "max_failed_trials"), detail
    if sweep.seed is not None and sweep.sampling_algorithm != RANDOM:
        yield ("sweep", "seed"), f"seed: a sweep job has one with random sampling, not with {sweep.sampling_algorithm}."
    if job is not None and job.services:
        yield ("job", "services"), "services: the SDK sends none with a sweep."


def _sampling(sweep: Sweep) -> Value:
    said: dict[str, Value] = {
        "seed": sweep.seed,
        "rule": sweep.rule if sweep.rule != RANDOM else None,
        "logbase": sweep.logbase,
    }
    kept = {name: value for name, value in said.items() if value is not None}
    if not kept or sweep.sampling_algorithm != RANDOM:
        return sweep.sampling_algorithm
    return {"type": RANDOM, **kept}


def _parameter(parameter: Parameter) -> Value:
    """A parameter in the same words; true, false and null among values as a trial gets them, which the loader takes."""
    values = parameter.get("values")
    if isinstance(values, (list, tuple)):
        spelled = [scalar_text(one) if one is None or isinstance(one, bool) else one for one in values]
        return {"type": "choice", "values": spelled}
    return plain(dict(parameter))


def _policy(policy: Parameter) -> Value:
    """A policy with all that the SDK would fill in otherwise: a bandit has one slack, and none of the other kind."""
    slacks = {"slack_factor": None, "slack_amount": None} if policy["type"] == "bandit" else {}
    return plain({"type": policy["type"], "evaluation_interval": 1, "delay_evaluation": 0, **slacks, **policy})


def _limits(sweep: Sweep, job: Job) -> Value:
    said: dict[str, int | None] = {
        "max_total_trials": sweep.most_trials,
        "max_concurrent_trials": sweep.max_concurrent_trials,
        "timeout": sweep.timeout,
        "trial_timeout": sweep.trial_timeout if sweep.trial_timeout is not None else job.timeout,
    }
    return {name: value for name, value in said.items() if value is not None}


def _inner(document: Document, name: str) -> Mapping[str, Value]:
    """The mapping that stands at the top below a name; none where there is none."""
    value = document.values().get(name)
    return value if isinstance(value, Mapping) else {}
