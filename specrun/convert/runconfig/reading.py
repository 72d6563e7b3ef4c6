"""What the parts of a run configuration need to know while it is imported."""

from __future__ import annotations

from dataclasses import dataclass, field

from specrun.convert import coerce, locations
from specrun.convert.options import ImportOptions
from specrun.convert.section import Section

CONFIG_FOLDERS = (".azureml", "aml_config")


@dataclass(slots=True)
class RunconfigImport:
    """`root` is the project's folder, where the source's paths start; `name` is the spec's.

    `local` says that the run was meant for the machine of who submits it. `references` are the expressions for what
    the SDK writes into arguments, `prefix` the variables that scripts read instead, by name, and `secrets` the
    variables that stand for credentials among the arguments.
    """

    section: Section
    options: ImportOptions
    root: str
    name: str
    files: dict[str, str] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    prefix: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)

    @property
    def local(self) -> bool:
        """Whether the target is this machine."""
        return (coerce.word(self.section.get("target")) or "").lower() == "local"

    def path(self, written: str) -> str:
        """A path of the project, relative to the spec."""
        return locations.rebased(written, self.root, self.options.folder)


def root_of(file: str) -> str:
    """The project's folder: the one around `.azureml` or `aml_config`, else the file's own."""
    folder = locations.folder_of(file)
    parent, _, last = folder.replace("\\", "/").rstrip("/").rpartition("/")
    if last in CONFIG_FOLDERS:
        return parent or ("/" if folder.startswith("/") else ".")
    return folder
