"""A workspace's file as the section `workspace`."""

from __future__ import annotations

from specrun.convert import coerce
from specrun.convert.azureml.reading import JobImport
from specrun.convert.locations import base_name
from specrun.convert.options import write_given_workspace

SUBSCRIPTION = "${{ env.AZURE_SUBSCRIPTION_ID }}"
_TAKEN = ("name", "resource_group", "location", "storage_account")


def write_workspace(reading: JobImport) -> None:
    """The workspace that the options say, else that of a file that was given."""
    source = reading.beside.workspace
    if reading.options.workspace is not None:
        write_given_workspace(reading.draft, reading.options.workspace)
    elif source is not None:
        section = reading.open(source)
        reading.draft.comment(("workspace",), f"from {base_name(source.file)}")
        for key in _TAKEN:
            section.copy(key, ("workspace", key), coerce.word, "a text")
        if section.get("name") is None:
            section.ask("name", ("workspace", "name"), "a workspace needs a name", write=True)
        reading.draft.set(("workspace", "subscription_id"), SUBSCRIPTION)
        section.drop("$schema", "it says what kind of file this is")
        for key in section.names():
            if key not in (*_TAKEN, "$schema"):
                section.drop(key, "specrun makes a workspace with Azure's own settings, and changes none that is there")
