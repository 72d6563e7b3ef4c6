"""Specs under the rules of their repository: what is broken, what is excepted, what cannot be judged."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from specrun.spec import codes
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.repository_rules import Exempt, Rule, Rules
from specrun.spec.repository_rules.case import Broken, Case, Found, Open
from specrun.spec.repository_rules.images import images, registries
from specrun.spec.repository_rules.limits import budget_per_run, max_timeout, required_tags
from specrun.spec.repository_rules.machines import max_instances, min_instances, regions, sizes, tiers
from specrun.spec.selection import About

SOON = 14
"""Days before its last one in which it is said that an exception ends."""

_NEW = 30
"""Days for which an exception is shown that somebody may write."""


class Check(NamedTuple):
    """How specs are judged by a rule, and the code of what breaks it."""

    code: str
    check: Callable[[Case, Rule], Iterator[Found]]


CHECKS: Mapping[str, Check] = {
    "sizes": Check("rule-sizes", sizes),
    "regions": Check("rule-regions", regions),
    "tiers": Check("rule-tiers", tiers),
    "images": Check("rule-images", images),
    "registries": Check("rule-registries", registries),
    "max_instances": Check("rule-max-instances", max_instances),
    "min_instances": Check("rule-min-instances", min_instances),
    "required_tags": Check("rule-required-tags", required_tags),
    "max_timeout": Check("rule-max-timeout", max_timeout),
    "budget_per_run": Check("rule-budget-per-run", budget_per_run),
}


class Verdict(NamedTuple):
    """What is found of a spec. `planned` are the rules that are judged by what a plan sees."""

    broken: Sequence[Diagnostic]
    notes: Sequence[Diagnostic]
    planned: Collection[str]


def judge(case: Case, rules: Rules, today: str, only: Collection[str] | None = None) -> Verdict:
    """A spec under the rules of its target, or under those of them that are in `only`. `today` is an ISO date."""
    broken: list[Diagnostic] = []
    notes: list[Diagnostic] = []
    planned: set[str] = set()
    for key, rule in rules.of(case.spec.target).items():
        if key not in CHECKS or (only is not None and key not in only):
            continue
        for found in CHECKS[key].check(case, rule):
            if isinstance(found, Broken):
                exempt = [one for one in rules.exceptions if one.rule == key and _is_for(one, case, rules.root)]
                holds = next((one for one in exempt if one.expires >= today), None)
                if holds is None:
                    broken.append(_broken(case, rule, found, exempt, today))
                else:
                    notes.append(_excepted(case, rule, found, holds))
            elif found.planned:
                planned.add(key)
            else:
                notes.append(_not_judged(case, rule, found))
    return Verdict(tuple(dict.fromkeys(broken)), tuple(dict.fromkeys(notes)), frozenset(planned))


def judged_by_plan(case: Case, rules: Rules, today: str) -> Verdict:
    """What a plan adds to the verdict of the spec alone, from what it has `seen`."""
    before = judge(replace(case, seen=None), rules, today)
    if not before.planned:
        return Verdict((), (), ())
    after = judge(case, rules, today, before.planned)
    broken = tuple(one for one in after.broken if one not in before.broken)
    return Verdict(broken, tuple(one for one in after.notes if one not in before.notes), ())


def dates(rules: Rules, today: str) -> Iterator[Diagnostic]:
    """Which exceptions have expired, and which will soon, each at its place."""
    soon = (date.fromisoformat(today) + timedelta(SOON)).isoformat()
    for one in rules.exceptions:
        if one.expires < today:
            detail = f"Its last day was {one.expires}: `{one.rule}` counts again. Take it out, or renew it."
            yield codes.diagnostic("exception-expired", detail, (), one.location)
        elif one.expires <= soon:
            detail = f"Its last day is {one.expires}; from then on `{one.rule}` counts again."
            yield codes.diagnostic("exception-expires", detail, (), one.location)


def _is_for(one: Exempt, case: Case, root: str) -> bool:
    spec = case.spec
    tags = {**(spec.job.tags if spec.job is not None else {})}
    of_cluster = (case.declared or {}).get("tags")
    about = About(
        str(spec.file),
        spec.name,
        tuple(f"{key}={value}" for each in (tags, of_cluster or {}) for key, value in each.items()),
    )
    here = (replace(each, value=os.path.join(root, each.value)) if each.by == "folder" else each for each in one.specs)  # noqa: PTH118
    return any(each.fits(about) for each in here)


def _place(rule: Rule | Exempt) -> str:
    return f"{rule.location.file}:{rule.location.line}"


def _broken(case: Case, rule: Rule, found: Broken, expired: Sequence[Exempt], today: str) -> Diagnostic:
    until = (date.fromisoformat(today) + timedelta(_NEW)).isoformat()
    entry = f"{{rule: {rule.key}, specs: [NAME], reason: WHY, expires: {until}}}"
    if expired:
        way = f"The exception of {_place(expired[0])} has expired on {expired[0].expires}."
    else:
        way = f"An exception would stand there, below `exceptions`: `- {entry}`."
    detail = f"{found.detail} The rule is {_place(rule)}. {way}"
    return replace(_told(case, CHECKS[rule.key].code, detail, found), others=(rule.location,))


def _excepted(case: Case, rule: Rule, found: Broken, one: Exempt) -> Diagnostic:
    detail = f"`{rule.key}` ({_place(rule)}) need not be kept until {one.expires} ({_place(one)}): {one.reason}"
    return _told(case, "rule-excepted", detail if detail.endswith(".") else f"{detail}.", found)


def _not_judged(case: Case, rule: Rule, found: Open) -> Diagnostic:
    detail = f"`{rule.key}` ({_place(rule)}): {found.why}."
    return case.spec.document.diagnostic("rule-not-judged", detail, found.path, key=True)


def _told(case: Case, code: str, detail: str, found: Broken) -> Diagnostic:
    return case.spec.document.diagnostic(code, detail, found.path, key=found.at_key)
