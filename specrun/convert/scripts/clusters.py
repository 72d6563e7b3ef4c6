"""Where a job runs: the workspace, the experiment, and the cluster, in the words of the CLI v2's files."""

from __future__ import annotations

import re

from specrun.convert.document import TODO
from specrun.convert.locations import folder_of, rebased
from specrun.convert.options import write_given_workspace
from specrun.convert.scripts.lowering import Lowering, is_expression, told
from specrun.convert.scripts.uploads import put_together
from specrun.convert.scripts.values import Argument, Call, Member, Value
from specrun.convert.section import Fields
from specrun.convert.unknown import Missing, Unknown
from specrun.spec.names import foreign_key

KINDS = ("Workspace.create", "Workspace.get", "Workspace", "v2:Workspace", "v2:MLClient")
FROM_CONFIG = ("Workspace.from_config", "v2:MLClient.from_config")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PATTERNS = {
    "name": re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}"),
    "resource_group": re.compile(r"[^\s/\\?#%&<>'\"]{0,89}[^\s/\\?#%&<>'\".]"),
}
_SUBSCRIPTION = "AZURE_SUBSCRIPTION_ID"
_TAKEN = ("name", "workspace_name", "resource_group", "resource_group_name", "subscription_id", "location")


def lower_workspace(lowering: Lowering) -> Fields | None:
    """The workspace, from the call that says most; None where none is named, or a file names it, or it was given."""
    if lowering.options.workspace is not None:
        write_given_workspace(lowering.draft, lowering.options.workspace)
        for given in lowering.of(*KINDS, *FROM_CONFIG):
            for name in given.arguments or ("",):
                lowering.drop(given, name, "the workspace was given with --workspace")
        return None
    named = [call for call in lowering.of(*KINDS) if call.find("name") or call.find("workspace_name")]
    call = next((call for call in named if call.kind == "Workspace.create"), named[0] if named else None)
    if call is not None:
        lowering.draft.comment(("workspace",), lowering.origin(call))
        return _named(lowering, call)
    for number, found in enumerate(lowering.of(*FROM_CONFIG)):
        if number == 0:
            _configured(lowering, found)
        elif not found.arguments:
            lowering.drop(found, "", "the workspace is there already")
    grouped = [call for call in lowering.of(*KINDS) if call.find("resource_group") or call.find("resource_group_name")]
    if grouped and not lowering.of(*FROM_CONFIG):
        lowering.draft.comment(("workspace",), lowering.origin(grouped[0]))
        fields = _named(lowering, grouped[0])
        fields.put("name", Missing("the workspace's name: the script says none"), (grouped[0].key, "workspace_name"))
        return fields
    return None


def _named(lowering: Lowering, call: Call) -> Fields:
    fields = Fields((call.key,))
    for name in _TAKEN:
        found = foreign_key("workspace", name)
        key = (found.target or "").rpartition(".")[2] if found is not None else name
        key = key.removesuffix("_name") if name.startswith("resource") else key
        pattern, given = _PATTERNS.get(key), call.get(name)
        wrong = pattern is not None and isinstance(given, str) and not _fits(pattern, given)
        if wrong or isinstance(given, list | dict):
            fields.put(key, Missing(f"the workspace's {key.replace('_', ' ')}: this is none"), (call.key, name))
        else:
            lowering.put(fields, key, call, name)
    given = call.get("subscription_id")
    if isinstance(given, str) and not _GUID.fullmatch(given.strip()):
        unset = Unknown(given, environment=_SUBSCRIPTION)
        note = f"it is no subscription's id: set {_SUBSCRIPTION} where specrun runs"
        fields.put("subscription_id", unset, (call.key, "subscription_id"), note=note)
    account = call.get("storage_account")
    if isinstance(account, str) and account.startswith("/subscriptions/"):
        lowering.put(fields, "storage_account", call, "storage_account")
    if call.kind == "Workspace.create":
        origins = [(call.key, name) for name in ("create_resource_group", "exist_ok") if call.get(name) is not None]
        fields.put("create", True, *origins, note="made where it is missing, with its resource group")
    return fields


def _fits(pattern: re.Pattern[str], value: str) -> bool:
    """Whether a name can be one; a placeholder in angle brackets is asked for by itself."""
    return bool(pattern.fullmatch(value.strip())) or value.strip().startswith("<") or is_expression(value)


def _configured(lowering: Lowering, call: Call) -> None:
    path, to = call.get("path"), ("workspace", "from_config")
    name = path if isinstance(path, str) and path.strip() and not is_expression(path) else "config.json"
    if not name.endswith(".json"):
        name = f"{name.rstrip('/')}/config.json"
    note = f"{lowering.origin(call)}, which looks for it here and in the folders above"
    lowering.draft.set(to, rebased(name, folder_of(lowering.file), lowering.options.folder), note)
    if path is None:
        lowering.rewrite(call, "", "workspace.from_config", "the file config.json beside the script")
        for other in call.arguments:
            lowering.drop(call, other, "specrun signs in by itself")
    elif isinstance(path, str):
        lowering.rewrite(call, "path", "workspace.from_config", "the path of the file itself")
    else:
        lowering.draft.set(to, TODO)
        lowering.ask(call, "path", "workspace.from_config", "the path is computed: write it", "--workspace FILE")


def subscription_of(lowering: Lowering) -> object:
    """The subscription that the script says, else the one of the environment."""
    given = (call.get("subscription_id") for call in lowering.of(*KINDS))
    known = next((one for one in given if isinstance(one, str) and _GUID.fullmatch(one.strip())), None)
    return known or Unknown(_SUBSCRIPTION, environment=_SUBSCRIPTION)


def experiment_of(lowering: Lowering, job: Call | None) -> Call | None:
    """The experiment that the job is submitted to, else the first that the script makes."""
    owners = [call.owner for call in lowering.of("submit") if job is not None and call.get("config") is job]
    made = lowering.of("Experiment")
    return next((one for one in made if one in owners), made[0] if made else None)


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


def put_compute(lowering: Lowering, fields: Fields, key: str, holder: Call, argument: str) -> bool:
    """The cluster that the script makes for a job, else the name of one that is there; False where it names none."""
    value, path = holder.get(argument), (holder.key, argument)
    if value is None:
        return False
    made = lower_cluster(lowering, value)
    if made is not None:
        lowering.rewrite(holder, argument, "compute", "the cluster that the script makes")
        fields.put(key, made, path, note="the cluster that the script makes")
    elif isinstance(value, Call) and value.get("name") is not None:
        lowering.rewrite(holder, argument, "compute", "a cluster that exists is used by its name")
        lowering.put(fields, key, value, "name", "compute")
    else:
        found = named_by(value)
        fields.put(key, lowering.word(found if found is not None else value, "compute"), path)
    return True


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
