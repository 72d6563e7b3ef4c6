"""What a spec says, once it is known to be valid: typed, substituted, and free of YAML.

Resources (workspace, compute, datastores) stay mappings in the spec's own spelling: a field that was left out is not
compared and not changed, so what was written must remain distinguishable from a default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from specrun.spec.source import Document

Scalar: TypeAlias = str | int | float | bool | None
Properties: TypeAlias = Mapping[str, object]


class SecretUnset(Exception):
    """A secret's environment variable is not set; `name` is the variable."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the secret {name} is not set: export {name}=… before apply")
        self.name = name


@dataclass(frozen=True, slots=True)
class Secret:
    """`${{ secrets.NAME }}`: the name of an environment variable whose value is read as late as possible."""

    name: str

    def __str__(self) -> str:
        return f"${{{{ secrets.{self.name} }}}}"

    def reveal(self) -> str:
        """The value, from the environment. Raises SecretUnset."""
        try:
            return os.environ[self.name]
        except KeyError:
            raise SecretUnset(self.name) from None


@dataclass(frozen=True, slots=True)
class Data:
    """An entry of `data`: a source (a path as written, or an https URL) mirrored to a datastore's target."""

    name: str
    path: str
    datastore: str | None
    target: str
    prune: bool = False
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """An entry of `job.inputs`: exactly one of `value` (a scalar), `data` (an entry's name) and `path` is set."""

    name: str
    value: Scalar = None
    data: str | None = None
    path: str | None = None
    type: str = "uri_folder"
    mode: str = "ro_mount"


@dataclass(frozen=True, slots=True)
class Output:
    """An entry of `job.outputs`: a folder the script writes to, kept with the run or at `path` on a datastore."""

    name: str
    path: str | None = None
    mode: str = "rw_mount"


@dataclass(frozen=True, slots=True)
class Environment:
    """`job.environment`. `registered` is the string form (azureml:NAME…); otherwise the mapping's fields."""

    registered: str | None = None
    pip: tuple[str, ...] | None = None
    conda_file: str | None = None
    image: str | None = None
    build_path: str | None = None
    dockerfile_path: str | None = None
    framework: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """`job.distribution`. `type` is tensorflow, pytorch or mpi; counts that the type does not have are None."""

    type: str
    parameter_server_count: int | None = None
    worker_count: int | None = None
    process_count_per_instance: int | None = None


@dataclass(frozen=True, slots=True)
class JobResources:
    """`job.resources`: `gpu` None means that the size (or the machine) decides."""

    instance_count: int = 1
    gpu: bool | None = None
    shm_size: str | None = None
    docker_args: str | None = None
    instance_type: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """`job`: exactly one of `command` and `script` is set.

    `command` has vars and env substituted; `${{ inputs.X }}` and `${{ outputs.X }}` are left for the engine, which
    alone knows the paths. `arguments` are the script's, one shell word each, in order.
    """

    code: str | None = None
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
    """Seconds."""
    tags: Mapping[str, str] = field(default_factory=dict)
    display_name: str | None = None
    description: str | None = None
    identity: Properties | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """One valid file. `workspace`, a mapping of `compute` and each datastore hold what was written, no defaults.

    Credentials in them are Secret values. `folder` is where relative paths start.
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
    digest: str = ""
    """SHA-256 (hex) of the substituted document, secrets by name: a saved plan is stale when it differs."""

    @property
    def folder(self) -> Path:
        """Where the spec's relative paths start."""
        return self.file.parent
