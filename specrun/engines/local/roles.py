"""The processes of a run and what each finds in its environment, formed as Azure ML forms it.

tensorflow   ps/i and worker/i with TF_CONFIG (no chief)
pytorch      worker/i with MASTER_ADDR, MASTER_PORT, WORLD_SIZE, RANK, LOCAL_RANK, NODE_RANK; i is the rank
none         main/0

Of the caller's environment only INHERITED gets through: as in the cloud, a script sees what its spec says, so the
fingerprint covers what it can depend on, and a credential in the shell that typed `specrun apply` stays there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from specrun.engines.local.mlflow_store import ADDRESS, ALLOWED, FOLDER
from specrun.engines.local.request import MARKER, Request
from specrun.engines.local.slots import Want
from specrun.spec.frozen import dataclass

INHERITED = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH", "CUDA_VISIBLE_DEVICES"),
        *("NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "SSL_CERT_FILE", "SSL_CERT_DIR"),
        *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE"),
    }
)
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Role:
    """One process of a run, such as `worker/0`."""

    kind: str
    index: int

    @property
    def name(self) -> str:
        """As people read it, and the key in `state.json`."""
        return f"{self.kind}/{self.index}"

    @property
    def log(self) -> str:
        """Its log, relative to the run's folder."""
        return f"logs/{self.kind}-{self.index}.txt"

    @property
    def serves(self) -> bool:
        """Whether it works for others and ends when they are done: a parameter server."""
        return self.kind == "ps"


def roles(request: Request) -> tuple[Role, ...]:
    """The run's processes in the order in which they start: servers first."""
    shape = request.distribution
    if shape.type == "tensorflow":
        servers = [Role("ps", index) for index in range(shape.parameter_server_count)]
        return (*servers, *(Role("worker", index) for index in range(shape.worker_count)))
    if shape.type == "pytorch":
        return tuple(Role("worker", rank) for rank in range(request.instance_count * shape.process_count_per_instance))
    return (Role("main", 0),)


def port_count(request: Request) -> int:
    """How many loopback ports the run needs."""
    return {"tensorflow": len(roles(request)), "pytorch": 1}.get(request.distribution.type, 0)


def gpu_count(request: Request, present: int) -> int:
    """How many of the `present` GPUs the run asks for: one for each process that is not a server.

    With `gpu` left out and fewer than that in the machine, none: half of the workers on a GPU and half without
    agree on no backend.
    """
    wanted = sum(not role.serves for role in roles(request))
    return 0 if request.gpu is False or (request.gpu is None and present < wanted) else wanted


def want(request: Request, present: Sequence[str]) -> Want:
    """What the run needs of a machine with the GPUs `present`."""
    cluster, gpus = request.cluster, gpu_count(request, len(present))
    return Want(cluster.name, request.instance_count, cluster.max_instances, gpus, port_count(request))


def own_gpus(request: Request, gpus: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which of the granted GPUs is whose, by the role's name."""
    takers = [role for role in roles(request) if not role.serves]
    return {role.name: (gpu,) for role, gpu in zip(takers, gpus, strict=False)}


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """What a run takes over from the environment it was started in."""
    return {name: value for name, value in environment.items() if name in INHERITED or name.startswith("LC_")}


def environment(
    request: Request,
    role: Role,
    rundir: Path,
    *,
    base: Mapping[str, str],
    secrets: Mapping[str, str],
    ports: Sequence[int],
    gpus: Sequence[str] | None,
) -> dict[str, str]:
    """A role's whole environment. `base` is the caller's, `gpus` all that the run was granted (None: no GPU here).

    What the role logs through MLflow goes to a store of its own below the run's folder, unless the spec says where to:
    MLflow refuses a second process that logs another parameter of the same name.
    """
    variables = {"PYTHONUNBUFFERED": "1"} | inherited(base) | dict(request.environment_variables) | dict(secrets)
    variables["PATH"] = ":".join([*request.path, variables.get("PATH", "/usr/local/bin:/usr/bin:/bin")])
    variables |= {"AZUREML_RUN_ID": request.name, MARKER: request.marker}
    if ADDRESS not in variables and not request.without_store:
        variables |= {ADDRESS: (rundir / FOLDER / f"{role.kind}-{role.index}").as_uri()}
        variables.setdefault(ALLOWED, "true")
    variables |= _rendezvous(request, role, ports)
    if gpus is not None:
        # nvidia-smi counts by bus id; CUDA, unless told so, by speed.
        visible = ",".join(_visible(request, role, gpus))
        variables |= {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": visible}
    return variables


def _rendezvous(request: Request, role: Role, ports: Sequence[int]) -> dict[str, str]:
    everyone = roles(request)
    if request.distribution.type == "tensorflow":
        cluster: dict[str, list[str]] = {"worker": []}
        for peer, port in zip(everyone, ports, strict=True):
            cluster.setdefault(peer.kind, []).append(f"{LOOPBACK}:{port}")
        task = {"type": role.kind, "index": role.index}
        return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": task, "environment": "cloud"})}
    if request.distribution.type == "pytorch":
        node, local = divmod(role.index, request.distribution.process_count_per_instance)
        return {
            "MASTER_ADDR": LOOPBACK,
            "MASTER_PORT": str(ports[0]),
            "WORLD_SIZE": str(len(everyone)),
            "RANK": str(role.index),
            "LOCAL_RANK": str(local),
            "NODE_RANK": str(node),
        }
    return {}


def _visible(request: Request, role: Role, gpus: Sequence[str]) -> Sequence[str]:
    """A process sees its own GPU; under pytorch its instance's GPUs, of which LOCAL_RANK is its own, as on Azure."""
    if not gpus or role.serves:
        return ()
    if request.distribution.type == "pytorch":
        size = request.distribution.process_count_per_instance
        first = role.index // size * size
        return gpus[first : first + size]
    return own_gpus(request, gpus)[role.name]
