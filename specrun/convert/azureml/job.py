"""A command job as a spec."""

from __future__ import annotations

import re
from collections.abc import Mapping

from specrun.convert import coerce, locations, naming
from specrun.convert.azureml.cluster import write_cluster
from specrun.convert.azureml.command import Names, write_command
from specrun.convert.azureml.environment import settle_gpu, write_environment
from specrun.convert.azureml.inputs import settle_texts, write_inputs
from specrun.convert.azureml.outputs import write_outputs
from specrun.convert.azureml.reading import JobImport
from specrun.convert.azureml.references import cluster_name, datastore_name
from specrun.convert.azureml.resources import write_distribution, write_resources, write_settings
from specrun.convert.azureml.storage import write_data, write_datastore
from specrun.convert.section import Section, has_expression
from specrun.convert.sources import Source
from specrun.convert.tags import write_tags
from specrun.convert.variables import write_variables

_OF_SERVICE = "what the service tells of a job that was submitted"
_DROPPED = {
    "properties": "specrun sets a run's properties itself",
    "parent_job_name": "a run of specrun has no parent",
    "id": _OF_SERVICE,
    "status": _OF_SERVICE,
    "creation_context": _OF_SERVICE,
    "log_files": _OF_SERVICE,
    "parameters": _OF_SERVICE,
    "resourceGroup": _OF_SERVICE,
}


def write_job(reading: JobImport, source: Source) -> None:
    """Write all of a job, with the cluster, datastores, data and environment that were given with it."""
    section = reading.open(source)
    reading.draft.comment(
        (), f"Imported from {locations.base_name(source.file)}, a command job of the Azure ML CLI v2."
    )
    section.drop("$schema", "it says what kind of file this is")
    if section.get("type") is not None:
        section.rewrite("type", ("job",), "the section `job` is a command job")
    _write_names(reading, section)
    _write_code(reading, section)
    inputs, texts = write_inputs(reading, section.inner("inputs"))
    outputs = write_outputs(section.inner("outputs"))
    settle_texts(section.inner("inputs"), inputs, texts, _used(section.get("command")))
    write_command(section, Names(inputs, outputs, texts))
    write_environment(reading, section)
    write_variables(section.inner("environment_variables"))
    count = _write_compute(reading, section)
    count = write_resources(section.inner("resources")) or count
    write_distribution(section.inner("distribution"), count or 1)
    section.inner("limits").copy("timeout", ("job", "limits", "timeout"), coerce.count, "a number of seconds")
    settle_gpu(reading)
    write_tags(section.inner("tags"), ("job", "tags"))
    write_settings(section)
    _write_datastores(reading)
    for key, why in _DROPPED.items():
        section.drop(key, why)


def _used(command: object) -> frozenset[str]:
    if not isinstance(command, str):
        return frozenset()
    return frozenset(re.findall(r"\{\s*inputs\.([\w-]+)\s*\}", command))


def _write_names(reading: JobImport, section: Section) -> None:
    for key in ("display_name", "description"):
        if section.values.get(key) == "":
            section.put(key, ("job", key), "")
        section.copy(key, ("job", key), coerce.text, "a text")
    name = coerce.word(section.get("name"))
    if name is not None:
        note = "" if name == reading.name else "a run is called by the spec's name and its fingerprint"
        section.tell("name", ("name",), note)
    written = coerce.word(section.get("experiment_name"))
    if written is None or has_expression(written) or not naming.experiment(written):
        if section.get("experiment_name") is not None:
            section.ask("experiment_name", ("experiment",), "an experiment's name is expected here")
        return
    section.put("experiment_name", ("experiment",), naming.experiment(written))


def _write_code(reading: JobImport, section: Section) -> None:
    preview = isinstance(section.get("code"), Mapping)
    place, key = (section.inner("code"), "local_path") if preview else (section, "code")
    path, to = coerce.word(place.get(key)), ("job", "code")
    if path is None:
        if section.get("code") is not None:
            section.ask("code", to, "the folder with the code is expected here", write=True)
        return
    if has_expression(path) or locations.is_address(path):
        what = f"the code is not on this machine ({coerce.shown(path)}): name a folder beside the spec"
        place.ask(key, to, what, write=True)
        return
    local = locations.rebased(path, locations.folder_of(section.ledger.file), reading.options.folder)
    note = "the 2021 preview's code.local_path" if preview else "" if local == path else "relative to the spec"
    place.put(key, to, local, note)


def _write_compute(reading: JobImport, section: Section) -> int | None:
    """Name the cluster, or write the one that was given; the instances that the 2021 preview says here."""
    preview = isinstance(section.get("compute"), Mapping)
    place, key = (section.inner("compute"), "target") if preview else (section, "compute")
    count = None
    if preview:
        to = ("job", "resources", "instance_count")
        found = place.copy("instance_count", to, coerce.count, "a number of instances")
        count = found if isinstance(found, int) else None
        place.copy("instance_type", ("job", "resources", "instance_type"), coerce.word, "a VM size")
    written = coerce.word(place.get(key))
    if written is None:
        if place.get(key) is not None:
            place.ask(key, ("compute",), "a cluster's name is expected here")
        return count
    _write_cluster(reading, place, key, written)
    return count


def _write_cluster(reading: JobImport, place: Section, key: str, written: str) -> None:
    name, to = cluster_name(written), ("compute",)
    if name in ("local", "serverless"):
        place.drop(key, f"{name} is no cluster: without `compute` a run is on this machine, or serverless on Azure")
    elif name is not None and name in reading.beside.clusters:
        cluster = reading.beside.clusters[name]
        place.rewrite(key, to, f"the cluster of {locations.base_name(cluster.file)}")
        write_cluster(reading, cluster)
    elif name is None or has_expression(written):
        place.ask(key, to, f"no cluster can be called {coerce.shown(written)}: write its name", write=True)
    else:
        place.put(key, to, name, "" if name == written else "a cluster by its name")


def _write_datastores(reading: JobImport) -> None:
    """The datastores that were given, as far as the job's paths are on them; all of them and all data for one job."""
    for source in reading.beside.datastores.values() if reading.beside.one_job else ():
        write_datastore(reading, source)
    for source in reading.beside.data.values() if reading.beside.one_job else ():
        write_data(reading, source)
    values = reading.draft.values().get("job")
    for section in ("inputs", "outputs"):
        entries = values.get(section) if isinstance(values, Mapping) else None
        for entry in entries.values() if isinstance(entries, Mapping) else ():
            path = entry.get("path") if isinstance(entry, Mapping) else None
            given = reading.beside.datastores.get(datastore_name(path)) if isinstance(path, str) else None
            if given is not None:
                write_datastore(reading, given)
