"""The parts that an engine may lack: each a small protocol, which an engine satisfies in its own way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from specrun.plan.metrics import Logged, Series
from specrun.plan.models import RegisteredModel, Registration
from specrun.plan.observed import Account, CloudContent, Run
from specrun.plan.quota import Allowance, Sku
from specrun.plan.trials import Trial
from specrun.spec.model import ModelVersion

LISTED = 100
"""Versions of a model that are listed where nobody says how many."""

NAMES = 200
"""Models whose newest version is looked at where that is a request for each."""


class Metrics(Protocol):
    """What runs log: metrics and parameters."""

    def logged(self, name: str) -> Logged:
        """The last value of each metric, and the parameters. Raises Missing."""

    def history(self, name: str, metric: str, after: int = 0) -> Series:
        """A metric's points but for the first `after`; none where the run has no such metric. Raises Missing."""


class Sweeps(Protocol):
    """The trials of sweeps."""

    def trials(self, name: str) -> Sequence[Trial]:
        """All that a sweep has begun so far, by their numbers. Raises Missing."""

    def there(self, spec: str, fingerprints: Collection[str]) -> Mapping[str, Run]:
        """The newest run of each of these fingerprints, whoever submitted it, that a sweep of the spec would take as
        its trial and not run again; none where the service runs all trials itself.
        """


class Models(Protocol):
    """Registered models."""

    def versions(self, model: str | None = None, most: int | None = LISTED) -> Sequence[RegisteredModel]:
        """The newest of a model, `most` of them (None: all), or the newest of each model, newest first; where each
        model is a request, of the first `NAMES` models.
        """

    def find(self, wanted: ModelVersion) -> RegisteredModel:
        """One, with a digest of its files. Raises Missing."""

    def of_run(self, model: str, run: str, output: str) -> RegisteredModel | None:
        """The version that is an output of a run, as its tags say."""

    def register(self, registration: Registration) -> RegisteredModel:
        """Register a version, or find the one that is of the same run and output. Raises Missing where the run has not
        written anything there.
        """


class Nodes(Protocol):
    """The instances of clusters, where there are any."""

    def count(self, cluster: str) -> Mapping[str, int]:
        """How many are running, idle, …; {} where there is no such cluster."""


class Ends(Protocol):
    """The ends of runs, where the engine hears of them and need not look."""

    def tell(self, name: str, ended: Callable[[], None]) -> None:
        """Have `ended` called, in another thread, as soon as a run that goes on has ended: a hint to look again."""


class Contents(Protocol):
    """What lies in the cloud that specrun has not put there."""

    def digest(self, content: CloudContent) -> str:
        """A digest of what lies there now; "" for nothing, and for where this engine cannot look."""

    def default_datastore(self) -> str:
        """What the workspace calls its default datastore."""


class Accounts(Protocol):
    """Who is signed in, where somebody has to be."""

    def current(self) -> Account:
        """As whom the place is asked, and what pays for it, as far as that can be told."""


class Quotas(Protocol):
    """How much of the machines of a place's region may be used at once, where that is limited."""

    def allowances(self, skus: Collection[Sku]) -> Mapping[Sku, Allowance]:
        """What counts for instances of each of these; it is asked once for all places of a region."""
