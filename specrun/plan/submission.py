"""A run that is asked for, and everything that an engine needs for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from specrun.plan.files import SourceFile
from specrun.plan.makers import Maker
from specrun.plan.models import RegisteredModel
from specrun.plan.provenance import UNKNOWN, Provenance
from specrun.spec.cost import Instances
from specrun.spec.frozen import dataclass
from specrun.spec.model import Job, Output, Scalar
from specrun.spec.sweep import Sweep

if TYPE_CHECKING:
    from specrun.plan.as_ran import AsRan
    from specrun.plan.kinds.environment import EnvironmentContent


@dataclass(frozen=True, slots=True)
class Upstream:
    """The run that an input reads an `output` of: of which spec, by its name, and what it is. `path` is where the
    output is, if the spec says so ("": with the run).
    """

    spec: str
    run: str
    fingerprint: str
    output: str
    path: str = ""
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Submission:
    """What a run is asked for with, and everything that an engine needs for that.

    `maker` is who asks, `identity` what the fingerprint was taken of, `cluster` the name of the cluster ("":
    none), `gpu` whether its machines have GPUs. `files` are, for each input that is data, the paths of its files below
    the target. `reads` are the addresses of the data and the environment that the run reads.
    """

    name: str
    maker: Maker
    fingerprint: str
    attempt: int
    identity: Mapping[str, object]
    experiment: str
    job: Job
    cluster: str
    gpu: bool
    environment: EnvironmentContent | None = None
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    code: tuple[SourceFile, ...] = ()
    provenance: Provenance = UNKNOWN
    """Where it comes from, once it is submitted: no part of a plan."""
    file: str = ""
    """The spec's file on this machine, likewise."""
    instances: Instances | None = None
    """What it is on, likewise, as far as that is known."""
    variables: Mapping[str, Scalar] = field(default_factory=dict)
    upstream: Mapping[str, Upstream] = field(default_factory=dict)
    """The runs that inputs read from, by the input. Of a sweep it is the best trial's once the run is submitted."""
    models: Mapping[str, RegisteredModel] = field(default_factory=dict)
    """The versions of models that inputs read, by the input."""
    sweep: Sweep | None = None
    """Where the job is to be run for several sets of values."""
    content: Mapping[str, object] = field(default_factory=dict, repr=False)
    """Of a sweep, `identity` with nothing masked, of which the fingerprints of its trials are taken: never kept."""
    rerun: bool = False
    """Whether it was asked for although there is an end to all that it asks for: `--rerun`."""
    as_ran: AsRan | None = field(default=None, repr=False)
    """The spec and what belongs to it, to be kept, likewise."""

    @property
    def lineage(self) -> dict[str, dict[str, str]]:
        """What its inputs read of earlier runs, to be noted with it: `upstream` runs and `models`, by the input."""
        upstream = {name: one.run for name, one in self.upstream.items()}
        models = {name: str(one) for name, one in self.models.items()}
        return {what: found for what, found in (("upstream", upstream), ("models", models)) if found}

    @property
    def spec(self) -> str:
        """The name of the spec."""
        return self.maker.spec

    @property
    def found(self) -> tuple[Output, ...]:
        """The outputs in which this attempt finds what the one before has written.

        An output without a path is the attempt's own, and one that is uploaded begins as an empty folder.
        """
        if self.attempt == 1:
            return ()
        return tuple(one for one in self.job.outputs.values() if one.path is not None and one.mode != "upload")
