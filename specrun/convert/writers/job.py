"""A job as a spec, with all that stands beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from specrun.convert import coerce, locations, naming
from specrun.convert.document import Key
from specrun.convert.locations import cluster_name
from specrun.convert.section import Row, Section, dropped
from specrun.convert.unknown import is_open
from specrun.convert.writers.command import names_for, write_command
from specrun.convert.writers.data import write_inputs, write_outputs
from specrun.convert.writers.environment import settle_gpu, write_environment
from specrun.convert.writers.places import write_cluster
from specrun.convert.writers.reading import Reading
from specrun.convert.writers.resources import write_settings
from specrun.convert.writers.stores import write_stores
from specrun.convert.writers.sweep import SWEEP, write_sweep
from specrun.convert.writers.words import write_tags, write_variables

_CODE: Key = ("job", "code")
_PROGRAMS = (".py", ".sh", ".bash", ".r", ".R", ".ipynb")
_OF_SERVICE = "what the service tells of a job that was submitted"


def _experiment(value: object) -> str | None:
    return naming.experiment(coerce.word(value) or "") or None


_ROWS = (
    Row("display_name", coerce.text, "a text", prose=True),
    Row("description", coerce.text, "a text", prose=True),
    *dropped("it says what kind of file this is", "$schema"),
    *dropped("specrun sets a run's properties itself", "properties"),
    *dropped("a run of specrun has no parent", "parent_job_name"),
    *dropped(_OF_SERVICE, "id", "status", "creation_context", "log_files", "parameters", "resourceGroup"),
)


def write_job(reading: Reading, section: Section) -> None:
    """Write all that a job says: what runs, in what, with what data, where, and what is declared for it."""
    sweep = section.get("sweep") is not None
    what = "the section `sweep`, beside the job that it runs" if sweep else "the section `job` is a command job"
    section.rewrite("type", ("sweep",) if sweep else ("job",), what)
    section.take(_ROWS, ("job",))
    for row in _ROWS[:2]:
        if section.values.get(row.name) == "":
            section.put(row.name, ("job", row.name), "")
    note = "" if section.get("name") == reading.name else "a run is called by the spec's name and its fingerprint"
    section.tell("name", ("name",), note)
    section.copy("experiment_name", ("experiment",), _experiment, "an experiment's name")
    _write_code(reading, section)
    names = names_for(section)
    write_inputs(reading, section.inner("inputs", to=("job", "inputs")), names)
    write_outputs(section.inner("outputs", to=("job", "outputs")), names)
    if sweep:
        write_sweep(section.inner("sweep", to=SWEEP), names)
    write_command(section, names)
    write_environment(reading, section)
    write_variables(section.inner("environment_variables", to=("job", "environment_variables")), names.parameters)
    _write_compute(reading, section)
    write_settings(section)
    settle_gpu(reading)
    write_tags(section.inner("tags", to=("job", "tags")), ("job", "tags"))
    write_stores(reading, section)


def _write_code(reading: Reading, section: Section) -> None:
    path = section.known("code")
    if is_open(path):
        section.copy("code", _CODE, coerce.word, "a folder")
    elif path is None or coerce.word(path) is None:
        section.copy("code", _CODE, lambda value: None, "the folder with the code")
    elif locations.is_address(str(path)):
        what = f"the code is not on this machine ({coerce.shown(path)}): name a folder beside the spec"
        section.ask("code", _CODE, what)
    else:
        _write_folder(reading, section, str(path))


def _write_folder(reading: Reading, section: Section, path: str) -> None:
    """The folder with the code. Of a single file it is the folder that the file is in, with all that is there."""
    local = reading.local(section, path)
    whole = os.path.join(reading.folder(section), path.removeprefix("file:").strip())  # noqa: PTH118
    name = os.path.basename(whole)  # noqa: PTH119
    there = os.path.isfile(whole)  # noqa: PTH113 - which takes any text
    if not there and (os.path.isdir(whole) or not name.endswith(_PROGRAMS)):  # noqa: PTH112
        section.put("code", _CODE, local, "" if local == path else "relative to the spec")
        return
    section.draft.set(_CODE, os.path.dirname(local) or ".")  # noqa: PTH120
    section.rewrite("code", _CODE, "the folder that the file is in")
    if not there or len(_beside(whole)) > 1:
        what = f"the job sends {name} alone, and a spec a folder: this one, with all files that are in it"
        section.doubt("code", _CODE, f"{what}; let an .amlignore leave the others out, or give it a folder of its own")


def _beside(file: str) -> list[str]:
    """A file and those beside it."""
    try:
        return os.listdir(os.path.dirname(file))  # noqa: PTH120, PTH208
    except OSError:
        return [file, "others"]


def _write_compute(reading: Reading, section: Section) -> None:
    """Name the cluster, or write the one that is declared with the job."""
    raw, to = section.known("compute"), ("compute",)
    if isinstance(raw, Mapping | Section):
        section.carry("compute", to)
        write_cluster(reading, section.inner("compute"))
        return
    name = cluster_name(coerce.word(raw) or "")
    if name in ("local", "serverless", "None"):
        section.drop("compute", f"{name} is no cluster: without `compute` a run is on this machine, or serverless")
    else:
        section.copy("compute", to, lambda value: name, "a cluster's name, 3 to 32 letters, digits and hyphens,")
        written = reading.draft.get(to)
        if isinstance(written, str) and written.startswith("azureml:"):  # of a name that is not known
            reading.draft.set(to, written.removeprefix("azureml:"))
