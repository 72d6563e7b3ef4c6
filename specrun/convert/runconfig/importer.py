"""A run configuration's file as a spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from specrun.convert import coerce, locations, naming
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.recognizing import check
from specrun.convert.runconfig.lowering import lowered
from specrun.convert.section import Section
from specrun.convert.sources import Refused, Source
from specrun.convert.writers import Reading, write_job, write_workspace

CONFIG_FOLDERS = (".azureml", "aml_config")

_GENERIC = ("local", "docker", "aml-compute", "amlcompute", "cluster", "runconfig", "cpu", "gpu", "run", "sample")
_UNKNOWN = "neither SDK v1's run configurations nor specrun have this field"


def import_runconfig(source: Source, options: ImportOptions) -> Imported:
    """One run configuration of SDK v1, as YAML or JSON. Raises Refused.

    Its paths start at the project's folder.
    """
    check(source, "runconfig", "no run configuration of SDK v1")
    reading = Reading(options.name or "", options)
    section = _definition(replace(reading.open(source), loose=True))
    _refuse(source, section)
    reading.root, doubt = project_folder(source.file, *_named_files(section))
    reading.name = reading.name or _name_of(source, section, reading.root)
    reading.begin(f"Imported from {locations.base_name(source.file)}, a run configuration of SDK v1.")
    write_workspace(reading)
    job = lowered(section, reading.root)
    if doubt:
        job.put("code", job["code"], *job.origins["code"], doubt=doubt)
    write_job(reading, reading.over(section.ledger, job))
    return reading.imported(_UNKNOWN)


def project_folder(file: str, *named: str) -> tuple[str, str]:
    """The project's folder, where the paths of a run configuration start; and what is doubtful about it, or "".

    It is the one around `.azureml` or `aml_config`. Of a file that lies elsewhere it is the nearest, from the file's
    own upwards, in which all the files are that it has `named`.
    """
    own = locations.folder_of(file)
    parent, _, last = own.replace("\\", "/").rstrip("/").rpartition("/")
    if last in CONFIG_FOLDERS:
        return parent or ("/" if own.startswith("/") else "."), ""
    if all(_is_file(own, name) for name in named):
        return own, ""
    for above in Path(own).absolute().parents:
        if all(_is_file(str(above), name) for name in named):
            return str(above), ""
    return own, f"{' and '.join(named)}: in no folder from here upwards; say which is the code"


def _is_file(folder: str, name: str) -> bool:
    try:
        return Path(folder, name).is_file()
    except (OSError, ValueError):  # such as one that is too long, or has a NUL in it
        return False


def _named_files(section: Section) -> list[str]:
    """The files of the project that a run configuration names: its script and its conda file."""
    environment = section.get("environment")
    python = environment.get("python") if isinstance(environment, Mapping) else None
    conda = python.get("condaDependenciesFile") if isinstance(python, Mapping) else None
    base = coerce.word(section.get("sourceDirectory"))
    script = coerce.word(section.get("script"))
    found = [f"{base}/{script}" if base and script else script, coerce.word(conda)]
    return [name.replace("\\", "/") for name in found if name]


def _definition(section: Section) -> Section:
    """The run definition, which some tools put into one of their own."""
    for key in ("runDefinition", "definition", "runConfig"):
        if isinstance(section.get(key), Mapping):
            return section.inner(key)
    return section


def _refuse(source: Source, section: Section) -> None:
    framework = (coerce.word(section.get("framework")) or "").lower()
    if framework == "pyspark":
        message = "it runs PySpark, which specrun cannot; if it is plain Python, write `framework: Python`"
        raise Refused(source.file, message)
    if (coerce.word(section.get("target")) or "").lower() in ("hdi", "databricks", "adla"):
        raise Refused(source.file, f"it runs on {section.get('target')}, which specrun cannot")


def _name_of(source: Source, section: Section, root: str) -> str:
    stem = locations.base_name(source.file).removesuffix(".runconfig").rsplit("__", 1)[-1]
    stem = stem.rsplit(".", 1)[0]
    speaking = stem if naming.slug(stem) not in _GENERIC else None
    folder = root.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].strip(".")
    named = coerce.word(section.get("jobName")) or coerce.word(section.get("experimentName"))
    return naming.spec_name(named, speaking, folder, stem)
