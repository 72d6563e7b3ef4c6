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
from specrun.engines.azure.coordinates import Coordinates
from specrun.engines.azure.datastores import revealed
from specrun.engines.azure.maker_tags import tags_of
from specrun.engines.azure.networks import read_subnet
from specrun.engines.azureml_v2.sdk import word_of
from specrun.plan.kinds.compute import Cluster
from specrun.spec.model import Properties


def properties_of(cluster: Any, wanted: Properties, at: Coordinates) -> dict[str, object]:
    """The SDK's AmlCompute as a spec would declare it; `wanted` decides between spellings of the same."""
    told: dict[str, object | None] = {
        "name": cluster.name,
        "type": "amlcompute",
        "size": cluster.size,
        "tier": word_of(cluster.tier) or None,
        "min_instances": cluster.min_instances,
        "max_instances": cluster.max_instances,
        "idle_time_before_scale_down": int(cluster.idle_time_before_scale_down or 0),
        "description": cluster.description or None,
        "tags": tags_in_words(cluster.tags),
        "network_settings": _network(cluster, wanted.get("network_settings"), at),
        "identity": _identity(cluster, wanted.get("identity")),
        "ssh_public_access_enabled": cluster.ssh_public_access_enabled,
        "ssh_settings": _account_of(cluster, wanted.get("ssh_settings")),
        "enable_node_public_ip": cluster.enable_node_public_ip,
    }
    return {name: value for name, value in told.items() if value is not None}


def new_cluster(asked: Cluster, at: Coordinates, location: str) -> Any:
    """The SDK's AmlCompute for a cluster that is to be made. Secrets are revealed in it: keep it short.

    Raises EngineError, SecretUnset, and the SDK's errors.
    """
    from azure.ai.ml.entities import AmlCompute

    wanted: Mapping[str, Any] = wanted_of(asked)
    cluster = AmlCompute(
        name=asked.name,
        location=location,
        size=wanted["size"],
        tier=wanted["tier"],
        min_instances=wanted["min_instances"],
        max_instances=wanted["max_instances"],
        idle_time_before_scale_down=wanted["idle_time_before_scale_down"],
        description=wanted.get("description"),
        tags={**mapping(wanted.get("tags")), **tags_of(asked.maker)},
        network_settings=_network_settings(mapping(wanted.get("network_settings")), at),
        identity=_managed_identity(mapping(wanted.get("identity"))),
        ssh_public_access_enabled=wanted.get("ssh_public_access_enabled"),
        ssh_settings=_account(mapping(wanted.get("ssh_settings"))),
        enable_node_public_ip=wanted.get("enable_node_public_ip", True),
    )
    return _with_idle_time(cluster)


def changed_cluster(cluster: Any, wanted: Mapping[str, Any]) -> Any:
    """The SDK's AmlCompute as it was read, with what the spec wants to be different, fit to be sent as a whole.

    Raises SecretUnset.
    """
    for name in ("min_instances", "max_instances", "idle_time_before_scale_down", "description"):
        if name in wanted:
            setattr(cluster, name, wanted[name])
    cluster.tags = {**(cluster.tags or {}), **mapping(wanted.get("tags"))}
    if "identity" in wanted:
        cluster.identity = _managed_identity(mapping(wanted["identity"]))
    if "ssh_settings" in wanted:  # what was read has no password, and an account without what it had is refused
        cluster.ssh_settings = _account(mapping(wanted["ssh_settings"]))
    if cluster.network_settings is not None and not cluster.network_settings.subnet:
        cluster.network_settings = None  # the SDK reads "no network" as a network without a name, and refuses that
    return _with_idle_time(cluster)


def _with_idle_time(cluster: Any) -> Any:
    """The cluster, with an idle time of 0 in what is sent of it: the SDK leaves that out, however it is written."""
    if cluster.idle_time_before_scale_down:
        return cluster
    make_body = cluster._to_rest_object

    def make_whole_body() -> Any:
        body = make_body()
        body.properties.properties.scale_settings.node_idle_time_before_scale_down = "PT0S"
        return body

    cluster._to_rest_object = make_whole_body
    return cluster


def _account(settings: Properties) -> Any:
    if not settings:
        return None
    from azure.ai.ml.entities import AmlComputeSshSettings

    return AmlComputeSshSettings(**revealed(settings))


def _network_settings(settings: Properties, at: Coordinates) -> Any:
    """By the subnet's ARM id: the SDK knows no other way to a network outside of the workspace's group."""
    subnet = read_subnet(settings, at.subscription_id, at.resource_group) if settings else None
    if subnet is None:
        return None
    from azure.ai.ml.entities import NetworkSettings

    return NetworkSettings(subnet=subnet.id)


def _managed_identity(identity: Properties) -> Any:
    if not identity:
        return None
    from azure.ai.ml.entities import IdentityConfiguration, ManagedIdentityConfiguration

    named = [ManagedIdentityConfiguration(resource_id=one) for one in identity_ids(identity)]
    return IdentityConfiguration(type=str(identity["type"]), user_assigned_identities=named or None)


def _network(cluster: Any, wanted: object, at: Coordinates) -> dict[str, object] | None:
    subnet = getattr(cluster.network_settings, "subnet", None)
    seen = read_subnet({"subnet": subnet}, at.subscription_id, at.resource_group) if subnet else None
    return network_in_words(seen, wanted, at.subscription_id, at.resource_group) if seen else None


def _account_of(cluster: Any, wanted: object) -> dict[str, object] | None:
    seen = cluster.ssh_settings
    return account_in_words(str(seen.admin_username or ""), str(seen.ssh_key_value or ""), wanted) if seen else None


def _identity(cluster: Any, wanted: object) -> dict[str, object] | None:
    if cluster.identity is None:
        return None
    ids = [str(one.resource_id) for one in cluster.identity.user_assigned_identities or ()]
    return identity_in_words(word_of(cluster.identity.type), ids, wanted)
