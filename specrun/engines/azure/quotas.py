"""The quotas of a region: how many vCPUs a subscription may use there, and how many it does.

Read by the published definitions of Microsoft.MachineLearningServices; no answer of the service is recorded. Names of
families come as `standardDSv2Family` or as `Standard DSv2 Family Cluster Dedicated vCPUs`, those of low priority with
the same name or one of their own: they are compared without signs, case and what stands at the end.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.connection import Connection, asked
from specrun.engines.azure.coordinates import workspace_path
from specrun.engines.azure.fetched import Fetched
from specrun.engines.background import in_background
from specrun.engines.base import EngineError
from specrun.plan.quota import Allowance, Limit, Sku
from specrun.spec.frozen import dataclass
from specrun.spec.sizes import plain_name

_VERSION = {"api-version": "2024-04-01"}
_PAGES = 50
_END = re.compile(r"(?:cluster)?(?:dedicated|lowpriority)?(?:regional)?vcpus$")
_TOTALS = ("total", "totaldedicatedcores", "totallowprioritycores")
"""What the rows for all families of a tier are called."""


class Row(NamedTuple):
    """One usage. `name` is its name as it is compared, `words` as it is shown; `owner` is what it counts for, the path
    of a workspace or a compute in lower case ("": the subscription).
    """

    name: str
    words: str
    low_priority: bool
    owner: str
    limit: int
    used: int | None


@dataclass(frozen=True, slots=True)
class Region:
    """What a region says: the vCPUs and the family of each size, by its name without STANDARD_, and its usages."""

    sizes: Mapping[str, tuple[int, str]]
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Quotas:
    """The quotas that count in one workspace. `audience` is whom the SDK's tokens are for: no other is asked for."""

    connection: Connection[Any]
    audience: str

    @asked
    def allowances(self, skus: Collection[Sku]) -> Mapping[Sku, Allowance]:
        """What counts for clusters of these: two requests, once for all workspaces of a subscription in a region."""
        at, location = self.connection.coordinates, self.connection.location
        if not location:
            raise EngineError("the workspace is not there yet, and nobody says in which region it is to be")
        fetch = partial(self._read, at.subscription_id, location)
        kept: Fetched[Region] = self.connection.shared.setdefault(
            f"quotas {at.subscription_id} {location}", Fetched(fetch)
        )
        region, workspace = kept.get(), workspace_path(at).lower()
        return {sku: _allowance(region, location, workspace, sku) for sku in skus}

    def _read(self, subscription: str, location: str) -> Region:
        arm = Arm(self.connection.credential, audience=self.audience)
        place = f"/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/locations/{location}"

        def listed(kind: str, what: str) -> list[Mapping[str, Any]]:
            found = arm.items(f"{place}/{kind}", _VERSION, f"read the {what} of {location}", _PAGES)
            return [one for one in found if isinstance(one, Mapping)]

        sizes = in_background(partial(listed, "vmSizes", "VM sizes"))
        rows = [row for usage in listed("usages", "quotas") for row in _rows(usage)]
        return Region({name: facts for size in sizes.result() for name, facts in _sizes(size)}, rows)


def _sizes(size: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, str]]]:
    name, family, vcpus = size.get("name"), size.get("family"), size.get("vCPUs")
    if isinstance(name, str) and isinstance(family, str) and isinstance(vcpus, int) and vcpus > 0:
        yield plain_name(name), (vcpus, family)


def _rows(usage: Mapping[str, Any]) -> Iterator[Row]:
    """A usage as a row, if it limits vCPUs: -1 is no limit of its own."""
    name, limit, used = usage.get("name"), usage.get("limit"), usage.get("currentValue")
    if not isinstance(name, Mapping) or not isinstance(limit, int):
        return
    value, words = (str(name.get(key) or "") for key in ("value", "localizedValue"))
    low_priority = "lowpriority" in _plain(f"{usage.get('type')} {value} {words}")
    owner = str(usage.get("id") or "").lower().partition("/usages")[0]
    yield Row(
        _END.sub("", _plain(value or words)),
        words or value,
        low_priority,
        owner if "/workspaces/" in owner else "",
        limit,
        used if isinstance(used, int) else None,
    )


def _plain(words: str) -> str:
    return re.sub("[^a-z0-9]", "", words.lower())


def _allowance(region: Region, location: str, workspace: str, sku: Sku) -> Allowance:
    size, tier = sku
    if (facts := region.sizes.get(plain_name(size))) is None:
        return Allowance(location, unknown=f"{location} does not list the size {size}.")
    vcpus, family = facts
    low_priority = tier == "low_priority"
    name = _END.sub("", _plain(family))
    rows = [row for row in region.rows if row.low_priority == low_priority]
    counting = [row for row in rows if row.name in (name, *_TOTALS) and row.owner in ("", workspace)]
    # Of low priority one limit is enough: it is for all families.
    is_known = any(row.name == name or low_priority for row in counting)
    unknown = "" if is_known else f"{location} lists no quota for the family {family}."
    begin = f"{workspace}/computes/"
    of_clusters = {
        row.owner.removeprefix(begin): row.used
        for row in rows
        if row.name == name and row.owner.startswith(begin) and row.used is not None
    }
    limits = [
        Limit(row.words, "this workspace" if row.owner else "the subscription", row.limit, row.used, of_clusters)
        for row in counting
        if row.limit >= 0
    ]
    return Allowance(location, vcpus, tuple(limits), unknown)
