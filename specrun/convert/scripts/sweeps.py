"""Sweeps of SDK v2, `.sweep(…)` and SweepJob: the job that runs, and for which values it does."""

from __future__ import annotations

from specrun.convert.azureml.sweep import swept
from specrun.convert.report import FieldPath
from specrun.convert.scripts import sdk_v2
from specrun.convert.scripts.clusters import put_compute
from specrun.convert.scripts.lowering import TYPES, Lowering, told
from specrun.convert.scripts.sdk_v1 import KINDS as V1_JOBS
from specrun.convert.scripts.sweep_words import DISTRIBUTIONS, OTHER_INPUTS, SWEEPS
from specrun.convert.scripts.uploads import Uploads
from specrun.convert.scripts.values import Call, Value
from specrun.convert.section import Fields
from specrun.convert.unknown import Missing, Mixed

WORDS = {
    "sampling_algorithm": ("sampling_algorithm",),
    "primary_metric": ("objective", "primary_metric"),
    "goal": ("objective", "goal"),
    "objective": ("objective",),
    "limits": ("limits",),
    "early_termination": ("early_termination",),
    "early_termination_policy": ("early_termination",),
    "search_space": ("search_space",),
    **{name: ("limits", name) for name in ("max_total_trials", "max_concurrent_trials", "timeout", "trial_timeout")},
}
"""What the arguments and attributes of a sweep of SDK v2 are in a file."""

_AGAIN = "what is said later counts"
_SECTION = "its fields are those of the section"
GIVEN = "the search space gives it: it takes its place"


def base_of(sweep: Call) -> Call | None:
    """The job that a sweep runs; None where that is not known."""
    value: Value = None
    if sweep.kind == "sweep":
        value = sweep.owner
    elif sweep.kind == "v2:SweepJob":
        value = sweep.get("trial")
    else:
        value = sweep.get("run_config") or sweep.get("estimator")
    while isinstance(value, Call) and value.kind == OTHER_INPUTS:
        value = value.owner
    return value if isinstance(value, Call) and value.kind in (*V1_JOBS, *sdk_v2.KINDS) else None


def parts_of(job: Call) -> list[Call]:
    """A job, and where it is a sweep the job that it runs."""
    base = base_of(job) if job.kind in SWEEPS else None
    return [job] if base is None else [job, base]


def lower_sweep(lowering: Lowering, sweep: Call, uploads: Uploads) -> Fields:
    """The fields of a job of SDK v2 that is run for a sweep, with those of the sweep."""
    job = base_of(sweep)
    if job is None:
        fields = Fields((sweep.key,))
        fields.put("command", Missing("the job that the sweep runs is not known here: write its command"), (sweep.key,))
    else:
        fields = sdk_v2.lower_command(lowering, job, uploads, sweep)
    made = Fields()
    _put_limits(lowering, fields, made, sweep)
    _drop(lowering, fields, "services", "trials of a sweep have no services")
    fields.pop("services", None)
    space = Fields()
    inputs = fields.get("inputs")
    _take_inputs(lowering, job, inputs, space)
    for other in _with_other_inputs(sweep):
        for name, argument in told(other):
            _put_input(lowering, fields, space, uploads, (other.key, name), name, argument.value)
    for holder in (sweep, *lowering.on(sweep, "set_resources", "set_limits", "set_objective")):
        for name, argument in told(holder):
            path = (holder.key, name)
            if name == "trial":
                lowering.rewrite(holder, name, "job", "the job of the spec")
            elif name == "search_space" and isinstance(argument.value, dict):
                for one, value in argument.value.items():
                    put_parameter(lowering, space, one, value, (*path, one))
            elif name.startswith("inputs."):
                _put_input(lowering, fields, space, uploads, path, name.partition(".")[2], argument.value)
            elif name.partition(".")[0] in WORDS:
                first, _, rest = name.partition(".")
                put(lowering, made, (*WORDS[first], *filter(None, rest.split("."))), argument.value, path)
            elif name == "inputs" and isinstance(argument.value, dict):
                for one, value in argument.value.items():
                    _put_input(lowering, fields, space, uploads, (*path, one), one, value)
            else:
                _drop(lowering, fields, name, _AGAIN)
                sdk_v2.put_argument(lowering, fields, holder, name, argument)
    if sweep.get("compute") is not None:
        if job is not None and job.get("compute") is not None:
            lowering.drop(job, "compute", _AGAIN)
        put_compute(lowering, fields, "compute", sweep, "compute")
    if space or "search_space" not in made:
        made.put("search_space", space)
    made.setdefault("sampling_algorithm", "random")
    command = fields.get("command")
    written = _swept(command, space)
    if written != command:
        note = "an input that the sweep gives is a parameter: ${{ search_space.NAME }}"
        fields.put("command", written, *fields.origins["command"], note=note)
    fields.put("sweep", made)
    return fields


def _swept(command: object, space: Fields) -> object:
    """A command in which inputs that are swept are parameters."""
    if isinstance(command, Mixed):
        return Mixed(tuple(swept(part, space) if isinstance(part, str) else part for part in command.parts))
    return swept(command, space) if isinstance(command, str) else command


def _drop(lowering: Lowering, fields: Fields, name: str, why: str) -> None:
    for place in fields.origins.get(name, ()) if name in fields else ():
        lowering.ledger.drop(place, why)


def put(lowering: Lowering, made: Fields, to: tuple[str, ...], value: Value, path: FieldPath) -> None:
    """A field of the sweep, or all fields of a section of it."""
    *above, last = to
    place = made
    for step in above:
        place = place.inner(step, path)
    called = kind(value)
    if called == "NoTerminationPolicy":
        lowering.ledger.drop(path, "without `early_termination` every trial runs to its end")
        return
    if isinstance(value, Call) and (called in TYPES or called in ("Objective", "SweepJobLimits")):
        found: object = _fields(lowering, value, path, ".".join(("sweep", *to)))
    elif last == "early_termination" and isinstance(value, str):
        found = Fields(path)
        found.put("type", value, path)
    else:
        found = lowering.value(value, path, ".".join(("sweep", *to)))
    before = place.get(last)
    if isinstance(found, Fields) and isinstance(before, Fields):
        for name, one in found.items():
            before.put(name, one, *found.origins.get(name, ()))
    else:
        _drop(lowering, place, last, _AGAIN)
        place.put(last, found, path)


def kind(value: Value) -> str:
    """The name of what a call makes, the same for both SDKs; "" for what is no call."""
    return value.kind.removeprefix("v2:") if isinstance(value, Call) else ""


def _fields(lowering: Lowering, call: Call, path: FieldPath, to: str) -> Fields:
    lowering.ledger.rewrite(path, to, _SECTION)
    made = lowering.fields(call, to)
    if "type" not in made and (called := TYPES.get(kind(call))):
        made.put("type", called)
    return made


def _put_limits(lowering: Lowering, fields: Fields, made: Fields, sweep: Call) -> None:
    """What limits the job limits each trial of a SweepJob; `.sweep(…)` leaves it behind."""
    limits = fields.pop("limits", None)
    if not isinstance(limits, Fields):
        return
    for name, value in limits.items():
        if sweep.kind == "v2:SweepJob" and name == "timeout":
            made.inner("limits").put("trial_timeout", value, *limits.origins.get(name, ()))
            continue
        for path in limits.origins.get(name, ()):
            lowering.ledger.drop(path, "`.sweep(…)` takes none of the job's limits: write sweep.limits.trial_timeout")


def _with_other_inputs(sweep: Call) -> list[Call]:
    """The calls `job(lr=…)` between a job and its sweep, the first one first."""
    found: list[Call] = []
    value: Value = sweep.owner if sweep.kind == "sweep" else sweep.get("trial")
    while isinstance(value, Call) and value.kind == OTHER_INPUTS:
        found.insert(0, value)
        value = value.owner
    return found


def is_parameter(value: Value) -> bool:
    return isinstance(value, Call) and kind(value).lower() in DISTRIBUTIONS


def _take_inputs(lowering: Lowering, job: Call | None, inputs: object, space: Fields) -> None:
    """Inputs of the job itself that are distributions are parameters."""
    given = job.get("inputs") if job is not None else None
    for name, value in given.items() if isinstance(given, dict) else ():
        if is_parameter(value) and isinstance(inputs, Fields) and job is not None:
            inputs.pop(name, None)
            put_parameter(lowering, space, name, value, (job.key, "inputs", name))


def _put_input(
    lowering: Lowering, fields: Fields, space: Fields, uploads: Uploads, path: FieldPath, name: str, value: Value
) -> None:
    """An input that the sweep gives: a parameter where it is swept, else an input with another value."""
    inputs = fields.inner("inputs")
    parameter = is_parameter(value)
    _drop(lowering, inputs, name, GIVEN if parameter else "the sweep gives it another value")
    if parameter:
        inputs.pop(name, None)
        put_parameter(lowering, space, name, value, path)
        return
    inputs.put(name, lowering.value(value, path, f"job.inputs.{name}"), path)
    entry = inputs[name]
    if isinstance(entry, Fields):
        sdk_v2.put_entry(lowering, entry, uploads, value)


def put_parameter(lowering: Lowering, space: Fields, name: str, value: Value, path: FieldPath) -> None:
    """A parameter; the options of `choice(1, 2)` and `Choice([1, 2])` are its values."""
    to = f"sweep.search_space.{name}"
    if not isinstance(value, Call) or not is_parameter(value):
        space.put(name, lowering.value(value, path, to), path)
        return
    if kind(value).lower() != "choice":
        space.put(name, _fields(lowering, value, path, to), path)
        return
    made = Fields((value.key,))
    made.put("type", "choice")
    lowering.ledger.rewrite(path, to, _SECTION)
    options = [argument.value for _, argument in told(value)]
    paths = [(value.key, key) for key, _ in told(value)]
    plain = len(options) != 1 or isinstance(options[0], str | int | float)
    listed: Value = [*options] if plain else options[0]
    made.put("values", lowering.value(listed, paths[0] if paths else (value.key,), f"{to}.values"), *paths)
    space.put(name, made, path)
