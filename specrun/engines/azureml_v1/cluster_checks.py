"""What of a cluster SDK v1 cannot make as the spec says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specrun.engines.azure.coordinates import Coordinates, locate
from specrun.engines.azure.findings import found
from specrun.engines.azure.networks import read_subnet
from specrun.engines.base import EngineError
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Properties, Spec

RESERVED = ("amlcompute", "local", "containerinstance")
"""Names that the SDK keeps to itself."""


def check_cluster(spec: Spec) -> Iterator[Diagnostic]:
    """What would be refused, or left out without a word, when the cluster is made."""
    cluster = spec.compute
    if not isinstance(cluster, Mapping):
        return
    if str(cluster["name"]).lower() in RESERVED:
        detail = f"SDK v1 keeps the names {', '.join(RESERVED)} to itself: take another."
        yield found(spec, "not-with-sdk-v1", detail, ("compute", "name"))
    lacking = [f"`{name}`" for name in ("size", "max_instances") if cluster.get(name) is None]
    if lacking:
        detail = f"It lacks {' and '.join(lacking)}, without which it is only looked at, or changed where it is there."
        yield found(spec, "cluster-cannot-be-made", detail, ("compute",), key=True)
    yield from _check_network(spec, cluster)
    yield from _check_access(spec, cluster)


def _check_network(spec: Spec, cluster: Properties) -> Iterator[Diagnostic]:
    settings = cluster.get("network_settings")
    if not isinstance(settings, Mapping):
        if cluster.get("enable_node_public_ip") is False:
            detail = (
                "SDK v1 makes clusters without public addresses in a virtual network only: write `network_settings`, "
                "or leave this out."
            )
            yield found(spec, "not-with-sdk-v1", detail, ("compute", "enable_node_public_ip"))
        return
    at = _coordinates(spec)
    subnet = read_subnet(settings, at.subscription_id, at.resource_group)
    if subnet is None:
        detail = (
            "It names no network: write `{vnet_name: NETWORK, subnet: SUBNET}`, or as `subnet` an ARM id, "
            "/subscriptions/…/virtualNetworks/NETWORK/subnets/SUBNET."
        )
        yield found(spec, "not-with-sdk-v1", detail, ("compute", "network_settings"))
    elif at.subscription_id and subnet.subscription.lower() != at.subscription_id.lower():
        detail = (
            f"SDK v1 looks for networks in the workspace's subscription, {at.subscription_id}, and this one is in "
            f"{subnet.subscription}: take one there, or make the cluster in the portal and write `compute: NAME`."
        )
        yield found(spec, "not-with-sdk-v1", detail, ("compute", "network_settings", "subnet"))


def _check_access(spec: Spec, cluster: Properties) -> Iterator[Diagnostic]:
    account, identity = cluster.get("ssh_settings"), cluster.get("identity")
    if isinstance(account, Mapping) and not (account.get("ssh_key_value") or account.get("admin_password")):
        detail = "SDK v1 makes accounts with a key or a password: write `ssh_key_value` (a public key)."
        yield found(spec, "not-with-sdk-v1", detail, ("compute", "ssh_settings"))
    if not isinstance(identity, Mapping):
        return
    named = bool(identity.get("user_assigned_identities"))
    if identity["type"] == "user_assigned" and not named:
        detail = "Which one? Write `user_assigned_identities: [{resource_id: …}]`."
        yield found(spec, "not-with-sdk-v1", detail, ("compute", "identity"))
    elif identity["type"] == "system_assigned" and named:
        detail = "A cluster has either Azure's identity or named ones: write `type: user_assigned`, or leave this out."
        yield found(spec, "not-with-sdk-v1", detail, ("compute", "identity", "user_assigned_identities"))


def _coordinates(spec: Spec) -> Coordinates:
    try:
        return locate(spec.workspace, spec.folder)
    except EngineError:  # said at the workspace
        return Coordinates("", "", "")
