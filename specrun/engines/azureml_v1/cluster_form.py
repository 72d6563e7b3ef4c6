"""A cluster in the spec's own words, and in the SDK's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specrun.engines.azure.cluster_words import (
    account_in_words,
    identity_ids,
    identity_in_words,
    mapping,
    network_in_words,
    tags_in_words,
    wanted_of,
)
from specrun.engines.azure.datastores import revealed
from specrun.engines.azure.maker_tags import tags_of
from specrun.engines.azure.networks import Subnet, read_subnet
from specrun.plan.kinds.compute import Cluster
from specrun.spec.model import Properties

_TIERS = {"dedicated": "dedicated", "lowpriority": "low_priority"}
_OPEN = {True: "Enabled", False: "Disabled", None: "NotSpecified"}


def properties_of(target: Any, wanted: Properties, raw: Mapping[str, Any]) -> dict[str, object]:
    """The cluster as a spec would declare it; what the service does not tell is left out.

    `wanted` decides between spellings of the same network. `raw`: the service's own object, where public addresses
    are asked for, which the SDK's does not tell.
    """
    scale = target.scale_settings
    tier = str(target.vm_priority or "")
    told: dict[str, object | None] = {
        "name": target.name,
        "type": "amlcompute",
        "size": target.vm_size,
        "tier": _TIERS.get(tier.lower(), tier) or None,
        "min_instances": getattr(scale, "minimum_node_count", None),
        "max_instances": getattr(scale, "maximum_node_count", None),
        "idle_time_before_scale_down": getattr(scale, "idle_seconds_before_scaledown", None) or 0,
        "description": target.description or None,
        "tags": tags_in_words(target.tags),
        "network_settings": _network(target, wanted.get("network_settings")),
        "identity": identity_in_words(
            str(target.identity_type or ""), list(map(str, target.identity_id or ())), wanted.get("identity")
        ),
        "ssh_public_access_enabled": {"enabled": True, "disabled": False}.get(
            str(target.remote_login_port_public_access).lower()
        ),
        "ssh_settings": account_in_words(
            str(target.admin_username or ""), str(target.admin_user_ssh_key or ""), wanted.get("ssh_settings")
        ),
        "enable_node_public_ip": ((raw.get("properties") or {}).get("properties") or {}).get("enableNodePublicIp"),
    }
    return {name: value for name, value in told.items() if value is not None}


def configuration_of(cluster: Cluster, workspace: Any) -> Any:
    """The SDK's provisioning configuration for a new cluster. Secrets are revealed in it: keep it short.

    Raises EngineError, SecretUnset, and the SDK's errors.
    """
    from azureml.core.compute import AmlCompute

    wanted: Mapping[str, Any] = wanted_of(cluster)
    return AmlCompute.provisioning_configuration(
        vm_size=wanted["size"],
        vm_priority=str(wanted["tier"]).replace("_", ""),
        min_nodes=wanted["min_instances"],
        max_nodes=wanted["max_instances"],
        idle_seconds_before_scaledown=idle_time(wanted["idle_time_before_scale_down"]),
        tags={**mapping(wanted.get("tags")), **tags_of(cluster.maker)},
        description=wanted.get("description"),
        remote_login_port_public_access=_OPEN[wanted.get("ssh_public_access_enabled")],
        enable_node_public_ip=wanted.get("enable_node_public_ip", True),
        **_account(mapping(wanted.get("ssh_settings"))),
        **_vnet(mapping(wanted.get("network_settings")), workspace),
        **_managed_identity(mapping(wanted.get("identity"))),
    )


def idle_time(seconds: Any) -> Any:
    """An idle time as the SDK takes it: it leaves out a number that is 0, and not a text that says so."""
    return "0" if seconds == 0 else seconds


def _account(settings: Properties) -> dict[str, object]:
    names = {
        "admin_username": "admin_username",
        "admin_password": "admin_user_password",
        "ssh_key_value": "admin_user_ssh_key",
    }
    return {names[name]: value for name, value in revealed(settings).items() if value is not None}


def _vnet(settings: Properties, workspace: Any) -> dict[str, object]:
    subnet = read_subnet(settings, workspace.subscription_id, workspace.resource_group) if settings else None
    if subnet is None:
        return {}
    return {
        "vnet_resourcegroup_name": subnet.group,
        "vnet_name": subnet.network,
        "subnet_name": subnet.name,
    }


def _managed_identity(identity: Properties) -> dict[str, object]:
    if not identity:
        return {}
    if identity["type"] == "system_assigned":
        return {"identity_type": "SystemAssigned"}
    return {"identity_type": "UserAssigned", "identity_id": identity_ids(identity)}


def _network(target: Any, wanted: object) -> dict[str, object] | None:
    if not target.vnet_name:
        return None
    at = target.workspace
    seen = Subnet(at.subscription_id, target.vnet_resourcegroup_name, target.vnet_name, target.subnet_name)
    return network_in_words(seen, wanted, at.subscription_id, str(at.resource_group))
