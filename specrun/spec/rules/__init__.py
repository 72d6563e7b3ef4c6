"""What a schema cannot say: each rule is a function from a Subject to diagnostics, and stands in a tuple here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from specrun.spec.diagnostics import MAX_DIAGNOSTICS, Diagnostic, Severity
from specrun.spec.rules import (
    chains,
    command,
    counts,
    credentials,
    data,
    environment,
    expressions,
    failures,
    lines,
    paths,
    references,
    requirements,
    scripts,
    sizes,
    spelling,
)
from specrun.spec.rules.subject import Subject

Rule = Callable[[Subject], Iterable[Diagnostic]]

_ANY: tuple[Rule, ...] = (
    credentials.literals,
    command.reserved_tags,
    expressions.almost_expressions,
    expressions.unused_variables,
    sizes.retired,
    counts.instances,
    paths.workspace,
)
_DATA: tuple[Rule, ...] = (data.checksums, data.addresses, data.targets, data.stores, paths.data)
_JOB: tuple[Rule, ...] = (
    command.form,
    command.variables,
    command.unused_inputs,
    lines.escaped_expressions,
    lines.lookalikes,
    lines.quoted_arguments,
    lines.broken_lines,
    failures.unnoticed,
    spelling.respelled,
    counts.processes,
    counts.lonely_instances,
    sizes.gpus,
    environment.sources,
    environment.conda_file,
    requirements.lines,
    references.data_entries,
    references.text_inputs,
    references.datastore_paths,
    references.outputs_into_data,
    chains.own_runs,
    chains.models,
    chains.registered_twice,
    paths.code,
    scripts.in_command,
    paths.inputs,
    paths.environment,
)


def _of_sweeps() -> tuple[Rule, ...]:
    from specrun.spec.rules import search_space, sweep  # late: few specs have one

    return (
        sweep.job,
        sweep.sampling,
        sweep.counts,
        sweep.timeouts,
        sweep.early_termination,
        sweep.unused_parameters,
        sweep.shared_outputs,
        sweep.metric,
        search_space.kinds,
        search_space.ranges,
        search_space.repeated,
        search_space.sobol,
    )


_ADVICE: frozenset[Rule] = frozenset(
    (
        command.unused_inputs,
        expressions.almost_expressions,
        expressions.unused_variables,
        failures.unnoticed,
        lines.broken_lines,
        lines.quoted_arguments,
        spelling.respelled,
    )
)
"""Rules that find no errors."""


def check(subject: Subject, *, advice: bool = True) -> list[Diagnostic]:
    """Every rule's diagnostics (of each rule the first hundred), in no particular order; with no `advice` of those
    that find errors.
    """
    rules = _ANY + _DATA * bool(subject.data) + _JOB * ("job" in subject.values)
    rules += _of_sweeps() if "sweep" in subject.values else ()
    rules = rules if advice else tuple(rule for rule in rules if rule not in _ADVICE)
    return [found for rule in rules for found in _few(rule(subject))]


def _few(found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """What a rule reports until it has enough errors; of the rest as many, for an error may come after them."""
    errors = others = 0
    for one in found:
        if one.severity is Severity.ERROR:
            yield one
            errors += 1
            if errors == MAX_DIAGNOSTICS:
                return
        else:
            others += 1
            if others <= MAX_DIAGNOSTICS:
                yield one
