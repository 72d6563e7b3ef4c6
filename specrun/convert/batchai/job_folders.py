"""The job's inputs and outputs: folders that it declares, and those that its command lines name below a mount."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from string import punctuation, whitespace

from specrun.convert.batchai.mounts import Mount, Mounts, unknown_mount
from specrun.convert.document import TODO
from specrun.convert.naming import identifier
from specrun.convert.report import FieldPath, Ledger

_KINDS = {"inputs": "INPUT", "outputs": "OUTPUT"}
_OF_CODE = re.compile(
    r"(?i)\.(py|sh|bash|pl|r|lua|jl|m|c|cpp|cu|h|cntk|prototxt|ipynb|json|ya?ml|toml|cfg|conf|ini|txt|md)$"
)


@dataclass(slots=True)
class JobFolder:
    """An input or output: `path` is its address, TODO, or None for an output that is kept with the run.

    `variable` is the one in which Batch AI handed the folder over, or one for a folder that had none. `source` is the
    field that declares it.
    """

    kind: str
    name: str
    variable: str
    path: str | None
    comment: str
    source: FieldPath | None = None

    @property
    def expression(self) -> str:
        """What stands for the folder in a command."""
        return f"${{{{ {self.kind}.{self.name} }}}}"

    @property
    def location(self) -> str:
        """The address, or what is as good to compare with where it is not known."""
        return self.path if self.path and self.path != TODO else f"{self.kind}.{self.name}"


@dataclass(slots=True)
class JobFolders:
    """All inputs and outputs. `code` is the folder that --code names, `script_folder` the location it stands for."""

    ledger: Ledger
    mounts: Mounts
    code: str | None
    found: list[JobFolder] = field(default_factory=list)
    ids: dict[tuple[str, str], JobFolder] = field(default_factory=dict)
    script_folder: str = ""
    asked: set[str] = field(default_factory=set)

    def declare(self, kind: str, identity: str, path: str | None, comment: str, source: FieldPath | None) -> JobFolder:
        """An input or output by its id."""
        variable = f"AZ_BATCHAI_{_KINDS[kind]}_{re.sub('[^A-Za-z0-9_]+', '_', identity)}"
        place = self._add(kind, identity, variable, path, comment, source)
        self.ids.setdefault((kind, identity), place)
        return place

    def named(self, kind: str, identity: str) -> JobFolder:
        """What `$AZ_BATCHAI_INPUT_ID` or `…_OUTPUT_ID` means; of one that nobody declares the place is to be told."""
        known = self.known(kind, identity)
        if known is not None:
            return known
        if kind == "outputs":
            place = self.declare(kind, identity, None, "used, but not declared: kept with the run", None)
            self.ledger.ask(
                (), f"job.outputs.{place.name}", f"the file uses the output {identity} without declaring it"
            )
            return place
        place = self.declare(kind, identity, TODO, "used, but not declared: where is it?", None)
        what = f"the file uses the input {identity} without declaring it: write its path"
        self.ledger.ask((), f"job.inputs.{place.name}.path", what, f"apply --input {place.name}=PATH")
        return place

    def known(self, kind: str, identity: str) -> JobFolder | None:
        """What is declared under an id; upper and lower case are the same where nothing else is."""
        found = (place for (of, name), place in self.ids.items() if (of, name.lower()) == (kind, identity.lower()))
        return self.ids.get((kind, identity)) or next(found, None)

    def _add(
        self, kind: str, identity: str, handed: str, path: str | None, comment: str, source: FieldPath | None
    ) -> JobFolder:
        taken = {place.name for place in self.found if place.kind == kind}
        name = identifier(identity.lower().strip(punctuation + whitespace), taken, empty="folder")
        place = JobFolder(kind, name, handed or f"{_KINDS[kind]}_{name.upper()}", path, comment, source)
        self.found.append(place)
        return place

    def mount(self, root: str, path: str) -> tuple[Mount, str] | None:
        """The mount and the rest of a path below a root; where nobody declares it, its datastore is to be told."""
        found = self.mounts.of_path(root, path)
        parts = [part for part in path.split("/") if part]
        if found is not None or not parts:
            return found
        if parts[0] not in self.asked:
            self.asked.add(parts[0])
            which = "--cluster CLUSTER.json, or " if root == "cluster" else ""
            what = f"nothing in the file says what is mounted at `{parts[0]}`"
            self.ledger.ask((), "job", what, f"{which}--mount {parts[0]}=DATASTORE[:PATH]")
        return unknown_mount(parts[0]), "/".join(parts[1:])

    def below(self, kind: str, address: str) -> tuple[JobFolder, str] | None:
        """The nearest place that an address lies in, and the path in it."""
        inside = [
            place
            for place in self.found
            if place.kind == kind and (address + "/").startswith(place.location.rstrip("/") + "/")
        ]
        if not inside:
            return None
        nearest = max(inside, key=lambda place: len(place.location))
        return nearest, address[len(nearest.location.rstrip("/")) :].strip("/")

    def folder(self, kind: str, address: str, name: str, comment: str) -> tuple[JobFolder, str]:
        """A place for a path on a datastore: one that exists, or one for the folder that holds it."""
        known = self.below(kind, address)
        if known is not None:
            return known
        head, _, last = address.rpartition("/")
        is_file = "." in last.strip(".") and "/paths/" in f"{head}/"
        folder, rest = (head if head.count("/paths/") else f"{head}/", last) if is_file else (address, "")
        chosen = name or posixpath.basename(folder.rstrip("/")) or "folder"
        if folder.endswith("/paths/"):
            chosen = name or folder.removesuffix("/paths/").rpartition("/")[2]
        return self._add(kind, chosen, "", folder, comment, None), rest

    def in_code(self, location: str) -> str | None:
        """The path in the code folder of a file that --code has brought along; what else lies there may be data."""
        if not self.code or not self.script_folder or not _OF_CODE.search(location):
            return None
        folder = self.script_folder.rstrip("/") + "/"
        return location[len(folder) :] if location.startswith(folder) else None

    def is_code(self, place: JobFolder) -> bool:
        """Whether a place is the folder that --code stands for."""
        same = place.location.rstrip("/") == self.script_folder.rstrip("/")
        return bool(self.code) and same and place.kind == "inputs"
