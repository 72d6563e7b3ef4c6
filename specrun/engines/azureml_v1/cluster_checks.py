"""What of a cluster SDK v1 cannot make as the spec says, although Azure ML can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specrun.engines.azure.checks import coordinates_of
from specrun.engines.azure.networks import read_subnet
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Properties, Spec

RESERVED = ("amlcompute", "local", "containerinstance")
"""Names that the SDK keeps to itself."""


def check_cluster_of_v1(spec: Spec) -> Iterator[Diagnostic]:
    """What would be refused, or left out without a word, when the cluster is made."""
    cluster = spec.compute
    if not isinstance(cluster, Mapping):
        return
    if str(cluster["name"]).lower() in RESERVED:
        detail = f"SDK v1 keeps the names {', '.join(RESERVED)} to itself: take another."
        yield spec.document.diagnostic("not-with-sdk-v1", detail, ("compute", "name"))
    yield from _check_network(spec, cluster)


def _check_network(spec: Spec, cluster: Properties) -> Iterator[Diagnostic]:
    settings = cluster.get("network_settings")
    if not isinstance(settings, Mapping):
        if cluster.get("enable_node_public_ip") is False:
            detail = (
                "SDK v1 makes clusters without public addresses in a virtual network only: write `network_settings`, "
                "or leave this out."
            )
            yield spec.document.diagnostic("not-with-sdk-v1", detail, ("compute", "enable_node_public_ip"))
        return
    at = coordinates_of(spec)
    subnet = read_subnet(settings, at.subscription_id, at.resource_group)
    if subnet is not None and at.subscription_id and subnet.subscription.lower() != at.subscription_id.lower():
        detail = (
            f"SDK v1 looks for networks in the workspace's subscription, {at.subscription_id}, and this one is in "
            f"{subnet.subscription}: take one there, or make the cluster in the portal and write `compute: NAME`."
        )
        yield spec.document.diagnostic("not-with-sdk-v1", detail, ("compute", "network_settings", "subnet"))
