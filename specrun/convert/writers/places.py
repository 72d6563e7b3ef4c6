"""Where a job runs: the workspace, and the cluster, which is there or is made."""

from __future__ import annotations

from collections.abc import Mapping

from specrun.convert import coerce, credentials
from specrun.convert.document import Key, Value
from specrun.convert.locations import cluster_name
from specrun.convert.naming import VM_SIZE
from specrun.convert.options import write_given_workspace
from specrun.convert.section import Row, Section, dropped
from specrun.convert.unknown import express, is_open
from specrun.convert.writers.reading import Reading
from specrun.convert.writers.words import write_secret, write_tags

SUBSCRIPTION = "${{ env.AZURE_SUBSCRIPTION_ID }}"
MAX_INSTANCES = 4
"""What the CLI makes of a file that does not say it."""

_CLUSTER: Key = ("compute",)
_OF_SERVICE = "what the service tells of a cluster that is there"
_WORKSPACE = (
    *(
        Row(name, coerce.word, "a text")
        for name in ("name", "subscription_id", "resource_group", "location", "storage_account")
    ),
    Row("create", coerce.truth, "true or false"),
)


def _cluster_name(value: object) -> str | None:
    return cluster_name(coerce.word(value) or "")


_ROWS = (
    Row("name", _cluster_name, "a name of 3 to 32 letters, digits and hyphens"),
    Row("type", lambda value: "amlcompute", ""),
    Row("size", coerce.matching(VM_SIZE), "a VM size"),
    Row("tier", coerce.tier, "dedicated or low_priority"),
    *(
        Row(name, coerce.whole, "a whole number")
        for name in ("min_instances", "max_instances", "idle_time_before_scale_down")
    ),
    Row("description", coerce.text, "a text", prose=True),
    Row("ssh_public_access_enabled", coerce.truth, "true or false"),
    Row("enable_node_public_ip", coerce.truth, "true or false"),
    *dropped("it says what kind of file this is", "$schema"),
    *dropped(_OF_SERVICE, "resource_id", "id", "provisioning_state", "provisioning_errors", "created_on"),
    *dropped(_OF_SERVICE, "resourceGroup"),
)
_SSH = (Row("admin_username", coerce.word, "a user name"), Row("ssh_key_value", coerce.word, "a public key"))
_NETWORK = (
    Row("vnet_name", coerce.word, "a network's name"),
    Row("subnet", coerce.word, "a subnet's name or ARM id"),
    *dropped(_OF_SERVICE, "public_ip_address", "private_ip_address"),
)


def write_workspace(reading: Reading, section: Section | None = None) -> None:
    """The workspace that the options say, else that of the source."""
    if reading.options.workspace is not None:
        write_given_workspace(reading.draft, reading.options.workspace)
    elif section is not None:
        section.take(_WORKSPACE, ("workspace",))
        if section.get("name") is None:
            section.ask("name", ("workspace", "name"), "a workspace needs a name")
        if section.get("subscription_id") is None:
            reading.draft.set(("workspace", "subscription_id"), SUBSCRIPTION)
        section.drop("$schema", "it says what kind of file this is")
        for key in section.names():
            if key not in {row.name for row in _WORKSPACE} | {"$schema"}:
                section.drop(key, "specrun makes a workspace with Azure's own settings, and changes none that is there")


def write_cluster(reading: Reading, section: Section) -> None:
    """Write the cluster's fields, each where it has one of the same name, and ask for what making one takes."""
    section.take(_ROWS, _CLUSTER)
    needed = {
        "name": "a cluster needs a name",
        "size": "making the cluster takes the size of its machines, such as STANDARD_D4DS_V5",
        "max_instances": f"making the cluster takes it; the CLI makes {MAX_INSTANCES} of a file that does not say it",
    }
    for key, what in needed.items():
        if reading.draft.get((*_CLUSTER, key)) is None:
            section.ask(key, (*_CLUSTER, key), what)
    _write_region(reading, section)
    write_tags(section.inner("tags"), (*_CLUSTER, "tags"))
    _write_login(section.inner("ssh_settings", to=(*_CLUSTER, "ssh_settings")))
    network = section.inner("network_settings", to=(*_CLUSTER, "network_settings"))
    network.take(_NETWORK, (*_CLUSTER, "network_settings"))
    if network.get("vnet_name") is not None and network.get("subnet") is None:
        network.ask("subnet", (*_CLUSTER, "network_settings", "subnet"), "a network needs its subnet")
    _write_identity(section.inner("identity", to=(*_CLUSTER, "identity")))


def _write_region(reading: Reading, section: Section) -> None:
    """A cluster is made where its workspace is; another region would be another place, with other prices."""
    region, known = coerce.word(section.get("location")), reading.draft.get(("workspace", "location"))
    if region is None or _plain(region) == _plain(str(known or "")):
        section.drop("location", "a cluster is made in the workspace's region")
    else:
        what = f"specrun makes a cluster in its workspace's region: see that this is {coerce.shown(region)}"
        section.doubt("location", _CLUSTER, what)


def _plain(region: str) -> str:
    return region.replace(" ", "").lower()


def _write_login(section: Section) -> None:
    to: Key = (*_CLUSTER, "ssh_settings")
    section.take(_SSH, to)
    if section.get("admin_password") is not None:
        write_secret(section, "admin_password", (*to, "admin_password"), credentials.variable("cluster_admin_password"))
    if list(section.names()) and section.get("admin_username") is None:
        section.ask("admin_username", (*to, "admin_username"), "the account needs a name")


def _write_identity(section: Section) -> None:
    to: Key = (*_CLUSTER, "identity")
    raw = section.get("type")
    kind = (coerce.word(raw) or "").lower().replace("assigned", "_assigned").replace("__", "_")
    for key in ("principal_id", "tenant_id"):
        section.drop(key, _OF_SERVICE)
    entries = _identities(section, section.get("user_assigned_identities"))
    if kind == "none":
        section.drop("type", "no identity is what is left out")
        return
    if kind in ("system_assigned", "user_assigned"):
        section.put("type", (*to, "type"), kind)
    elif raw is not None:
        section.ask("type", (*to, "type"), "specrun has system_assigned or user_assigned")
    if entries:
        note = "" if entries == section.get("user_assigned_identities") else "a list, each by its resource_id"
        section.put("user_assigned_identities", (*to, "user_assigned_identities"), entries, note)
        if raw is None:
            section.draft.set((*to, "type"), "user_assigned")


def _identities(section: Section, ids: object) -> list[Value]:
    """Identities by their resource_id, of a list of them, a list of ids or a mapping by id."""
    entries: list[Value] = []
    for entry in ids if isinstance(ids, list) else list(ids) if isinstance(ids, Mapping) else []:
        resource = entry.get("resource_id") if isinstance(entry, Mapping) else entry
        if is_open(resource):
            found = express(section.draft, resource, "resource_id")
            for what, flag in found.asked:
                section.ledger.ask(section.at("user_assigned_identities"), "compute.identity", what, flag)
            entries.append({"resource_id": found.value})
        elif isinstance(resource, str) and resource.strip():
            entries.append({"resource_id": resource.strip()})
    return entries
