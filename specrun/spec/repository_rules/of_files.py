"""The specs of a file, one for each target that is looked at, under the rules of its repository."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from specrun.spec.codes import diagnostic
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.layers.specs import under_targets
from specrun.spec.nearest import suggestion
from specrun.spec.repository_rules.case import LOCAL, Case
from specrun.spec.repository_rules.judge import judge

if TYPE_CHECKING:
    from specrun.spec.model import Spec
    from specrun.spec.repository_file import RepositoryFile


def judged(
    specs: Sequence[Spec], repository: RepositoryFile, engine: str | None, today: str
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """What they break, and what is worth knowing of that, each once and with the targets of which it is so.

    `engine` is what the command line says.
    """
    assert repository.rules is not None
    verdicts = [(spec.document, judge(case_of(spec, repository, engine), repository.rules, today)) for spec in specs]
    broken = under_targets([(document, verdict.broken) for document, verdict in verdicts])
    return broken, under_targets([(document, verdict.notes) for document, verdict in verdicts])


def of_no_target(repository: RepositoryFile, targets: Collection[str]) -> Iterator[Diagnostic]:
    """That rules are for targets which none of the specs of a whole repository has; `targets` are theirs."""
    places = repository.rules.targets_at if repository.rules is not None else {}
    for name, place in places.items():
        if name not in targets:
            hint = suggestion(name, targets, kind="targets") if targets else "No spec has targets."
            yield diagnostic("rules-of-no-target", f"No spec has the target `{name}`. {hint}", (), place)


def case_of(spec: Spec, repository: RepositoryFile, engine: str | None) -> Case:
    """A spec as it is judged; `engine` is what the command line says."""
    return Case(spec, engine or spec.engine or LOCAL, repository.prices)
