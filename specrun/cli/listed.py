"""Which runs `specrun runs` lists, and what is known of each: filtered and sorted before anything costs a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice, zip_longest

import click

from specrun.cli.failed import Failed
from specrun.cli.opened import Opened, RunsOfSpec
from specrun.cli.priced import Pricing, Spent
from specrun.cli.telling import tell
from specrun.plan.observed import Run
from specrun.plan.run_columns import Filter, Sort, Wrong, chosen, parse_columns
from specrun.plan.run_facts import FIELDS, Column, Facts
from specrun.spec.frozen import dataclass
from specrun.views.runs import Identity

LOOKED_AT = 200
"""The newest runs of each spec that a filter or an order looks at: what that costs does not grow with history."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a list. `columns` are shown, the newest or first `limit` of them; `since` in Unix seconds."""

    filter: Filter
    sort: Sort
    columns: tuple[Column, ...]
    limit: int
    since: float | None = None
    all_known: bool = False
    """Whether parameters and metrics of all that is listed are wanted."""

    @property
    def looks(self) -> int:
        """How many runs of each spec are looked at."""
        return max(self.limit, LOOKED_AT) if self.filter.terms or self.sort.keys else self.limit

    @property
    def named(self) -> tuple[Column, ...]:
        """Columns that are of no run's own fields, which a filter or an order is about."""
        return tuple(one for one in (*self.filter.columns, *self.sort.columns) if not one.field)


@dataclass(frozen=True, slots=True)
class Listed:
    """A run with its engine, the run of the same spec before it, and what is known of it."""

    runs: RunsOfSpec
    run: Run
    before: Run | None
    identity: Identity
    spent: Spent
    facts: Facts
    failed: Failed | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What is listed, of those that were `looked` at. `more`: there are more that are as was asked; `older`: there are
    older ones, which were not looked at.
    """

    listed: Sequence[Listed]
    looked: Sequence[Listed] = ()
    more: bool = False
    older: bool = False


def asked(filters: Sequence[str], sort: str | None, columns: Sequence[str], **others: object) -> Asked:
    """What options say. Raises click.UsageError with what is wrong in each."""
    wanted = [Filter.parse(text) for text in filters]
    order = Sort() if sort is None else Sort.parse(sort)
    shown = [parse_columns(text) for text in columns]
    said = [("--filter", one) for one in wanted] + [("--sort", order)] + [("--columns", one) for one in shown]
    if wrong := [f"{option}: {one}" for option, one in said if isinstance(one, Wrong)]:
        raise click.UsageError("\n".join(wrong))
    terms = tuple(term for one in wanted if isinstance(one, Filter) for term in one.terms)
    assert isinstance(order, Sort)
    named = tuple(column for one in shown if not isinstance(one, Wrong) for column in one)
    return Asked(Filter(terms), order, named, **others)  # type: ignore[arg-type]


def find(opened: Opened, wanted: Asked, now: float) -> Found:
    """The runs that are as is asked for, in order."""
    # One more than is shown of each: what the oldest of these changed is said, too.
    found = opened.ask(lambda one: list(islice(one.every(), wanted.looks + 1)))
    pricing = Pricing(now)
    listed = [entry for one, several in found for entry in _of_spec(one, several, wanted.looks, pricing, now)]
    listed.sort(key=lambda entry: entry.run.submitted or 0.0, reverse=True)
    if wanted.since is not None:
        # Of what nobody knows when it was submitted nobody can say that it was before.
        listed = [entry for entry in listed if entry.run.submitted is None or entry.run.submitted >= wanted.since]
    listed = [entry for entry in listed if wanted.filter.may_hold(entry.facts)]
    looked = listed
    if wanted.named:
        looked = known(listed)
        listed = [entry for entry in looked if wanted.filter.holds(entry.facts)]
    if wanted.sort.keys:
        listed = [entry for _, entry in wanted.sort.ordered((entry.facts, entry) for entry in listed)]
    shown = listed[: wanted.limit]
    if not wanted.named and (wanted.all_known or any(not column.field for column in wanted.columns)):
        shown = looked = known(shown)
    older = any(len(several) > wanted.looks for _, several in found)
    return Found(shown, looked, len(listed) > wanted.limit, older)


def known(listed: Sequence[Listed]) -> list[Listed]:
    """The same with their parameters and metrics: a request for each where that is one, several at once."""
    from specrun.engines.base import EngineError
    from specrun.engines.calls import read_all
    from specrun.plan.metrics import Logged
    from specrun.plan.parameters import parameters

    read = read_all(one.runs.engine.logging(one.run.name) for one in listed)
    unread = [(one.run.name, said) for one, said in zip(listed, read, strict=True) if isinstance(said, EngineError)]
    for name, error in unread[:1]:
        others = f", nor those of {len(unread) - 1} others" if len(unread) > 1 else ""
        tell(f"note: the metrics of {name} cannot be read{others}: {error}")
    full: list[Listed] = []
    for one, said in zip(listed, read, strict=True):
        logged = Logged() if isinstance(said, EngineError) else said
        params = parameters(one.run, one.identity(one.run.name), logged.params)
        metrics = {name: last.value for name, last in logged.main.items()}
        full.append(replace(one, facts=replace(one.facts, params=params, metrics=metrics)))
    return full


def columns_of(wanted: Asked, found: Found) -> Sequence[Column]:
    """The columns to show: those that are asked for, else those by which runs were found.

    What no run has is told, and of which two that are called alike one is shown.
    """
    looked = [one.facts for one in found.looked]
    named = dict.fromkeys((*wanted.columns, *wanted.named))
    _, missing = chosen(named, looked)
    if looked and missing:
        from specrun.spec.nearest import nearest

        names = list(dict.fromkeys([*FIELDS, *(name for one in looked for name in (*one.params, *one.metrics))]))
        for column in missing:
            like = nearest(column.name, names)
            meant = f": is `{like}` meant?" if like and not column.is_pattern else ""
            tell(f"note: no run that was looked at has `{column}`{meant}")
    for name in dict.fromkeys(column.name for column in named if not column.field and not column.space):
        if any(name in one.params for one in looked) and any(name in one.metrics for one in looked):
            tell(f"note: `{name}` is the metric here: `params.{name}` is the parameter of that name")
    return chosen(wanted.columns or wanted.named, [one.facts for one in found.listed])[0]


def _of_spec(runs: RunsOfSpec, found: Sequence[Run], looks: int, pricing: Pricing, now: float) -> Sequence[Listed]:
    identity = _as_kept(runs.engine.identity)
    pairs = [*zip_longest(found, found[1:])]
    return [_one(runs, run, before, identity, pricing.spent(runs, run), now) for run, before in pairs][:looks]


def _one(runs: RunsOfSpec, run: Run, before: Run | None, identity: Identity, spent: Spent, now: float) -> Listed:
    place = runs.engine.place
    amount = spent.cost.amount if spent.cost is not None else None
    facts = Facts(run, place.title, place.engine, None if amount is None else float(amount), now=now)
    return Listed(runs, run, before, identity, spent, facts)


def _as_kept(identity: Identity) -> Identity:
    """What runs consisted of, until that is not kept of one: a look is a request, and older ones will lack it too."""
    known: dict[str, Mapping[str, object]] = {}

    def kept(name: str) -> Mapping[str, object]:
        if name not in known:
            known[name] = identity(name) if all(known.values()) else {}
        return known[name]

    return kept
