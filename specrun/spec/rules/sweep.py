"""A sweep: how values are chosen, how many trials there are, what ends them, and whether they differ at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from specrun.spec.diagnostics import Diagnostic
from specrun.spec.expressions import references
from specrun.spec.rules.expressions import almost
from specrun.spec.rules.search_space import algorithm, is_finite
from specrun.spec.rules.subject import Subject, is_known, lacks, mapping, number, text
from specrun.spec.sweep import BAYESIAN, GRID, RANDOM, combinations_of
from specrun.spec.wording import listed, shown

_LOG = re.compile(r"""\b(?:log_metric|log|add_scalar|scalar)\(\s*["']([\w./ -]{1,250})["']\s*,""")
"""Where MLflow, SDK v1 or TensorBoard are given a metric by its name."""
_LONGEST = 1_000_000
_ALIKE = 0.8
_COUNTED = 10**12
"""Nobody reads the digits of a number above it."""
_USED_IN = ("command", "arguments", "environment_variables")
_WORD = re.compile(r"(?:\$\{\{.*?\}\}|\S)+")
"""A word of a command, with the expressions in it, which may have spaces."""
_NAMED = 3
"""How many parameters a folder for each trial is spelled with."""


def job(subject: Subject) -> Iterator[Diagnostic]:
    """A sweep runs a job."""
    if lacks(subject.values, "job"):
        detail = (
            "A sweep runs a job for several sets of values: write the `job`, with `${{ search_space.NAME }}` in it."
        )
        yield subject.at_key("sweep-without-job", detail, "sweep")


def sampling(subject: Subject) -> Iterator[Diagnostic]:
    """What belongs to random sampling stands beside no other, and nothing is said twice in two ways."""
    said, chosen = subject.sweep.get("sampling_algorithm"), algorithm(subject)
    inside = mapping(said)
    for name in ("seed", "rule", "logbase"):
        if name in inside and name in subject.sweep and inside[name] != subject.sweep[name]:
            here, there = shown(subject.sweep[name]), shown(inside[name])
            detail = f"`{name}` is {here} here and {there} in `sampling_algorithm`: leave one of the two out."
            yield subject.at("sampling-twice", detail, "sweep", name)
    if chosen not in (GRID, BAYESIAN):
        return
    for name in ("seed", "rule", "logbase"):
        if name == "seed" and chosen == BAYESIAN and subject.engine == "local":
            continue  # Optuna begins with it
        why = "Azure ML has it for random alone" if name == "seed" else "It says how random values are drawn"
        why = "A grid draws nothing: it takes every combination" if chosen == GRID else why
        detail = f"{why}. Leave `{name}` out, or write `sampling_algorithm: random`."
        for path in (("sweep", "sampling_algorithm", name), ("sweep", name)):
            if name in (inside if len(path) == 3 else subject.sweep):
                yield subject.at_key("only-of-random", detail, *path)


def counts(subject: Subject) -> Iterator[Diagnostic]:
    """How many trials there are, beside how many there could be and how many run at once."""
    limits = mapping(subject.sweep.get("limits"))
    most, at_once = number(limits.get("max_total_trials")), number(limits.get("max_concurrent_trials"))
    if most is not None and at_once is not None and at_once > most:
        detail = f"There are {most} trials at most: {at_once} at once are never reached."
        yield subject.at("more-at-once-than-trials", detail, "sweep", "limits", "max_concurrent_trials")
    space = subject.sweep.get("search_space")
    if not isinstance(space, dict) or not space or not is_known(space) or not is_finite(space):
        return
    count = combinations_of(space)
    if count is None:
        return
    if algorithm(subject) == GRID:
        yield from _of_grid(subject, count, most)
    elif most is not None and most > count and algorithm(subject) == RANDOM:
        ends = (
            f"the sweep ends when all {count:,} have run"
            if subject.engine == "local"
            else "what Azure ML draws when all have run is not known"
        )
        detail = f"There are {count:,} different sets of values, and `max_total_trials` is {most:,}: {ends}."
        yield subject.at("few-combinations", detail, "sweep", "limits", "max_total_trials")


def _of_grid(subject: Subject, count: int, most: int | None) -> Iterator[Diagnostic]:
    there = f"{count:,}" if count < _COUNTED else f"more than {_COUNTED:,}"
    if most is not None and most < count:
        detail = f"The grid has {there} combinations: the first {most:,} of them run."
        if subject.engine != "local":
            detail = f"The grid has {there} combinations: {most:,} of them run, and which is for Azure ML to say."
        yield subject.at("part-of-grid", detail, "sweep", "limits", "max_total_trials")


def timeouts(subject: Subject) -> Iterator[Diagnostic]:
    """A trial's time is within the sweep's, and said once."""
    limits = mapping(subject.sweep.get("limits"))
    trial, whole = number(limits.get("trial_timeout")), number(limits.get("timeout"))
    job = number(mapping(subject.job.get("limits")).get("timeout"))
    here, of_job = ("sweep", "limits", "trial_timeout"), ("job", "limits", "timeout")
    longest, place = (trial, here) if trial is not None else (job, of_job)
    if longest is not None and whole is not None and longest > whole:
        detail = (
            f"The sweep ends after {whole} s (`sweep.limits.timeout`), before a trial has run {longest} s. Lower the "
            "one, or raise the other."
        )
        yield subject.at("trial-timeout-above-timeout", detail, *place)
    if trial is not None and job is not None and trial != job:
        detail = (
            f"A trial is ended after {trial} s, and the {job} s of `job.limits.timeout` ({subject.line(of_job, here)}) "
            "do not count. Leave one of the two out."
        )
        yield subject.at("two-timeouts", detail, *here)


def early_termination(subject: Subject) -> Iterator[Diagnostic]:
    """What ends trials early: with which sampling, and with which slack."""
    policy = subject.sweep.get("early_termination")
    if not isinstance(policy, dict):
        return
    place = ("sweep", "early_termination")
    if algorithm(subject) == BAYESIAN:
        detail = (
            "Bayesian sampling learns from trials that ran to their end. Leave it out, or write "
            "`sampling_algorithm: random`."
        )
        yield subject.at_key("early-termination-of-bayesian", detail, *place)
    if text(policy.get("type")) != "bandit" or not is_known(policy):
        return
    given = [name for name in ("slack_factor", "slack_amount") if policy.get(name)]
    if len(given) == 2:
        detail = "A trial is too far from the best by a factor or by an amount: keep one of the two."
        yield subject.at_key("bandit-slack", detail, *place, [name for name in policy if name in given][-1])
    elif not given:
        detail = (
            "Say how far from the best a trial may be: `slack_factor: 0.1`, or `slack_amount` in the metric's own unit."
        )
        zero = next((name for name in ("slack_factor", "slack_amount") if name in policy), None)
        if zero is not None:
            yield subject.at("bandit-slack", f"0 stands for none. {detail}", *place, zero)
        else:
            yield subject.at_key("bandit-slack", detail, *place)


def unused_parameters(subject: Subject) -> Iterator[Diagnostic]:
    """A parameter that no trial is told changes nothing; where that is all of them, all trials are the same."""
    space, job = subject.sweep.get("search_space"), subject.job
    if lacks(job, "command") and lacks(job, "script"):
        return
    if not isinstance(space, dict) or not space or not all(is_known(job.get(key)) for key in (*_USED_IN, "script")):
        return
    used = {name for key in _USED_IN for word in _texts(job.get(key)) for name in references(word, "search_space")}
    if used >= space.keys():
        return
    meant = {name for _, namespace, name, *_ in almost(subject) if namespace == "search_space"}
    where = "arguments" if "script" in job else "command"
    if not (used | meant) & space.keys() and not meant:
        names = listed([f"${{{{ search_space.{name} }}}}" for name in list(space)[:3]], "and")
        detail = f"No trial is told its values, so all would be the same. Write {names} in `job.{where}`."
        yield subject.at_key("same-trials", detail, "sweep", "search_space")
        return
    for name in space:
        if name not in used and name not in meant:
            detail = (
                "No trial is told its value: two that differ in it alone are the same. Write "
                f"`${{{{ search_space.{name} }}}}` in `job.{where}`, or take it out."
            )
            yield subject.at_key("unused-parameter", detail, "sweep", "search_space", name)


def shared_outputs(subject: Subject) -> Iterator[Diagnostic]:
    """An output with a path is one folder for all trials, unless each writes below it under its own values."""
    space = subject.sweep.get("search_space")
    if not isinstance(space, dict) or number(mapping(subject.sweep.get("limits")).get("max_total_trials")) == 1:
        return
    words = [word for key in _USED_IN for one in _texts(subject.job.get(key)) for word in _WORD.findall(one)]
    for name, value in mapping(subject.job.get("outputs")).items():
        if text(mapping(value).get("path")) is None:
            continue
        told = [word for word in words if name in references(word, "outputs")]
        if told and all(set(references(word, "search_space")) >= space.keys() for word in told):
            continue
        below = "-".join(f"${{{{ search_space.{parameter} }}}}" for parameter in space)
        ways = f", or name a folder for each below it: `${{{{ outputs.{name} }}}}/{below}`"
        detail = (
            "Each trial writes over what others wrote: what stays is not the best one's. Leave `path` out, and each "
            f"keeps its own (`specrun outputs --best`){ways if 0 < len(space) <= _NAMED else ''}."
        )
        yield subject.at("shared-output", detail, "job", "outputs", name, "path")


def metric(subject: Subject) -> Iterator[Diagnostic]:
    """The primary metric is spelled as the job's script logs it, where that is plain to see."""
    wanted = text(mapping(subject.sweep.get("objective")).get("primary_metric"))
    if not wanted:
        return
    from specrun.spec.nearest import nearest
    from specrun.spec.rules.scripts import scripts_run

    logged: dict[str, str] = {}
    for path in scripts_run(subject):
        source = _source(path)
        if f'"{wanted}"' in source or f"'{wanted}'" in source:
            return
        logged |= {found[1]: Path(path).name for found in _LOG.finditer(source)}
    near = nearest(wanted, logged)
    if near is not None and SequenceMatcher(None, near.lower(), wanted.lower()).ratio() > _ALIKE:
        detail = (
            f"`{logged[near]}` logs `{near}`, and a trial that has not logged `{wanted}` counts as failed. Write "
            f"`primary_metric: {near}`."
        )
        yield subject.at("misspelt-metric", detail, "sweep", "objective", "primary_metric")


def _source(path: str) -> str:
    """The text of a script; "" where there is none to read."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - as rules open files
            return file.read(_LONGEST)
    except (OSError, ValueError):
        return ""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inside in value.values():
            yield from _texts(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _texts(inside)
