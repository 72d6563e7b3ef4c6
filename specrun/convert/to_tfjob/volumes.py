"""Code, inputs and outputs of a job as volumes: a claim each, which somebody has to fill or to read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from specrun.engines.azure.datastore_paths import datastore_uri
from specrun.engines.azureml_v2.command import REFERENCE, command_of, literal
from specrun.plan.resources import input_data
from specrun.spec.model import Input, Spec

CODE = "/mnt/code"


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume called `name`, mounted at `path`; `holds` says in words what it has or gets."""

    name: str
    claim: str
    path: str
    holds: str
    writable: bool = False


def volumes_of(spec: Spec, name: str) -> tuple[Volume, ...]:
    """The job's volumes; `name` is what the TFJob is called."""
    found: list[Volume] = []
    for kind, label, path, holds in _wanted(spec):
        base = f"{kind}-{label}".replace("_", "-").lower().strip("-")[:40].rstrip("-") if label else kind
        taken = {one.name for one in found}
        plain = base if base not in taken else f"{base}-{len(found)}"
        found.append(Volume(plain, f"{name}-{plain}"[:63].rstrip("-"), path, holds, kind != "input"))
    return tuple(found)


def command_text(spec: Spec) -> str:
    """What bash runs: the spec's command, with the paths of volumes."""
    job = spec.job
    assert job is not None

    def place(match: re.Match[str]) -> str:
        kind, name = match.groups()
        if kind == "outputs":
            return f"/mnt/outputs/{name}"
        entry = job.inputs[name]
        return shlex.quote(_input_place(spec, entry)) if _is_path(entry) else literal(entry)

    return REFERENCE.sub(place, command_of(spec))


def _wanted(spec: Spec) -> Iterator[tuple[str, str, str, str]]:
    job = spec.job
    assert job is not None
    if job.code is not None:
        yield "code", "", CODE, f"the folder {job.code} beside {spec.file.name}"
    for name, entry in job.inputs.items():
        if _is_path(entry):
            yield "input", name, f"/mnt/inputs/{name}", _source(spec, entry)
    for name, output in job.outputs.items():
        to = "" if output.path is None else f", which the spec has at {output.path}"
        yield "output", name, f"/mnt/outputs/{name}", f"what the job writes to its output {name}{to}"


def _source(spec: Spec, entry: Input) -> str:
    data = input_data(spec, entry)
    if data is None:
        return f"what is at {entry.path}"
    if entry.data is None:
        return f"what is at {data.path} beside {spec.file.name}"
    there = datastore_uri(data.datastore or "NAME", data.target) if data.datastore else f"the path {data.target}"
    return f"what is at {data.path}, which specrun keeps at {there}"


def _is_path(entry: Input) -> bool:
    return entry.path is not None or entry.data is not None


def _input_place(spec: Spec, entry: Input) -> str:
    data = input_data(spec, entry)
    file = (data.path if data else str(entry.path)).rstrip("/").rpartition("/")[2]
    return f"/mnt/inputs/{entry.name}" + (f"/{file}" if entry.type == "uri_file" else "")
