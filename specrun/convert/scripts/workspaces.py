"""The workspace, and the experiment that runs are filed under."""

from __future__ import annotations

import re

from specrun.convert.document import TODO
from specrun.convert.locations import folder_of, rebased
from specrun.convert.options import write_given_workspace
from specrun.convert.scripts.lowering import Lowering, is_expression
from specrun.convert.scripts.values import Call
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
