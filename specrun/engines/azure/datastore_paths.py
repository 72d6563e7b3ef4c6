"""Where on its datastore an input finds its data."""

from __future__ import annotations

from specrun.plan.remote import file_name
from specrun.spec.model import Data, Download, Input


def input_path(data: Data, entry: Input) -> str:
    """Where on its datastore an input finds its data.

    A file keeps its name there; its input is the file when it says so, else the folder around it.
    """
    if entry.type != "uri_file":
        return data.target
    source = data.source
    return f"{data.target}/{file_name(source.url) if isinstance(source, Download) else source.absolute.name}"
