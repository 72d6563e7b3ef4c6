"""A run configuration as a spec."""

from __future__ import annotations

from collections.abc import Mapping

from specrun.convert import coerce, locations, naming
from specrun.convert.document import Document
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions, write_given_workspace
from specrun.convert.recognizing import check
from specrun.convert.report import Ledger
from specrun.convert.runconfig.compute import write_compute, write_distribution
from specrun.convert.runconfig.data import write_data
from specrun.convert.runconfig.environment import write_environment
from specrun.convert.runconfig.reading import RunconfigImport, root_of
from specrun.convert.runconfig.script import write_script
from specrun.convert.section import Section, empty_reason, section_of
from specrun.convert.sources import Refused, Source
from specrun.convert.tags import write_tags

_GENERIC = ("local", "docker", "aml-compute", "amlcompute", "cluster", "runconfig", "cpu", "gpu", "run", "sample")
_NO_COUNTERPART = {
    "history": "specrun always keeps the outputs of a run, and its code by content",
    "spark": "it is for PySpark alone",
    "hdi": "it is for HDInsight alone",
    "databricks": "it is for Databricks alone",
    "paralleltask": "it is for parallel steps alone",
    "sourceDirectoryDataStore": "specrun sends the code folder itself",
    "autoPrepareEnvironment": "specrun always prepares the environment",
    "priority": "specrun leaves the queue to the cluster",
    "kubernetescompute": "specrun has clusters of Azure ML alone",
    "cmk8scompute": "specrun has clusters of Azure ML alone",
    "batchai": "Batch AI was closed in 2019: the number of nodes stands in nodeCount, too",
    "containerInstance": "SDK v1 itself dropped container instances",
    "datacaches": "specrun has no caches of data",
    "autoClusterComputeSpecification": "specrun names its cluster",
    "aiSuperComputer": "specrun has clusters of Azure ML alone",
    "applicationEndpoints": "specrun opens no services in a run",
    "services": "specrun opens no services in a run",
    "useAbsolutePath": "the script's path starts at the code folder",
    "resourceLayout": "specrun has clusters of Azure ML alone",
    "telemetryValues": "specrun sends no telemetry",
    "snapshotId": "specrun sends the code folder itself",
    "properties": "specrun sets a run's properties itself",
}
_UNKNOWN = "neither SDK v1's run configurations nor specrun have this field"


def import_runconfig(source: Source, options: ImportOptions) -> Imported:
    """One run configuration of SDK v1, as YAML or JSON. Raises Refused.

    Its paths start at the project's folder: the one around `.azureml` or `aml_config`, else the file's own.
    """
    ledger, draft = Ledger(source.file, source.values, source.place), Document()
    section = _definition(section_of(ledger, draft, loose=True))
    _refuse(source, section)
    reading = RunconfigImport(section, options, root_of(source.file), options.name or _name_of(source, section))
    draft.set(("apiVersion",), "specrun/v1")
    draft.set(("name",), reading.name)
    draft.comment((), f"Imported from {locations.base_name(source.file)}, a run configuration of SDK v1.")
    write_given_workspace(draft, options.workspace)
    _write_job(reading, section)
    for key, why in _NO_COUNTERPART.items():
        section.drop(key, why)
    empty_reason(ledger)
    return Imported(reading.name, draft, ledger.close(_UNKNOWN), reading.files)


def _write_job(reading: RunconfigImport, section: Section) -> None:
    write_data(reading)
    write_script(reading)
    write_environment(reading)
    write_compute(reading)
    write_distribution(section)
    section.copy("maxRunDurationSeconds", ("job", "limits", "timeout"), coerce.count, "a number of seconds")
    section.copy("displayName", ("job", "display_name"), coerce.text, "a text")
    section.copy("description", ("job", "description"), coerce.text, "a text")
    write_tags(section.inner("tags"), ("job", "tags"))
    if coerce.truth(section.get("credentialPassthrough")):
        section.draft.set(("job", "identity", "type"), "user_identity")
        section.rewrite("credentialPassthrough", ("job", "identity", "type"), "the identity of who submits the job")
    else:
        section.drop("credentialPassthrough", "off is what a spec says by leaving identity out")
    for key in ("jobName", "name"):
        if section.get(key) is not None:
            section.rewrite(key, ("name",), "a run is called by the spec's name and its fingerprint")
    written = naming.experiment(coerce.word(section.get("experimentName")) or "")
    if written:
        section.put("experimentName", ("experiment",), written)


def _definition(section: Section) -> Section:
    """The run definition, which some tools put into one of their own."""
    for key in ("runDefinition", "definition", "runConfig"):
        if isinstance(section.get(key), Mapping):
            return section.inner(key)
    return section


def _refuse(source: Source, section: Section) -> None:
    check(source, "runconfig", "no run configuration of SDK v1")
    framework = (coerce.word(section.get("framework")) or "").lower()
    if framework == "pyspark":
        message = "it runs PySpark, which specrun cannot; if it is plain Python, write `framework: Python`"
        raise Refused(source.file, message)
    if (coerce.word(section.get("target")) or "").lower() in ("hdi", "databricks", "adla"):
        raise Refused(source.file, f"it runs on {section.get('target')}, which specrun cannot")


def _name_of(source: Source, section: Section) -> str:
    stem = locations.base_name(source.file).removesuffix(".runconfig").rsplit("__", 1)[-1]
    stem = stem.rsplit(".", 1)[0]
    speaking = stem if naming.slug(stem) not in _GENERIC else None
    folder = root_of(source.file).replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].strip(".")
    named = coerce.word(section.get("jobName")) or coerce.word(section.get("experimentName"))
    return naming.spec_name(named, speaking, folder, stem)
