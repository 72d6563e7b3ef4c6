"""Which of the jobs of a script is imported: the one that somebody names, each of them, or the one that trains."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from specrun.convert.imported import Found
from specrun.convert.naming import unique_slug
from specrun.convert.options import ImportOptions
from specrun.convert.sources import Refused

_PREPARES = re.compile(
    r"(?i)(?<![a-z])(prep|download|upload|eval|test|scor|predict|infer|deploy|register|ingest|split)"
)
_TRAINS = re.compile(r"(?i)train|(?<![a-z])(fit|tune|finetune)")
"""Words in the name of a program."""


def chosen(file: str, found: Sequence[Found], options: ImportOptions) -> tuple[Found, ...]:
    """All jobs of a file, by names that differ, of which those are `chosen` that are imported.

    Without a choice it is the one that trains: one that is submitted before others, one for Azure before one for this
    machine, a sweep before the job that it runs, a distributed one before others, and data preparation last; the first
    of several. What is submitted for a sweep alone is taken where somebody names it. Raises Refused where there is none
    that can be imported, or none of that number or name.
    """
    names: list[str] = []
    for job in found:
        names.append(unique_slug(job.name, names))
    named = [replace(job, name=name) for job, name in zip(found, names, strict=True)]
    fit = [job for job in named if not job.why]
    if options.job is not None:
        wanted = [job for job in named if options.job in (str(job.number), job.name)]
        if not wanted:
            raise Refused(file, f"it has no job `{options.job}`: --job takes one of {_listed(named)}")
        if wanted[0].why:
            raise Refused(file, f"{wanted[0].place}: {wanted[0].what}: {wanted[0].why}")
        picked = wanted[:1]
    elif named and not fit:
        raise Refused(file, "; ".join(f"{job.place}: {job.what}: {job.why}" for job in named))
    else:
        own = [job for job in fit if not job.only_in_sweep]
        picked = own if options.all_jobs else [max(own, key=_rank)] if own else []
    return tuple(replace(job, chosen=job in picked) for job in named)


def _rank(job: Found) -> tuple[bool, bool, bool, bool, bool, bool]:
    program = job.program or job.name
    trains = _TRAINS.search(program) is not None
    prepares = _PREPARES.search(program) is not None and not trains
    return not prepares, job.submitted, not job.local, job.sweep, job.distributed, trains


def _listed(jobs: Sequence[Found]) -> str:
    return ", ".join(f"{job.number} ({job.name}, {job.place})" for job in jobs)
