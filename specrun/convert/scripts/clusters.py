"""Clusters of both SDKs as the section `compute`."""

from __future__ import annotations

from specrun.convert import coerce
from specrun.convert.document import TODO, Key
from specrun.convert.naming import CLUSTER, VM_SIZE
from specrun.convert.scripts.cluster_parts import write_identity, write_network, write_remote_login
from specrun.convert.scripts.tags import write_tags
from specrun.convert.scripts.values import Call, Member, Value
from specrun.convert.scripts.writing import Reader, Writing

MAKERS = ("ComputeTarget.create", "AmlCompute.create")
FOUND = ("ComputeTarget", "AmlCompute", "compute_targets")
V1_IDLE_SECONDS = 1800
"""What SDK v1 takes where nothing is said."""

_RENAMED = {
    "vm_size": ("size",),
    "size": ("size",),
    "min_nodes": ("min_instances",),
    "min_instances": ("min_instances",),
    "max_nodes": ("max_instances",),
    "max_instances": ("max_instances",),
    "idle_seconds_before_scaledown": ("idle_time_before_scale_down",),
    "idle_time_before_scale_down": ("idle_time_before_scale_down",),
    "admin_username": ("ssh_settings", "admin_username"),
    "admin_user_ssh_key": ("ssh_settings", "ssh_key_value"),
    "ssh_key_value": ("ssh_settings", "ssh_key_value"),
    "description": ("description",),
    "enable_node_public_ip": ("enable_node_public_ip",),
    "ssh_public_access_enabled": ("ssh_public_access_enabled",),
}
_READERS: dict[str, tuple[Reader, str]] = {
    "size": (coerce.matching(VM_SIZE), "a VM size"),
    **dict.fromkeys(
        ("min_instances", "max_instances", "idle_time_before_scale_down"), (coerce.whole, "a whole number")
    ),
    **dict.fromkeys(("enable_node_public_ip", "ssh_public_access_enabled"), (coerce.truth, "true or false")),
}


def write_cluster(writing: Writing, target: Value) -> bool:
    """The cluster that a job runs on, or that the script makes: a section, or its bare name. False without any."""
    makers = [call for call in writing.of(*MAKERS) if isinstance(call.get("provisioning_configuration"), Call)]
    configurations = writing.of("AmlCompute.provisioning_configuration")
    named = _name_value(target)
    maker = next((call for call in makers if call is target or _same(call.get("name"), named)), None)
    if maker is None and makers and (named is None or isinstance(named, Member)):
        maker = makers[0]
    if maker is not None:
        configuration = maker.get("provisioning_configuration")
        assert isinstance(configuration, Call)
        _write_v1(writing, maker, configuration)
        return True
    clusters = writing.of("v2:AmlCompute")
    cluster = next((call for call in clusters if call is target or _same(call.get("name"), named)), None)
    cluster = cluster or (clusters[0] if clusters and named is None else None)
    if cluster is not None:
        _fields(writing, cluster)
        return True
    if named is None and configurations:
        _write_v1(writing, None, configurations[0])
        return True
    return False


def write_bare_name(writing: Writing, call: Call, name: str, target: Value) -> None:
    """A cluster that exists: its name alone."""
    value = _name_value(target)
    if isinstance(value, str) and value.strip() in ("local", "amlcompute"):
        writing.drop(call, name, "specrun's engine says where the job runs")
        return
    found = writing.word(value if value is not None else target, "compute")
    plain = str(found.value).strip().removeprefix("azureml:").split(":")[0]
    if "${{" not in plain:
        found.value = plain if CLUSTER.fullmatch(plain) else TODO
        if found.value is TODO and not found.asked:
            found.asked.append(("a cluster's name has 3 to 32 letters, digits and hyphens", ""))
    writing.draft.set(("compute",), found.value)
    writing.settle(call, name, ("compute",), found, "a cluster that exists is used by its name")
    if isinstance(target, Call) and target.find("name") is not None:
        writing.settle(target, "name", ("compute",), found, "a cluster that exists is used by its name")


def _write_v1(writing: Writing, maker: Call | None, configuration: Call) -> None:
    if maker is not None:
        _cluster_name(writing, maker)
        writing.rewrite(maker, "provisioning_configuration", ("compute",), "its fields are those of the section")
    else:
        writing.draft.set(("compute", "name"), TODO, "TODO: the script makes no cluster with this configuration")
        writing.lack(("compute", "name"), "the script names no cluster for its configuration: write one")
    _fields(writing, configuration)
    if configuration.find("idle_seconds_before_scaledown") is None:
        to: Key = ("compute", "idle_time_before_scale_down")
        writing.draft.set(to, V1_IDLE_SECONDS, "what SDK v1 takes where nothing is said; specrun takes 120")
    if configuration.find("max_nodes") is None:
        writing.draft.set(("compute", "max_instances"), 4, "what SDK v1 takes where nothing is said")
    for call in writing.of("update"):
        for name in call.arguments:
            to = ("compute", *_RENAMED.get(name, (name,)))
            there = writing.draft.get(to)
            writing.ask(
                call,
                name,
                to,
                f"the script changes the cluster later, to {call.arguments[name].text}; the "
                f"spec has {there} from when it is made: write there what is to be",
            )


def _cluster_name(writing: Writing, call: Call) -> None:
    expected = "a name of 3 to 32 letters, digits and hyphens"
    if writing.copy(call, "name", ("compute", "name"), coerce.matching(CLUSTER), expected) is None:
        writing.draft.set(("compute", "name"), TODO, "TODO: a cluster needs a name")
        writing.lack(("compute", "name"), "a cluster needs a name")


def _fields(writing: Writing, call: Call) -> None:
    writing.draft.comment(("compute",), f"from {call.key} ({call.place})")
    if call.kind == "v2:AmlCompute":
        _cluster_name(writing, call)
    for name, to in _RENAMED.items():
        read, expected = _READERS.get(to[-1], (coerce.word, "text"))
        writing.copy(call, name, ("compute", *to), read, expected)
    if call.find("vm_size") is None and call.find("size") is None:
        writing.draft.set(("compute", "size"), TODO, "TODO: the size of the machines, such as STANDARD_D4DS_V5")
        writing.lack(("compute", "size"), "the size of the machines, such as STANDARD_D4DS_V5")
    for name in ("vm_priority", "tier"):
        writing.copy(call, name, ("compute", "tier"), coerce.tier, "dedicated or lowpriority")
    ssh: Key = ("compute", "ssh_settings")
    for name in ("admin_user_password", "admin_password"):
        if call.find(name) is not None:
            writing.secret(call, name, (*ssh, "admin_password"), "cluster", "admin_password")
    if any(call.find(name) for name in ("admin_user_password", "admin_user_ssh_key")) and not call.find(
        "admin_username"
    ):
        writing.draft.set((*ssh, "admin_username"), TODO, "TODO: the account needs a name")
        writing.lack((*ssh, "admin_username"), "the account needs a name")
    write_network(writing, call)
    write_identity(writing, call)
    write_remote_login(writing, call)
    write_tags(writing, call, "tags", ("compute", "tags"))
    for name, kinds in (("ssh_settings", "v2:AmlComputeSshSettings"), ("network_settings", "v2:NetworkSettings")):
        inner = call.get(name)
        if isinstance(inner, Call) and inner.kind == kinds:
            writing.rewrite(call, name, ("compute", name), "its fields are those of the section")
            for key in inner.arguments:
                if key == "admin_password":
                    writing.secret(inner, key, (*ssh, key), "cluster", key)
                else:
                    writing.copy(inner, key, ("compute", name, key), coerce.word, "text")


def _name_value(target: Value) -> Value:
    if isinstance(target, Call):
        return target.get("name")
    if isinstance(target, Member):
        return target.call.get("name") if target.path in ("name", "id") else target
    return target


def _same(one: Value, other: Value) -> bool:
    return one is other or (isinstance(one, str) and isinstance(other, str) and one.strip() == other.strip())
