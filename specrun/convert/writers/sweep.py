"""For which values a job is run, how they are chosen, which trial is the best, and when trials end."""

from __future__ import annotations

import re
from collections.abc import Mapping

from specrun.convert import coerce
from specrun.convert.document import Key, Value
from specrun.convert.naming import identifier
from specrun.convert.section import Reader, Row, Section, dropped
from specrun.convert.unknown import Open
from specrun.convert.writers.command import Names

SWEEP: Key = ("sweep",)
SPACE: Key = ("sweep", "search_space")
_OBJECTIVE: Key = ("sweep", "objective")
_POLICY: Key = ("sweep", "early_termination")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
"""The name of a parameter that Azure ML takes."""

_AMONG = (
    "a choice among mappings or lists has no place in a spec: write a sweep for each, or a text for each, which the "
    "script takes apart"
)


def _one_of(*words: str) -> Reader:
    """What reads one of some words, however it is spelled."""
    known = {word.replace("_", ""): word for word in words}
    return lambda value: known.get((coerce.word(value) or "").lower().replace("_", "").replace("-", ""))


def _seconds(value: object) -> int | None:
    found = coerce.number(value)
    return int(found) or None if found is not None and found >= 0 else None


def _values(value: object) -> list[Value] | None:
    """The values of a choice, also of a single one; None where one of them is no scalar."""
    found = value if isinstance(value, list) else [value]
    plain = all(isinstance(one, str | int | float) for one in found)
    return [*found] if found and plain else None


def _logbase(value: object) -> Value:
    return "e" if coerce.word(value) == "e" else coerce.number(value)


_BETWEEN = (Row("min_value", coerce.number, "a number"), Row("max_value", coerce.number, "a number"))
_AROUND = (Row("mu", coerce.number, "a number"), Row("sigma", coerce.number, "a number"))
_STEP = (Row("q", coerce.number, "a number"),)
_PARAMETER: Mapping[str, tuple[Row, ...]] = {
    "choice": (Row("values", _values, "a list of values"),),
    "randint": (Row("upper", coerce.count, "a whole number"),),
    **dict.fromkeys(("uniform", "loguniform"), _BETWEEN),
    **dict.fromkeys(("quniform", "qloguniform"), (*_BETWEEN, *_STEP)),
    **dict.fromkeys(("normal", "lognormal"), _AROUND),
    **dict.fromkeys(("qnormal", "qlognormal"), (*_AROUND, *_STEP)),
}
_TYPES = tuple(_PARAMETER)
_SAMPLING = (
    Row("seed", coerce.whole, "a whole number"),
    Row("rule", _one_of("random", "sobol"), "random or sobol"),
    Row("logbase", _logbase, "a number or e"),
)
_LIMITS = (
    Row("max_total_trials", coerce.count, "a number of trials"),
    Row("max_concurrent_trials", coerce.count, "a number of trials"),
    Row("timeout", _seconds, "a number of seconds"),
    Row("trial_timeout", _seconds, "a number of seconds"),
)
_ALGORITHM = Row("sampling_algorithm", _one_of("grid", "random", "bayesian"), "grid, random or bayesian,")
_POLICIES = ("bandit", "median_stopping", "truncation_selection")
_BETWEEN_TWO = "0 is what is left out"


def write_sweep(section: Section, names: Names) -> None:
    """Take a sweep over, and note what the command calls its parameters."""
    _write_sampling(section)
    _write_space(section.inner("search_space", to=SPACE), names)
    if not names.parameters:
        section.ask("search_space", SPACE, "a search space is expected here: the values of each parameter")
    objective = section.inner("objective", to=_OBJECTIVE)
    goal, metric = Row("goal", _one_of("minimize", "maximize"), "minimize or maximize"), "primary_metric"
    objective.take((goal, Row(metric, coerce.word, "a metric's name", prose=True)), _OBJECTIVE)
    for name, what in (("goal", "minimize or maximize the primary metric?"), (metric, "the metric that the job logs")):
        if objective.get(name) is None:
            objective.ask(name, (*_OBJECTIVE, name), what)
    section.inner("limits", to=("sweep", "limits")).take(_LIMITS, ("sweep", "limits"))
    _write_policy(section.inner("early_termination", to=_POLICY))


def _write_sampling(section: Section) -> None:
    to: Key = ("sweep", "sampling_algorithm")
    if isinstance(section.get("sampling_algorithm"), Mapping | Section):
        inner = section.inner("sampling_algorithm", to=to)
        inner.copy("type", to, _ALGORITHM.read or coerce.word, _ALGORITHM.expected)
        inner.take(_SAMPLING, SWEEP)
    elif section.get("sampling_algorithm") is not None:
        section.take((_ALGORITHM,), SWEEP)
    if not section.draft.has(to):
        section.ask("sampling_algorithm", to, "how are values chosen: grid, random or bayesian?")
    section.take(_SAMPLING, SWEEP)


def _write_space(section: Section, names: Names) -> None:
    for name in list(section.names()):
        own = name if _NAME.fullmatch(name) else identifier(name, names.parameters.values())
        names.parameters[name] = own
        to: Key = (*SPACE, own)
        value = section.get(name)
        if not isinstance(value, Mapping | Section):
            section.ask(name, to, f"a parameter is expected here, with its type, and this is {coerce.shown(value)}")
            continue
        _write_parameter(section.inner(name, to=to), to)
        if own != name:
            section.rewrite(name, to, f"a parameter's name has letters, digits and underscores: {own}")


def _write_parameter(section: Section, to: Key) -> None:
    kind = section.copy("type", (*to, "type"), _one_of(*_TYPES), f"one of {', '.join(_TYPES)}")
    if section.get("type") is None:
        section.ask("type", (*to, "type"), f"one of {', '.join(_TYPES)}")
    for row in _PARAMETER.get(str(kind), ()):
        value = section.get(row.name)
        nested = isinstance(value, list) and any(isinstance(one, list | Mapping | Section) for one in value)
        if isinstance(value, Open) and row.name == "values":
            what = f"{row.expected} is expected here, and this is {coerce.shown(value)}"
            section.ask(row.name, (*to, row.name), what)
        elif nested:
            section.ask(row.name, (*to, row.name), _AMONG)
        elif value is None:
            section.ask(row.name, (*to, row.name), f"{row.expected} is expected here")
        else:
            section.take((row,), to)


def _write_policy(section: Section) -> None:
    kind = str(section.copy("type", (*_POLICY, "type"), _one_of(*_POLICIES), f"one of {', '.join(_POLICIES)}"))
    if list(section.names()) and section.get("type") is None:
        section.ask("type", (*_POLICY, "type"), f"one of {', '.join(_POLICIES)}")
    section.take(_of_policy(section, kind), _POLICY)


def _of_policy(section: Section, kind: str) -> list[Row]:
    """A policy's fields. 0 is what the SDK takes for what is left out, so that it says nothing."""
    rows = [
        Row("evaluation_interval", coerce.count, "a whole number"),
        Row("delay_evaluation", coerce.whole, "a whole number"),
    ]
    if kind == "bandit":
        rows += [Row("slack_factor", coerce.number, "a number"), Row("slack_amount", coerce.number, "a number")]
    if kind == "truncation_selection":
        rows += [Row("truncation_percentage", coerce.count, "a whole number")]
    zero = [row.name for row in rows if coerce.number(section.get(row.name)) == 0 and row.name != "delay_evaluation"]
    return [*(row for row in rows if row.name not in zero), *dropped(_BETWEEN_TWO, *zero)]
