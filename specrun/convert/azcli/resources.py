"""Clusters, datastores and data that a shell script makes, in the words of the CLI v2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specrun.convert import naming
from specrun.convert.azcli.calls import STORES, UPLOAD, Call
from specrun.convert.azcli.folders import rebased
from specrun.convert.section import Fields

_CLUSTER = {
    "name": "name",
    "vm-size": "size",
    "vm-priority": "tier",
    "min-nodes": "min_instances",
    "max-nodes": "max_instances",
    "idle-seconds-before-scaledown": "idle_time_before_scale_down",
    "idle-time": "idle_time_before_scale_down",
    "description": "description",
}
_PARTS = {
    "admin-username": ("ssh_settings", "admin_username"),
    "admin-user-password": ("ssh_settings", "admin_password"),
    "admin-user-ssh-key": ("ssh_settings", "ssh_key_value"),
    "vnet-name": ("network_settings", "vnet_name"),
    "subnet-name": ("network_settings", "subnet"),
}
_CREDENTIALS = ("account-key", "sas-token", "tenant-id", "client-id", "client-secret")
_CONTAINERS = ("container-name", "share-name", "file-system")


def cluster_of(call: Call) -> Fields:
    """`az ml computetarget create amlcompute`."""
    place = Fields((call.key,))
    _put(place, call, _CLUSTER)
    for option, (section, name) in _PARTS.items():
        if option in call.options:
            place.inner(section, (call.key, option)).put(name, call.options[option], (call.key, option))
    if (identity := call.get("assign-identity")) is not None:
        origin = (call.key, "assign-identity")
        inner = place.inner("identity", origin)
        if identity in ("[system]", ""):
            inner.put("type", "system_assigned", origin)
        else:
            entry = Fields(origin)
            entry.put("resource_id", identity, origin)
            inner.put("type", "user_assigned", origin)
            inner.put("user_assigned_identities", [entry], origin)
    if (public := call.get("enable-node-public-ip")) is not None:
        place.put("enable_node_public_ip", public or "true", (call.key, "enable-node-public-ip"))
    return place


def put_stores(place: Fields, calls: Sequence[Call], file: str, project: str, data: str) -> None:
    """Datastores that the script attaches, and under the name `data` what it uploads to one."""
    for call in calls:
        if call.command in STORES:
            kind, container = STORES[call.command]
            store = place.inner("datastores").inner(_text(call.get("name"), "store"), (call.key, "name"))
            store.path = (call.key,)
            store.put("type", kind)
            _put(store, call, {"account-name": "account_name", **dict.fromkeys(_CONTAINERS, container)})
            for option in _CREDENTIALS:
                if option in call.options:
                    credentials = store.inner("credentials", (call.key, option))
                    credentials.put(option.replace("-", "_"), call.options[option], (call.key, option))
        elif call.command == UPLOAD:
            path = call.get("src-path")
            name = naming.slug(_text(path, "").rstrip("/").rpartition("/")[2]) or "data"
            entry = place.inner(data).inner(name, (call.key, "src-path"))
            entry.path = (call.key,)
            entry.put("path", rebased(path, file, call, project), (call.key, "src-path"))
            _put(entry, call, {"name": "datastore", "target-path": "target"})


def _put(place: Fields, call: Call, names: Mapping[str, str]) -> None:
    for option, name in names.items():
        if option in call.options:
            value = call.options[option]
            number = isinstance(value, str) and value.isdecimal()
            place.put(name, int(str(value)) if number else value, (call.key, option))


def _text(value: object, other: str) -> str:
    return value if isinstance(value, str) else other
