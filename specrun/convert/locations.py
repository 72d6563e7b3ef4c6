"""Files' names, paths of one file as they are written in another one's folder, and names of assets and computes."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from specrun.convert.naming import CLUSTER

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_ARM = re.compile(
    r"(?:azureml:)?/+subscriptions/[^/]+/resource[gG]roups/[^/]+/providers/Microsoft\.MachineLearningServices"
    r"/workspaces/[^/]+/(?P<kind>[A-Za-z]+)/(?P<name>[^/]+)(?:/(?P<level>versions|labels)/(?P<version>[^/]+))?/?",
    re.IGNORECASE,
)
_LONG_DATASTORE = re.compile(
    r"azureml://subscriptions/[^/]+/resourcegroups/[^/]+(?:/providers/Microsoft\.MachineLearningServices)?"
    r"/workspaces/(?P<workspace>[^/]+)/datastores/(?P<rest>[^/]+/paths/.*)",
    re.IGNORECASE,
)
_REGISTERED = re.compile(
    r"azureml:(//registries/[^/\s]+/environments/[^/\s]+(/(versions|labels)/[^/\s]+)?"
    r"|[A-Za-z0-9][A-Za-z0-9_.-]{0,254}([:@][^:@/\s]+)?)"
)


def is_address(path: str) -> bool:
    """Whether a path is an address (azureml:…, https://…), not a place on a disk."""
    return bool(_SCHEME.match(path)) and not path.startswith("file:")


def rebased(path: str, start: str, folder: Path) -> str:
    """A path that begins at the folder `start`, as it is written in a file in `folder`: with forward slashes.

    `file:` before it is left out, and an absolute path stays what it is.
    """
    plain = path.strip().removeprefix("file:").replace("\\", "/").replace("\0", "")
    plain = re.sub("^//+(?=/)", "", plain)
    if plain.startswith("/") or re.match("[A-Za-z]:/", plain):
        return plain
    whole = os.path.join(os.path.abspath(start), plain)  # noqa: PTH100, PTH118 - no links are resolved
    return os.path.relpath(whole, os.path.abspath(folder)).replace(os.sep, "/")  # noqa: PTH100


def folder_of(file: str) -> str:
    """The folder that a file is in."""
    return os.path.dirname(file) or "."  # noqa: PTH120


def base_name(file: str) -> str:
    """A file's name without its folder, on one line."""
    return " ".join(PurePosixPath(file.replace("\\", "/")).name.split())


def stem(file: str) -> str:
    """A file's name without its folder and its ending."""
    return PurePosixPath(file.replace("\\", "/")).stem


def same_file(path: str, start: str, file: str) -> bool:
    """Whether a path that begins at the folder `start` names the file."""
    plain = path.strip().removeprefix("file:").replace("\0", "")
    return os.path.abspath(os.path.join(start, plain)) == os.path.abspath(file)  # noqa: PTH100, PTH118


def short(reference: str) -> str:
    """An asset's ARM id as `azureml:NAME:VERSION`, a datastore's long address as the short one; else as it was."""
    reference = reference.strip()
    asset = _ARM.fullmatch(reference)
    if asset:
        mark = "@" if asset["level"] and asset["level"].lower() == "labels" else ":"
        return f"azureml:{asset['name']}{mark}{asset['version']}" if asset["version"] else f"azureml:{asset['name']}"
    address = _LONG_DATASTORE.fullmatch(reference)
    return f"azureml://datastores/{address['rest']}" if address else reference


def workspace_of(reference: str) -> str:
    """The workspace that a datastore's long address names; "" for any other text."""
    address = _LONG_DATASTORE.fullmatch(reference.strip())
    return address["workspace"] if address else ""


def environment_name(reference: str) -> str | None:
    """A registered environment's name in the spec's form; None for what is none."""
    found = short(reference)
    if not found.startswith("azureml:") and re.fullmatch(r"[A-Za-z0-9][\w.-]*[:@][^:@/\s]+", found):
        found = f"azureml:{found}"
    return found if _REGISTERED.fullmatch(found) else None


def cluster_name(reference: str) -> str | None:
    """The name of a compute; None for what cannot be one."""
    found = short(reference).removeprefix("azureml:")
    return found if CLUSTER.fullmatch(found) else None


def asset_name(reference: str) -> tuple[str, str]:
    """Name and version of `azureml:NAME:VERSION`, `azureml:NAME@LABEL` or `azureml:NAME`; "" for what is none."""
    match = re.fullmatch(r"azureml:([^:@/\s]+)(?:[:@]([^:@/\s]+))?", short(reference))
    return (match[1], match[2] or "") if match else ("", "")


def datastore_name(address: str) -> str:
    """The datastore of `azureml://datastores/NAME/paths/…`; "" for other addresses."""
    match = re.match(r"azureml://datastores/([^/]+)/", address)
    return match[1] if match else ""
