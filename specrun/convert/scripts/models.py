"""Batch AI's classes: put together to what its files hold, and imported like those."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from specrun.convert.batchai import BatchaiOptions, import_batchai, import_cluster
from specrun.convert.document import TODO, Document
from specrun.convert.imported import Imported
from specrun.convert.locations import stem
from specrun.convert.naming import spec_name
from specrun.convert.options import ImportOptions
from specrun.convert.report import Entry, FieldPath, Ledger, Report, Verdict
from specrun.convert.scripts.model_forms import Form
from specrun.convert.scripts.reasons import say_the_rest
from specrun.convert.scripts.values import (
    Call,
    Computed,
    Environ,
    Member,
    Reference,
    Value,
    report_values,
)
from specrun.convert.scripts.writing import Writing
from specrun.convert.sources import Source

JOB, CLUSTER = "batchai:JobCreateParameters", "batchai:ClusterCreateParameters"


def uses_models(calls: list[Call]) -> bool:
    """Whether the script makes clusters or jobs of Batch AI."""
    return any(call.kind in (JOB, CLUSTER) and not call.skipped for call in calls)


def import_models(file: str, calls: list[Call], options: ImportOptions) -> Imported:
    """The first job, on the first cluster; or the cluster alone. Raises Refused as Batch AI's files do."""
    alive = [call for call in calls if not call.skipped]
    jobs = [call for call in alive if call.kind == JOB]
    clusters = [call for call in alive if call.kind == CLUSTER]
    words: dict[str, Value] = {}
    cluster = _form(f"{file}, cluster" if jobs else file, clusters[0], alive, words) if clusters else None
    source = Source(cluster.file, "", cluster.values) if cluster else None
    if jobs:
        job = _form(file, jobs[0], alive, words, clusters[0] if clusters else None)
        own = job.values.get("name")
        name = spec_name(options.name, None if isinstance(own, str) and own in words else own, stem(file))
        job.values.pop("name", None)
        found = import_batchai(
            Source(file, "", job.values), BatchaiOptions(cluster=source, name=name, workspace=options.workspace)
        )
        forms = {job.file: job, **({cluster.file: cluster} if cluster else {})}
    else:
        assert cluster is not None
        assert source is not None
        found = import_cluster(source, BatchaiOptions(name=options.name, workspace=options.workspace))
        forms = {cluster.file: cluster}
        own = cluster.values.get("name")
        if isinstance(own, str) and own in words:
            found = replace(found, name=spec_name(options.name, stem(file)))
            found.draft.set(("name",), found.name)
    writing = Writing(file, options, found.draft, Ledger(file, report_values(calls)), calls)
    used = _put_back(writing, found.draft, words)
    _retell(writing, found.report, forms, used)
    say_the_rest(writing, jobs[0] if jobs else None, [*jobs[1:], *([] if jobs else clusters[1:])])
    return Imported(found.name, found.draft, writing.ledger.close("specrun has no field for it"), found.files)


def _form(file: str, call: Call, calls: list[Call], words: dict[str, Value], cluster: Call | None = None) -> Form:
    form = Form(file, words)
    form.values["properties"] = form.put(("properties",), call, "", call)
    name = _name(call, calls)
    if name is not None:
        form.values["name"] = form.put(("name",), *name)
    experiment = _experiment(call, calls)
    if experiment is not None and isinstance(experiment[2], str):
        form.values["experimentName"] = form.put(("experimentName",), *experiment)
    reference = call.get("cluster")
    if isinstance(reference, Call) and cluster is not None and isinstance(form.values["properties"], dict):
        made = _name(cluster, calls)
        inner = reference.get("id")
        if made is not None and not isinstance(inner, str):
            written = form.put(("properties", "cluster", "id"), reference, "id", made[2])
            form.values["properties"]["cluster"] = {"id": written}
    return form


def _name(call: Call, calls: list[Call]) -> tuple[Call, str, Value] | None:
    """What a cluster or job is called: the argument before it, where it is made."""
    for made in calls:
        if made.kind == "batchai.create" and made.get("parameters") is call:
            for key in ("cluster_name", "job_name"):
                if made.find(key) is not None:
                    return made, key, made.get(key)
    return None


def _experiment(call: Call, calls: list[Call]) -> tuple[Call, str, Value] | None:
    made = next((made for made in calls if made.kind == "batchai.create" and made.get("parameters") is call), None)
    return (made, "experiment", made.get("experiment")) if made is not None else None


def _put_back(writing: Writing, draft: Document, words: dict[str, Value]) -> dict[str, str]:
    """Put expressions where the words stand that stood for them; the expressions of those that were found."""
    found: set[str] = set()

    def look(text: str) -> str:
        found.update(word for word in words if word in text)
        return text

    def change(text: str) -> str:
        for word in found:
            text = text.replace(word, expressed[word])
        return text

    draft.change_texts(look)
    expressed = {
        word: str(writing.express(words[word], re.sub("var[0-9]+$", "", word)).value) for word in sorted(found)
    }
    draft.change_texts(change)
    return expressed


def _retell(writing: Writing, report: Report, forms: dict[str, Form], used: Mapping[str, str]) -> None:
    """The report on the files that the classes would be, told of the arguments: each with what covers it."""
    for form in forms.values():
        entries = [entry for entry in report.entries if entry.file == form.file]
        for entry in entries:
            if not entry.path and entry.verdict is Verdict.NEEDS_YOU:
                writing.lack(tuple(entry.to.split(".")), _reworded(entry.note, form), entry.flag)
        for path, (call, name) in form.origins.items():
            covering = [entry for entry in entries if entry.path and entry.path == path[: len(entry.path)]]
            longest = max((len(entry.path) for entry in covering), default=0)
            below = [entry for entry in entries if entry.path[: len(path)] == path and len(entry.path) > len(path)]
            for entry in covering:
                if len(entry.path) == longest:
                    _tell(writing, entry, call, name, _reworded(entry.note, form))
            if not covering and below and name:
                writing.rewrite(call, name, tuple(below[0].to.split(".")), "what is in it stands here one by one")
    _ask_for_words(writing, forms, used)


def _tell(writing: Writing, entry: Entry, call: Call, name: str, note: str) -> None:
    to = tuple(entry.to.split("."))
    if entry.verdict is Verdict.CARRIED:
        writing.carry(call, name, to)
    elif entry.verdict is Verdict.REWRITTEN:
        writing.rewrite(call, name, to, note)
    elif entry.verdict is Verdict.DROPPED:
        writing.drop(call, name, note)
    else:
        writing.ask(call, name, to, note, entry.flag)


def _ask_for_words(writing: Writing, forms: dict[str, Form], used: Mapping[str, str]) -> None:
    """Each argument in which something is not known."""
    for form in forms.values():
        for path, (call, name) in form.origins.items():
            value = _at(form.values, path)
            for word in form.words:
                if isinstance(value, str) and word in value:
                    _ask_for(writing, call, name, form.words[word], used.get(word, ""))


def _ask_for(writing: Writing, call: Call, name: str, value: Value, used: str) -> None:
    to = ("vars",) if used else ()
    if isinstance(value, Environ):
        writing.rewrite(call, name, to, f"the environment's {value.name}")
    elif isinstance(value, Computed):
        writing.ask(call, name, to, f"`{value.text}` is computed: say what it is", _flag(used))
    elif isinstance(value, Member | Reference | Call):
        writing.ask(call, name, to, "it is not known before the script runs: say what it is", _flag(used))


def _flag(expression: str) -> str:
    named = re.search(r"vars\.(\S+)", expression)
    return f"--var {named[1]}=VALUE" if named else ""


def _at(values: object, path: FieldPath) -> object:
    for key in path:
        if isinstance(values, dict):
            values = values.get(key)
        elif isinstance(values, list) and isinstance(key, int) and key < len(values):
            values = values[key]
        else:
            return None
    return values


def _reworded(note: str, form: Form) -> str:
    for word in form.words:
        note = note.replace(word, TODO)
    return note
