"""Paths on datastores, as specs and Azure ML write them."""

from __future__ import annotations

import re

DATASTORE_PATH = re.compile(r"azureml://datastores/(?P<datastore>[^/]+)/paths/(?P<path>.*)")
EXAMPLE = "azureml://datastores/NAME/paths/PATH"
"""How one is written, for messages."""


def datastore_uri(datastore: str, path: str) -> str:
    """The path on a datastore, as Azure ML writes it."""
    return f"azureml://datastores/{datastore}/paths/{path}"
