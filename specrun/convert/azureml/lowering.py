"""A command job with what its file names in other files: the cluster, the environment, datastores and data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field

from specrun.convert import coerce, credentials, locations
from specrun.convert.azureml.components import moved
from specrun.convert.azureml.preview import environment_of_today, job_of_today
from specrun.convert.azureml.sweep import job_of_sweep
from specrun.convert.locations import asset_name, cluster_name, datastore_name, environment_name, short
from specrun.convert.report import Ledger
from specrun.convert.section import Fields, Section, dropped, has_expression
from specrun.convert.sources import Refused, Source, read_yaml
from specrun.convert.unknown import Missing
from specrun.convert.writers import Reading
from specrun.spec.frozen import dataclass

_STORES = {"azureblob": "azure_blob", "azurefile": "azure_file", "azuredatalakegen2": "azure_data_lake_gen2"}
_ENDINGS = (".yml", ".yaml", ".json")


@dataclass(frozen=True, slots=True)
class Given:
    """Files that were given together with jobs, by the names that jobs call them.

    With `one_job` all datastores and data belong to it, whether it names them or not.
    """

    clusters: Mapping[str, Source] = field(default_factory=dict)
    datastores: Mapping[str, Source] = field(default_factory=dict)
    data: Mapping[str, Source] = field(default_factory=dict)
    environments: tuple[Source, ...] = ()
    workspace: Source | None = None
    components: Mapping[str, Source] = field(default_factory=dict)
    one_job: bool = False


def lowered_job(
    reading: Reading,
    source: Source,
    given: Given,
    *,
    sweep: bool = False,
    trial: Mapping[str, object] | None = None,
    bind: Callable[[Fields, Ledger], None] = lambda job, ledger: None,
) -> Section:
    """All of a job, with the sections of the other files where it names them; of a sweep its trial is the job.

    `trial` is what the file holds that a sweep names, where it is read already, and `bind` puts in what is said of the
    job elsewhere, as a pipeline says it of its steps.
    """
    section = reading.open(source)
    folder = locations.folder_of(source.file)
    drop = section.ledger.drop
    find = lambda name: trial or _trial(folder, name, given)  # noqa: E731
    job = job_of_sweep(section.values, find, drop) if sweep else Fields.of(section.values)
    bind(job, section.ledger)
    job = job_of_today(job)
    _put_cluster(reading, job, given)
    _put_environment(reading, job, source, given)
    own_stores, own_data = (coerce.mapping(job.get(name)) for name in ("datastores", "data"))  # a script's
    stores, data = Fields.of(own_stores, ("datastores",)), Fields.of(own_data, ("data",))
    for entry in _entries(job, "inputs"):
        _put_asset(reading, entry, data, given)
    for name in (*given.datastores, *given.data) if given.one_job else _named_stores(job):
        if name in given.datastores:
            stores.put(name, lowered_store(reading, given.datastores[name]), comment=_from(given.datastores[name]))
    for name, asset in given.data.items() if given.one_job else ():
        if name not in data and is_local(asset):
            data.put(name, reading.open(asset), comment=_from(asset))
    job.put("datastores", stores)
    job.put("data", data)
    return reading.over(section.ledger, job)


def lowered_store(reading: Reading, source: Source) -> Section:
    """A datastore, with the type that its schema says where it says none itself."""
    section = reading.open(source)
    store = Fields.of(section.values)
    schema = (coerce.word(store.get("$schema")) or "").lower()
    if coerce.word(store.get("type")) is None:
        store.put("type", next((kind for word, kind in _STORES.items() if f"{word}." in schema), "azure_blob"))
    return reading.over(section.ledger, store)


def is_local(asset: Source) -> bool:
    """Whether a data asset is made of files of this machine."""
    path = _path(asset)
    return bool(path) and not locations.is_address(path) and not has_expression(path)


def _from(source: Source) -> str:
    return f"from {locations.base_name(source.file)}"


def _put_cluster(reading: Reading, job: Fields, given: Given) -> None:
    name = cluster_name(coerce.word(job.get("compute")) or "") or ""
    if name in given.clusters:
        cluster, origins = given.clusters[name], job.origins["compute"]
        note = f"the cluster of {locations.base_name(cluster.file)}"
        job.put("compute", reading.open(cluster), *origins, note=note, comment=_from(cluster))


def _put_environment(reading: Reading, job: Fields, source: Source, given: Given) -> None:
    """The environment's file, if it was given or is there: by its path, or by the name that it registers."""
    written = job.get("environment")
    if coerce.is_empty(written):
        job.put("environment", Missing("the CLI wants an environment; left out, a run gets a plain Python"))
        return
    name = coerce.word(written)
    if name is None or has_expression(name):
        return
    one = next((one for one in given.environments if _is_named(one, name, source.file)), None)
    if one is None and not _is_path(name):
        return
    found, origins = (
        one or read_beside(locations.folder_of(source.file), name, "environment"),
        job.origins["environment"],
    )
    if not isinstance(found, Source):
        job.put("environment", Missing(found), *origins)
        return
    note = f"what {locations.base_name(found.file)} says stands in the spec itself"
    job.put("environment", _environment(reading, found, name), *origins, note=note)


def _environment(reading: Reading, source: Source, name: str) -> object:
    """What an environment's file holds; a conda file that stands in its place is taken for its conda_file."""
    values = source.values if isinstance(source.values, Mapping) else {}
    if "dependencies" in values:
        conda = Fields(("environment",))
        conda.put("conda_file", name, ("environment",), note="a conda file, on which the environment stands")
        return conda
    section = reading.open(source)
    return reading.over(section.ledger, environment_of_today(section.values))


def _is_path(name: str) -> bool:
    plain = name.lower()
    return plain.startswith("file:") or (plain.endswith(_ENDINGS) and not locations.is_address(name))


def _trial(folder: str, name: str, given: Given) -> Mapping[str, object] | str:
    """What a component's file holds, with its paths from where the sweep's file is; or why it cannot be read."""
    found = given.components.get(asset_name(f"azureml:{name.removeprefix('azureml:')}")[0])
    if found is None and not _is_path(name):
        return f"the trial is the component {name}: write its command as the job of this spec"
    read = found or read_beside(folder, name, "trial")
    if not isinstance(read, Source):
        return read
    values = read.values if isinstance(read.values, Mapping) else {}
    return moved({str(key): one for key, one in values.items()}, locations.folder_of(read.file), folder)


def read_beside(folder: str, name: str, what: str) -> Source | str:
    """A file that a job names, or why it cannot be read."""
    plain = name.removeprefix("file:").replace("\0", "")
    path = os.path.join(folder, plain)  # noqa: PTH118 - which takes any text
    if not os.path.isfile(path):  # noqa: PTH113
        return f"the {what} is in a file of its own, which is not there: import {plain} together with this one"
    try:
        return read_yaml(os.path.normpath(path))
    except Refused as refused:
        return f"{plain}: {refused.message}"


def _is_named(source: Source, name: str, file: str) -> bool:
    asset, version = asset_name(environment_name(name) or "") if not _is_path(name) else ("", "")
    values = source.values if isinstance(source.values, Mapping) else {}
    if asset:
        theirs = coerce.word(values.get("version")) or ""
        return coerce.word(values.get("name")) == asset and (not theirs or version in ("", "latest", theirs))
    return locations.same_file(name, locations.folder_of(file), source.file)


def _entries(job: Fields, section: str) -> Iterator[Fields]:
    entries = job.get(section)
    yield from (entry for entry in entries.values() if isinstance(entry, Fields)) if isinstance(entries, Fields) else ()


def _put_asset(reading: Reading, entry: Fields, data: Fields, given: Given) -> None:
    """A data asset that was given: an entry of `data` where its files are here, else the address that it stands for."""
    written = short(coerce.word(entry.get("path")) or "")
    named = asset_name(written)[0]
    asset = given.data.get(named) or next(
        (one for one in given.data.values() if written and _path(one) == written), None
    )
    if asset is None:
        return
    note, origins = f"the data asset of {locations.base_name(asset.file)}", entry.origins["path"]
    if is_local(asset):
        name = name_of(asset)
        entry.put("data", name)
        entry.put("path", written, *origins, note=note)
        if name not in data:
            data.put(name, reading.open(asset), comment=_from(asset))
    elif not has_expression(_path(asset)) and not credentials.reveals(_path(asset)):
        entry.put("path", _path(asset), *origins, note=note)
        _tell_address(reading, asset)


def _tell_address(reading: Reading, asset: Source) -> None:
    if asset.file not in reading.used:
        section = reading.open(asset)
        section.carry("path", ("job", "inputs"))
        section.take(dropped("an input names the place itself", *(key for key in section.names() if key != "path")), ())


def _named_stores(job: Fields) -> Iterator[str]:
    """The datastores that a job's paths are on."""
    for section in ("inputs", "outputs"):
        for entry in _entries(job, section):
            yield datastore_name(short(coerce.word(entry.get("path")) or ""))


def name_of(source: Source) -> str:
    """What a file calls itself."""
    values = source.values
    return (coerce.word(values.get("name")) or "") if isinstance(values, Mapping) else ""


def _path(source: Source) -> str:
    values = source.values
    return short(coerce.word(values.get("path")) or "") if isinstance(values, Mapping) else ""
