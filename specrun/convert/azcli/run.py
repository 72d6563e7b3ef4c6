"""A call that submits a script, in the words of the run configuration that it names, whose fields it may replace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from specrun.convert import coerce
from specrun.convert.azcli.calls import CLUSTER, SUBMIT, Call
from specrun.convert.azcli.folders import configuration_of, rebased
from specrun.convert.azcli.resources import cluster_of, put_stores
from specrun.convert.document import Document
from specrun.convert.recognizing import check
from specrun.convert.report import FieldPath, Ledger, Report
from specrun.convert.section import Fields, Section
from specrun.convert.sources import Source, read_yaml
from specrun.convert.unknown import Missing

_CONDA = ("condadependencies", "condadependenciesfile", "usermanageddependencies")


class Shell:
    """A script and its calls, with a ledger for it and for the run configuration that it names.

    In the ledger a run configuration's fields stand below its file's name; `by_file` gives each file its own.
    """

    def __init__(self, source: Source, calls: Sequence[Call], draft: Document) -> None:
        self.source, self.calls, self.draft = source, calls, draft
        self.values: dict[str, object] = {call.key: _values(call) for call in calls}
        self.ledger = Ledger(source.file, self.values, self.place)
        self.config: Source | None = None

    def section(self, fields: Fields) -> Section:
        """Fields that were put together from what the script says."""
        return Section(self.ledger, self.draft, fields.path, fields, loose=True)

    def place(self, path: FieldPath) -> str:
        """Where something stands that a report speaks of."""
        if self.config is not None and path[:1] == (self.config.file,):
            return self.config.place(path[1:])
        return next((call.place for call in self.calls if path[:1] == (call.key,)), "")

    def by_file(self, report: Report) -> Report:
        """The same report, with the run configuration's fields as those of its own file."""
        file = self.config.file if self.config is not None else None
        own = [entry for entry in report.entries if not file or entry.path[:1] != (file,)]
        others = [entry for entry in report.entries if file and entry.path[:1] == (file,)]
        moved = [replace(entry, file=str(file), path=entry.path[1:]) for entry in others]
        places = {**report.places, **({self.config.file: self.config.place} if self.config is not None else {})}
        return Report((*own, *moved), places)


def run_of(shell: Shell, job: Call, project: str) -> Fields:
    """The job in the words of a run configuration: that of the file, and before it what the call says."""
    run, file = _configuration(shell, job), shell.source.file
    if job.words:
        _override(shell, run, "script", job.words[0], (job.key, "script"))
    if job.words[1:]:
        _override(shell, run, "arguments", list(job.words[1:]), (job.key, "arguments"))
    if (conda := job.get("conda-dependencies")) is not None:
        _put_conda(shell, run, rebased(conda, file, job, project), (job.key, "conda-dependencies"))
    if (target := job.get("ct")) is not None:
        _override(shell, run, "target", target, (job.key, "ct"))
    if (name := job.get("experiment-name")) is not None:
        run.put("experimentName", name, (job.key, "experiment-name"))
    if (source := job.get("source-directory")) is not None:
        run.put("sourceDirectory", rebased(source, file, job, project), (job.key, "source-directory"))
    _put_cluster(shell, run)
    put_stores(run, shell.calls, file, project, "uploads")
    return run


def _configuration(shell: Shell, job: Call) -> Fields:
    """The run configuration that a call names."""
    name, origin = job.get("run-configuration-name"), (job.key, "run-configuration-name")
    run = Fields((job.key,))
    if name is None:
        run.put("target", "local")  # as the CLI has it, with a plain Python
        return run
    file = configuration_of(shell.source.file, job, name) if isinstance(name, str) else None
    config = read_yaml(file) if file else None
    if config is None:
        what = f"the run configuration {coerce.shown(name)} is not beside the script: write what it says"
        run.put("target", Missing(what), origin)
        run.put("environment", Missing(what), origin)
        return run
    check(config, "runconfig", "no run configuration of SDK v1")
    assert isinstance(config.values, Mapping)
    shell.config, shell.values[config.file] = config, config.values
    values: Mapping[str, object] = config.values
    path: FieldPath = (config.file,)
    for key in ("runDefinition", "definition", "runConfig"):
        if isinstance(inner := values.get(key), Mapping):
            values, path = inner, (*path, key)
    shell.ledger.rewrite(origin, "job", f"what {config.file} says")
    return _copied(values, path)


def _override(shell: Shell, run: Fields, name: str, value: object, origin: FieldPath) -> None:
    """What the command line says, in place of what the file says."""
    for key in [key for key in run if _plain(key) == name]:
        if not coerce.is_empty(run[key]) and run.origins.get(key):
            shell.ledger.drop(run.origins[key][0], "the command line says another")
        _remove(run, key)
    run.put(name, value, origin)


def _put_conda(shell: Shell, run: Fields, conda: object, origin: FieldPath) -> None:
    """A conda file in place of the one that the run configuration names."""
    key = next((key for key in run if _plain(key) == "environment"), "environment")
    place = _copied(run.get(key), next(iter(run.origins.get(key, ())), run.path))
    known = next((one for one in place if _plain(one) == "python"), "python")
    python = _copied(place.get(known), (*place.path, known))
    for name in [one for one in python if _plain(one) in _CONDA]:
        shell.ledger.drop(python.origins[name][0], "the command line names another conda file")
        _remove(python, name)
    python.put("condaDependenciesFile", conda, origin)
    place.put(known, python, origin)
    run.put(key, place, origin)


def _put_cluster(shell: Shell, run: Fields) -> None:
    """The cluster that the script makes, where it is the one of the job."""
    key = next((key for key in run if _plain(key) == "target"), "target")
    target = run.get(key)
    made = [call for call in shell.calls if call.command == CLUSTER and call.get("name") == target]
    if made and target is not None:
        run.put(key, cluster_of(made[-1]), *run.origins.get(key, ()), note="the cluster that the script makes")


def _remove(fields: Fields, name: str) -> None:
    del fields[name]
    fields.origins.pop(name, None)


def _copied(value: object, path: FieldPath) -> Fields:
    """A mapping of a file as Fields that may be changed."""
    place = Fields(path)
    for key, item in value.items() if isinstance(value, Mapping) else ():
        place.put(str(key), item, (*path, str(key)))
    return place


def _values(call: Call) -> dict[str, object]:
    """What a call says, for the report: options by their names, and the words that are none."""
    values: dict[str, object] = dict(call.options)
    if call.command == SUBMIT and call.words:
        values["script"] = call.words[0]
        if call.words[1:]:
            values["arguments"] = list(call.words[1:])
    elif call.words:
        values["words"] = list(call.words)
    return values


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
