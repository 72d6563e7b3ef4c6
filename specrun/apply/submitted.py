"""What a run consisted of when it was submitted: its spec, its code, what its environment is made of; and two of them
side by side. Each thing is read once, and no sooner than it is wanted.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from specrun.apply.trials import spec_of
from specrun.engines.base import EngineError, Missing, OutputFile
from specrun.engines.reliable import Reliable
from specrun.plan.as_ran import AsRan, unpacked
from specrun.plan.field_diff import mapping
from specrun.plan.metrics import Logged
from specrun.plan.observed import Run
from specrun.plan.parameters import parameters
from specrun.plan.run_diff import CONDA, Contents, RunDiff, Side, compare

NOT_KEPT = "was submitted by a version of specrun that kept no spec"


class Submitted:
    """One run of an engine's. `notes` say what could not be read of it, as far as somebody asked for that."""

    def __init__(self, engine: Reliable, run: Run) -> None:
        self.engine = engine
        self.run = run
        self.notes: list[str] = []

    @cached_property
    def kept(self) -> AsRan | None:
        """What was kept with it; None where it is from before that was, or cannot be read."""
        try:
            content = self.engine.kept(self.run.name)
        except EngineError as error:
            self.notes.append(f"What was kept of {self.run.name} cannot be read: {error}")
            return None
        if content and (found := unpacked(content)) is not None:
            return replace(found, spec=spec_of(self.run, found.spec)) if self.run.parent else found
        if content:
            self.notes.append(f"What was kept of {self.run.name} is damaged.")
        return None

    @cached_property
    def identity(self) -> Mapping[str, Any]:
        """What its fingerprint was taken of; {} when it was not kept. A list of many files is beside the spec only."""
        known = self.engine.identity(self.run.name)
        whole = self.kept.identity if self.kept is not None and "code" not in known else {}
        return whole or known

    @property
    def spec(self) -> tuple[str, str]:
        """Its spec as it ran; else "", and why there is none."""
        if self.kept is not None:
            return self.kept.spec, ""
        told = [note for note in self.notes if note.startswith("What was kept")]
        return "", told[0] if told else f"{self.run.name} {NOT_KEPT}"

    @property
    def code(self) -> tuple[list[OutputFile], str]:
        """The files of its code, with their sizes as far as these are known; and why there are none."""
        if not self.identity:
            return [], f"what {self.run.name} consisted of was not kept"
        listed, sizes = mapping(self.identity.get("code")), self.sizes.get("", {})
        return [OutputFile(path, sizes.get(path)) for path in listed], "" if listed else "it has no code"

    def read_code(self, path: str) -> bytes | str:
        """A file of its code as it was submitted; or in words why it is not to be had."""
        with tempfile.TemporaryDirectory(prefix="specrun-") as folder:
            to = Path(folder) / "file"
            why = self.fetch_code(path, to)
            return why or to.read_bytes()

    def fetch_code(self, path: str, to: Path) -> str:
        """Copy a file of its code to `to`; why that is not to be had, "" where it was."""
        listed = mapping(self.identity.get("code")).get(path)
        if listed is None:
            return "no part of its code"
        return self._fetched(lambda name: self.engine.fetch_code(name, path, to), to, listed[0])

    def fetch_input(self, entry: str, path: str, to: Path) -> str:
        """The same of a file that an input reads, from where the run has read it."""
        listed = mapping(mapping(self.identity.get("inputs")).get(entry))
        md5 = mapping(listed.get("files")).get(path, [""])[0]
        return self._fetched(lambda name: self.engine.fetch_input(name, entry, path, to), to, md5)

    @property
    def side(self) -> Side:
        """What is compared with another run: metrics and parameters are those that were logged until now."""
        try:
            logged = self.engine.logged(self.run.name)
        except EngineError as error:
            self.notes.append(f"The metrics of {self.run.name} cannot be read: {error}")
            logged = Logged()
        return Side(
            self.run,
            self.engine.place,
            self.identity,
            parameters(self.run, self.identity, logged.params),
            {name: last.value for name, last in logged.main.items()},
            sizes=self.sizes,
        )

    @property
    def contents(self) -> Contents:
        """What reads its files."""
        return Contents(self.read_code, self._of_environment)

    @property
    def sizes(self) -> Mapping[str, Mapping[str, int]]:
        """Those of its files in bytes, by input ("": code) and path, as far as they are known."""
        return self.kept.sizes if self.kept is not None else {}

    def _fetched(self, fetch: Callable[[str], None], to: Path, md5: str) -> str:
        """Why a file is not there, where a place keeps what trials run with the sweep that they are of, too."""
        why = _fetched(partial(fetch, self.run.name), to, md5)
        return _fetched(partial(fetch, self.run.parent), to, md5) if why and self.run.parent else why

    def _of_environment(self, path: str) -> bytes | str:
        if self.kept is None:
            return "it was not kept"
        if path != CONDA:
            return self.kept.files.get(f"context/{path}", "it was not kept")
        environment = mapping(self.identity.get("environment"))
        digest = environment.get("conda")
        found = (one for one in self.kept.files.values() if hashlib.sha256(one).hexdigest() == digest)
        return next(found, "it was not kept")


def _fetched(fetch: Callable[[], None], to: Path, wanted: str) -> str:
    """Why a file was not fetched, or is not the one that is wanted, by its MD5."""
    try:
        fetch()
    except (EngineError, OSError) as error:
        return str(error) if isinstance(error, Missing) else f"cannot be read: {error}"
    md5 = hashlib.md5(usedforsecurity=False)
    with to.open("rb") as file:
        while block := file.read(1 << 20):
            md5.update(block)
    if md5.hexdigest() == wanted:
        return ""
    to.unlink()
    return "what is there is not what was submitted"


def compare_runs(before: Submitted, after: Submitted) -> RunDiff:
    """Two runs side by side. Of code only what differs is read. Raises EngineError where a run cannot be read."""
    sides = before.side, after.side
    return compare(*sides, before.contents, after.contents, [*before.notes, *after.notes])
