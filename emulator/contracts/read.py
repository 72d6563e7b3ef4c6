"""The contracts as they stand in the files beside this one."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import yaml

FOLDER = Path(__file__).parent
WORKSPACE = "/subscriptions/{sub}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{ws}"
HOSTS = {
    "arm": "management.azure.com",
    "api": "{region}.api.azureml.ms",
    "blob": "{account}.blob.core.windows.net",
    "prices": "prices.azure.com",
}
NOTHING = "nothing"
"""The body of an answer that has no bytes."""

_NAME = re.compile(r"\{(\w+\+?)\}")


@dataclass(frozen=True)
class Contract:
    """One recorded answer. `name` is such as "compute/put-create-201"; `host` and `path` have names in braces.

    `query` and `sends` are the request's parameters and its body (None: without one, or not recorded); `headers` and
    `body` are shapes; a body of None is not looked at.
    """

    name: str
    source: str
    method: str
    host: str
    path: str
    query: Mapping[str, str]
    status: int
    sends: Any = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None

    def matches(self, method: str, host: str, path: str) -> bool:
        """Whether a request is of this kind; a name in braces stands for one segment, with a plus for
        all the rest.
        """
        return method == self.method and _fits(self.host, host) and _fits(self.path, path)


@functools.cache
def contracts() -> dict[str, Contract]:
    """Every contract by its name."""
    found = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        whole = yaml.safe_load(file.read_text(encoding="utf-8"))
        shapes = whole.get("shapes") or {}
        for name, said in (whole.get("answers") or {}).items():
            found[f"{file.stem}/{name}"] = _contract(f"{file.stem}/{name}", said, shapes)
    return found


@functools.cache
def left_out() -> dict[str, str]:
    """Recorded answers that have no contract, with the reason."""
    found: dict[str, str] = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        for reason, names in (yaml.safe_load(file.read_text(encoding="utf-8")).get("left out") or {}).items():
            found |= {f"{file.stem}/{name}": reason for name in names}
    return found


def matching(method: str, host: str, path: str) -> list[Contract]:
    """The contracts for a request: those with the most literal path."""
    found = [one for one in contracts().values() if one.matches(method, host, path)]
    most = min((len(_NAME.findall(one.path)) for one in found), default=0)
    return [one for one in found if len(_NAME.findall(one.path)) == most]


def _contract(name: str, said: Mapping[str, Any], shapes: Mapping[str, Any]) -> Contract:
    method, host, target = said["request"].split(" ", 2)
    path, _, query = target.partition("?")
    whole = path if path.startswith("/") else "/".join(part for part in (WORKSPACE, path) if part)
    return Contract(
        name,
        said["source"],
        method,
        HOSTS[host],
        whole.replace("{workspace}", WORKSPACE),
        dict(parse_qsl(query, keep_blank_values=True)),
        said["status"],
        said.get("sends"),
        said.get("headers") or {},
        _whole(said["body"], shapes) if said.get("body") is not None else None,
    )


def _whole(shape: Any, shapes: Mapping[str, Any]) -> Any:
    """A shape with what it extends put in, and without the fields that it takes away."""
    return _without(_extended(shape, shapes))


def _extended(shape: Any, shapes: Mapping[str, Any]) -> Any:
    if isinstance(shape, list):
        return [_extended(one, shapes) for one in shape]
    if not isinstance(shape, Mapping):
        return shape
    own = {key: _extended(value, shapes) for key, value in shape.items() if key != "<"}
    named = shape.get("<", [])
    for name in reversed([named] if isinstance(named, str) else named):
        own = _laid(_extended(shapes[name], shapes), own)
    return own


def _laid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping on another; the mappings that both have are laid on each other, too."""
    made = dict(below)
    for key, value in above.items():
        name = key.removesuffix("?")
        old = made.pop(name, made.pop(f"{name}?", None))
        made[key] = _laid(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return made


def _without(shape: Any) -> Any:
    if isinstance(shape, list):
        return [_without(one) for one in shape]
    if not isinstance(shape, Mapping):
        return shape
    return {key: _without(value) for key, value in shape.items() if value != "absent"}


def _fits(template: str, text: str) -> bool:
    parts = _NAME.split(template)  # literal parts and names by turns
    pattern = [f"(?i:{re.escape(part)})" for part in parts]
    pattern[1::2] = [".+" if name.endswith("+") else "[^/]+" for name in parts[1::2]]
    return re.fullmatch("".join(pattern), text) is not None
