"""Resources, distribution and identity of a job."""

from __future__ import annotations

from specrun.convert import coerce
from specrun.convert.draft import Key
from specrun.convert.naming import VM_SIZE
from specrun.convert.section import Section

_RESOURCES = ("job", "resources")
_DISTRIBUTION = ("job", "distribution")
_COUNT = "a number of processes"


def write_resources(section: Section) -> int | None:
    """Take resources over; the number of instances, where it says one."""
    count = section.copy("instance_count", (*_RESOURCES, "instance_count"), coerce.count, "a number of instances")
    section.copy("instance_type", (*_RESOURCES, "instance_type"), _size, "one VM size")
    section.copy("shm_size", (*_RESOURCES, "shm_size"), coerce.shm_size, "a size, such as 8g,")
    section.copy("docker_args", (*_RESOURCES, "docker_args"), docker_args, "docker's arguments")
    section.drop("properties", "specrun has no settings of single services")
    section.drop("locations", "a run is in the workspace's region")
    section.drop("max_instance_count", "a run has the number of instances that it asks for")
    return count if isinstance(count, int) else None


def docker_args(value: object) -> str | None:
    """Docker's arguments in one text."""
    if isinstance(value, list):
        words = [coerce.word(one) for one in value]
        return " ".join(word for word in words if word) if all(words) else None
    return coerce.word(value)


def _size(value: object) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return coerce.matching(VM_SIZE)(value)


def write_distribution(section: Section, instances: int) -> None:
    """Take a distribution over."""
    key = "type" if section.get("type") is not None else "distribution_type"
    kind = (coerce.word(section.get(key)) or "").lower()
    if kind not in ("tensorflow", "pytorch", "mpi"):
        if list(section.names()):
            what = f"specrun has tensorflow, pytorch and mpi, not {coerce.shown(section.get(key))}"
            section.ask(key, _DISTRIBUTION, what)
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


def write_identity(section: Section) -> None:
    """Take a job's identity over."""
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
