"""The job's inputs and outputs: folders that it declares, and those that its command lines name below a mount."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from string import punctuation, whitespace

from specrun.convert.batchai.mounts import Mount, Mounts
from specrun.convert.document import TODO, Document
from specrun.convert.naming import identifier, words
from specrun.convert.purposes import OF_CODE
from specrun.convert.report import FieldPath, Ledger
from specrun.convert.section import Fields
from specrun.convert.unknown import Missing

_KINDS = {"inputs": "INPUT", "outputs": "OUTPUT"}
_READ_AND_WRITTEN = (
    "the job reads the same folder as {0} and writes to it as {1}, where Batch AI had one place: what is written may"
    " not be seen by what reads; let both be {1}, if they need to"
)


@dataclass(slots=True)
class Place:
    """An input or output: `path` is its address, TODO, or None for an output that is kept with the run.

    `variable` is the one in which Batch AI handed the folder over, or one for a folder that had none. `source` is the
    field that declares it, of which the report has the `note`, and `missing` asks for a path that is not known.
    """

    kind: str
    name: str
    variable: str
    path: str | None
    comment: str
    source: FieldPath | None = None
    note: str = ""
    missing: Missing | None = None

    @property
    def expression(self) -> str:
        """What stands for the folder in a command."""
        return f"${{{{ {self.kind}.{self.name} }}}}"

    @property
    def location(self) -> str:
        """The address, or what is as good to compare with where it is not known."""
        return self.path if self.path and self.path != TODO else f"{self.kind}.{self.name}"


@dataclass(slots=True)
class Places:
    """All inputs and outputs. `code` is the folder that --code names, `script_folder` the location it stands for."""

    ledger: Ledger
    draft: Document
    mounts: Mounts
    code: str | None
    found: list[Place] = field(default_factory=list)
    ids: dict[tuple[str, str], Place] = field(default_factory=dict)
    script_folder: str = ""
    asked: set[str] = field(default_factory=set)

    def declare(self, kind: str, identity: str, path: str | None, comment: str) -> Place:
        """An input or output by its id."""
        plain = self.mounts.texts.named(identity)
        variable = f"AZ_BATCHAI_{_KINDS[kind]}_{words(plain)}"
        place = self._add(kind, plain, variable, path, comment)
        self.ids.setdefault((kind, identity), place)
        return place

    def named(self, kind: str, identity: str) -> Place:
        """What `$AZ_BATCHAI_INPUT_ID` or `…_OUTPUT_ID` means; of one that nobody declares the place is to be told."""
        known = self.known(kind, identity)
        if known is not None:
            return known
        if kind == "outputs":
            place = self.declare(kind, identity, None, "used, but not declared: kept with the run")
            what = f"the file uses the output {identity} without declaring it"
            self.ledger.ask((), f"job.outputs.{place.name}", what)
            return place
        place = self.declare(kind, identity, TODO, "used, but not declared: where is it?")
        what = f"the file uses the input {identity} without declaring it: write its path"
        place.missing = Missing(what, f"apply --input {place.name}=PATH")
        return place

    def known(self, kind: str, identity: str) -> Place | None:
        """What is declared under an id; upper and lower case are the same where nothing else is."""
        found = (place for (of, name), place in self.ids.items() if (of, name.lower()) == (kind, identity.lower()))
        return self.ids.get((kind, identity)) or next(found, None)

    def mount(self, root: str, path: str) -> tuple[Mount, str] | None:
        """The mount and the rest of a path below a root; where nobody declares it, its datastore is to be told."""
        found = self.mounts.of_path(root, path)
        parts = [part for part in path.split("/") if part]
        if found is not None or not parts:
            return found
        if parts[0] not in self.asked:
            self.asked.add(parts[0])
            shown = self.mounts.texts.shown(parts[0])
            which = "--cluster CLUSTER.json, or " if root == "cluster" else ""
            what = f"nothing in the file says what is mounted at `{shown}`"
            self.ledger.ask((), "job", what, f"{which}--mount {shown}=DATASTORE[:PATH]")
        return self.mounts.unknown(parts[0]), "/".join(parts[1:])

    def below(self, kind: str, address: str) -> tuple[Place, str] | None:
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

    def folder(self, kind: str, address: str, name: str, comment: str) -> tuple[Place, str]:
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
        return self._add(kind, self.mounts.texts.named(chosen), "", folder, comment), rest

    def in_code(self, location: str) -> str | None:
        """The path in the code folder of a file that --code has brought along; what else lies there may be data."""
        if not self.code or not self.script_folder or not OF_CODE.search(location):
            return None
        folder = self.script_folder.rstrip("/") + "/"
        return location[len(folder) :] if location.startswith(folder) else None

    def is_code(self, place: Place) -> bool:
        """Whether a place is the folder that --code stands for."""
        same = place.location.rstrip("/") == self.script_folder.rstrip("/")
        return bool(self.code) and same and place.kind == "inputs"

    def write(self, fields: Fields, places: list[Place]) -> None:
        """The sections `inputs` and `outputs`."""
        texts = self.mounts.texts
        for place in places:
            entry = Fields(place.source or ())
            origins = [place.source] if place.source is not None else []
            if place.missing is not None:
                entry.put("path", place.missing, *origins)
            elif place.path is not None:
                entry.put("path", texts.opened(place.path), *origins, note=place.note)
            fields.inner(place.kind).put(place.name, entry)
            self.draft.comment(("job", place.kind, place.name), place.comment)
        for written in places:
            same = [one for one in places if one.kind == "inputs" != written.kind and one.location == written.location]
            for read in same:
                what = _READ_AND_WRITTEN.format(f"inputs.{read.name}", f"outputs.{written.name}")
                self.ledger.ask((), f"job.outputs.{written.name}", what)

    def _add(self, kind: str, identity: str, handed: str, path: str | None, comment: str) -> Place:
        taken = {place.name for place in self.found if place.kind == kind}
        name = identifier(identity.lower().strip(punctuation + whitespace), taken, empty="folder")
        place = Place(kind, name, handed or f"{_KINDS[kind]}_{name.upper()}", path, comment)
        self.found.append(place)
        return place
