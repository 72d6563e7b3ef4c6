"""Paths on datastores, as specs and Azure ML write them: short, or with the workspace in which the datastore is."""

from __future__ import annotations

import re

from specrun.spec.frozen import dataclass

EXAMPLE = "azureml://datastores/NAME/paths/PATH"
"""How one is written, for messages."""

DEFAULT_NAME = "workspaceblobstore"
"""What a workspace calls its default datastore, unless somebody has chosen another."""

_URI = re.compile(
    r"azureml://(?:subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)/(?:providers/[^/]+/)?"
    r"workspaces/(?P<workspace>[^/]+)/)?datastores/(?P<datastore>[^/]+)/paths(?:/(?P<path>.*))?",
    re.IGNORECASE,
)

STORAGE_SCHEMES = ("wasbs://", "wasb://", "abfss://")
STORAGE_EXAMPLE = "wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/PATH"
"""How an address of a storage account is written, for messages."""

_STORAGE = re.compile(
    r"(?:wasbs?|abfss)://(?P<container>[^@/]+)@(?P<account>[a-z0-9]+)\.(?:blob|dfs)\.(?P<cloud>[a-z0-9.-]+)"
    r"(?:/(?P<path>.*))?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class DatastorePath:
    """A path on a datastore, without slashes around it ("": all of the datastore).

    `workspace` is `subscription/group/name` in lower case, "" where the address does not say it.
    """

    datastore: str
    path: str
    workspace: str = ""

    def below(self, target: str) -> str | None:
        """The rest of the path below a target ("": it is the target), None where it is not at or below it."""
        if self.path == target:
            return ""
        return self.path.removeprefix(f"{target}/") if self.path.startswith(f"{target}/") else None

    def contains(self, target: str) -> bool:
        """Whether a target lies below the path."""
        return not self.path or target.startswith(f"{self.path}/")


def leaves(uri: str) -> bool:
    """Whether a part of an address leads out of what stands before it, also once somebody has decoded it."""
    address = uri.partition("://")[2]
    if "%" in address:
        from urllib.parse import unquote  # late: few addresses have one
    while "%" in address and (decoded := unquote(address)) != address:
        address = decoded
    first, *others = re.split(r"[/\\]", address)
    return first in (".", "..") or ".." in others


def parse(uri: str) -> DatastorePath | None:
    """The path that an address means; None for what is no address of a datastore, or leaves it."""
    match = _URI.fullmatch(uri)
    if match is None or leaves(uri):
        return None
    named = (match["subscription"], match["group"], match["workspace"])
    workspace = "/".join(named).lower() if named[0] else ""
    path = (match["path"] or "").strip("/")
    return DatastorePath(match["datastore"], "" if path == "." else path.removeprefix("./"), workspace)


@dataclass(frozen=True, slots=True)
class StoragePath:
    """A path in a container of a storage account, without slashes around it; `url` is that of the account's blobs."""

    url: str
    container: str
    path: str


def parse_storage(uri: str) -> StoragePath | None:
    """The path that a wasbs://, wasb:// or abfss:// address means; None for what is no such address."""
    match = _STORAGE.fullmatch(uri)
    if match is None:
        return None
    return StoragePath(
        f"https://{match['account'].lower()}.blob.{match['cloud'].lower()}",
        match["container"],
        (match["path"] or "").strip("/"),
    )


def datastore_uri(datastore: str, path: str) -> str:
    """The path on a datastore, as Azure ML writes it."""
    return f"azureml://datastores/{datastore}/paths/{path}"


def input_target(spec: str, name: str) -> str:
    """Where on the default datastore what a local path holds goes that is an input of a spec."""
    return f"inputs/{spec}/{name}"
