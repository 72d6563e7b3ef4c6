"""A spec written down as it is submitted, so that it can be planned again elsewhere with the same fingerprint.

Layers are in place, and what comes from the environment of this machine; `vars` stay what they are called. Paths of
this machine become places beside the spec: the files that an environment is made of are kept there, the code is kept
with the run, and of data the listing of its target is to stand for the files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from specrun.convert.document import Document
from specrun.plan.as_ran import CODE, SPEC, UPSTREAM, AsRan
from specrun.plan.changes import Change
from specrun.plan.files import SourceFile
from specrun.plan.kinds.data import Upload, data_key
from specrun.plan.kinds.environment import EnvironmentContent
from specrun.plan.resources import Key, Place
from specrun.plan.submission import Submission
from specrun.spec.expressions import Expression, parse, references, scalar_text, whole
from specrun.spec.masking import mask, mask_properties
from specrun.spec.model import LocalPath, Spec
from specrun.spec.reading import MOST_YAML, read_bytes
from specrun.spec.wording import size

CONTEXT_BYTES, CONTEXT_FILES = 1 << 24, 1000
"""How much of what an image is built from is kept."""

_NOT_MERGED = ("extends", "abstract", "targets", "default_target")


def as_ran(spec: Spec, submission: Submission, place: Place, changes: Mapping[Key, Change]) -> AsRan:
    """The spec that a submission is made of, and what belongs to it. `changes` are those of the plan."""
    writing = _Writing(spec, submission)
    text = writing.text(place)
    sizes = _sizes(submission, place, changes)
    return AsRan(text, writing.files, submission.identity, sizes, writing.inputs, tuple(writing.lacks))


def _sizes(submission: Submission, place: Place, changes: Mapping[Key, Change]) -> Mapping[str, Mapping[str, int]]:
    found = {"": {file.path: file.size for file in submission.code}}
    for name, entry in submission.job.inputs.items():
        change = changes.get(data_key(entry.data, place)) if entry.data is not None else None
        if isinstance(change, Upload):
            found[name] = {file.path: file.size for file in change.transfer.source}
    return found


class _Writing:
    """One spec on its way into a text. `files` belong to it, `inputs` are the folders of its local inputs, and `lacks`
    says what the text will not say.
    """

    def __init__(self, spec: Spec, submission: Submission) -> None:
        self.files: dict[str, bytes] = {}
        self.inputs: dict[str, str] = {}
        self.lacks: list[str] = []
        self._spec = spec
        self._submission = submission

    def text(self, place: Place) -> str:
        """The spec for an engine, as YAML."""
        final: Any = self._spec.values
        values = _as_written(self._spec.document.values, final, final.get("vars") or {})
        values = {name: value for name, value in values.items() if name not in _NOT_MERGED}
        values["engine"] = place.engine
        if self._spec.target:
            values |= {"targets": {self._spec.target: {}}, "default_target": self._spec.target}
        self._workspace(values)
        self._data(values)
        self._job(values)
        masked: Any = mask_properties(values)
        if masked != values:
            self.lacks.append("what is written out in the spec and looks like a credential: `***` stands in its place")
        draft = Document()
        draft.comment((), f"The spec of the run {self._submission.name} as it ran, all layers in place.")
        for name, value in masked.items():
            draft.set((name,), value)
        return draft.text()

    def _workspace(self, values: dict[str, Any]) -> None:
        config = (self._spec.workspace or {}).get("from_config")
        if isinstance(config, LocalPath) and self._keep("config.json", config):
            values["workspace"] = {**values["workspace"], "from_config": "config.json"}

    def _data(self, values: dict[str, Any]) -> None:
        """Data by the places of its targets: the files themselves need not be there."""
        entries = dict(values.get("data") or {})
        for name, data in self._spec.data.items():
            if isinstance(data.source, LocalPath):
                entries[name] = {**entries[name], "path": _beside("data", name, data.source), "source": "optional"}
        if entries:
            values["data"] = entries

    def _job(self, values: dict[str, Any]) -> None:
        job, own = dict(values["job"]), self._submission.job
        if own.code is not None:
            job["code"] = CODE
        for name, entry in own.inputs.items():
            source = entry.data.source if entry.data is not None and entry.data.of_input else None
            if isinstance(source, LocalPath):
                written = job["inputs"][name]
                path = _beside("inputs", name, source)
                self.inputs[name] = path.rpartition("/")[0] if entry.type == "uri_file" else path
                job["inputs"] = {**job["inputs"], name: {**written, "path": path}}
        for name, upstream in self._submission.upstream.items():  # `checkout` writes these beside it
            written = job["inputs"][name]
            job["inputs"] = {**job["inputs"], name: {**written, "run": f"{UPSTREAM}/{upstream.spec}/{SPEC}"}}
        if self._submission.environment is not None:
            job["environment"] = self._environment(job["environment"], self._submission.environment)
        values["job"] = job

    def _environment(self, written: Any, content: EnvironmentContent) -> Any:
        if content.definition.conda_file is not None:
            return {**written, "conda_file": self._conda(content)}
        if content.definition.build_path is not None:
            self._context(content)
            return {**written, "build": {**written["build"], "path": "context"}}
        if content.pip is not None and content.pip.files:
            return {**written, "pip": self._pip(content)}
        return written

    def _conda(self, content: EnvironmentContent) -> str:
        """The conda file with those that it names, where these are as seen from it."""
        assert content.conda is not None
        file, data = content.conda
        named = content.pip.files if content.pip is not None else ()
        top = os.path.commonpath([str(one.source.parent.absolute()) for one in (file, *named)])
        place = self._below(top, file)
        if content.definition.conda_file is not None and content.definition.conda_file.is_outside:
            self.lacks.append(f"{file.path}, which is outside of the repository")
            return place
        self._put(place, data)
        if content.pip is not None and content.pip.hidden:
            self.lacks.append("lists of requirements that are outside of the repository")
            return place
        for one in named:
            self._put(self._below(top, one), self._read(one))
        return place

    def _below(self, top: str, file: SourceFile) -> str:
        path = os.path.relpath(os.path.abspath(file.source), top)  # noqa: PTH100 - follows links
        return f"environment/{path.replace(os.sep, '/')}"

    def _pip(self, content: EnvironmentContent) -> list[str]:
        """What pip is to install, whichever files said so."""
        assert content.pip is not None
        if content.pip.hidden:
            self.lacks.append("lines of requirements that are outside of the repository")
        lines = [line for line in content.pip.requirements if line not in content.pip.hidden]
        if content.pip.constraints:
            held = (line for line in content.pip.constraints if line not in content.pip.hidden)
            self._put("environment/constraints.txt", "".join(f"{line}\n" for line in held).encode())
            lines.append("-c environment/constraints.txt")
        return lines

    def _context(self, content: EnvironmentContent) -> None:
        total = sum(file.size for file in content.context)
        if total > CONTEXT_BYTES or len(content.context) > CONTEXT_FILES:
            told = f"{len(content.context)} files, {size(total)}"
            self.lacks.append(f"what the image is built from ({told}): put it into `context`")
            return
        for file in content.context:
            self.files[f"context/{file.path}"] = self._read(file)

    def _read(self, file: SourceFile) -> bytes:
        """A file's content; what is not as it was planned stops the submission, before anything of this is kept."""
        try:
            return read_bytes(file.source, file.size)
        except (OSError, ValueError):
            self.lacks.append(f"{file.path}, which could not be read")
            return b""

    def _keep(self, name: str, path: LocalPath) -> bool:
        try:
            self._put(name, read_bytes(path.absolute, MOST_YAML))
        except (OSError, ValueError):
            self.lacks.append(f"{path.written}, which could not be read")
        return name in self.files

    def _put(self, name: str, data: bytes) -> None:
        """Keep a file that says what is installed, or where; a credential in it is hidden."""
        try:
            shown = mask(data.decode()).encode()
        except UnicodeDecodeError:
            shown = data
        if shown != data:
            self.lacks.append(f"what looks like a credential in {name}: `***` stands in its place")
        self.files[name] = shown


def _beside(folder: str, name: str, source: LocalPath) -> str:
    """Where a source would lie beside the spec: a file keeps its name, by which its input knows it."""
    return f"{folder}/{name}/{source.absolute.name or name}"


def _as_written(written: Any, final: Any, variables: Mapping[str, Any]) -> Any:
    """The values of a spec with what it takes from `vars` as it is written, and everything else in place."""
    if isinstance(final, dict):
        inner = written if isinstance(written, dict) else {}
        return {name: _as_written(inner.get(name), value, variables) for name, value in final.items()}
    if isinstance(final, list):
        items = written if isinstance(written, list) and len(written) == len(final) else [None] * len(final)
        return [_as_written(*pair, variables) for pair in zip(items, final, strict=True)]
    if isinstance(written, str) and references(written, "vars") and not references(written, "env"):
        return written if _put_in(written, variables) == final else final
    return final


def _put_in(text: str, variables: Mapping[str, Any]) -> Any:
    one = whole(text)
    if one is not None and one.namespace == "vars":
        return variables.get(one.name)
    return "".join(_parts(text, variables))


def _parts(text: str, variables: Mapping[str, Any]) -> Iterator[str]:
    end = 0
    for found in parse(text):
        yield text[end : found.start]
        end = found.end
        is_variable = isinstance(found, Expression) and found.namespace == "vars"
        yield scalar_text(variables.get(found.name)) if is_variable else str(found)  # type: ignore[union-attr]
    yield text[end:]
