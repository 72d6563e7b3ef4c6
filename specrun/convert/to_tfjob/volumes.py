"""Code, inputs and outputs of a job as volumes: a claim each, which somebody has to fill or to read."""

from __future__ import annotations

from collections.abc import Iterator

from specrun.engines.commands import bash_line
from specrun.spec.datastore_paths import datastore_uri
from specrun.spec.frozen import dataclass
from specrun.spec.model import Input, Job, LocalPath, ModelVersion, RunOutput

CODE = "/mnt/code"


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume called `name`, mounted at `path`; `holds` says in words what it has or gets."""

    name: str
    claim: str
    path: str
    holds: str
    writable: bool = False


def volumes_of(job: Job, name: str, beside: str) -> tuple[Volume, ...]:
    """The job's volumes; `name` is what the TFJob is called, `beside` the spec's file."""
    found: list[Volume] = []
    for kind, label, path, holds in _wanted(job, beside):
        base = f"{kind}-{label}".replace("_", "-").lower().strip("-")[:40].rstrip("-") if label else kind
        taken = {one.name for one in found}
        plain = base if base not in taken else f"{base}-{len(found)}"
        found.append(Volume(plain, f"{name}-{plain}"[:63].rstrip("-"), path, holds, kind != "input"))
    return tuple(found)


def command_text(job: Job) -> str:
    """What bash runs: the job's command, with the paths of volumes."""

    def place(kind: str, name: str) -> str:
        if kind == "outputs":
            return f"/mnt/outputs/{name}"
        entry = job.inputs[name]
        return entry.text if entry.is_scalar else _input_place(entry)

    return bash_line(job, place)


def _wanted(job: Job, beside: str) -> Iterator[tuple[str, str, str, str]]:
    """Kind, label, mount path and content of each; `beside` is the file that local paths are beside."""
    if job.code is not None:
        yield "code", "", CODE, f"the folder {job.code.written} beside {beside}"
    for name, entry in job.inputs.items():
        if not entry.is_scalar:
            yield "input", name, f"/mnt/inputs/{name}", _source(entry, beside)
    for name, output in job.outputs.items():
        to = "" if output.path is None else f", which the spec has at {output.path}"
        yield "output", name, f"/mnt/outputs/{name}", f"what the job writes to its output {name}{to}"


def _source(entry: Input, beside: str) -> str:
    match entry.source:
        case RunOutput(spec, output):
            return f"what a run of {spec} has written to its output {output}"
        case ModelVersion(model, version):
            return f"the files of the model {model}, version {version}"
    data, path = entry.data, _written(entry)
    if data is None:
        return f"what is at {path}"
    if data.of_input:
        return f"what is at {path} beside {beside}"
    there = datastore_uri(data.datastore, data.target) if data.datastore else f"the path {data.target}"
    return f"what is at {path}, which specrun keeps at {there}"


def _written(entry: Input) -> str:
    """The path that the spec has for an input."""
    if entry.data is not None and isinstance(entry.data.source, LocalPath):
        return entry.data.source.written
    return str(entry.data.source if entry.data is not None else entry.uri)


def _input_place(entry: Input) -> str:
    file = _written(entry).rstrip("/").rpartition("/")[2]
    return f"/mnt/inputs/{entry.name}" + (f"/{file}" if entry.type == "uri_file" else "")
