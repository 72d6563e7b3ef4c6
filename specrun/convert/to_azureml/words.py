"""What all the exported files have in common."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from specrun.convert.document import Value
from specrun.spec.expressions import OPEN
from specrun.spec.model import LocalPath, Secret, Spec

SCHEMAS = "https://azuremlschemas.azureedge.net/latest"


def schema_url(name: str) -> str:
    """The schema that an editor checks a file with."""
    return f"{SCHEMAS}/{name}.schema.json"


def origin(spec: Spec, file: str) -> str:
    """The first line of a file: where it is from, and what to do with it."""
    return f"From {spec.file.name}, by specrun export: {az_create(spec, verb_of(file), file)}"


def verb_of(file: str) -> str:
    """What `az ml` calls the kind of thing that a file describes."""
    kind = Path(file).stem.partition("-")[0]
    return "job" if kind == "pipeline" else kind


def az_create(spec: Spec, verb: str, file: str) -> str:
    """The command line that makes what a file describes, in the spec's workspace as far as it says which."""
    space = spec.workspace or {}
    where = [("-g", space.get("resource_group")), ("-w", space.get("name"))]
    known = [(flag, value) for flag, value in where if isinstance(value, str) and OPEN not in value]
    named = [word for pair in known for word in pair]
    return shlex.join(["az", "ml", verb, "create", "-f", file, *named])


def path_from(path: LocalPath, folder: Path) -> str:
    """A path of the spec, relative to the folder of the file that names it now; an absolute one as it is written."""
    if Path(path.written).is_absolute():
        return path.written
    plain = Path(os.path.relpath(path.absolute, folder)).as_posix()
    return plain if plain.startswith(".") else f"./{plain}"


def plain(value: object) -> Value:
    """A value of the spec as YAML has it; secrets by name, nothing of them revealed."""
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Secret) else value  # type: ignore[return-value]
