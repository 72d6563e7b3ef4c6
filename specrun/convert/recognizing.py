"""What a file is taken for, and why: the one place that tells the files of all formats, and other tools', apart.

Every importer asks here whether a file is its own, and names what it refuses by what stands here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NoReturn

from specrun.convert import kinds
from specrun.convert.kinds import Kind, Taken
from specrun.convert.sources import Refused, Source

_SDKS = r"[ \t]*(?:from|import) +((?:azureml|azure\.ai\.ml|azure\.mgmt\.batchai|batchai)\b[\w.]*)"
_IMPORT = re.compile(rf"(?m)^{_SDKS}")
_IMPORT_IN_JSON = re.compile(rf"""(?:"|\\n){_SDKS}""")
_MAKES = re.compile(
    r"\b(?:ScriptRunConfig|\w*Estimator|TensorFlow|PyTorch|Chainer|SKLearn|AmlCompute|ComputeTarget|CommandJob|command|"
    r"Datastore|\w+Datastore|RunConfiguration|\w+CreateParameters|\w*Pipeline|pipeline|\w+Step|HyperDrive\w*|sweep|"
    r"AutoMLConfig|automl|load_\w+)\s*[(.]"
)
"""Calls of what makes a job, a cluster or data; without one, the Python is what runs in a job."""

_AZ = re.compile(r"\baz[ \t]+(?:ml|batchai)(?:[ \t]+[a-z][a-z-]*)+")
_AZ_IN_NOTEBOOK = re.compile(rf'(?:"|\\n)[ \t]*!?[ \t]*({_AZ.pattern})')
_SHELL = (".sh", ".bash", ".azcli")
_PYTHON = (".py", ".ipynb")
TEXTS = (*_PYTHON, *_SHELL)
READ = (".json", ".yml", ".yaml", ".runconfig", *TEXTS)
"""Endings of files that are looked at in folders."""


def taken_for(source: Source, said: str = "") -> Taken:
    """What a file is; `said` is the importer that somebody chose for it, so that less is asked of the file."""
    if isinstance(source.values, Mapping):
        taken = _mapping(source.file, source.values, said)
        step = None if taken.kind.importer or taken.kind.brought else _AZ.search(source.text)
        return taken if step is None else Taken(kinds.CI, f"`{' '.join(step[0].split())}`")
    if source.file.endswith(_PYTHON) and (said != "azcli" or source.file.endswith(".ipynb")):
        return _python(source.file, source.text, said)
    if source.file.endswith(_SHELL) or said == "azcli":
        calls = [" ".join(call.split()) for call in _AZ.findall(source.text)]
        told = next((call for call in calls if " submit" in call), next(iter(calls), ""))
        return Taken(kinds.AZCLI, f"`{told}`") if told else Taken(kinds.NO_CLI, "")
    what = "nothing" if source.values is None else "a list" if isinstance(source.values, list) else "a single value"
    return Taken(kinds.UNKNOWN, f"it holds {what}")


def check(source: Source, importer: str, no: str) -> Kind:
    """A file's kind, if the importer reads it. Raises Refused with what it is instead; `no` says what it is not."""
    taken = taken_for(source, importer)
    if taken.kind.importer != importer:
        raise Refused(source.file, refusal(taken, no))
    return taken.kind


def refusal(taken: Taken, no: str) -> str:
    """Why a file is not imported."""
    kind, why = taken
    if kind is kinds.UNKNOWN:
        return f"this is {no}: {why}"
    instead = f"specrun import {kind.importer}" if kind.importer else kind.instead
    return f"it is {kind.what}{f': {instead}' if instead else ''}"


def refuse_alone(source: Source, kind: Kind) -> NoReturn:
    """A file of a kind that is nothing on its own. Raises Refused."""
    raise Refused(source.file, f"it is {kind.what}: {kind.instead}")


def _python(file: str, text: str, said: str) -> Taken:
    notebook = file.endswith(".ipynb")
    imported = (_IMPORT_IN_JSON if notebook else _IMPORT).search(text)
    if imported is not None and _MAKES.search(text) and said != "azcli":
        return Taken(kinds.NOTEBOOK if notebook else kinds.SCRIPT, f"it imports {imported[1]}")
    calls = _AZ_IN_NOTEBOOK.search(text) if notebook else None
    if calls is not None:
        return Taken(kinds.CELLS, f"`{' '.join(calls[1].split())}`")
    return Taken(kinds.NO_SDK, "") if imported is None else Taken(kinds.INSIDE, f"it imports {imported[1]}")


def _mapping(file: str, values: Mapping[str, object], said: str) -> Taken:
    keys = lower_keys(values)
    if str(values.get("apiVersion", "")).startswith("specrun/"):
        return Taken(kinds.SPEC, "its apiVersion")
    schema = values.get("$schema")
    address = schema.lower() if isinstance(schema, str) else ""
    of_v2 = "azureml" in address or said == "azureml"
    if "deploymenttemplate" in address:
        return Taken(kinds.TEMPLATE, "its $schema")
    if kind := _by_type(values, address, of_v2):
        return Taken(kind, "its type")
    if kind := _by_schema(values, address) if "batchai/" not in address else None:
        return Taken(kind, "its $schema")
    if found := next(((kind, marks) for marks, kind in kinds.OTHERS if {*marks.split()} <= keys), None):
        return Taken(found[0], _fields(found[1].split(), values))
    if isinstance(values.get("dependencies"), list):
        return Taken(kinds.CONDA, "its field dependencies")
    # SDK v1 saves `command: ''` in every file, and an environment: what is surely its comes first.
    if taken := _of_sdk_v1(file, values, ""):
        return taken
    readers = {"runconfig": _of_sdk_v1, "azureml": _of_v2, "batchai": _of_batchai}
    for reader in (readers.get(said, _of_sdk_v1), *readers.values()):
        if taken := reader(file, values, said):
            return taken
    return Taken(kinds.UNKNOWN, "it has neither a $schema nor a type, nor fields that tell")


def _by_type(values: Mapping[str, object], address: str, of_v2: bool) -> Kind | None:
    written = values.get("type")
    word = written.strip().lower() if isinstance(written, str) else ""
    if word.startswith("microsoft.") and "batchai" not in word:
        return kinds.OTHER_RESOURCE
    found = kinds.TYPES.get(word) or (kinds.WORDS.get(word) if of_v2 else None)
    if found is kinds.JOB and ("component" in address or _is_component(values)):
        return kinds.COMPONENT
    if found is kinds.JOB and not of_v2 and "command" not in values:
        return None
    # A job's input or a component may have the type of a data asset; only a data asset has a path beside it.
    return None if found is kinds.DATA and "path" not in values else found


def _by_schema(values: Mapping[str, object], address: str) -> Kind | None:
    match = re.search(r"(?<![a-z0-9])([a-z0-9]+)\.schema\.json", address)
    if match is None:
        return None
    if match[1] == "commandjob" and _is_pipeline(values):
        return kinds.PIPELINE
    return kinds.SCHEMAS.get(match[1]) or next(
        (kind for word, kind in reversed(kinds.WORDS.items()) if word in match[1]), None
    )


def _of_v2(_: str, values: Mapping[str, object], said: str) -> Taken | None:
    keys, sure = {*values}, said == "azureml"
    if _is_pipeline(values):
        return Taken(kinds.PIPELINE, "its field jobs")
    if {"trial", "search_space"} & keys and (sure or {"trial", "search_space"} <= keys):
        return Taken(kinds.SWEEP, _fields({"trial", "search_space"} & keys, values))
    command = values.get("command")
    if isinstance(command, str) and (sure or (command and "services" not in keys and keys & kinds.OF_A_JOB)):
        kind = kinds.COMPONENT if _is_component(values) else kinds.JOB
        return Taken(kind, _fields({"command", *sorted(keys & kinds.OF_A_JOB)[:1]}, values))
    told = {"image", "conda_file", "build"} & keys
    if told and "name" in keys and (sure or "conda_file" in told or len(keys) == 2):
        return Taken(kinds.ENVIRONMENT, _fields(told, values))
    if "auth_mode" in keys or (sure and "traffic" in keys):
        return Taken(kinds.ENDPOINT, _fields({"auth_mode", "traffic"} & keys, values))
    return None


def _of_batchai(_: str, values: Mapping[str, object], said: str) -> Taken | None:
    document = unwrapped(values)
    keys = lower_keys(document) if isinstance(document, Mapping) else set()
    sure = said == "batchai" or "batchai" in f"{values.get('$schema')}{values.get('type')}".lower()
    server = keys & {"sshconfiguration", "datadisks"}
    if server and (sure or "sshconfiguration" in server):
        return Taken(kinds.FILE_SERVER, _fields(server, document))
    if (
        told := keys & {*map(str.lower, kinds.TOOLKITS)}
        or keys & kinds.JOB_FIELDS
        or ({"nodecount"} & keys if sure else ())
    ):
        return Taken(kinds.BATCHAI_JOB, _fields(told, document))
    if (told := keys & kinds.CLUSTER_FIELDS) and (sure or "vmsize" in keys):
        return Taken(kinds.BATCHAI_CLUSTER, _fields(told, document))
    if sure and ("vmsize" in keys or str(values.get("$schema")).lower().endswith("cluster.json")):
        return Taken(kinds.BATCHAI_CLUSTER, "its field vmSize" if "vmsize" in keys else "its $schema")
    return None


def _of_sdk_v1(file: str, values: Mapping[str, object], said: str) -> Taken | None:
    inner = next((values[key] for key in ("runDefinition", "definition", "runConfig") if key in values), values)
    keys = {key.replace("_", "") for key in lower_keys(inner if isinstance(inner, Mapping) else values)}
    marks = keys & kinds.RUNCONFIG_MARKS
    if not keys & kinds.RUNCONFIG_FIELDS or not keys & kinds.PROGRAM_FIELDS:
        return None
    if file.endswith(".runconfig"):
        return Taken(kinds.RUNCONFIG, "its name")
    sure = said == "runconfig" or len(marks) > 1
    return Taken(kinds.RUNCONFIG, _fields(marks or keys & kinds.PROGRAM_FIELDS, inner)) if sure else None


def unwrapped(values: object) -> object:
    """A Batch AI document's `properties`, or all of it where the command line showed it flat."""
    if not isinstance(values, Mapping):
        return values
    inner = next((value for key, value in values.items() if str(key).lower() == "properties"), None)
    return inner if isinstance(inner, Mapping) else values


def lower_keys(values: Mapping[str, object]) -> set[str]:
    """The keys in lower case."""
    return {str(key).lower() for key in values}


def _is_pipeline(values: Mapping[str, object]) -> bool:
    jobs = values.get("jobs")
    return isinstance(jobs, Mapping) and any(
        isinstance(job, Mapping) and {"component", "command", "trial", "type"} & {*job} and "runs-on" not in job
        for job in jobs.values()
    )


def _is_component(values: Mapping[str, object]) -> bool:
    return bool({"is_deterministic", "version"} & {*values}) and "experiment_name" not in values


def _fields(names: Iterable[str], values: object) -> str:
    """`its fields command and environment`, as the file spells them; of many the first two."""
    spelled = [str(key) for key in values if str(key).lower() in names] if isinstance(values, Mapping) else []
    told = (spelled or sorted(names))[:2]
    return f"its field{'s' * (len(told) > 1)} {' and '.join(told)}"
