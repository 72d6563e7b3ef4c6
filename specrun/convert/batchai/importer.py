"""From Batch AI's files to specs: one of a job with its cluster, one of a cluster, or one for each file of a folder."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from pathlib import PurePosixPath

from specrun.convert import coerce, kinds
from specrun.convert.batchai.cluster import DROPPED, Setup, cluster_of, setup_of, tell_setup_task
from specrun.convert.batchai.job import job_of
from specrun.convert.batchai.mounts import Mounts
from specrun.convert.batchai.places import Places
from specrun.convert.batchai.rewriting import Rewriter
from specrun.convert.batchai.texts import Texts
from specrun.convert.document import Document
from specrun.convert.imported import Imported
from specrun.convert.locations import base_name, stem
from specrun.convert.naming import compute_name, spec_name, unique_slug
from specrun.convert.options import ImportOptions
from specrun.convert.recognizing import check, taken_for, unwrapped
from specrun.convert.report import Ledger, Report
from specrun.convert.section import Fields, Section, section_of
from specrun.convert.sources import Refused, Source
from specrun.convert.unknown import Missing, is_open
from specrun.convert.writers import Reading, write_cluster, write_datastore, write_job, write_workspace
from specrun.spec.frozen import dataclass
from specrun.spec.model import Properties

_UNKNOWN = "it is no field of Batch AI that means anything to Azure ML"
_KINDS = {kinds.BATCHAI_JOB: "job", kinds.BATCHAI_CLUSTER: "cluster"}
_VERSION = re.compile(r"/(20[0-9]{2}-[0-9]{2}-[0-9]{2}[a-z-]*)/")


@dataclass(frozen=True, slots=True)
class BatchaiOptions:
    """What somebody who imports Batch AI files says beside them. Each may be left out.

    `cluster` is the file of the cluster that the job ran on: its mounts, its setup task and its size go into the job's
    spec. `mounts` maps a relative mount path to DATASTORE or DATASTORE:PATH. `image` is the container's, or the name
    of a registered environment (azureml:NAME:VERSION). `code` is the folder with the script, relative to the spec.
    `name` is the spec's, or the cluster's where a file holds just a cluster.
    """

    cluster: Source | None = None
    mounts: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None
    code: str | None = None
    name: str | None = None
    workspace: Properties | None = None


def kind_of(source: Source) -> str:
    """`job`, `cluster`, or "" for what is neither."""
    return _KINDS.get(taken_for(source, "batchai").kind, "")


def import_batchai(job: Source, options: BatchaiOptions) -> Imported:
    """A job's spec, with its cluster where `options` name one. Raises Refused for what is no Batch AI job."""
    return _import_job(job, options, own_cluster=True)


def import_cluster(cluster: Source, options: BatchaiOptions) -> Imported:
    """A spec that holds just a cluster, and the datastores of its mounts. Raises Refused for what is no cluster."""
    return _import_cluster(cluster, options, alone=True, named=options.name is not None)


def folder_imports(sources: Sequence[Source], options: BatchaiOptions) -> list[Callable[[], Imported]]:
    """The imports of a folder's files: clusters by themselves, and jobs that name theirs.

    Each raises Refused for its own file, and for no other.
    """
    clusters = {source.file: source for source in sources if kind_of(source) == "cluster"}
    alone, named = len(clusters) == len(sources), options.name is not None and len(sources) == 1
    found: list[Callable[[], Imported]] = []
    for source, cluster, name in _arranged(sources, options.name):
        if source.file in clusters:
            found.append(partial(_import_cluster, source, replace(options, name=name), alone=alone, named=named))
        elif options.cluster is not None:
            found.append(partial(_import_job, source, replace(options, name=name), own_cluster=True))
        else:
            theirs = replace(options, name=name, cluster=clusters.get(cluster or ""))
            found.append(partial(_import_job, source, theirs, own_cluster=False))
    return found


def write_parts(job: Section | None, cluster: Section | None, options: BatchaiOptions) -> Imported:
    """The spec of a job, on its cluster where there is one, or of a cluster alone.

    Each section is the whole of what a file of Batch AI would hold; what is not known in it is Unknown. The report is
    left to whoever has the ledgers. Raises Refused for a job that runs nothing.
    """
    if job is not None:
        reading = _write_job(job, cluster, options, own_cluster=True)
    else:
        assert cluster is not None
        reading = _write_cluster(cluster, options, alone=True, named=options.name is not None)
    return Imported(reading.name, reading.draft, Report(), reading.files)


def _import_job(source: Source, options: BatchaiOptions, *, own_cluster: bool) -> Imported:
    draft, cluster = Document(), None
    job = _opened(source, "job", draft)
    if options.cluster is not None:
        cluster = _opened(options.cluster, "cluster", draft if own_cluster else Document())
    return _write_job(job, cluster, options, own_cluster=own_cluster).imported(_UNKNOWN)


def _import_cluster(source: Source, options: BatchaiOptions, *, alone: bool, named: bool) -> Imported:
    cluster = _opened(source, "cluster", Document())
    return _write_cluster(cluster, options, alone=alone, named=named).imported(_UNKNOWN)


def _opened(source: Source, kind: str, draft: Document) -> Section:
    """The whole of a file. Raises Refused."""
    return section_of(Ledger(source.file, _checked(source, kind), source.place), draft, loose=True)


def _checked(source: Source, expected: str) -> Mapping[str, object]:
    """The file's mapping, if it is of the expected kind. Raises Refused with what it is instead."""
    kind = _KINDS[check(source, "batchai", f"no Batch AI {expected}")]
    if kind != expected:
        use = "--cluster takes it" if kind == "cluster" else "it is imported by itself"
        raise Refused(source.file, f"it is a Batch AI {kind}, and a {expected} was expected: {use}")
    assert isinstance(source.values, Mapping)
    return source.values


def _write_job(root: Section, cluster: Section | None, options: BatchaiOptions, *, own_cluster: bool) -> Reading:
    """A cluster that is not the job's own is known by its name, and stands in a spec of its own."""
    job, texts, reading = _properties(root), Texts(), _begun(root, options)
    mounts = Mounts(options.mounts, texts)
    rewriter = Rewriter(Places(root.ledger, root.draft, mounts, options.code), texts)
    stores, setup, made = Fields(), Setup(), None
    if cluster is not None:
        inner = _properties(cluster)
        theirs = mounts.read(inner.inner("nodeSetup").inner("mountVolumes"), "cluster")
        setup = setup_of(inner, rewriter)
        if own_cluster:
            made = cluster_of(inner)
            _drop_head(cluster)
            for name, store in reading.over(cluster.ledger, theirs).sections():
                stores.put(name, store, comment=theirs.remarks[name].comment)
    mounts.read(job.inner("mountVolumes"), "job", stores)
    fields, files = job_of(job, rewriter, reading.name, options.image, setup)
    reading.files.update(files)
    fields.put("datastores", stores)
    _put_names(root, job, fields)
    _put_compute(reading, job, fields, cluster, made)
    write_job(reading, reading.over(root.ledger, fields))
    return reading


def _write_cluster(root: Section, options: BatchaiOptions, *, alone: bool, named: bool) -> Reading:
    cluster, reading = _properties(root), _begun(root, options)
    fields = cluster_of(cluster)
    _drop_head(root)
    own = compute_name(options.name or "") if named else _own_name(root)
    missing = root.get("name") is None and not named
    doubt = f"the file does not name the cluster: it is called {own}" if missing else ""
    _put_cluster(fields, root, own, doubt)
    write_cluster(reading, reading.over(root.ledger, fields))
    stores = Mounts(options.mounts, Texts()).read(cluster.inner("nodeSetup").inner("mountVolumes"), "cluster")
    entries = reading.over(root.ledger, stores)
    for name, store in entries.sections():
        entries.carry(name, write_datastore(reading, store, name))
    tell_setup_task(cluster, alone=alone)
    return reading


def _properties(root: Section) -> Section:
    """The document's properties, or all of it where the command line showed it flat."""
    inner = root.get("properties")
    return root.inner("properties") if isinstance(inner, Mapping) or is_open(inner) else root


def _begun(root: Section, options: BatchaiOptions) -> Reading:
    """The head of a spec."""
    name = spec_name(options.name or _last(root.get("name")) or stem(root.ledger.file))
    reading = Reading(name, ImportOptions(name, options.workspace), ".", root.draft, [root.ledger])
    version = _VERSION.search(coerce.text(root.get("$schema")) or "")
    reading.begin(f"Imported from {base_name(root.ledger.file)}, Batch AI{f' of {version[1]}' if version else ''}.")
    write_workspace(reading)
    root.drop("$schema", "it says whose file this is, and of which version")
    return reading


def _drop_head(cluster: Section) -> None:
    cluster.drop("$schema", "it says whose file this is, and of which version")
    cluster.drop("location", DROPPED["location"])


def _put_names(root: Section, job: Section, fields: Fields) -> None:
    fields.put("name", root.get("name"), *root.origins("name"))
    for section in (root, job):
        name = section.first("experimentName", "experiment")
        value = section.known(name)
        if value is not None:
            found = value if is_open(value) else _last(value) or value
            fields.put("experiment_name", found, *section.origins(name))


def _put_compute(reading: Reading, job: Section, fields: Fields, cluster: Section | None, made: Fields | None) -> None:
    """The cluster that the job names, by the last part of its address; its file's, where there is one."""
    place, key = (job.inner("cluster"), "id") if isinstance(job.get("cluster"), Mapping) else (job, "cluster")
    value, note = place.known(key), "the last part of its address"
    name: object = value if is_open(value) else compute_name(_last(value)) if _last(value) else None
    own = _own_name(cluster) if cluster is not None else None
    if cluster is not None and made is not None:
        place.rewrite(key, ("compute", "name"), note)
        _put_cluster(made, cluster, own if name is None or is_open(name) else name)
        _fit(job, fields, made)
        fields.put("compute", reading.over(cluster.ledger, made))
        job.draft.comment(("compute",), f"from {base_name(cluster.ledger.file)}")
    elif name or own:
        fields.put("compute", name or own, *place.origins(key), note=note)
    else:
        what = "the file does not say which cluster the job ran on: write its name"
        missing = Missing(what, "--cluster CLUSTER.json")
        fields.put("compute", missing, *place.origins(key), comment="Batch AI's command line said which cluster")


def _put_cluster(fields: Fields, root: Section, name: object, doubt: str = "") -> None:
    flag = "--name NAME" if doubt else ""
    fields.put("name", name, *root.origins("name"), doubt=doubt, flag=flag)
    root.draft.comment(("compute",), f"from {base_name(root.ledger.file)}")


def _fit(job: Section, fields: Fields, cluster: Fields) -> None:
    """A cluster that is smaller than what its job asks for would let it wait for ever."""
    asked, most = fields.inner("resources").get("instance_count"), cluster.get("max_instances")
    if isinstance(asked, int) and isinstance(most, int) and asked > most:
        comment = f"the cluster's file has {most}; the job asks for {asked}"
        cluster.put("max_instances", asked, *cluster.origins["max_instances"], note=comment, comment=comment)
        what = f"the cluster has at most {most} nodes and the job asks for {asked}: it is raised to that"
        job.ledger.ask(job.at("nodeCount"), "compute.max_instances", f"{what}; is that right?")


def _own_name(root: Section) -> object:
    """What a cluster is called: as its file says, else by the file's own name."""
    written = root.known("name")
    return written if is_open(written) else compute_name(_last(written) or stem(root.ledger.file))


def _last(value: object) -> str:
    """The last part of a name with a path; "" for what is none."""
    return value.strip().rstrip("/").rsplit("/", 1)[-1] if isinstance(value, str) else ""


def _arranged(sources: Sequence[Source], name: str | None) -> list[tuple[Source, str | None, str | None]]:
    """Each file with the file of its cluster (None: not known) and a name that no other has (None: its own)."""
    clusters = [source for source in sources if kind_of(source) == "cluster"]
    names = _names(sources) if name is None or len(sources) > 1 else {sources[0].file: name}
    return [(source, _beside(source, clusters), names[source.file]) for source in sources]


def _beside(job: Source, clusters: Sequence[Source]) -> str | None:
    """By the name that the job says, else the one beside it, else the only one."""
    said = _said(job.values)
    by_name = [one for one in clusters if said and said in (_written(one.values), stem(one.file))]
    beside = [one for one in clusters if _parent(one.file) == _parent(job.file)]
    for found in (by_name, [] if said else beside, [] if said else clusters):
        if len(found) == 1:
            return found[0].file
    return None


def _said(values: object) -> str:
    """The last part of the address of the job's cluster."""
    document = unwrapped(values)
    cluster = document.get("cluster") if isinstance(document, Mapping) else None
    address = cluster.get("id") if isinstance(cluster, Mapping) else cluster
    return address.rstrip("/").rsplit("/", 1)[-1] if isinstance(address, str) else ""


def _written(values: object) -> str:
    name = values.get("name") if isinstance(values, Mapping) else None
    return name.rsplit("/", 1)[-1] if isinstance(name, str) else ""


def _names(sources: Sequence[Source]) -> dict[str, str | None]:
    """A name by file: its own, with its folder's where several files are called the same, and a number at last."""
    own = {source.file: spec_name(_written(source.values) or stem(source.file)) for source in sources}
    often = Counter(own.values())
    seen: set[str] = set()
    result: dict[str, str | None] = {}
    for file, name in own.items():
        longer = name if often[name] == 1 else spec_name(f"{_parent_name(file)}-{name}")
        chosen = unique_slug(longer, seen)
        seen.add(chosen)
        result[file] = chosen
    return result


def _parent(file: str) -> str:
    return str(PurePosixPath(file.replace("\\", "/")).parent)


def _parent_name(file: str) -> str:
    return PurePosixPath(file.replace("\\", "/")).parent.name
