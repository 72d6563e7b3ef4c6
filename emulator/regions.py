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
DEDICATED = "dedicated"


@dataclass(frozen=True)
class Size:
    """A machine size. `memory` in GB. `regions` None: it is everywhere."""

    name: str
    family: str
    cores: int
    memory: int
    gpus: int = 0
    regions: frozenset[str] | None = None

    @property
    def family_id(self) -> str:
        """The family as resources name it, such as "standardDv2Family"."""
        return f"standard{self.family.removeprefix('Standard ')}Family"


_SOME = frozenset({"westeurope", "eastus", "southcentralus"})

SIZES = {
    size.name.lower(): size
    for size in (
        Size("Standard_D2_v2", "Standard Dv2", 2, 7),
        Size("Standard_D3_v2", "Standard Dv2", 4, 14),
        Size("Standard_DS2_v2", "Standard DSv2", 2, 7),
        Size("Standard_DS3_v2", "Standard DSv2", 4, 14),
        Size("Standard_DS11_v2", "Standard DSv2", 2, 14),
        Size("Standard_D4s_v3", "Standard DSv3", 4, 16),
        Size("Standard_D4ds_v5", "Standard DDSv5", 4, 16),
        Size("Standard_F4s_v2", "Standard FSv2", 4, 8),
        Size("Standard_NC6", "Standard NC", 6, 56, 1),
        Size("Standard_NC6s_v3", "Standard NCSv3", 6, 112, 1),
        Size("Standard_NC24s_v3", "Standard NCSv3", 24, 448, 4),
        Size("Standard_NC4as_T4_v3", "Standard NCASv3_T4", 4, 28, 1),
        Size("Standard_NC16as_T4_v3", "Standard NCASv3_T4", 16, 110, 1),
        Size("Standard_NC64as_T4_v3", "Standard NCASv3_T4", 64, 440, 4),
        Size("Standard_NC24ads_A100_v4", "Standard NCADSA100v4", 24, 220, 1, _SOME),
        Size("Standard_ND96asr_v4", "Standard NDASv4_A100", 96, 900, 8, _SOME),
    )
}


@dataclass
class Quota:
    """Cores by family ("Standard Dv2"), and by `LOW_PRIORITY` and `DEDICATED` for all families together; other families
    have `default`. `others` are those in use outside of the emulator's workspaces, by the same names.
    """

    default: int = 300
    limits: dict[str, int] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)

    def limit(self, size: Size, low_priority: bool) -> tuple[str, int]:
        """What the service calls the quota that counts, and how many cores it has."""
        if low_priority:
            return "total", self.limits.get(LOW_PRIORITY, self.default)
        return f"{size.family} family", self.limits.get(size.family, self.default)


def region(location: str) -> str:
    """A location in the form "westeurope"."""
    return location.lower().replace(" ", "")
