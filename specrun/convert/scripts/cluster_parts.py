"""Parts of a cluster of SDK v1 that a spec says in another form."""

from __future__ import annotations

from specrun.convert.document import Key
from specrun.convert.scripts.values import Call
from specrun.convert.scripts.writing import Expressed, Writing


def write_network(writing: Writing, call: Call) -> None:
    group, network, subnet = (
        writing.word(call.get(name), name).value if call.get(name) is not None else None
        for name in ("vnet_resourcegroup_name", "vnet_name", "subnet_name")
    )
    if not subnet or not network:
        return
    to: Key = ("compute", "network_settings")
    if group:
        subscription = writing.draft.get(("workspace", "subscription_id")) or "${{ env.AZURE_SUBSCRIPTION_ID }}"
        subnet = (
            f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{network}"
            f"/subnets/{subnet}"
        )
    else:
        writing.draft.set((*to, "vnet_name"), network)
    writing.draft.set((*to, "subnet"), subnet)
    for name in ("vnet_resourcegroup_name", "vnet_name", "subnet_name"):
        if call.find(name) is not None:
            writing.rewrite(
                call, name, (*to, "subnet"), "the subnet's ARM id" if group else "the network's own section"
            )


def write_identity(writing: Writing, call: Call) -> None:
    kinds = {"systemassigned": "system_assigned", "userassigned": "user_assigned"}
    kind = kinds.get(str(call.get("identity_type") or "").lower())
    to: Key = ("compute", "identity")
    if call.find("identity_type") is not None and kind:
        writing.draft.set((*to, "type"), kind)
        writing.rewrite(call, "identity_type", (*to, "type"), f"written as {kind}")
        ids = call.get("identity_id")
        if kind == "user_assigned":
            found = Expressed(None)
            words = [writing.word(one, "identity_id") for one in (ids if isinstance(ids, list) and ids else [ids])]
            for one in words:
                found.asked += one.asked
            writing.draft.set((*to, "user_assigned_identities"), [{"resource_id": one.value} for one in words])
            writing.settle(call, "identity_id" if ids else "identity_type", to, found, "a list of ARM ids")


def write_remote_login(writing: Writing, call: Call) -> None:
    name, to = "remote_login_port_public_access", ("compute", "ssh_public_access_enabled")
    if call.find(name) is None:
        return
    value = str(call.get(name)).lower()
    if value in ("enabled", "disabled"):
        writing.draft.set(to, value == "enabled")
        writing.rewrite(call, name, to, f"written as {str(value == 'enabled').lower()}")
    else:
        writing.drop(call, name, "left out, Azure decides")
