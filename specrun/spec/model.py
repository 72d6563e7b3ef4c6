"""What a spec says, once it is known to be valid: typed, substituted, and free of YAML.

Resources (workspace, compute, datastores) stay mappings in the spec's own spelling: a field that was left out is not
compared and not changed, so what was written must remain distinguishable from a default.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from specrun.spec import secrets
from specrun.spec.boundary import EVERYWHERE, Boundary
from specrun.spec.errors import SecretUnset as SecretUnset
from specrun.spec.frozen import dataclass
from specrun.spec.processes import Distribution, JobResources, Processes
from specrun.spec.sizes import has_gpu

if TYPE_CHECKING:
    from specrun.spec.diagnostics import Diagnostic, Location
    from specrun.spec.diagnostics import Path as SpecPath
    from specrun.spec.prices import Prices
    from specrun.spec.source import Document
    from specrun.spec.sweep import Sweep

Scalar: TypeAlias = str | int | float | bool | None
Properties: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Secret:
    """`${{ secrets.NAME }}`: the name of an environment variable whose value is read as late as possible."""

    name: str

    def __str__(self) -> str:
        return f"${{{{ secrets.{self.name} }}}}"

    def reveal(self) -> str:
        """The value, from the environment. Raises SecretUnset."""
        secrets.note([self.name])
        if (value := os.environ.get(self.name)) is None:
            raise SecretUnset(self.name)
        return value


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value is written. Its line is looked for when somebody wants to see it: few ever do."""

    document: Document = field(repr=False)
    path: SpecPath

    @property
    def location(self) -> Location:
        """The place of the value's key."""
        return self.document.location(self.path, key=True)

    def diagnostic(self, code: str, detail: str) -> Diagnostic:
        """What is reported of the value."""
        return self.document.diagnostic(code, detail, self.path, key=True)


@dataclass(frozen=True, slots=True)
class LocalPath:
    """A file or folder of this machine, `absolute` from the folder of the file where it is `written`; links may lead as
    far from it as its `boundary`.
    """

    absolute: Path
    written: str = field(default="", compare=False)
    boundary: Boundary = field(default=EVERYWHERE, compare=False, repr=False)

    def __str__(self) -> str:
        return str(self.absolute)

    @property
    def is_outside(self) -> bool:
        """Whether it leads out of the boundary, allowed or not: nothing of what it holds is shown."""
        return not self.boundary.holds(self.boundary.real(str(self.absolute)))


@dataclass(frozen=True, slots=True)
class Download:
    """A file from the web, known by its content: `sha256` in lower-case hex."""

    url: str
    sha256: str

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, slots=True)
class Data:
    """An entry of `data`: a source, which if it is `optional` need not be here, mirrored to a datastore's target.

    A local path as an input is such an entry, too, `of_input`: its target is the input's own.
    """

    name: str
    source: LocalPath | Download
    datastore: str | None
    target: str
    origin: Origin = field(compare=False, repr=False)
    prune: bool = False
    of_input: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class CloudPath:
    """What specrun does not put there: azureml://datastores/…, azureml:ASSET:VERSION, https://…, as it is written."""

    uri: str

    def __str__(self) -> str:
        return self.uri


@dataclass(frozen=True, slots=True)
class RunOutput:
    """What the run of another spec writes: `spec` is its name, or its file as it is written."""

    spec: str
    output: str


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A registered model: `version` is a number, or latest."""

    model: str
    version: str

    def __str__(self) -> str:
        return f"{self.model}:{self.version}"


@dataclass(frozen=True, slots=True)
class Input:
    """An entry of `job.inputs`: a scalar, data that is on a datastore before the run, a path in the cloud, or what runs
    have left: an output, or a model.
    """

    name: str
    source: Scalar | Data | CloudPath | RunOutput | ModelVersion = None
    type: str = "uri_folder"
    mode: str = "ro_mount"

    @property
    def data(self) -> Data | None:
        """What must be on a datastore for it."""
        return self.source if isinstance(self.source, Data) else None

    @property
    def uri(self) -> str | None:
        """The path in the cloud that it reads, as it is written."""
        return self.source.uri if isinstance(self.source, CloudPath) else None

    @property
    def is_scalar(self) -> bool:
        """Whether it is a value, and no path."""
        return not isinstance(self.source, (Data, CloudPath, RunOutput, ModelVersion))

    @property
    def text(self) -> str:
        """A scalar as every engine writes it into a command."""
        if isinstance(self.source, bool):
            return str(self.source).lower()
        return "" if self.source is None else str(self.source)


@dataclass(frozen=True, slots=True)
class Output:
    """An entry of `job.outputs`: a folder the script writes to, kept with the run or at `path` on a datastore.

    `model` is the name that it is registered under as a `model_type`, once the run has succeeded ("": it is not).
    """

    name: str
    path: str | None = None
    mode: str = "rw_mount"
    model: str = ""
    model_type: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """`job.environment`; `registered` is its string form. `pip` is read in `folder`; `given` is by --environment."""

    registered: str | None = None
    pip: tuple[str, ...] | None = None
    conda_file: LocalPath | None = None
    image: str | None = None
    build_path: LocalPath | None = None
    dockerfile_path: str | None = None
    framework: str | None = None
    version: str | None = None
    folder: Path = field(default=Path(), compare=False)
    given: str = field(default="", compare=False)
    boundary: Boundary = field(default=EVERYWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Job:
    """`job`: exactly one of `command` and `script` is set.

    `command` has vars and env substituted; `${{ inputs.X }}` and `${{ outputs.X }}` are left for the engine, which
    alone knows the paths. `arguments` are the script's, one shell word each, in order. What is Properties is as the
    spec has it: Azure ML has the same words. `timeout` in seconds.
    """

    code: LocalPath | None = None
    command: str | None = None
    script: str | None = None
    arguments: tuple[str, ...] = ()
    inputs: Mapping[str, Input] = field(default_factory=dict)
    outputs: Mapping[str, Output] = field(default_factory=dict)
    environment: Environment | None = None
    environment_variables: Mapping[str, str | Secret] = field(default_factory=dict)
    distribution: Distribution | None = None
    resources: JobResources = field(default_factory=JobResources)
    timeout: int | None = None
    max_attempts: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    display_name: str | None = None
    description: str | None = None
    identity: Properties | None = None
    queue_settings: Properties | None = None
    services: Mapping[str, Properties] = field(default_factory=dict)

    def processes(self) -> Processes:
        """Its processes: a count that is left out is the number of instances, or one on each of them."""
        shape, instances = self.distribution, self.resources.instance_count
        if shape is None:
            return Processes(instances=instances)
        if shape.type == "tensorflow":
            workers = instances if shape.worker_count is None else shape.worker_count
            return Processes("tensorflow", instances, shape.parameter_server_count or 0, workers)
        each = 1 if shape.process_count_per_instance is None else shape.process_count_per_instance
        return Processes(shape.type, instances, 0, instances * each, each)


@dataclass(frozen=True, slots=True)
class Spec:
    """One valid file, in `values`. `workspace`, a mapping of `compute` and each datastore hold what was written, no
    defaults; credentials are Secret values there, local paths LocalPath values. `prices` are its repository's.
    """

    file: Path
    name: str
    document: Document = field(compare=False, repr=False)
    engine: str | None = None
    workspace: Properties | None = None
    compute: str | Properties | None = None
    datastores: Mapping[str, Properties] = field(default_factory=dict)
    data: Mapping[str, Data] = field(default_factory=dict)
    experiment: str = ""
    job: Job | None = None
    sweep: Sweep | None = None
    digest: str = ""
    """SHA-256 (hex) of the substituted document, secrets by name: a saved plan is stale when it differs."""
    target: str = ""
    layers: tuple[Path, ...] = ()
    """The files that it was merged from, for the `target` ("": for any), absolute and its own first."""
    prices: Prices | None = field(default=None, compare=False, repr=False)
    variables: Mapping[str, Scalar] = field(default_factory=dict)
    values: Properties = field(default_factory=dict, compare=False, repr=False)

    @property
    def cluster_name(self) -> str:
        """The cluster that the job runs on, declared or only named; "" when there is none."""
        compute = self.compute or ""
        return compute if isinstance(compute, str) else str(compute["name"])

    @property
    def wants_gpu(self) -> bool:
        """Whether the job's machines have GPUs: as `resources.gpu` says, else as their size does."""
        if self.job is not None and self.job.resources.gpu is not None:
            return self.job.resources.gpu
        if self.job is None or isinstance(self.compute, str):
            return False
        size = self.job.resources.instance_type if self.compute is None else self.compute.get("size")
        return size is not None and bool(has_gpu(str(size)))

    def all_data(self) -> Iterator[Data]:
        """Everything that must be on a datastore for the spec: its entries, and local paths as inputs."""
        yield from self.data.values()
        inputs = self.job.inputs.values() if self.job is not None else ()
        yield from (entry.data for entry in inputs if entry.data is not None and entry.data.of_input)

    def at(self, *path: str | int) -> Origin:
        """Where a value of the spec is written."""
        return Origin(self.document, path)
