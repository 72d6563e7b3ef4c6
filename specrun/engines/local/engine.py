"""The engine `local`: this machine, with real processes, real files and no account."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from specrun.engines.base import Contents, Metrics, Nodes, Resources, Runs, Scope
from specrun.engines.facts import LOCAL
from specrun.engines.local.checks import check_spec
from specrun.engines.local.locks import LocalLocks
from specrun.engines.local.resources import LocalResources
from specrun.engines.local.runs import LocalRuns
from specrun.engines.locks import Locks
from specrun.plan.hashes import HashCache
from specrun.plan.resources import Place
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Spec


class LocalEngine:
    """The engine `local`. `home` is its state folder; `hashes` is shared with the planner.

    A script on this machine writes files and prints, so there are no metrics; a cluster is a number of slots and has no
    nodes; what stands in for a path in the cloud is a folder with files of its own, so there are no contents.
    """

    facts = LOCAL
    patience = 900.0
    poll = 0.1
    metrics: Metrics | None = None
    nodes: Nodes | None = None
    contents: Contents | None = None

    def __init__(self, place: Place, home: Path, hashes: HashCache, scope: Scope) -> None:
        self.place = place
        self.home = home
        self.resources: Resources = LocalResources(home, hashes)
        self.runs: Runs = LocalRuns(home)
        self.locks: Locks | None = LocalLocks(home)

    def check(self, spec: Spec) -> Iterable[Diagnostic]:
        """What this machine cannot do of a spec, with the way out."""
        return check_spec(self.home, spec)

    def sign_in(self) -> None:
        """Nobody needs to."""
