"""What a job and a cluster must say of themselves, how long a run may take, and what it may cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specrun.spec.diagnostics import Path
from specrun.spec.repository_rules import Rule
from specrun.spec.repository_rules.case import Broken, Case, Found, Open
from specrun.spec.wording import listed, snippet


def required_tags(case: Case, rule: Rule) -> Iterator[Found]:
    """Whether the job, and a cluster that is declared, have each tag of the rule `required_tags`, with a value."""
    if case.spec.job is not None:
        yield from _missing(rule, ("job",), case.spec.job.tags)
    if case.declared is not None:
        tags = case.declared.get("tags")
        yield from _missing(rule, ("compute",), tags if isinstance(tags, Mapping) else {})


def _missing(rule: Rule, path: Path, tags: Mapping[str, object]) -> Iterator[Found]:
    given = {name.lower() for name, value in tags.items() if str(value).strip()}
    missing = [name for name in rule.value if name.lower() not in given]
    if missing:
        what = "job" if path == ("job",) else "cluster"
        lacks = f"The {what} has no {listed(missing, 'or')}" + (", or no value of it" if _any_of(missing, tags) else "")
        write = snippet("tags", dict.fromkeys(missing, "…"))
        yield Broken((*path, "tags") if tags else path, f"{lacks}: write `{write}` in `{path[0]}`.", True)


def _any_of(missing: list[str], tags: Mapping[str, object]) -> bool:
    return any(name.lower() in map(str.lower, tags) for name in missing)


def max_timeout(case: Case, rule: Rule) -> Iterator[Found]:
    """Whether the job is ended after the time of the rule `max_timeout`, or sooner; of a sweep each trial."""
    job, sweep = case.spec.job, case.spec.sweep
    if job is None:
        return
    if sweep is not None and sweep.trial_timeout is not None:
        if sweep.trial_timeout > rule.value:
            write = f"write `trial_timeout: {rule.value}`"
            detail = f"At most {_time(rule.value)} are allowed, and a trial may take {_time(sweep.trial_timeout)}: "
            yield Broken(("sweep", "limits", "trial_timeout"), f"{detail}{write}, or less.")
        return
    write = f"write `limits: {{timeout: {rule.value}}}`"
    if job.timeout is None:
        detail = f"The job has no `limits.timeout`: nothing ends it. At most {_time(rule.value)} are allowed: {write}."
        yield Broken(("job",), detail, True)
    elif job.timeout > rule.value:
        detail = f"At most {_time(rule.value)} are allowed, and this is {_time(job.timeout)}: {write}, or less."
        yield Broken(("job", "limits", "timeout"), detail)


def _time(seconds: int) -> str:
    """`30,600 s (8h 30m)`."""
    parts = []
    rest = seconds
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count:
            parts.append(f"{count}{unit}")
    return f"{seconds:,} s ({' '.join(parts)})" if seconds >= 60 else f"{seconds} s"


def budget_per_run(case: Case, rule: Rule) -> Iterator[Found]:
    """Whether an attempt costs no more than the rule `budget_per_run`; what nobody can say is too much."""
    from specrun.spec.cost import money, most

    job, seen = case.spec.job, case.seen
    if job is None:
        return
    region = str(((seen.workspace if seen else None) or {}).get("location") or "")
    cost = most(case.spec, case.prices, (seen.cluster if seen else None) or {}, region)
    if cost is None and not case.in_azure:
        return  # nothing is rented, and no size is declared
    currency = case.prices.currency if case.prices is not None else rule.value.currency
    limit = (
        f"A run may cost {money(rule.value.amount, currency)} at most"
        if currency
        else (f"A run may cost {rule.value.amount} at most")
    )
    path: Path = ("job", "limits", "timeout")
    sweep, seconds = case.spec.sweep, job.timeout
    if sweep is not None:
        path = ("sweep", "limits") if sweep.trial_timeout or sweep.timeout else path
        seconds = sweep.trial_timeout or sweep.timeout or seconds
    if seconds is None:
        detail = f"{limit}, and this is unbounded: nothing ends the job. Write a `limits.timeout` in `job`, in seconds."
        yield Broken(("job",), detail, True)
    elif cost is None:
        if case.spec.compute is not None and seen is None:
            yield Open(("compute",), "", planned=True)
            return
        what = "the size of its machines is not known"
        how = "write `job.resources.instance_type`" if case.is_serverless else "declare the cluster with its `size`"
        yield Broken(("job",), f"{limit}, and what this costs cannot be said: {what}. {how.capitalize()}.", True)
    elif cost.at_most is None:
        size, tier = cost.instances.size, cost.instances.tier
        detail = (
            f"{limit}, and what this costs cannot be said: there is no price of {size} ({tier}). Add it to `prices` in "
            f"`.specrun.yaml`, as `{size}: {{{tier}: 0.50}}`, an hour of one instance; `specrun prices` looks it up."
        )
        yield Broken(_at_size(case), detail, _at_size(case)[-1] in ("compute", "job"))
    elif cost.at_most > rule.value.amount:
        if case.in_azure and seen is None and not cost.instances.region and _by_region(case):
            yield Open(("workspace",), "", planned=True)
            return
        instances = cost.instances
        what, fewer, time = "", "fewer or smaller instances", f"for {_time(round(cost.seconds or seconds))}"
        if cost.trials is not None:
            what, fewer, time = (
                f", {cost.trials} trials",
                "fewer trials, fewer or smaller instances",
                f"{time} together",
            )
        detail = (
            f"{limit}, and this may cost {money(cost.at_most, cost.currency)}: {instances.count} × {instances.size} "
            f"({instances.tier}){what} {time}. Take {fewer}, or a shorter timeout."
        )
        yield Broken(path, detail)


def _by_region(case: Case) -> bool:
    return case.prices is not None and len(case.prices.lists) > 1


def _at_size(case: Case) -> Path:
    if case.declared is not None and "size" in case.declared:
        return ("compute", "size")
    if case.spec.compute is not None:
        return ("compute",)
    job = case.spec.job
    return ("job", "resources", "instance_type") if job is not None and job.resources.instance_type else ("job",)
