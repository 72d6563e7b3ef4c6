"""Where Azure is, which machine sizes it has there, and how many cores a subscription may use. No HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field

LOCATIONS = {
    "westeurope": "West Europe",
    "northeurope": "North Europe",
    "eastus": "East US",
    "eastus2": "East US 2",
    "westus2": "West US 2",
    "southcentralus": "South Central US",
    "francecentral": "France Central",
    "switzerlandnorth": "Switzerland North",
}

LOW_PRIORITY = "lowPriority"


@dataclass(frozen=True)
class Size:
    """A machine size. `regions` None: it is everywhere."""

    name: str
    family: str
    cores: int
    gpus: int = 0
    regions: frozenset[str] | None = None


_SOME = frozenset({"westeurope", "eastus", "southcentralus"})

SIZES = {
    size.name.lower(): size
    for size in (
        Size("Standard_D2_v2", "Standard Dv2", 2),
        Size("Standard_D3_v2", "Standard Dv2", 4),
        Size("Standard_DS2_v2", "Standard DSv2", 2),
        Size("Standard_DS3_v2", "Standard DSv2", 4),
        Size("Standard_DS11_v2", "Standard DSv2", 2),
        Size("Standard_D4s_v3", "Standard DSv3", 4),
        Size("Standard_F4s_v2", "Standard FSv2", 4),
        Size("Standard_NC6", "Standard NC", 6, 1),
        Size("Standard_NC6s_v3", "Standard NCSv3", 6, 1),
        Size("Standard_NC24s_v3", "Standard NCSv3", 24, 4),
        Size("Standard_NC4as_T4_v3", "Standard NCASv3_T4", 4, 1),
        Size("Standard_NC16as_T4_v3", "Standard NCASv3_T4", 16, 1),
        Size("Standard_NC64as_T4_v3", "Standard NCASv3_T4", 64, 4),
        Size("Standard_NC24ads_A100_v4", "Standard NCADSA100v4", 24, 1, _SOME),
        Size("Standard_ND96asr_v4", "Standard NDASv4_A100", 96, 8, _SOME),
    )
}


@dataclass
class Quota:
    """Cores by family ("Standard Dv2"), and `LOW_PRIORITY` for all families together; others have `default`."""

    default: int = 300
    limits: dict[str, int] = field(default_factory=dict)

    def limit(self, size: Size, low_priority: bool) -> tuple[str, int]:
        """What the service calls the quota that counts, and how many cores it has."""
        if low_priority:
            return "total", self.limits.get(LOW_PRIORITY, self.default)
        return f"{size.family} family", self.limits.get(size.family, self.default)


def region(location: str) -> str:
    """A location in the form "westeurope"."""
    return location.lower().replace(" ", "")
