"""The engine `local`: this machine, with real processes, real files and no account."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from specrun.engines.background import in_background
from specrun.engines.base import Resources, Runs, Scope
from specrun.engines.facts import LOCAL
from specrun.engines.here import Here, Usage
from specrun.engines.local import state
from specrun.engines.local.checks import check_spec
from specrun.engines.local.locks import LocalLocks
from specrun.engines.local.metrics import LocalMetrics
from specrun.engines.local.models import LocalModels
from specrun.engines.local.resources import LocalResources
from specrun.engines.local.run_files import LocalFiles
from specrun.engines.local.runs import LocalRuns
from specrun.engines.local.submission import run_folder
from specrun.engines.local.sweeps.trials import LocalSweeps
from specrun.engines.local.usage import LocalUsage
from specrun.engines.locks import Locks
from specrun.engines.parts import Accounts, Contents, Ends, Metrics, Models, Nodes, Quotas, Sweeps
from specrun.plan.hashes import HashCache
from specrun.plan.resources import Place
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Spec


class LocalEnds:
    """The ends of the runs below a state folder: whoever waits for a run's lock is woken by the system."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def tell(self, name: str, ended: Callable[[], None]) -> None:
        """Have `ended` called once a run has ended."""

        def wait() -> None:
            state.wait_until_free(run_folder(self._home, name))
            ended()

        in_background(wait)


class LocalEngine:
    """The engine `local`. `home` is its state folder; `hashes` is shared with the planner.

    A cluster is a number of slots and has no nodes; what stands in for a path in the cloud is a folder with files of
    its own, so there are no contents.
    """

    facts = LOCAL
    patience = 900.0
    poll = 0.1
    nodes: Nodes | None = None
    contents: Contents | None = None
    accounts: Accounts | None = None
    quotas: Quotas | None = None

    def __init__(self, place: Place, home: Path, hashes: HashCache, scope: Scope) -> None:
        self.place = place
        self.home = home
        self.resources: Resources = LocalResources(home, hashes)
        self.runs: Runs = LocalRuns(home)
        self.here: Here | None = LocalFiles(home)
        self.metrics: Metrics | None = LocalMetrics(home)
        self.sweeps: Sweeps | None = LocalSweeps(home)
        self.usage: Usage | None = LocalUsage(home)
        self.ends: Ends | None = LocalEnds(home)
        self.models: Models | None = LocalModels(home, hashes)
        self.locks: Locks | None = LocalLocks(home)

    def check(self, spec: Spec) -> Iterable[Diagnostic]:
        """What this machine cannot do of a spec, with the way out."""
        return check_spec(spec, self.home)

    def sign_in(self) -> None:
        """Nobody needs to."""
