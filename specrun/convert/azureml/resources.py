"""Resources, distribution and identity of a job."""

from __future__ import annotations

import re
from collections.abc import Mapping

from specrun.convert import coerce
from specrun.convert.document import Key, Value
from specrun.convert.naming import VM_SIZE
from specrun.convert.section import Reader, Section

_RESOURCES = ("job", "resources")
_DISTRIBUTION = ("job", "distribution")
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


def _one_of(*words: str) -> Reader:
    """What reads one of some words, however it is spelled."""
    known = {word.replace("_", ""): word for word in words}
    return lambda value: known.get((coerce.word(value) or "").lower().replace("_", ""))


RESOURCES: Mapping[str, tuple[Reader, str]] = {
    "instance_count": (coerce.count, "a number of instances"),
    "instance_type": (_size, "one VM size"),
    "shm_size": (coerce.shm_size, "a size, such as 8g,"),
    "docker_args": (docker_args, "docker's arguments"),
    "max_instance_count": (coerce.count, "a number of instances"),
    "locations": (_words, "a list of regions"),
}
"""The fields of `job.resources` that the CLI has, too: what reads each, and what is expected there."""

QUEUE: Mapping[str, tuple[Reader, str]] = {
    "job_tier": (_one_of("spot", "basic", "standard", "premium"), "spot, basic, standard or premium"),
    "priority": (_one_of("low", "medium", "high"), "low, medium or high"),
}
FLAT: Mapping[str, Mapping[str, tuple[Reader, str]]] = {"resources": RESOURCES, "queue_settings": QUEUE}
"""Sections of a job whose fields SDK v2 takes as arguments of the job itself, too."""

SERVICE: Mapping[str, tuple[Reader, str]] = {
    "type": (_one_of("ssh", "jupyter_lab", "tensor_board", "vs_code"), "ssh, jupyter_lab, tensor_board or vs_code"),
    "nodes": (_one_of("all"), "all"),
    "ssh_public_keys": (coerce.word, "public keys"),
    "log_dir": (coerce.word, "a folder"),
}
_SERVICE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")
_SERVICE_DROPPED = {
    "port": "Azure ML chooses the port, and the portal shows it",
    "properties": "specrun has no settings of single services",
    **dict.fromkeys(("endpoint", "status", "error_message"), "what the service tells of a job that was submitted"),
}


def write_resources(section: Section) -> int | None:
    """Take resources over; the number of instances, where it says one."""
    section.copy_all(RESOURCES, _RESOURCES)
    section.drop("properties", "specrun has no settings of single services")
    count = section.draft.get((*_RESOURCES, "instance_count"))
    return count if isinstance(count, int) else None


def write_settings(section: Section) -> None:
    """Take the rest of a job over, which the CLI has in the spec's words: a section each."""
    _write_identity(section.inner("identity"))
    _write_queue_settings(section.inner("queue_settings"))
    _write_services(section.inner("services"))


def _write_queue_settings(section: Section) -> None:
    said = {name: field for name, field in QUEUE.items() if section.get(name) != "null"}
    for name in QUEUE.keys() - said:
        section.drop(name, "null is what is left out")
    section.copy_all(said, ("job", "queue_settings"))


def _write_services(section: Section) -> None:
    """Those that somebody asked for; the others are Azure ML's own."""
    for name in list(section.names()):
        service = section.inner(name)
        if coerce.word(service.get("type")) in ("Tracking", "Studio"):
            section.drop(name, _SERVICE_DROPPED["endpoint"])
        elif not _SERVICE_NAME.fullmatch(name):
            section.ask(name, ("job", "services"), "a service's name has letters, digits, hyphens and underscores")
        else:
            service.copy_all(SERVICE, ("job", "services", name))
            for key, why in _SERVICE_DROPPED.items():
                service.drop(key, why)


def write_distribution(section: Section, instances: int) -> None:
    """Take a distribution over."""
    key = "type" if section.get("type") is not None else "distribution_type"
    kind = (coerce.word(section.get(key)) or "").lower()
    if kind not in ("tensorflow", "pytorch", "mpi"):
        if list(section.names()):
            what = f"specrun has tensorflow, pytorch and mpi, not {coerce.shown(section.get(key))}"
            section.ask(key, _DISTRIBUTION, what)
        for name in section.names():
            if name != key:
                section.drop(name, f"it belongs to a distribution that specrun does not have: {kind}")
        return
    section.put(key, (*_DISTRIBUTION, "type"), kind)
    if kind == "tensorflow":
        for name in ("parameter_server_count", "worker_count"):
            section.copy(name, (*_DISTRIBUTION, name), coerce.whole, _COUNT)
    else:
        to = (*_DISTRIBUTION, "process_count_per_instance")
        section.copy("process_count_per_instance", to, coerce.count, _COUNT)
        _process_count(section, to, instances)


def _process_count(section: Section, to: Key, instances: int) -> None:
    """The 2021 preview counts the processes of all instances together."""
    total = coerce.count(section.get("process_count"))
    if total is None:
        return
    if total % instances:
        what = f"{total} processes cannot be the same number on each of {instances} instances"
        section.ask("process_count", to, what)
    else:
        section.put("process_count", to, total // instances, "the 2021 preview's count for all instances together")


def _write_identity(section: Section) -> None:
    known = {
        "user_identity": "user_identity",
        "useridentity": "user_identity",
        "managed": "managed",
        "managed_identity": "managed",
        "managedidentity": "managed",
        "aml_token": "aml_token",
        "amltoken": "aml_token",
    }
    to = ("job", "identity")
    written = coerce.word(section.get("type"))
    kind = known.get((written or "").lower())
    if kind is None:
        if list(section.names()):
            section.ask("type", to, "specrun has user_identity, managed and aml_token")
        return
    section.put("type", (*to, "type"), kind)
    for key in ("client_id", "object_id", "resource_id", "msi_resource_id"):
        name = "resource_id" if key == "msi_resource_id" else key
        section.copy(key, (*to, name), coerce.word, "an id")
