"""Specs that were loaded made a project, or a refusal; and whether a plan may be carried out. Nothing is printed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from specrun.apply.chains import with_upstream
from specrun.apply.project import Project, open_project
from specrun.plan.changes import Plan
from specrun.plan.file_locks import HAVE_LOCKS
from specrun.plan.home import home_of, open_home
from specrun.plan.kinds.run import Submit
from specrun.spec.codes import CODES
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.elsewhere import Elsewhere
from specrun.spec.errors import OfDiagnostics, Refused, SpecInvalid, UsageError
from specrun.spec.loaded import Loaded
from specrun.spec.model import Spec
from specrun.spec.repository_file import RepositoryFiles

Tell: TypeAlias = Callable[[Iterable[Diagnostic]], None]
"""What is called with what was found, as soon as it was."""


class PlanFailed(OfDiagnostics):
    """A plan that cannot be carried out: something makes it impossible, or a place could not be looked at."""


def open_loaded(
    loaded: Loaded,
    engine: str | None,
    tell: Tell,
    *,
    noted: Callable[[Project], None] = lambda _: None,
    under_rules: bool = False,
    rules_from: Elsewhere | None = None,
    options: Mapping[str, Any] = {},
) -> Project:
    """Where valid specs go, with `engine` as it was chosen for all of them (None: by none). `options` are those that
    they were loaded with: specs that they read from are, too.

    What is wrong there, or worth knowing, is told; `noted` is called with the project before. Raises SpecInvalid and
    UsageError. Specs that are judged `under_rules` and break some stand in a plan that is refused.
    """
    chained = with_upstream(loaded.specs, options)
    project = open_project(chained.specs, engine, _home(loaded.specs), chained.used)
    noted(project)
    unfit = [*chained.mistakes, *(one for one in project.check() if one.code != "unknown-run" or not chained.mistakes)]
    tell(unfit)
    if any(diagnostic.severity is Severity.ERROR for diagnostic in unfit):
        tell(loaded.broken)
        raise SpecInvalid([*unfit, *loaded.broken])
    tell(_sent_here_by_default(project, engine))
    warnings = [one for one in (*loaded.diagnostics, *unfit) if one.severity is Severity.WARNING or _for_reviewers(one)]
    return replace(
        project,
        repositories=RepositoryFiles(rules_from=rules_from),
        broken=loaded.broken,
        engine=engine,
        under_rules=under_rules,
        warnings=warnings,
    )


def worth_telling(found: Iterable[Diagnostic]) -> Iterable[Diagnostic]:
    """That a field which this engine never reads is not set is for `validate` to say, not for every plan."""
    return (one for one in found if (one.code, one.severity) != ("unset-env", Severity.NOTE))


def noting(made: Plan, environment: str | None) -> Plan:
    """The plan, which notes of the jobs that run in what is installed here that they do, unless an `environment` was
    asked for.
    """
    if not made.surroundings or environment is not None:
        return made
    from specrun.spec.rules.environment import OF_MACHINE  # late: few have any

    bare = (one for one in made.pending if isinstance(one, Submit) and one.submission.environment is None)
    of_machine = (one.resource.origin for one in bare if one.key.place in made.surroundings)
    notes = (one.diagnostic("environment-of-machine", OF_MACHINE) for one in of_machine)
    return replace(made, notes=(*made.notes, *notes))


def untried(what: str) -> str:
    """That nobody has seen specrun do this on Windows yet; "" elsewhere."""
    if sys.platform == "win32" or not HAVE_LOCKS:
        return f"nobody has tried {what} on Windows: use WSL, where specrun is on Linux"
    return ""


def check_allowed(made: Plan) -> None:
    """Raise Refused when a rule forbids a plan, and PlanFailed when something makes it impossible or a place was not
    seen; SpecInvalid for what rules say of fewer files.
    """
    if made.refusals:
        raise Refused(made.refusals)
    if any(CODES[problem.code].group == "paths" for problem in made.problems):
        raise SpecInvalid(made.problems)
    if made.problems or made.unseen:
        unseen = (
            f"{place.title}: {what}: {why}" if what else f"{place.title}: {why}"
            for place, errors in made.unseen.items()
            for what, why in errors.items()
        )
        raise PlanFailed(made.problems, "\n".join(unseen))


def _for_reviewers(found: Diagnostic) -> bool:
    """Whether it says what a rule allows all the same, or does not judge, or that a cost is by old prices."""
    return CODES[found.code].group in ("rules", "prices")


def _home(specs: Sequence[Spec]) -> Path:
    homes = list(dict.fromkeys(home_of(spec.file.parent) for spec in specs))
    if len(homes) > 1:
        few = ", ".join(map(str, homes[:3])) + (f", … and {len(homes) - 3} more" if len(homes) > 3 else "")
        raise UsageError(f"the specs keep their state in several places ({few}): choose one in SPECRUN_HOME")
    return open_home(specs[0].file.parent)


def _sent_here_by_default(project: Project, engine: str | None) -> Iterable[Diagnostic]:
    for spec in project.specs:
        if spec.workspace is not None and not (engine or spec.engine):
            detail = (
                "The spec names a workspace, but no engine: write `engine: azureml` in it or say "
                "`--engine azureml` to use it, or `--engine local` if this machine is meant."
            )
            yield spec.at("workspace").diagnostic("local-by-default", detail)
