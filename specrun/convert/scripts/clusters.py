"""Clusters of SDK v1 in the words of the CLI v2's files."""

from __future__ import annotations

from specrun.convert.scripts.lowering import Lowering, told
from specrun.convert.scripts.uploads import put_together
from specrun.convert.scripts.values import Argument, Call, Member, Value
from specrun.convert.scripts.workspaces import subscription_of
from specrun.convert.section import Fields
from specrun.spec.names import foreign_key

CONFIGURATION = "AmlCompute.provisioning_configuration"
MAKERS = ("ComputeTarget.create", "AmlCompute.create")
IDLE_SECONDS, MAX_NODES = 1800, 4
"""What SDK v1 takes where nothing is said."""

_NETWORK = ("vnet_resourcegroup_name", "vnet_name", "subnet_name")
_SUBNET = "/providers/Microsoft.Network/virtualNetworks/"
_DROPPED = {
    "location": "a cluster is made in the workspace's region",
}


def lower_cluster(lowering: Lowering, target: Value) -> Fields | None:
    """The cluster that a job runs on, where the script makes it; None where it does not."""
    named = named_by(target)
    clusters = lowering.of("v2:AmlCompute")
    cluster = next((one for one in clusters if one is target or _same(one.get("name"), named)), None)
    if cluster is None and isinstance(target, Member) and target.call in clusters:
        cluster = target.call
    cluster = cluster or (clusters[0] if clusters and target is None else None)
    if cluster is not None:
        lowering.draft.comment(("compute",), lowering.origin(cluster))
        return lowering.fields(cluster, "compute")
    makers = [one for one in lowering.of(*MAKERS) if isinstance(one.get("provisioning_configuration"), Call)]
    maker = next((one for one in makers if one is target or _same(one.get("name"), named)), None)
    if maker is None and makers and (named is None or isinstance(named, Member)):
        maker = makers[0]
    if maker is not None:
        configuration = maker.get("provisioning_configuration")
        assert isinstance(configuration, Call)
        lowering.rewrite(maker, "provisioning_configuration", "compute", "its fields are those of the section")
        return _v1(lowering, maker, configuration)
    configurations = lowering.of(CONFIGURATION)
    return _v1(lowering, None, configurations[0]) if configurations and target is None else None


def named_by(target: Value) -> Value:
    """The name of a cluster."""
    if isinstance(target, Call):
        return target.get("name")
    if isinstance(target, Member):
        return target.call.get("name") if target.path in ("name", "id") else target
    return target.strip().removeprefix("azureml:") if isinstance(target, str) else target


def _v1(lowering: Lowering, maker: Call | None, configuration: Call) -> Fields:
    lowering.draft.comment(("compute",), lowering.origin(configuration))
    fields = Fields((configuration.key,))
    if maker is not None:
        lowering.put(fields, "name", maker, "name", "compute.name")
    for name, argument in told(configuration):
        if name not in _NETWORK:
            _put(lowering, fields, configuration, name, argument)
    _network(lowering, fields, configuration)
    if configuration.get("idle_seconds_before_scaledown") is None:
        note = "what SDK v1 takes where nothing is said; specrun takes 120"
        fields.put("idle_time_before_scale_down", IDLE_SECONDS, comment=note)
    if configuration.get("max_nodes") is None:
        fields.put("max_instances", MAX_NODES, comment="what SDK v1 takes where nothing is said")
    for call in lowering.of("update"):
        for name, argument in told(call):
            found = foreign_key("compute", name)
            to = found.target if found is not None and found.target else "compute"
            there = fields.get(to.rpartition(".")[2], "nothing")
            what = (
                f"the script changes the cluster later, to {argument.text}; the spec has {there} from when it is made"
            )
            lowering.doubt(call, name, to, f"{what}: write there what is to be")
    return fields


def _put(lowering: Lowering, fields: Fields, call: Call, name: str, argument: Argument) -> None:
    path = (call.key, name)
    value = argument.value
    if name in _DROPPED:
        lowering.drop(call, name, _DROPPED[name])
    elif name == "remote_login_port_public_access":
        word = str(value).lower()
        if word in ("enabled", "disabled"):
            fields.put("ssh_public_access_enabled", word == "enabled", path)
        else:
            lowering.drop(call, name, "left out, Azure decides")
    elif name == "identity_id":
        ids = value if isinstance(value, list) else [value]
        words = [lowering.word(one, name) for one in ids]
        fields.inner("identity", path).put("user_assigned_identities", words, path)
    else:
        found = foreign_key("compute", name)
        target = found.target if found is not None else f"compute.{name}"
        *above, last = (target or "").removeprefix("compute.").split(".")
        place = fields
        for word in above:
            place = place.inner(word, path)
        if target:
            place.put(last, lowering.value(value, path, target), path)


def _network(lowering: Lowering, fields: Fields, call: Call) -> None:
    group, network, subnet = (call.get(name) for name in _NETWORK)
    if network is None or subnet is None:
        return
    paths = [(call.key, name) for name in _NETWORK if call.get(name) is not None]
    inner = fields.inner("network_settings", paths[0])
    words = [lowering.word(value, name) for value, name in zip((group, network, subnet), _NETWORK, strict=True)]
    if group is None:
        inner.put("vnet_name", words[1], (call.key, "vnet_name"))
        inner.put("subnet", words[2], (call.key, "subnet_name"))
        return
    start = ("/subscriptions/", subscription_of(lowering), "/resourceGroups/", words[0])
    whole = put_together(*start, _SUBNET, words[1], "/subnets/", words[2])
    inner.put("subnet", whole, *paths, note="the subnet's ARM id")


def _same(one: Value, other: Value) -> bool:
    return one is other or (isinstance(one, str) and isinstance(other, str) and one.strip() == other.strip())
