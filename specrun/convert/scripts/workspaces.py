"""The workspace, and the experiment that runs are filed under."""

from __future__ import annotations

import re

from specrun.convert import coerce, naming
from specrun.convert.document import TODO
from specrun.convert.locations import folder_of, rebased
from specrun.convert.options import write_given_workspace
from specrun.convert.scripts.values import Call
from specrun.convert.scripts.writing import Reader, Writing

KINDS = ("Workspace.create", "Workspace.get", "Workspace", "v2:Workspace", "v2:MLClient")
FROM_CONFIG = ("Workspace.from_config", "v2:MLClient.from_config")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_GROUP = re.compile(r"[^\s/\\?#%&<>'\"]{0,89}[^\s/\\?#%&<>'\".]")
_RENAMED = {"workspace_name": "name", "resource_group_name": "resource_group"}


def write_workspace(writing: Writing) -> bool:
    """The section `workspace`, from the call that says most; whether there is one."""
    if writing.options.workspace is not None:
        write_given_workspace(writing.draft, writing.options.workspace)
        for given in writing.of(*KINDS, *FROM_CONFIG):
            for name in given.arguments or ("",):
                writing.drop(given, name, "the workspace was given with --workspace")
        return True
    named = [call for call in writing.of(*KINDS) if call.find("name") or call.find("workspace_name")]
    call = next((call for call in named if call.kind == "Workspace.create"), named[0] if named else None)
    if call is not None:
        _write(writing, call)
        return True
    configured = writing.of(*FROM_CONFIG)
    for number, found in enumerate(configured):
        if number == 0:
            _write_configured(writing, found)
        elif not found.arguments:
            writing.drop(found, "", "the workspace is there already")
    return bool(configured)


def _write(writing: Writing, call: Call) -> None:
    writing.draft.comment(("workspace",), f"from {call.key} ({call.place})")
    for name in ("name", "workspace_name", "resource_group", "resource_group_name", "subscription_id", "location"):
        key = _RENAMED.get(name, name)
        read, expected = _READERS[key]
        given = call.get(name)
        if key == "subscription_id" and isinstance(given, str) and read(given) is None:
            writing.draft.set(("workspace", key), "${{ env.AZURE_SUBSCRIPTION_ID }}")
            writing.ask(call, name, ("workspace", key), "it is no subscription's id: set AZURE_SUBSCRIPTION_ID")
        else:
            writing.copy(call, name, ("workspace", key), read, expected)
    if call.kind == "Workspace.create":
        writing.draft.set(("workspace", "create"), True)
        for name in ("create_resource_group", "exist_ok"):
            if call.find(name) is not None:
                writing.rewrite(
                    call, name, ("workspace", "create"), "made where it is missing, with its resource group"
                )
    account = call.get("storage_account")
    if isinstance(account, str) and account.startswith("/subscriptions/"):
        writing.copy(call, "storage_account", ("workspace", "storage_account"), coerce.word, "an ARM id")


def _write_configured(writing: Writing, call: Call) -> None:
    path = call.get("path")
    name = path if isinstance(path, str) and path.strip() and "${{" not in path else "config.json"
    if not name.endswith(".json"):
        name = f"{name.rstrip('/')}/config.json"
    where = rebased(name, folder_of(writing.file), writing.options.folder)
    note = f"from {call.key} ({call.place}), which looks for it here and in the folders above"
    writing.draft.set(("workspace", "from_config"), where, note)
    if path is None and call.find("path") is None:
        writing.rewrite(call, "", ("workspace", "from_config"), "the file config.json beside the script")
        for other in call.arguments:
            writing.drop(call, other, "specrun signs in by itself")
    elif call.find("path") is not None and isinstance(path, str | None):
        writing.rewrite(call, "path", ("workspace", "from_config"), "the path of the file itself")
    else:
        writing.draft.set(("workspace", "from_config"), TODO)
        writing.ask(call, "path", ("workspace", "from_config"), "the path is computed: write it", "--workspace FILE")


def write_experiment(writing: Writing) -> None:
    """The experiment."""
    for number, call in enumerate(writing.of("Experiment")):
        if number:
            writing.drop(call, "name", "a spec has one experiment")
        elif writing.copy(call, "name", ("experiment",), _experiment, "a name") is None:
            writing.drop(call, "name", "left out, the experiment is called like the spec")


def _experiment(value: object) -> str | None:
    return naming.experiment(value) or None if isinstance(value, str) else None


_READERS: dict[str, tuple[Reader, str]] = {
    "name": (coerce.matching(_NAME), "a workspace's name"),
    "resource_group": (coerce.matching(_GROUP), "a resource group's name"),
    "subscription_id": (coerce.matching(_GUID), "a subscription's id, a GUID"),
    "location": (coerce.word, "a region"),
}
