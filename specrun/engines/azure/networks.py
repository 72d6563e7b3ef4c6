"""A cluster's virtual network, which a spec may name in several ways and the SDK in one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from specrun.spec.frozen import dataclass

_SUBNET = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/providers/Microsoft\.Network"
    r"/virtualNetworks/(?P<network>[^/]+)(?:/subnets/(?P<subnet>[^/]+))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Subnet:
    """One subnet; ids and names compare without case."""

    subscription: str
    group: str
    network: str
    name: str

    def same(self, other: Subnet) -> bool:
        """Whether both are the same."""
        return self.id.lower() == other.id.lower()

    @property
    def id(self) -> str:
        """Its ARM id."""
        return f"{self.network_id}/subnets/{self.name}"

    @property
    def network_id(self) -> str:
        """The ARM id of its network."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}/providers/Microsoft.Network"
            f"/virtualNetworks/{self.network}"
        )


def read_subnet(settings: Mapping[str, object], subscription: str, group: str) -> Subnet | None:
    """The subnet that `network_settings` names; plain names are in the given (the workspace's) resource group.

    None where it names no network.
    """
    subnet, network = str(settings.get("subnet") or ""), str(settings.get("vnet_name") or "")
    whole = _SUBNET.fullmatch(subnet)
    if whole is not None and whole["subnet"]:
        return Subnet(whole["subscription"], whole["group"], whole["network"], whole["subnet"])
    if not network or not subnet or "/" in subnet:
        return None
    part = _SUBNET.fullmatch(network)
    if part is not None and not part["subnet"]:
        return Subnet(part["subscription"], part["group"], part["network"], subnet)
    return None if "/" in network else Subnet(subscription, group, network, subnet)
