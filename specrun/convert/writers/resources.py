"""How a job's processes find each other, what they run on, how long, as whom, and the ways into them."""

from __future__ import annotations

import re

from specrun.convert import coerce
from specrun.convert.document import Key, Value
from specrun.convert.naming import VM_SIZE, identifier
from specrun.convert.section import Reader, Row, Section, dropped

_RESOURCES: Key = ("job", "resources")
_DISTRIBUTION: Key = ("job", "distribution")
_COUNT = "a number of processes"


def docker_args(value: object) -> str | None:
    """Docker's arguments in one text."""
    words = _words(value)
    return " ".join(map(str, words)) if words else None


def _words(value: object) -> list[Value] | None:
    """A list of words, also of a single one."""
    words = [coerce.word(one) for one in (value if isinstance(value, list) else [value])]
    return [*words] if words and all(words) else None


def _size(value: object) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return coerce.matching(VM_SIZE)(value)


def _one_of(*words: str, **others: str) -> Reader:
    """What reads one of some words, however it is spelled, or another word for one of them."""
    known = {word.replace("_", ""): word for word in words} | others
    return lambda value: known.get((coerce.word(value) or "").lower().replace("_", ""))


RESOURCES = (
    Row("instance_count", coerce.count, "a number of instances"),
    Row("instance_type", _size, "one VM size"),
    Row("gpu", coerce.truth, "true or false"),
    Row("shm_size", coerce.shm_size, "a size, such as 8g,"),
    Row("docker_args", docker_args, "docker's arguments"),
    Row("max_instance_count", coerce.count, "a number of instances"),
    Row("locations", _words, "a list of regions"),
    *dropped("specrun has no settings of single services", "properties"),
)
QUEUE = (
    Row("job_tier", _one_of("spot", "basic", "standard", "premium"), "spot, basic, standard or premium"),
    Row("priority", _one_of("low", "medium", "high"), "low, medium or high"),
)
LIMITS = (Row("timeout", coerce.count, "a number of seconds"),)
_OF_SERVICE = "what the service tells of a job that was submitted"
_TYPES = _one_of("ssh", "jupyter_lab", "tensor_board", "vs_code")
_SERVICE = (
    Row("type", _TYPES, "ssh, jupyter_lab, tensor_board or vs_code"),
    Row("job_service_type", _TYPES, "ssh, jupyter_lab, tensor_board or vs_code", ours="type"),
    Row("nodes", _one_of("all"), "all"),
    Row("port", coerce.count, "a port's number"),
    Row("ssh_public_keys", coerce.word, "public keys"),
    Row("log_dir", coerce.word, "a folder"),
    *dropped("specrun has no settings of single services", "properties"),
    *dropped(_OF_SERVICE, "endpoint", "status", "error_message"),
)
_SERVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
_IDENTITY = (
    Row(
        "type",
        _one_of(
            "user_identity", "managed", "aml_token", useridentity="user_identity", managedidentity="managed"
        ),
        "user_identity, managed or aml_token",
    ),
    *(Row(name, coerce.word, "an id") for name in ("client_id", "object_id", "resource_id")),
    Row("msi_resource_id", coerce.word, "an id", ours="resource_id"),
)  # fmt: skip
_KINDS = {
    "tensorflow": (
        Row("parameter_server_count", coerce.whole, _COUNT),
        Row("worker_count", coerce.whole, _COUNT),
    ),
    **dict.fromkeys(("pytorch", "mpi"), (Row("process_count_per_instance", coerce.count, _COUNT),)),
}


def write_settings(section: Section) -> None:
    """Take over all that a job says of its processes and what they run on, a section each."""
    section.inner("resources", to=_RESOURCES).take(RESOURCES, _RESOURCES)
    count = section.draft.get((*_RESOURCES, "instance_count"))
    instances = count if isinstance(count, int) else 1
    _write_distribution(section.inner("distribution", to=_DISTRIBUTION), instances)
    section.inner("limits", to=("job", "limits")).take(LIMITS, ("job", "limits"))
    _write_identity(section.inner("identity", to=("job", "identity")))
    queue = section.inner("queue_settings", to=("job", "queue_settings"))
    for row in QUEUE:
        queue.take((row if queue.get(row.name) != "null" else Row(row.name, why="null is what is left out"),), _QUEUE)
    _write_services(section.inner("services", to=("job", "services")))


_QUEUE: Key = ("job", "queue_settings")


def _write_services(section: Section) -> None:
    """Those that somebody asked for; the others are Azure ML's own."""
    for name, service in section.sections():
        if coerce.word(service.get("type")) in ("Tracking", "Studio"):
            section.drop(name, _OF_SERVICE)
            continue
        own = name if _SERVICE_NAME.fullmatch(name) else identifier(name)
        to: Key = ("job", "services", own)
        if own != name:
            section.doubt(name, to, f"a service's name has letters, digits, hyphens and underscores: it became {own}")
        service.take(_SERVICE, to)
        if service.get("type", "job_service_type") is None:
            service.ask("type", (*to, "type"), "a service has a type: ssh, jupyter_lab, tensor_board or vs_code")


def _write_distribution(section: Section, instances: int) -> None:
    key = section.first("type", "distribution_type")
    written = (coerce.word(section.get(key)) or "").lower()
    rows = _KINDS.get(written)
    if rows is None:
        if list(section.names()):
            what = f"specrun has tensorflow, pytorch and mpi, not {coerce.shown(section.get(key))}"
            section.ask(key, (*_DISTRIBUTION, "type"), what)
        for name in section.names():
            if name != key:
                section.drop(name, f"it belongs to a distribution that specrun does not have: {written}")
        return
    section.put(key, (*_DISTRIBUTION, "type"), written)
    section.take(rows, _DISTRIBUTION)
    if written != "tensorflow":
        _write_total(section, instances)


def _write_total(section: Section, instances: int) -> None:
    """`process_count` is that of all instances together, as SDK v1 and the preview of 2021 count."""
    to, total = (*_DISTRIBUTION, "process_count_per_instance"), coerce.count(section.get("process_count"))
    if section.get("process_count") is None or section.get("process_count_per_instance") is not None:
        section.drop("process_count", "process_count_per_instance says it")
    elif total is None:
        section.copy("process_count", to, coerce.count, _COUNT)
    elif total % instances:
        what = f"{total} processes cannot be the same number on each of {instances} instances"
        section.ask("process_count", to, what)
    else:
        section.put("process_count", to, total // instances, "the count for all instances together, on each of them")


def _write_identity(section: Section) -> None:
    if list(section.names()):
        section.take(_IDENTITY, ("job", "identity"))
        if section.get("type") is None:
            section.ask("type", ("job", "identity", "type"), "it is user_identity, managed or aml_token")
