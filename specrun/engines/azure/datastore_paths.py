"""Paths on datastores, as specs and Azure ML write them."""

from __future__ import annotations

import re

from specrun.plan.remote import file_name
from specrun.spec.model import Data, Download, Input

DATASTORE_PATH = re.compile(r"azureml://datastores/(?P<datastore>[^/]+)/paths/(?P<path>.*)")
EXAMPLE = "azureml://datastores/NAME/paths/PATH"
"""How one is written, for messages."""


def datastore_uri(datastore: str, path: str) -> str:
    """The path on a datastore, as Azure ML writes it."""
    return f"azureml://datastores/{datastore}/paths/{path}"


def input_path(data: Data, entry: Input) -> str:
    """Where on its datastore an input finds its data.

    A file keeps its name there; its input is the file when it says so, else the folder around it.
    """
    if entry.type != "uri_file":
        return data.target
    source = data.source
    return f"{data.target}/{file_name(source.url) if isinstance(source, Download) else source.absolute.name}"
