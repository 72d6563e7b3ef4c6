"""What Azure ML needs of a sweep and a spec lacks, or has and Azure ML cannot do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from specrun.engines.azureml_v2.sweep_form import MOST_TRIALS, SHORTEST, trial_timeout
from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.model import Job, Spec
from specrun.spec.shell import QUOTED_HEREDOC, REFERENCE
from specrun.spec.shell_reader import read
from specrun.spec.sweep import Sweep

_CODE = "not-with-azureml"
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def check_sweep(spec: Spec) -> Iterator[Diagnostic]:
    """Each at its place; nothing of a spec without a sweep."""
    if spec.sweep is None or spec.job is None:
        return
    for path, detail in (
        *_limits(spec.sweep, spec.job),
        *_names(spec.sweep),
        *_services(spec.job),
        *_here_documents(spec.job),
    ):
        yield spec.document.diagnostic(_CODE, detail, path)


def _limits(sweep: Sweep, job: Job) -> Iterator[tuple[Path, str]]:
    limits = ("sweep", "limits")
    if sweep.max_failed_trials is not None:
        yield (
            (*limits, "max_failed_trials"),
            "Azure ML ends no sweep because trials fail. Leave it out here, or give it to this machine alone "
            "(`targets`); `max_total_trials` and `timeout` bound what a sweep costs.",
        )
    if sweep.most_trials > MOST_TRIALS:
        said = sweep.max_total_trials is not None
        detail = f"Azure ML runs at most {MOST_TRIALS:,} trials in a sweep, and this one has {sweep.most_trials:,}: "
        yield (
            (*limits, "max_total_trials") if said else ("sweep", "search_space"),
            detail + f"write `limits: {{max_total_trials: {MOST_TRIALS}}}`, or divide the search space.",
        )
    if (sweep.max_concurrent_trials or 0) > MOST_TRIALS:
        yield (*limits, "max_concurrent_trials"), f"Azure ML runs at most {MOST_TRIALS:,} trials at once: write that."
    if sweep.timeout is not None and sweep.timeout < SHORTEST:
        yield (*limits, "timeout"), _too_short("the sweep")
    if (trial_timeout(sweep, job) or SHORTEST) < SHORTEST:
        own = sweep.trial_timeout is not None
        yield (*limits, "trial_timeout") if own else ("job", "limits", "timeout"), _too_short("a trial")


def _too_short(what: str) -> str:
    return (
        f"The SDK gives {what} {SHORTEST} seconds at least, since the service takes less for 60 days: write {SHORTEST} "
        "or more."
    )


def _names(sweep: Sweep) -> Iterator[tuple[Path, str]]:
    for name in sweep.search_space:
        if _NAME.fullmatch(name) is None:
            detail = (
                "Azure ML hands a parameter to its trials as a variable: letters, digits and underscores only. Write "
                f"`{name.replace('-', '_')}`, here and in `${{{{ search_space.{name.replace('-', '_')} }}}}`."
            )
            yield ("sweep", "search_space", name), detail


def _services(job: Job) -> Iterator[tuple[Path, str]]:
    if job.services:
        detail = "The trials of a sweep have no services on Azure ML: leave them out, or run one trial without `sweep`."
        yield ("job", "services"), detail


def _here_documents(job: Job) -> Iterator[tuple[Path, str]]:
    """A parameter is a variable's value, and in a quoted here-document bash replaces none."""
    command = job.command if job.command is not None and "<<" in job.command else ""
    for standing in read(command).references:
        found = REFERENCE.match(command, standing.start)
        if found is not None and found[1] == "search_space" and standing.quoting[-1] == QUOTED_HEREDOC:
            detail = (
                f"Azure ML has the value of `{found[0]}` in a variable, and bash puts none into a here-document whose "
                f"delimiter is quoted. Write `<<EOF`, or hand it over before: `export VALUE={found[0]}`."
            )
            yield ("job", "command"), detail
            return
