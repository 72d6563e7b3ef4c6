"""How many processes a job has, how they find each other, and what they run on."""

from __future__ import annotations

from specrun.spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Distribution:
    """`job.distribution`. `type` is tensorflow, pytorch or mpi; counts that the type does not have are None."""

    type: str
    parameter_server_count: int | None = None
    worker_count: int | None = None
    process_count_per_instance: int | None = None


@dataclass(frozen=True, slots=True)
class Processes:
    """How many processes a job has, with what the spec leaves out filled in.

    `kind` is single, tensorflow, pytorch or mpi. Of tensorflow there are `parameter_servers` and `workers`; of the
    others `per_instance` on each of the `instances`.
    """

    kind: str = "single"
    instances: int = 1
    parameter_servers: int = 0
    workers: int = 1
    per_instance: int = 1

    @property
    def count(self) -> int:
        """All of them."""
        if self.kind == "tensorflow":
            return self.parameter_servers + self.workers
        return self.workers if self.kind == "single" else self.instances * self.per_instance


@dataclass(frozen=True, slots=True)
class JobResources:
    """`job.resources`: `gpu` None means that the size (or the machine) decides."""

    instance_count: int = 1
    gpu: bool | None = None
    shm_size: str | None = None
    docker_args: str | None = None
    instance_type: str | None = None
    max_instance_count: int | None = None
    locations: tuple[str, ...] | None = None
