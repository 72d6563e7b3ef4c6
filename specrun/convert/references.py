"""Names of assets and computes as the CLI v2 writes them, and as a spec does."""

from __future__ import annotations

import re

from specrun.convert.naming import CLUSTER

_ARM = re.compile(
    r"(?:azureml:)?/+subscriptions/[^/]+/resource[gG]roups/[^/]+/providers/Microsoft\.MachineLearningServices"
    r"/workspaces/[^/]+/(?P<kind>[A-Za-z]+)/(?P<name>[^/]+)(?:/(?P<level>versions|labels)/(?P<version>[^/]+))?/?",
    re.IGNORECASE,
)
_LONG_DATASTORE = re.compile(
    r"azureml://subscriptions/[^/]+/resourcegroups/[^/]+(?:/providers/Microsoft\.MachineLearningServices)?"
    r"/workspaces/[^/]+/datastores/(?P<rest>[^/]+/paths/.*)",
    re.IGNORECASE,
)
_REGISTERED = re.compile(
    r"azureml:(//registries/[^/\s]+/environments/[^/\s]+(/(versions|labels)/[^/\s]+)?"
    r"|[A-Za-z0-9][A-Za-z0-9_.-]{0,254}([:@][^:@/\s]+)?)"
)


def short(reference: str) -> str:
    """An asset's ARM id as `azureml:NAME:VERSION`, a datastore's long address as the short one; else as it was."""
    reference = reference.strip()
    asset = _ARM.fullmatch(reference)
    if asset:
        mark = "@" if asset["level"] and asset["level"].lower() == "labels" else ":"
        return f"azureml:{asset['name']}{mark}{asset['version']}" if asset["version"] else f"azureml:{asset['name']}"
    address = _LONG_DATASTORE.fullmatch(reference)
    return f"azureml://datastores/{address['rest']}" if address else reference


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
