"""Sweeps of SDK v1, HyperDriveConfig: the run that is configured, and for which values it is made."""

from __future__ import annotations

import re

from specrun.convert import naming
from specrun.convert.report import FieldPath
from specrun.convert.scripts.inputs import References
from specrun.convert.scripts.lowering import Lowering, told
from specrun.convert.scripts.sdk_v1 import ESTIMATORS, lower_run
from specrun.convert.scripts.sweep_words import SWEEP_TYPES
from specrun.convert.scripts.sweeps import GIVEN, base_of, kind, put, put_parameter
from specrun.convert.scripts.values import Call, Value
from specrun.convert.section import Fields
from specrun.convert.unknown import Missing, Mixed

_V1 = {
    "hyperparameter_sampling": ("sampling_algorithm",),
    "primary_metric_name": ("objective", "primary_metric"),
    "primary_metric_goal": ("objective", "goal"),
    "max_total_runs": ("limits", "max_total_trials"),
    "max_concurrent_runs": ("limits", "max_concurrent_trials"),
    "max_duration_minutes": ("limits", "timeout"),
    "policy": ("early_termination",),
}
"""What the arguments of HyperDriveConfig are in a file of the CLI v2."""

_PARAMETER = re.compile(r"\$\{\{\s*search_space\.([\w-]+)\s*\}\}")
_DROPPED = {
    "resume_from": "a sweep takes what has succeeded before, and needs not be told",
    "resume_child_runs": "a sweep takes what has succeeded before, and needs not be told",
    "debug_flag": "specrun has no such flag",
    "custom_run_id": "a run is called by the spec's name and its fingerprint",
}


def lower_hyperdrive(lowering: Lowering, sweep: Call, references: References) -> tuple[Fields, Fields]:
    """The fields of a job that is run for a sweep, as a run configuration has them, and those of the sweep."""
    job, made, space = base_of(sweep), Fields(), Fields()
    flags: dict[str, str] = {}
    if job is None:
        named = Fields((sweep.key,))
        holder = next((name for name in ("run_config", "estimator", "pipeline") if sweep.get(name) is not None), "")
        path = (sweep.key, holder) if holder else (sweep.key,)
        named.put("script", Missing("the job that the sweep runs is not known here: write it"), path)
    else:
        named = lower_run(lowering, job, references, sweep)
        holder = "run_config" if sweep.get("run_config") is not None else "estimator"
        lowering.rewrite(sweep, holder, "job", "the job of the spec")
    for name, argument in told(sweep):
        path = (sweep.key, name)
        if name in _DROPPED:
            lowering.drop(sweep, name, _DROPPED[name])
        elif name == "max_duration_minutes":
            _put_minutes(lowering, made, argument.value, path)
        elif name == "hyperparameter_sampling":
            flags = _put_sampling(lowering, made, space, argument.value, path)
        elif name in _V1:
            put(lowering, made, _V1[name], argument.value, path)
    made.put("search_space", space)
    if job is not None and flags:
        _put_arguments(lowering, named, flags, job)
    return named, made


def _put_sampling(lowering: Lowering, made: Fields, space: Fields, value: Value, path: FieldPath) -> dict[str, str]:
    """The algorithm and the parameters; these by name, each with its flag: one without hyphens gets two."""
    algorithm, flags = kind(value), dict[str, str]()
    if not isinstance(value, Call) or algorithm not in SWEEP_TYPES:
        word = lowering.word(value, "hyperparameter_sampling")
        what = f"`{getattr(word, 'expression', '…')}` is not known here: grid, random or bayesian, and of what?"
        made.put("sampling_algorithm", Missing(what), path)
        return flags
    made.put("sampling_algorithm", SWEEP_TYPES[algorithm], path, note="its name says it")
    given = value.get("parameter_space")
    if isinstance(given, dict):
        note = "as HyperDrive does, each parameter is an argument behind the others"
        lowering.rewrite(value, "parameter_space", "job.arguments", note)
        for name, one in given.items():
            own = naming.identifier(name.lstrip("-"), flags)
            flags[own] = name if name.startswith("-") else f"--{name}"
            put_parameter(lowering, space, own, one, (value.key, "parameter_space", name))
    elif given is not None:
        what = f"`{_argument_text(value, 'parameter_space')}` is not known here: write the values of each parameter"
        lowering.ask(value, "parameter_space", "sweep.search_space", what)
    if value.get("properties") is not None:
        lowering.drop(value, "properties", "specrun has no settings of single services")
    return flags


def _argument_text(call: Call, name: str) -> str:
    found = call.find(name)
    return found.text if found is not None else "…"


def _put_minutes(lowering: Lowering, made: Fields, value: Value, path: FieldPath) -> None:
    limits = made.inner("limits", path)
    if isinstance(value, int | float):
        limits.put("timeout", value * 60, path, note="in seconds")
    else:
        word = lowering.word(value, "max_duration_minutes")
        limits.put("timeout", Missing(f"`{getattr(word, 'expression', '…')}` minutes: write it in seconds"), path)


def _texts(value: object) -> list[str]:
    """The texts in arguments or a command, in whatever form these are."""
    items = value.values() if isinstance(value, Fields) else value if isinstance(value, list) else [value]
    parts = [part for item in items for part in (item.parts if isinstance(item, Mixed) else [item])]
    return [part for part in parts if isinstance(part, str)]


def _put_arguments(lowering: Lowering, named: Fields, flags: dict[str, str], job: Call) -> None:
    """What HyperDrive hands to the script behind its own arguments: a flag with its value for each parameter.

    Of an estimator's arguments it takes the place of one that is called the same. What the job itself names as
    `${{search_space.NAME}}` is put in there.
    """
    written = [part for key in ("command", "arguments", "script_params") for part in _texts(named.get(key))]
    named_there = {found for part in written for found in _PARAMETER.findall(part)}
    words = {flag: f"${{{{search_space.{name}}}}}" for name, flag in flags.items() if name not in named_there}
    if not words:
        return
    line = [word for pair in words.items() for word in pair]
    key = "script_params" if job.kind in ESTIMATORS else "arguments"
    given, command = named.get(key), named.get("command")
    if isinstance(given, Fields):
        for name in [one for one in given if one.lstrip("-") in {flag.lstrip("-") for flag in words}]:
            given.pop(name)
            for place in given.origins.pop(name, ()):
                lowering.ledger.drop(place, GIVEN)
        for flag, word in words.items():
            given.put(flag, word)
    elif isinstance(command, list | str) and named.get("script") is None:
        together = [*command, *line] if isinstance(command, list) else f"{command} {' '.join(line)}"
        what = "HyperDrive hands the parameters over as arguments, which stand at its end now: see that it takes them"
        named.put("command", together, *named.origins["command"])
        lowering.doubt(job, "command", "job.command", what)
    elif given is None or isinstance(given, list):
        named.put(key, [*(given or []), *line], *named.origins.get(key, ()))
    else:
        named.put(key, line, *named.origins.get(key, ()))
        what = "the script computes the arguments, before which the parameters stand: write them"
        lowering.ask(job, key, "job.arguments", what)
