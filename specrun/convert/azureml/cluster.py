"""AmlCompute files as the section `compute`."""

from __future__ import annotations

from specrun.convert import coerce, credentials
from specrun.convert.azureml.reading import JobImport
from specrun.convert.azureml.references import cluster_name
from specrun.convert.document import Key, Value
from specrun.convert.locations import base_name
from specrun.convert.section import Section
from specrun.convert.sources import Source
from specrun.convert.tags import write_tags

MAX_INSTANCES = 4
"""What the CLI makes of a file that does not say it."""

_OF_SERVICE = "what the service tells of a cluster that is there"
_DROPPED = {
    "$schema": "it says what kind of file this is",
    "location": "a cluster is made in the workspace's region",
    "resource_id": _OF_SERVICE,
    "id": _OF_SERVICE,
    "provisioning_state": _OF_SERVICE,
    "provisioning_errors": _OF_SERVICE,
    "created_on": _OF_SERVICE,
    "resourceGroup": _OF_SERVICE,
}


def write_cluster(reading: JobImport, source: Source) -> None:
    """Write the cluster's fields, each where it has one of the same name."""
    section = reading.open(source)
    reading.draft.comment(("compute",), f"from {base_name(source.file)}")
    name = section.copy("name", ("compute", "name"), _name, "a name of 3 to 32 letters, digits and hyphens")
    if name is None:
        section.ask("name", ("compute", "name"), "a cluster needs a name", write=True)
    if section.get("type") is not None:
        section.put("type", ("compute", "type"), "amlcompute")
    if section.copy("size", ("compute", "size"), coerce.word, "a VM size") is None:
        what = "making the cluster takes the size of its machines, such as STANDARD_D4DS_V5"
        section.ask("size", ("compute", "size"), what)
    section.copy("tier", ("compute", "tier"), coerce.tier, "dedicated or low_priority")
    for key in ("min_instances", "max_instances", "idle_time_before_scale_down"):
        section.copy(key, ("compute", key), coerce.whole, "a whole number")
    if reading.draft.get(("compute", "max_instances")) is None:
        what = f"making the cluster takes it; the CLI makes {MAX_INSTANCES} of a file that does not say it"
        section.ask("max_instances", ("compute", "max_instances"), what)
    section.copy("description", ("compute", "description"), coerce.text, "a text")
    for key in ("ssh_public_access_enabled", "enable_node_public_ip"):
        section.copy(key, ("compute", key), coerce.truth, "true or false")
    write_tags(section.inner("tags"), ("compute", "tags"))
    _ssh(section.inner("ssh_settings"))
    _network(section.inner("network_settings"))
    _identity(section.inner("identity"))
    for key, why in _DROPPED.items():
        section.drop(key, why)


def _name(value: object) -> str | None:
    return cluster_name(coerce.word(value) or "")


def _ssh(section: Section) -> None:
    to: Key = ("compute", "ssh_settings")
    section.copy("admin_username", (*to, "admin_username"), coerce.word, "a user name")
    section.copy("ssh_key_value", (*to, "ssh_key_value"), coerce.word, "a public key")
    if section.get("admin_password") is not None:
        variable = credentials.variable("cluster", "admin_password")
        place = (*to, "admin_password")
        section.draft.set_secret(place, variable)
        section.rewrite("admin_password", place, f"a secret is not copied: set {variable} in specrun's environment")
    if list(section.names()) and section.get("admin_username") is None:
        section.ask("admin_username", (*to, "admin_username"), "the account needs a name", write=True)


def _network(section: Section) -> None:
    to: Key = ("compute", "network_settings")
    section.copy("vnet_name", (*to, "vnet_name"), coerce.word, "a network's name")
    section.copy("subnet", (*to, "subnet"), coerce.word, "a subnet's name or ARM id")
    for key in ("public_ip_address", "private_ip_address"):
        section.drop(key, _OF_SERVICE)
    if section.get("vnet_name") is not None and section.get("subnet") is None:
        section.ask("subnet", (*to, "subnet"), "a network needs its subnet", write=True)


def _identity(section: Section) -> None:
    to: Key = ("compute", "identity")
    kind = (coerce.word(section.get("type")) or "").lower().replace("assigned", "_assigned").replace("__", "_")
    ids = section.get("user_assigned_identities")
    entries: list[Value] = []
    for entry in ids if isinstance(ids, list) else list(ids) if isinstance(ids, dict) else []:
        resource = entry.get("resource_id") if isinstance(entry, dict) else entry
        if isinstance(resource, str) and resource.strip():
            entries.append({"resource_id": resource.strip()})
    for key in ("principal_id", "tenant_id"):
        section.drop(key, _OF_SERVICE)
    if kind == "none":
        section.drop("type", "no identity is what is left out")
    elif kind in ("system_assigned", "user_assigned"):
        section.put("type", (*to, "type"), kind)
    elif kind:
        section.ask("type", to, "specrun has system_assigned or user_assigned")
        return
    if entries:
        note = "" if entries == ids else "a list of identities, each by its resource_id"
        section.put("user_assigned_identities", (*to, "user_assigned_identities"), entries, note)
        if not kind:
            section.draft.set((*to, "type"), "user_assigned")
