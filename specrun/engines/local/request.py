"""What a run is asked to do: `request.json`, written once by the engine and read by the run's supervisor."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, field
from pathlib import Path
from typing import Any, TypeVar

from specrun.plan.stored import Damaged, number, read_record
from specrun.spec.frozen import dataclass

T = TypeVar("T")

FORMAT = 1
FILE = "request.json"
MARKER = "SPECRUN_RUN_MARKER"
"""The environment variable that every process of a run carries."""

LIMIT = "limits.timeout"

MOST = 100_000
"""Instances, and processes of each kind, at most."""


class RequestInvalid(Exception):
    """A request that cannot be read or does not make sense; the message says why, in a full sentence."""


@dataclass(frozen=True, slots=True)
class Team:
    """How many processes, and how they find each other: `type` is none, tensorflow or pytorch."""

    type: str = "none"
    parameter_server_count: int = 0
    worker_count: int = 1
    process_count_per_instance: int = 1


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a run counts against a limit. `max_instances` None: this machine, no limit of nodes."""

    name: str
    max_instances: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One run. `command` is a bash command line with inputs and outputs put in; `timeout` is in seconds.

    `environment_variables` holds no secret: those named in `secret_names` reach the supervisor on its standard input.
    `path` is put in front of PATH, `slots` is the folder where the runs of all clusters ask for nodes and GPUs, and
    `marker` is a unique token by which the run's processes can be found whatever became of their parents.
    """

    name: str
    command: str
    slots: str
    marker: str
    cluster: Cluster
    distribution: Team = field(default_factory=Team)
    instance_count: int = 1
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    secret_names: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    gpu: bool | None = None
    timeout: float | None = None
    withheld: bool = False
    """Whether `command` is masked, and reaches the supervisor on its standard input, too."""
    without_store: str = ""
    """Why MLflow is given no store, in a full sentence; "" where it is."""
    limit: str = LIMIT
    """The field that `timeout` is of."""
    grace: float = 5.0
    """Seconds between SIGTERM and SIGKILL for processes that must end."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """What of a request stands in no file: values of `secret_names`, what its logs hide, a command that is masked.

    `identity` is a sweep's, of which the fingerprints of its trials are taken.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    command: str = ""
    identity: Mapping[str, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        """As it goes through a pipe."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def decode(cls, data: bytes) -> Withheld:
        """Raises ValueError."""
        values = json.loads(data or b"{}")
        if not isinstance(values, dict):
            raise ValueError("not a mapping")  # noqa: TRY004 - as for what is no JSON
        variables, hidden = values.get("variables", {}), values.get("hidden", ())
        named = {str(name): str(value) for name, value in variables.items()}
        return cls(named, tuple(map(str, hidden)), str(values.get("command", "")), dict(values.get("identity", {})))


def encode(request: Request) -> str:
    """The request as the text of `request.json`."""
    values = {"format": FORMAT} | asdict(request)
    for name, usual in (("withheld", False), ("without_store", ""), ("limit", LIMIT)):
        if values[name] == usual:  # earlier versions do not know them
            del values[name]
    return json.dumps(values, indent=1) + "\n"


def read(rundir: Path) -> Request:
    """The request in a run's folder. Raises RequestInvalid."""
    return decoded(rundir / FILE, _decode, f"a request of format {FORMAT}")


def decoded(path: Path, decode: Callable[[dict[str, Any]], T], what: str) -> T:
    """What a file of a run's folder says, which is to be `what`. Raises RequestInvalid."""
    try:
        return decode(read_record(path))
    except FileNotFoundError:
        raise RequestInvalid(f"there is no {path}") from None
    except Damaged as error:
        raise RequestInvalid(str(error)) from None
    except (KeyError, TypeError, ValueError) as error:
        raise RequestInvalid(f"{path} is not {what}: {error!r}") from None


def _decode(values: dict[str, object]) -> Request:
    fields = dict(values)
    if fields.pop("format") != FORMAT:
        raise ValueError(f"format {values['format']!r}")
    distribution, cluster, environment = (fields.pop(k) for k in ("distribution", "cluster", "environment_variables"))
    if not (isinstance(distribution, dict) and isinstance(cluster, dict) and isinstance(environment, dict)):
        raise TypeError("distribution, cluster and environment_variables are mappings")
    request = Request(
        **fields,  # type: ignore[arg-type]
        distribution=Team(**distribution),
        cluster=Cluster(**cluster),
        environment_variables={str(name): str(value) for name, value in environment.items()},
    )
    _check(request)
    return request


def _check(request: Request) -> None:
    """Raises TypeError for what the runtime could not go by."""
    team, most = request.distribution, request.cluster.max_instances
    if not isinstance(request.without_store, str) or not isinstance(request.limit, str):
        raise TypeError("without_store and limit are texts")
    for text in (request.name, request.command, request.slots, request.marker, request.cluster.name, team.type):
        if not isinstance(text, str) or not text or "\0" in text:
            raise TypeError("name, command, slots, marker, cluster and type are texts")
    if "/" in request.name:
        raise TypeError("name is no path")
    for texts in (request.secret_names, request.path):
        if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
            raise TypeError("secret_names and path are lists of texts")
    counts = (team.parameter_server_count, team.worker_count, team.process_count_per_instance, request.instance_count)
    for count in (*counts, *([most] if most is not None else [])):
        if not isinstance(count, int) or not 0 <= count <= MOST:
            raise TypeError(f"counts are whole numbers up to {MOST}")
    for seconds in (request.grace, *([request.timeout] if request.timeout is not None else [])):
        if number(seconds) is None:
            raise TypeError("timeout and grace are seconds")
    if request.gpu not in (None, True, False):
        raise TypeError("gpu is true, false or null")
