"""Data assets: what the SDK calls them, and which version a label stands for today."""

from __future__ import annotations

import re

from specrun.engines.azureml_v2.connection import Connection
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.base import Missing

_ASSET = re.compile(r"azureml:(?P<name>[^:@/]+)(?:@(?P<label>[^:@/]+))?")


def asset_path(path: str) -> str:
    """An input's path as the SDK takes it: it looks for a label only at a name without its prefix."""
    match = _ASSET.fullmatch(path)
    return path if match is None else f"{match['name']}@{match['label'] or 'latest'}"


def asset_version(connection: Connection, path: str) -> str:
    """The version of a data asset that a path names without one: two requests; "" for other paths, or none yet."""
    match = _ASSET.fullmatch(path)
    if match is None:
        return ""
    try:
        with translated(f"find the data asset {path}"):
            asset = connection.sdk.client.data.get(match["name"], label=match["label"] or "latest")
    except Missing:
        return ""
    return f"{asset.name}:{asset.version}"
