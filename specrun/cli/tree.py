"""The trials of the sweeps that `specrun runs` lists: each sweep's in order, as far as they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from specrun.apply.trials import run_of
from specrun.cli.listed import LOOKED_AT, Asked, Listed
from specrun.cli.telling import tell
from specrun.plan.metrics import Logged
from specrun.plan.observed import Run
from specrun.plan.parameters import parameters
from specrun.plan.run_columns import Filter, Sort, chosen
from specrun.plan.run_facts import Column, Facts
from specrun.plan.trials import Trial, ranked
from specrun.spec.frozen import dataclass
from specrun.views.run_table import trial_columns


@dataclass(frozen=True, slots=True)
class Leaf:
    """A trial, and what is known of it by name."""

    trial: Trial
    facts: Facts


@dataclass(frozen=True, slots=True)
class Branch:
    """A run that is listed; of a sweep all its `trials`, and the `leaves`, those that are shown; there are `more`."""

    listed: Listed
    trials: Sequence[Trial] = ()
    leaves: Sequence[Leaf] = ()
    more: int = 0
    columns: Sequence[Column] = ()

    def told_more(self, wanted: Asked) -> str:
        """How many trials are not shown, and what shows them."""
        number = "1 trial" if self.more == 1 else f"{self.more} trials"
        return f"{self.listed.run.name} has {number} more: --limit {wanted.limit + self.more} shows them"


def of_runs(wanted: Asked) -> Asked:
    """What is asked of the sweeps themselves, where filters, orders and columns are about their trials."""
    return replace(wanted, filter=Filter(), sort=Sort(), columns=(), all_known=False)


def trials_of(several: Sequence[Listed]) -> list[Branch]:
    """The runs with the trials of those that are sweeps; what cannot be read is told."""
    from specrun.engines.base import EngineError
    from specrun.engines.calls import read_all

    sweeps = [one for one in several if one.run.is_sweep]
    read = dict(zip(map(id, sweeps), read_all(one.runs.engine.sweeping(one.run.name) for one in sweeps), strict=True))
    branches = []
    for one in several:
        found = read.get(id(one), ())
        if isinstance(found, EngineError):
            tell(f"note: the trials of {one.run.name} cannot be read: {found}")
        branches.append(Branch(one, () if isinstance(found, EngineError) else found))
    return branches


def grown(several: Sequence[Listed], wanted: Asked, now: float) -> list[Branch]:
    """Each sweep with those of its trials that are as is asked for; a filter leaves out what has none."""
    branches = [_grown(one, wanted, now) if one.listed.run.is_sweep else one for one in trials_of(several)]
    return [one for one in branches if one.leaves or not wanted.filter.terms]


def _grown(branch: Branch, wanted: Asked, now: float) -> Branch:
    run = branch.listed.run
    assert run.objective is not None
    leaves = [_leaf(branch.listed, trial, now) for trial in ranked(branch.trials, run.objective)]
    leaves = [leaf for leaf in leaves if wanted.filter.may_hold(leaf.facts)]
    unknown = [column for column in wanted.named if _is_unknown(column, leaves)]
    if unknown:
        if len(leaves) > LOOKED_AT:
            tell(f"note: only the best {LOOKED_AT} trials of {run.name} were looked at for {unknown[0]}")
        leaves = _known(branch.listed, leaves[:LOOKED_AT])
    leaves = [leaf for leaf in leaves if wanted.filter.holds(leaf.facts)]
    if wanted.sort.keys:
        leaves = [leaf for _, leaf in wanted.sort.ordered((leaf.facts, leaf) for leaf in leaves)]
    shown = leaves[: wanted.limit]
    if not unknown and any(_is_unknown(column, shown) for column in wanted.columns):
        shown = _known(branch.listed, shown)
    return replace(branch, leaves=shown, more=len(leaves) - len(shown), columns=_columns(run, wanted, shown))


def _leaf(listed: Listed, trial: Trial, now: float) -> Leaf:
    run = listed.run
    metric = run.objective.primary_metric if run.objective is not None else ""
    metrics = {metric: trial.value} if trial.value is not None else {}
    place = listed.runs.engine.place
    facts = Facts(run_of(trial, run), place.title, place.engine, None, trial.parameters, metrics, now)
    return Leaf(trial, facts)


def _is_unknown(column: Column, leaves: Sequence[Leaf]) -> bool:
    """Whether nothing but what trials logged tells what stands in a column."""
    return not column.field and (column.is_pattern or all(column.value(leaf.facts) is None for leaf in leaves))


def _known(listed: Listed, leaves: Sequence[Leaf]) -> list[Leaf]:
    """The same with all that they logged: a request for each where that is one, several at once."""
    from specrun.engines.base import EngineError
    from specrun.engines.calls import read_all

    begun = [leaf for leaf in leaves if leaf.trial.run]
    read = read_all(listed.runs.engine.logging(leaf.trial.run) for leaf in begun)
    logged = {id(leaf): said for leaf, said in zip(begun, read, strict=True)}
    if errors := [(leaf, said) for leaf, said in zip(begun, read, strict=True) if isinstance(said, EngineError)]:
        others = f", nor those of {len(errors) - 1} others" if len(errors) > 1 else ""
        tell(f"note: the metrics of {errors[0][0].trial.run} cannot be read{others}: {errors[0][1]}")
    full: list[Leaf] = []
    for leaf in leaves:
        said = logged.get(id(leaf), Logged())
        has = Logged() if isinstance(said, EngineError) else said
        metrics = {**{name: last.value for name, last in has.main.items()}, **leaf.facts.metrics}
        params = parameters(leaf.facts.run, {}, has.params)
        full.append(Leaf(leaf.trial, replace(leaf.facts, params=params, metrics=metrics)))
    return full


def _columns(run: Run, wanted: Asked, shown: Sequence[Leaf]) -> Sequence[Column]:
    """The columns that are asked for, else those by which trials were found, the primary metric, and all parameters."""
    if wanted.columns:
        found, missing = chosen(wanted.columns, [leaf.facts for leaf in shown])
        for column in missing if shown else ():
            tell(f"note: no trial of {run.name} that was looked at has `{column}`")
        return found
    metric = run.objective.primary_metric if run.objective is not None else ""
    own = trial_columns(metric, (name for leaf in shown for name in leaf.trial.parameters))
    asked = chosen(wanted.named, [leaf.facts for leaf in shown])[0]
    return [*dict.fromkeys([*own[:2], *asked, *own[2:]])]
