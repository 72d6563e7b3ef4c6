"""Two clones of one repository, whose specs share a cluster and a data target, and what they declare."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

CLUSTER = "shared"
TARGET = "numbers"
FIRST = """\
apiVersion: specrun/v1
name: first
<place>
compute: {name: shared, size: STANDARD_DS3_V2, max_instances: <most>}
data:
  numbers: {path: numbers, <store>target: numbers, prune: <prune>}
job:
  code: src
  command: cat ${{ inputs.numbers }}/*.txt && cat code.txt && <note>
  inputs:
    numbers: {data: numbers}
<environment>"""
SECOND = """\
apiVersion: specrun/v1
name: second
<place>
compute: {name: shared, size: STANDARD_DS3_V2, max_instances: <most>}
data:
  numbers: {path: numbers, <store>target: numbers, prune: <prune>}
  letters: {path: letters, <store>target: letters}
"""


@dataclass(frozen=True)
class Declared:
    """What the specs of a clone say: instances at most, the data's files, whether others are pruned, the code, and
    whether there is a second spec."""

    most: int = 1
    files: tuple[tuple[str, str], ...] = (("a.txt", "0"), ("b.txt", "1"))
    prune: bool = False
    code: str = "0"
    second: bool = True

    @property
    def contents(self) -> Mapping[str, bytes]:
        """What must lie on the target, by the files' names."""
        return {name: content.encode() for name, content in self.files}

    def with_file(self, name: str, content: str | None) -> Declared:
        """The same with another content of a file, or without it; never without any."""
        files = {**dict(self.files), name: content or ""}
        if content is None:
            files.pop(name)
        return replace(self, files=tuple(sorted(files.items())) or self.files)


@dataclass
class Clone:
    """A working copy of the repository. `words` replace `<place>` and the like in its specs."""

    folder: Path
    words: Mapping[str, str]
    declared: Declared = field(default_factory=Declared)

    def __post_init__(self) -> None:
        self.declare(self.declared)

    def declare(self, declared: Declared) -> None:
        """Have the files say this."""
        self.declared = declared
        for name, text in {"first.yaml": FIRST, "second.yaml": SECOND}.items():
            (self.folder / name).write_text(self._filled(text))
        if not declared.second:
            (self.folder / "second.yaml").unlink()
        for folder, files in self._files():
            shutil.rmtree(self.folder / folder, ignore_errors=True)
            (self.folder / folder).mkdir()
            for name, content in files.items():
                (self.folder / folder / name).write_bytes(content)

    def _files(self) -> Iterator[tuple[str, Mapping[str, bytes]]]:
        yield "numbers", self.declared.contents
        yield "letters", {"x.txt": b"x"}
        yield "src", {"code.txt": self.declared.code.encode()}

    def _filled(self, text: str) -> str:
        values = {"most": str(self.declared.most), "prune": str(self.declared.prune).lower(), **self.words}
        for word, value in values.items():
            text = text.replace(f"<{word}>", value)
        return text
