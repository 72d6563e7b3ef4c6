"""A sweep of the CLI v1: the file that `submit-hyperdrive` names in the words of the CLI v2, and its arguments."""

from __future__ import annotations

from collections.abc import Mapping

from specrun.convert import coerce, naming
from specrun.convert.report import FieldPath
from specrun.convert.scripts.sweep_words import DISTRIBUTIONS, SWEEP_TYPES
from specrun.convert.section import Fields
from specrun.convert.unknown import Missing

_OBJECTIVE = {"primary_metric_name": "primary_metric", "primary_metric_goal": "goal"}
_LIMITS = {"max_total_runs": "max_total_trials", "max_concurrent_runs": "max_concurrent_trials"}
_NO_POLICY = "noterminationpolicy"
_POLICIES = {name.lower(): kind for name, kind in SWEEP_TYPES.items() if name.endswith("Policy")}


def sweep_of(values: Mapping[str, object], path: FieldPath) -> tuple[Fields, dict[str, str]]:
    """The sweep that a file describes, and the flag of each parameter. `path` is where the file is in the report."""
    sweep = Fields(path)
    sampling, space = coerce.mapping(values.get("sampling")), Fields((*path, "sampling", "parameter_space"))
    if "type" in sampling:
        sweep.put("sampling_algorithm", sampling["type"], (*path, "sampling", "type"))
    flags: dict[str, str] = {}
    listed = sampling.get("parameter_space")
    for number, one in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(one, Mapping):
            _put_parameter(space, flags, one, (*path, "sampling", "parameter_space", number))
    sweep.put("search_space", space)
    _put_policy(sweep, coerce.mapping(values.get("policy")), (*path, "policy"))
    for section, names in (("objective", _OBJECTIVE), ("limits", _LIMITS)):
        for name, ours in names.items():
            if name in values:
                sweep.inner(section).put(ours, values[name], (*path, name))
    minutes = coerce.number(values.get("max_duration_minutes"))
    if minutes is not None:
        sweep.inner("limits").put("timeout", minutes * 60, (*path, "max_duration_minutes"), note="in seconds")
    return sweep, flags


def unread(what: str, origin: FieldPath) -> Fields:
    """The sweep of a file that is not there."""
    sweep = Fields(origin)
    sweep.put("sampling_algorithm", Missing(what), origin)
    return sweep


def put_arguments(run: Fields, key: str, flags: Mapping[str, str]) -> None:
    """What HyperDrive hands to the script behind its own arguments: a flag with its value for each parameter."""
    words = [word for name, flag in flags.items() for word in (flag, f"${{{{search_space.{name}}}}}")]
    given = run.get(key)
    together = (
        f"{given} {' '.join(words)}"
        if isinstance(given, str)
        else [*(given if isinstance(given, list) else []), *words]
    )
    if words:
        run.put(key, together, *run.origins.get(key, ()))


def _put_parameter(space: Fields, flags: dict[str, str], one: Mapping[str, object], path: FieldPath) -> None:
    name = coerce.word(one.get("name")) or "parameter"
    kind = (coerce.word(one.get("expression")) or "").lower()
    own = naming.identifier(name.lstrip("-"), flags)
    flags[own] = name if name.startswith("-") else f"--{name}"
    made = Fields(path)
    made.put("type", one.get("expression"), (*path, "expression"))
    values, at = one.get("values"), (*path, "values")
    if kind == "choice":
        made.put("values", values, at)
    else:
        for number, field in enumerate(DISTRIBUTIONS.get(kind, "").split()):
            if isinstance(values, list) and number < len(values):
                made.put(field, values[number], (*at, number))
    space.put(own, made, (*path, "name"), note="what the script gets is in the arguments")


def _put_policy(sweep: Fields, policy: Mapping[str, object], path: FieldPath) -> None:
    kind = (coerce.word(policy.get("type")) or _NO_POLICY).lower()
    if kind == _NO_POLICY:
        return
    made = Fields.of({str(name): value for name, value in policy.items()}, path)
    made.put("type", _POLICIES.get(kind, policy.get("type")), (*path, "type"))
    sweep.put("early_termination", made, path)
