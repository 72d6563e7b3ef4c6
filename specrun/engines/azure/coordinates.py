"""Which workspace a spec means: named in the spec, or in the config.json that the portal and azureml-core write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from specrun.engines.base import EngineError
from specrun.plan.resources import Place
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.frozen import dataclass
from specrun.spec.model import LocalPath, Properties, Spec
from specrun.spec.reading import read_bytes
from specrun.spec.visible import json_text

_KEYS = ("workspace_name", "resource_group", "subscription_id")
_FIELDS = ("name", "resource_group", "subscription_id")
_EXAMPLE = (
    "`workspace: {name: ml-ws, resource_group: ml-rg, subscription_id: …}`, or `workspace: {from_config: config.json}`"
)
_SCOPE = re.compile(r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/[^/]+/workspaces/([^/]+)", re.IGNORECASE)
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class BadConfig(Exception):
    """A config.json that names no workspace; the message is a sentence about the file."""


@dataclass(frozen=True, slots=True)
class Coordinates:
    """One workspace in all of Azure."""

    workspace_name: str
    resource_group: str
    subscription_id: str


def locate(workspace: Properties | None) -> Coordinates:
    """The coordinates that a spec's `workspace` stands for.

    Raises EngineError where `check_workspace` has something to say.
    """
    if workspace is None:
        raise EngineError(f"no workspace is named: write {_EXAMPLE}")
    if (config := workspace.get("from_config")) is not None:
        try:
            return read_config(_path(config))
        except BadConfig as error:
            raise EngineError(str(error)) from error
    missing = _missing(workspace)
    if missing:
        raise EngineError(f"the workspace {workspace.get('name', '')} lacks {' and '.join(missing)}: write {_EXAMPLE}")
    return Coordinates(*(str(workspace[name]) for name in _FIELDS))


def place_of(engine: str, workspace: Properties | None) -> Place:
    """The place that a spec's `workspace` means: the same one, whether it is named in full or in a config.json."""
    if workspace is None:
        return Place(engine, title="a workspace")
    try:
        at = locate(workspace)
    except EngineError:  # `check_workspace` says what is wrong with it, at its place
        config = workspace.get("from_config")
        parts = [str(workspace.get(name, "")) for name in reversed(_FIELDS)]
        return Place(engine, "/".join(parts).lower() if config is None else str(config), "a workspace")
    return Place(engine, workspace_name(at), f"workspace {at.workspace_name}", at.workspace_name)


def read_config(file: Path) -> Coordinates:
    """What a config.json says. Raises BadConfig."""
    try:
        values = json.loads(read_bytes(file).decode("utf-8-sig"))
    except OSError as error:
        raise BadConfig(f"{file} cannot be read: {error.strerror}.") from error
    except json.JSONDecodeError as error:
        raise BadConfig(f"{file} is not JSON: {error.msg}, line {error.lineno}, column {error.colno}.") from error
    except (ValueError, RecursionError) as error:  # no UTF-8, or a number of thousands of digits
        raise BadConfig(f"{file} is not JSON in UTF-8.") from error
    if not isinstance(values, dict):
        raise BadConfig(f"{file} is no JSON object with {', '.join(_KEYS)}.")
    scope = _SCOPE.match(str(values.get("Scope", "")))  # as azureml-core wrote it before 2019
    if scope:
        values = dict(zip(reversed(_KEYS), scope.groups(), strict=True))
    wrong = [key for key in _KEYS if not isinstance(values.get(key), str) or not values[key].strip()]
    if wrong:
        raise BadConfig(
            f"{file} lacks {' and '.join(wrong)} as text. The portal's (Download config.json, at the workspace) has "
            f"{', '.join(_KEYS)}."
        )
    if not _GUID.fullmatch(values["subscription_id"].strip()):
        raise BadConfig(f"{file}: subscription_id is no GUID (8-4-4-4-12 hexadecimal digits).")
    return Coordinates(*(values[key].strip() for key in _KEYS))


def read_workspace(said: str) -> Coordinates:
    """What a workspace's resource id says, as the portal shows it, or a config.json. Raises BadConfig."""
    scope = _SCOPE.fullmatch(said.strip().rstrip("/"))
    return Coordinates(*reversed(scope.groups())) if scope else read_config(Path(said))


def section_of(at: Coordinates) -> Properties:
    """The `workspace` of a spec that names it."""
    return {"name": at.workspace_name, "resource_group": at.resource_group, "subscription_id": at.subscription_id}


def workspace_name(at: Coordinates) -> str:
    """What names a workspace in all of Azure, in short: as a path on a datastore does."""
    return f"{at.subscription_id}/{at.resource_group}/{at.workspace_name}".lower()


def workspace_path(at: Coordinates) -> str:
    """The resource id of a workspace."""
    kind = "Microsoft.MachineLearningServices/workspaces"
    return (
        f"/subscriptions/{at.subscription_id}/resourceGroups/{at.resource_group}/providers/{kind}/{at.workspace_name}"
    )


def config_text(coordinates: Coordinates) -> str:
    """The config.json that `Workspace.from_config` reads."""
    return json_text(asdict(coordinates), 4) + "\n"


def check_workspace(spec: Spec) -> Iterator[Diagnostic]:
    """What keeps a spec's workspace from being found or made. Reads no more than config.json."""
    yield from check_coordinates(spec)
    workspace = spec.workspace or {}
    if workspace.get("create") and not workspace.get("location"):
        detail = "`create: true` makes it when it is missing: say where, as in `location: westeurope`."
        yield spec.document.diagnostic("needs-location", detail, ("workspace", "create"))


def check_coordinates(spec: Spec) -> Iterator[Diagnostic]:
    """What keeps a spec's workspace from being found."""
    workspace = spec.workspace
    if workspace is None:
        yield spec.document.diagnostic("needs-workspace", f"The spec names none. Write {_EXAMPLE}.", ())
    elif (config := workspace.get("from_config")) is not None:
        try:
            read_config(_path(config))
        except BadConfig as error:
            yield spec.document.diagnostic("invalid-workspace-config", str(error), ("workspace", "from_config"))
    elif missing := _missing(workspace):
        listed = " and ".join(f"`{name}`" for name in missing)
        detail = f"It lacks {listed}: a workspace's name is unique in its resource group only. Write {_EXAMPLE}."
        yield spec.document.diagnostic("needs-coordinates", detail, ("workspace",))


def _path(config: object) -> Path:
    return config.absolute if isinstance(config, LocalPath) else Path(str(config))


def _missing(workspace: Properties) -> list[str]:
    return [name for name in _FIELDS if not workspace.get(name)]
