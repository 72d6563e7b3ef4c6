"""What of a cluster Azure ML cannot make as the spec says, whichever SDK asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specrun.engines.azure.coordinates import Coordinates, locate
from specrun.engines.azure.findings import found
from specrun.engines.azure.networks import read_subnet
from specrun.engines.base import EngineError
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Properties, Spec


def check_cluster(spec: Spec) -> Iterator[Diagnostic]:
    """What would be refused, or left out without a word, when the cluster is made."""
    cluster = spec.compute
    if not isinstance(cluster, Mapping):
        return
    lacking = [f"`{name}`" for name in ("size", "max_instances") if cluster.get(name) is None]
    if lacking:
        detail = f"It lacks {' and '.join(lacking)}, without which it is only looked at, or changed where it is there."
        yield found(spec, "cluster-cannot-be-made", detail, ("compute",), key=True)
    settings, at = cluster.get("network_settings"), coordinates_of(spec)
    if isinstance(settings, Mapping) and read_subnet(settings, at.subscription_id, at.resource_group) is None:
        detail = (
            "It names no network: write `{vnet_name: NETWORK, subnet: SUBNET}`, or as `subnet` an ARM id, "
            "/subscriptions/…/virtualNetworks/NETWORK/subnets/SUBNET."
        )
        yield found(spec, "not-with-azureml", detail, ("compute", "network_settings"))
    yield from _check_access(spec, cluster)


def coordinates_of(spec: Spec) -> Coordinates:
    """Which workspace the spec names; without a name where something is wrong with it, which is said there."""
    try:
        return locate(spec.workspace, spec.folder)
    except EngineError:
        return Coordinates("", "", "")


def _check_access(spec: Spec, cluster: Properties) -> Iterator[Diagnostic]:
    account, identity = cluster.get("ssh_settings"), cluster.get("identity")
    if isinstance(account, Mapping) and not (account.get("ssh_key_value") or account.get("admin_password")):
        detail = "An account is made with a key or a password: write `ssh_key_value` (a public key)."
        yield found(spec, "not-with-azureml", detail, ("compute", "ssh_settings"))
    if not isinstance(identity, Mapping):
        return
    named = bool(identity.get("user_assigned_identities"))
    if identity["type"] == "user_assigned" and not named:
        detail = "Which one? Write `user_assigned_identities: [{resource_id: …}]`."
        yield found(spec, "not-with-azureml", detail, ("compute", "identity"))
    elif identity["type"] == "system_assigned" and named:
        detail = "A cluster has either Azure's identity or named ones: write `type: user_assigned`, or leave this out."
        yield found(spec, "not-with-azureml", detail, ("compute", "identity", "user_assigned_identities"))
