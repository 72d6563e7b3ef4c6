"""From Batch AI's files to specs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from specrun.convert import coerce, naming
from specrun.convert.batchai.accounts import Accounts
from specrun.convert.batchai.cluster import compute
from specrun.convert.batchai.folders import arranged
from specrun.convert.batchai.job import read_job
from specrun.convert.batchai.job_folders import JobFolders
from specrun.convert.batchai.kinds import check, kind_of
from specrun.convert.batchai.launching import launch
from specrun.convert.batchai.mounts import Mounts
from specrun.convert.batchai.options import BatchaiOptions
from specrun.convert.batchai.rewriting import Rewriter
from specrun.convert.batchai.section import LooseSection
from specrun.convert.batchai.setup import setup_task, tell_setup_task
from specrun.convert.document import TODO, Document
from specrun.convert.imported import Imported
from specrun.convert.locations import base_name, stem
from specrun.convert.naming import compute_name, spec_name
from specrun.convert.options import write_given_workspace
from specrun.convert.recognizing import unwrapped
from specrun.convert.report import Ledger, Report
from specrun.convert.sources import Source

_UNKNOWN = "it is no field of Batch AI that means anything to Azure ML"
_VERSION = re.compile(r"/(20[0-9]{2}-[0-9]{2}-[0-9]{2}[a-z-]*)/")


def import_batchai(job: Source, options: BatchaiOptions) -> Imported:
    """A job's spec, with its cluster where `options` name one. Raises Refused for what is no Batch AI job."""
    return _job(job, options, own_cluster=True)


def import_cluster(cluster: Source, options: BatchaiOptions) -> Imported:
    """A spec that holds just a cluster, and the datastores of its mounts. Raises Refused for what is no cluster."""
    return _cluster(cluster, options, alone=True, named=options.name is not None)


def import_folder(sources: Sequence[Source], options: BatchaiOptions) -> list[Imported]:
    """A spec for each file: clusters by themselves, and jobs that name theirs. Raises Refused for any other file."""
    return [one() for one in folder_imports(sources, options)]


def folder_imports(sources: Sequence[Source], options: BatchaiOptions) -> list[Callable[[], Imported]]:
    """The imports of a folder's files, in their order. Each raises Refused for its own file, and for no other."""
    clusters = {source.file: source for source in sources if kind_of(source) == "cluster"}
    alone, named = len(clusters) == len(sources), options.name is not None and len(sources) == 1
    found: list[Callable[[], Imported]] = []
    for source, cluster, name in arranged(sources, options.name):
        if source.file in clusters:
            found.append(partial(_cluster, source, replace(options, name=name), alone=alone, named=named))
        elif options.cluster is not None:
            found.append(partial(_job, source, replace(options, name=name), own_cluster=True))
        else:
            theirs = replace(options, name=name, cluster=clusters.get(cluster or ""))
            found.append(partial(_job, source, theirs, own_cluster=False))
    return found


def _job(source: Source, options: BatchaiOptions, *, own_cluster: bool) -> Imported:
    ledger, root, job = _opened(source, "job")
    draft, name = Document(), _name(root, options, source)
    _head(draft, root, source, name, options)
    places = JobFolders(ledger, Mounts(options.mounts), options.code)
    rewriter = Rewriter(places)
    before: list[str] = []
    exports: list[tuple[str, str]] = []
    report = Report()
    cluster_name = _cluster_of(job, draft, options)
    if options.cluster is not None:
        other, cluster_root, cluster = _opened(options.cluster, "cluster")
        into = draft if own_cluster else Document()
        places.mounts.read(cluster.section("nodeSetup").section("mountVolumes"), "cluster", into, Accounts(into))
        before, exports = setup_task(cluster, rewriter, draft)
        if own_cluster:
            _compute(cluster_root, cluster, draft, cluster_name or _file_name(cluster_root, options.cluster))
            report = _closed(other)
        else:
            draft.set(("compute",), cluster_name or _file_name(cluster_root, options.cluster))
    places.mounts.read(job.section("mountVolumes"), "job", draft, Accounts(draft))
    program, preparation, more = read_job(job, rewriter, draft, options.image, name)
    files = launch(rewriter, draft, program, [*before, *preparation], [*exports, *more], name, source.file)
    _fit(job, draft)
    return Imported(name, draft, _closed(ledger) + report, files)


def _cluster(source: Source, options: BatchaiOptions, *, alone: bool, named: bool) -> Imported:
    ledger, root, cluster = _opened(source, "cluster")
    draft, name = Document(), _name(root, options, source)
    _head(draft, root, source, name, options)
    own = compute_name(options.name or "") if named else _file_name(root, source)
    _compute(root, cluster, draft, own)
    if not named and root.text("name") is None:
        ledger.ask((), "compute.name", f"the file does not name the cluster: it is called {own}", "--name NAME")
    Mounts(options.mounts).read(cluster.section("nodeSetup").section("mountVolumes"), "cluster", draft, Accounts(draft))
    tell_setup_task(cluster, alone=alone)
    return Imported(name, draft, _closed(ledger))


def _opened(source: Source, kind: str) -> tuple[Ledger, LooseSection, LooseSection]:
    """The file's ledger, the document, and its properties. Raises Refused."""
    values = check(source, kind)
    ledger = Ledger(source.file, values, source.place)
    root = LooseSection(ledger, (), values)
    return ledger, root, root if unwrapped(values) is values else root.section("properties")


def _closed(ledger: Ledger) -> Report:
    """The report; a field that says nothing is told from one that nobody knows."""
    report = ledger.close(_UNKNOWN)
    return Report(
        tuple(
            replace(entry, note="it is empty")
            if entry.note == _UNKNOWN and coerce.is_empty(coerce.at(ledger.values, entry.path))
            else entry
            for entry in report.entries
        )
    )


def _head(draft: Document, root: LooseSection, source: Source, name: str, options: BatchaiOptions) -> None:
    draft.set(("apiVersion",), "specrun/v1")
    draft.set(("name",), name)
    schema = root.text("$schema")
    version = _VERSION.search(schema.value) if schema else None
    draft.comment((), f"Imported from {base_name(source.file)}, Batch AI{f' of {version[1]}' if version else ''}.")
    if schema:
        root.ledger.drop(schema.path, "it says whose file this is, and of which version")
    written = root.text("name")
    if written:
        root.ledger.rewrite(written.path, "name", f"`{name}`")
    _experiment(root, draft)
    write_given_workspace(draft, options.workspace)


def _experiment(root: LooseSection, draft: Document) -> None:
    for section in (root, root.section("properties")):
        found = section.text("experimentName", "experiment") if section.values else None
        name = naming.experiment(found.value.rsplit("/", 1)[-1]) if found else ""
        if found and name:
            draft.set(("experiment",), name)
            if name == found.value:
                section.ledger.carry(found.path, "experiment")
            else:
                section.ledger.rewrite(found.path, "experiment", f"`{name}`")


def _cluster_of(job: LooseSection, draft: Document, options: BatchaiOptions) -> str:
    """The name of the cluster that the job names; "" where it names none."""
    path, value = job.at("cluster"), job.value("cluster")
    found = job.section("cluster").text("id") if isinstance(value, Mapping) else None
    found = found or (job.text("cluster") if isinstance(value, str) else None)
    if found and found.value.rstrip("/"):
        name = compute_name(found.value.rstrip("/").rsplit("/", 1)[-1])
        job.ledger.rewrite(found.path, "compute", f"`{name}`: the last part of its address")
        draft.set(("compute",), name) if options.cluster is None else None
        return name
    if options.cluster is None:
        draft.set(("compute",), TODO, "Batch AI's command line said which cluster")
        what = "the file does not say which cluster the job ran on: write its name"
        job.ledger.ask(path or (), "compute", what, "--cluster CLUSTER.json")
    return ""


def _compute(root: LooseSection, cluster: LooseSection, draft: Document, name: str) -> None:
    written = root.text("name")
    if written:
        root.ledger.rewrite(written.path, "compute.name", f"`{name}`")
    compute(cluster, draft, name)
    if root is not cluster:
        root.drop("a cluster stands in its workspace's region", "location")
        schema = root.text("$schema")
        if schema:
            root.ledger.drop(schema.path, "it says whose file this is, and of which version")


def _fit(job: LooseSection, draft: Document) -> None:
    """A cluster that is smaller than what its job asks for would let it wait for ever."""
    asked, most = draft.get(("job", "resources", "instance_count")), draft.get(("compute", "max_instances"))
    if isinstance(asked, int) and isinstance(most, int) and asked > most:
        draft.set(("compute", "max_instances"), asked, f"the cluster's file has {most}; the job asks for {asked}")
        what = (
            f"the cluster has at most {most} nodes and the job asks for {asked}: it is raised to that; is that right?"
        )
        job.ledger.ask(job.at("nodeCount") or (), "compute.max_instances", what)


def _name(root: LooseSection, options: BatchaiOptions, source: Source) -> str:
    written = root.text("name")
    last = written.value.rsplit("/", 1)[-1] if written else ""
    return spec_name(options.name or last or stem(source.file))


def _file_name(root: LooseSection, source: Source) -> str:
    written = root.text("name")
    return compute_name(written.value.rsplit("/", 1)[-1] if written else stem(source.file))
