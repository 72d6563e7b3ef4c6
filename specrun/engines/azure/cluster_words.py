"""A cluster in the spec's own words, whichever SDK has read it: so that both engines see one service alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specrun.engines.azure.maker_tags import TAGS
from specrun.engines.azure.networks import Subnet, read_subnet
from specrun.engines.base import EngineError
from specrun.plan.kinds.compute import Cluster
from specrun.spec.model import Properties

DEFAULTS: Mapping[str, object] = {"tier": "dedicated", "min_instances": 0, "idle_time_before_scale_down": 120}
"""What a new cluster is where the spec says nothing, on every engine; SDK v1's own idle time is 1800 s."""

_IDENTITIES = {"systemassigned": "system_assigned", "userassigned": "user_assigned"}


def wanted_of(cluster: Cluster) -> Properties:
    """A new cluster as the spec asks for it, with defaults. Raises EngineError where it cannot be made like that."""
    wanted = {**DEFAULTS, **cluster.properties}
    lacking = [name for name in ("size", "max_instances") if wanted.get(name) is None]
    if lacking:
        raise EngineError(f"cannot create the cluster {cluster.name}: the spec lacks its {' and '.join(lacking)}")
    return wanted


def tags_in_words(tags: Mapping[str, object] | None) -> dict[str, str]:
    """A cluster's tags without specrun's own."""
    return {str(name): str(value) for name, value in (tags or {}).items() if name not in TAGS}


def network_in_words(seen: Subnet, wanted: object, subscription: str, group: str) -> dict[str, object]:
    """The network that a cluster is in, spelled as `wanted` does where that means the same.

    `subscription` and `group` are the workspace's.
    """
    asked = read_subnet(mapping(wanted), subscription, group)
    if asked is not None and asked.same(seen):
        return dict(mapping(wanted))
    near = seen.group.lower() == group.lower()
    return {"vnet_name": seen.network if near else seen.network_id, "subnet": seen.name}


def identity_in_words(kind: str, ids: Sequence[str], wanted: object) -> dict[str, object] | None:
    """A cluster's identity, spelled as `wanted` does where that means the same; None where it has none.

    `kind` as either SDK has it: "SystemAssigned" or "system_assigned".
    """
    word = _IDENTITIES.get(kind.replace("_", "").lower())
    if word is None:
        return None
    seen, asked = sorted(ids, key=str.lower), mapping(wanted)
    named = sorted(one.lower() for one in identity_ids(asked))
    if word == asked.get("type") and [one.lower() for one in seen] == named:
        return dict(asked)
    return {"type": word, **({"user_assigned_identities": [{"resource_id": one} for one in seen]} if seen else {})}


def account_in_words(name: str, key: str, wanted: object) -> dict[str, object] | None:
    """The account on a cluster's machines; None where there is none.

    Its public key is spelled as `wanted` does where that means the same: a comment does not count, nor do blanks. A key
    that is not told is taken for the one that is wanted, since nothing speaks against it.
    """
    if not name:
        return None
    asked = mapping(wanted).get("ssh_key_value")
    same = asked is not None and (not key or _bare(str(asked)) == _bare(key))
    shown = asked if same else key
    return {"admin_username": name, **({"ssh_key_value": shown} if shown else {})}


def _bare(key: str) -> list[str]:
    """The kind of a public key and the key itself."""
    return key.split()[:2]


def identity_ids(identity: Properties) -> list[str]:
    """The ARM ids that an `identity` names."""
    listed = identity.get("user_assigned_identities") or []
    assert isinstance(listed, (list, tuple))
    return [str(one["resource_id"]) for one in listed]


def mapping(value: object) -> Properties:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}
