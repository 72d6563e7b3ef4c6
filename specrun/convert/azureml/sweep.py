"""A sweep job in the words of a command job: its `trial` is one, and what is about the sweep stands below `sweep`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping

from specrun.convert import coerce
from specrun.convert.azureml.components import Drop, put_component
from specrun.convert.report import FieldPath
from specrun.convert.section import Fields
from specrun.convert.unknown import Missing

_INPUT = re.compile(r"\$\{\{\s*inputs\.([\w-]+)\s*\}\}")
OF_SWEEP = ("sampling_algorithm", "search_space", "objective", "limits", "early_termination")
_OF_TRIAL = (
    *("command", "code", "environment", "distribution", "resources", "environment_variables"),
    *("compute", "identity", "queue_settings"),
)
_TOGETHER = ("inputs", "outputs", "resources", "environment_variables", "tags")
"""What a sweep and its trial may both have, each its part of it."""

_OF_PREVIEW = "the 2021 preview's way to say it"
Find = Callable[[str], "Mapping[str, object] | str"]


def job_of_sweep(values: Mapping[str, object], find: Find, drop: Drop) -> Fields:
    """A sweep job's fields. `find` gives what a file holds that the trial is named by, or why it cannot be read; `drop`
    is told what of a trial no job has.
    """
    job = Fields.of(values)
    sweep = Fields()
    for name in OF_SWEEP:
        _move(job, name, sweep)
    _preview(job, sweep)
    trial = job.pop("trial", None)
    place: FieldPath = ("trial",)
    inner = trial.get("component") if isinstance(trial, Mapping) and "command" not in trial else None
    named = coerce.word(trial) or coerce.word(inner)
    found = find(named) if named else trial
    if isinstance(found, str):
        job.put("command", Missing(found), place)
    elif isinstance(found, Mapping) and (named or _declares(found)):
        note = f"what {named.removeprefix('file:')} says" if named else ""
        space = coerce.mapping(sweep.get("search_space"))
        put_component(job, found, place, note, drop, inline=not named, fields=_OF_TRIAL, swept=space)
    elif isinstance(found, Mapping):
        _put_trial(job, sweep, found, place)
    _rename_inputs(job, sweep)
    job.put("sweep", sweep)
    return job


def _declares(trial: Mapping[str, object]) -> bool:
    """Whether a trial is a component, as in a pipeline: its inputs have types, and no values."""
    entries = coerce.mapping(trial.get("inputs")).values()
    return any(isinstance(one, Mapping) and "type" in one and not {"path", "value"} & {*one} for one in entries)


def _move(job: Fields, name: str, sweep: Fields, to: str = "", note: str = "") -> None:
    if name in job:
        sweep.put(to or name, job.pop(name), *job.origins.pop(name), note=note)


def _preview(job: Fields, sweep: Fields) -> None:
    """What stood elsewhere in 2021: the algorithm under another name, limits beside it, and `spec` for `type`."""
    if "sampling_algorithm" not in sweep:
        _move(job, "algorithm", sweep, "sampling_algorithm", _OF_PREVIEW)
    for name in ("max_total_trials", "max_concurrent_trials"):
        if name in job:
            limits = sweep.get("limits")
            made = limits if isinstance(limits, Fields) else Fields.of(coerce.mapping(limits), ("limits",))
            _move(job, name, made, note=_OF_PREVIEW)
            sweep.put("limits", made, *sweep.origins.get("limits", ()))
    space = sweep.get("search_space")
    if isinstance(space, Mapping) and any(isinstance(one, Mapping) and "spec" in one for one in space.values()):
        made = Fields.of(space, ("search_space",))
        for name, one in space.items():
            made.put(str(name), _typed(one, ("search_space", str(name))), ("search_space", str(name)))
        sweep.put("search_space", made, ("search_space",))
    policy = sweep.get("early_termination")
    if isinstance(policy, Mapping):
        sweep.put("early_termination", _typed(policy, ("early_termination",)), ("early_termination",))


def _typed(value: object, path: FieldPath) -> object:
    if not isinstance(value, Mapping) or "spec" not in value or "type" in value:
        return value
    made = Fields.of(value, path)
    made.put("type", made.pop("spec"), *made.origins.pop("spec"), note=_OF_PREVIEW)
    return made


def _put_trial(job: Fields, sweep: Fields, trial: Mapping[str, object], place: FieldPath) -> None:
    """The trial's fields as the job's own; what both say the trial says, for it is the trial that runs."""
    for key, value in trial.items():
        name, path = str(key), (*place, str(key))
        if name == "limits" and isinstance(value, Mapping) and "timeout" in value:
            _put_timeout(sweep, value["timeout"], (*path, "timeout"))
        elif name in _TOGETHER and isinstance(value, Mapping) and isinstance(job.get(name), Mapping):
            own = job[name]
            both = own if isinstance(own, Fields) else Fields.of(coerce.mapping(own), (name,))
            for one, entry in value.items():
                there = both.get(str(one), entry)
                note = "" if there == entry else "the trial's own"
                both.put(str(one), entry, (*path, str(one)), *both.origins.get(str(one), ()), note=note)
            job.put(name, both, *job.origins[name])
        elif name not in job or coerce.is_empty(job[name]):
            job.put(name, value, path)
        else:
            job.origins[name] = (*job.origins[name], path)


def _put_timeout(sweep: Fields, seconds: object, path: FieldPath) -> None:
    limits = sweep.get("limits")
    made = limits if isinstance(limits, Fields) else Fields.of(coerce.mapping(limits), ("limits",))
    if "trial_timeout" not in made:
        made.put("trial_timeout", seconds, path)
    sweep.put("limits", made, *sweep.origins.get("limits", ()))


def _rename_inputs(job: Fields, sweep: Fields) -> None:
    """`${{inputs.lr}}` is a parameter, where the search space has one of that name and the job no input."""
    command, given = job.get("command"), coerce.mapping(job.get("inputs"))
    if not isinstance(command, str):
        return
    written = swept(command, [name for name in coerce.mapping(sweep.get("search_space")) if name not in given])
    if written != command:
        note = "an input that the sweep gives is a parameter: ${{ search_space.NAME }}"
        job.put("command", written, *job.origins["command"], note=note)


def swept(text: str, names: Collection[str]) -> str:
    """A text in which inputs that are swept are named as parameters."""
    return _INPUT.sub(lambda match: f"${{{{search_space.{match[1]}}}}}" if match[1] in names else match[0], text)
