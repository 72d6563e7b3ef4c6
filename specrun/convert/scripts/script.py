"""Python scripts and notebooks as specs: read, never run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from specrun.convert import naming
from specrun.convert.batchai import BatchaiOptions, write_parts
from specrun.convert.choosing import chosen
from specrun.convert.document import Document
from specrun.convert.imported import Found, Imported
from specrun.convert.locations import base_name, stem
from specrun.convert.options import ImportOptions
from specrun.convert.runconfig import lowered
from specrun.convert.scripts import sdk_v1, sdk_v2
from specrun.convert.scripts.batchai import CLUSTER, lower_parts
from specrun.convert.scripts.cells import read_code
from specrun.convert.scripts.clusters import experiment_of, lower_cluster, lower_workspace
from specrun.convert.scripts.code_files import folders_of, wanted_files, write_code_files
from specrun.convert.scripts.hyperdrive import lower_hyperdrive
from specrun.convert.scripts.inputs import References
from specrun.convert.scripts.jobs import BATCH_AI, calls_reason, jobs_of, say_the_rest
from specrun.convert.scripts.lowering import Lowering
from specrun.convert.scripts.sdk_v1 import lower_run
from specrun.convert.scripts.statements import Script, read_script
from specrun.convert.scripts.sweep_words import DISTRIBUTIONS, HYPERDRIVE, SWEEPS, V2_DISTRIBUTIONS
from specrun.convert.scripts.sweeps import lower_sweep, parts_of
from specrun.convert.scripts.taken_apart import Builder
from specrun.convert.scripts.uploads import lower_datastores, lower_uploads
from specrun.convert.scripts.values import Call
from specrun.convert.section import Fields, Section
from specrun.convert.sources import NothingIn, Refused
from specrun.convert.writers import Reading, write_job, write_workspace
from specrun.convert.writers.places import write_cluster
from specrun.convert.writers.stores import write_stores

_KNOWN = (
    "AmlCompute, ScriptRunConfig, TensorFlow, PyTorch, Estimator, Workspace, Datastore (SDK v1), command, AmlCompute, "
    "Input, Output (SDK v2), ClusterCreateParameters or JobCreateParameters (Batch AI)"
)
_UNKNOWN = "specrun has no field for it"

_WORDS = (
    "azureml", "azure", "batchai", "Parameters", "Compute", "Workspace", "Estimator", "TensorFlow", "PyTorch",
    "Chainer", "ScriptRunConfig", "Datastore", "command", "Settings", "upload", "SKLearn",
)  # fmt: skip


_TELL_NOTHING = {
    "urlretrieve", "Experiment", "submit", "clone", "as_named_input", "path", "get_default_datastore", "as_mount",
    "as_download", "as_upload", "v2:Input", "v2:Output", "update", "start_logging", "ComputeTarget", "compute_targets",
    "Dataset.get_by_name", "Dataset.Tabular.from_delimited_files", "datastores", "CondaDependencies",
    "CondaDependencies.create", "Datastore", "Datastore.get", "Datastore.get_default", "set_default_datastore",
    *DISTRIBUTIONS, *(f"v2:{name}" for name in V2_DISTRIBUTIONS),
}  # fmt: skip
"""Calls that alone make no spec."""


def import_script(source_file: str, text: str, options: ImportOptions) -> list[Imported]:
    """The job of a script or notebook that trains, with its cluster and data, as a spec. Raises Refused.

    The options may say another of its jobs, or all of them: then it is one spec for each. Literal arguments become the
    spec's fields; what is computed becomes an entry of `vars`, with its expression as a comment. The report has every
    argument of every call of the SDKs.
    """
    code = read_code(source_file, text)
    if not any(word in text for word in _WORDS):
        raise NothingIn(source_file, f"it uses none of {_KNOWN}")
    try:
        script = read_script(code)
        _refuse(source_file, script.calls)
        return _all_imported(source_file, script, options)
    except RecursionError as error:
        raise Refused(source_file, "it is nested too deeply") from error


def _all_imported(file: str, script: Script, options: ImportOptions) -> list[Imported]:
    builder = Builder(file, script, options)
    jobs = jobs_of(script.calls, {key: one.why for key, one in builder.pipelines.items()}, builder.parts())
    if not any(not job.why for job in jobs.values()) and options.job is None:
        return [_imported(file, script, jobs, None, options)]
    listed = chosen(file, list(jobs.values()), options)
    found: list[Imported] = []
    for job, key in zip(listed, jobs, strict=True):
        if job.chosen:
            call = next(call for call in script.calls if call.key == key)
            known = dict(zip(jobs, listed, strict=True))
            if key in builder.pipelines:
                steps = builder.imported(call, known)
                found += [replace(steps[0], jobs=_with_others(listed, job)), *steps[1:]]
                builder.names.update(one.name for one in found)
                continue
            one = _imported(file, script, known, call, options)
            name = naming.unique_slug(one.name, [before.name for before in found])
            one.draft.set(("name",), name)
            found.append(replace(one, name=name, jobs=_with_others(listed, job)))
            builder.names.add(name)
    return found


def _with_others(listed: Sequence[Found], job: Found) -> tuple[Found, ...]:
    """All jobs of the script, of which one is chosen; none where there is no other."""
    return tuple(replace(other, chosen=other is job) for other in listed) if len(listed) > 1 else ()


def _refuse(file: str, calls: list[Call]) -> None:
    if any(not call.kind.startswith("elsewhere:") and call.kind not in _TELL_NOTHING for call in calls):
        return
    other = next((call for call in calls if call.kind.startswith("elsewhere:")), None)
    if other is not None:
        raise Refused(file, f"{other.key} ({other.place}): {calls_reason(other)}")
    raise NothingIn(file, f"it uses none of {_KNOWN}")


def _imported(
    file: str, script: Script, jobs: Mapping[str, Found], job: Call | None, options: ImportOptions
) -> Imported:
    draft = Document()
    lowering = Lowering(file, options, script.calls, draft)
    newer = lowering.of(*sdk_v1.KINDS, *sdk_v2.KINDS)
    if (job.kind == BATCH_AI) if job is not None else (lowering.of(CLUSTER) and not newer):
        return _of_batchai(lowering, jobs, job)
    reading, ledger = Reading(_name(lowering, job), options, draft=draft), lowering.ledger
    reading.begin(f"Written by specrun import from {base_name(file)}.")
    workspace = lower_workspace(lowering)
    if workspace is not None:
        write_workspace(reading, reading.over(ledger, workspace))
    uploads, stores = lower_uploads(lowering), lower_datastores(lowering)
    references = References(lowering, uploads)
    if job is None:
        fields = Fields()
    elif job.kind in HYPERDRIVE:
        named, sweep = lower_hyperdrive(lowering, job, references)
        fields = lowered(Section(ledger, draft, named.path, named, loose=True))
        fields.put("sweep", sweep)
    elif job.kind in (*sdk_v2.KINDS, *SWEEPS):
        lower = lower_sweep if job.kind in SWEEPS else sdk_v2.lower_command
        named = fields = lower(lowering, job, uploads)
    else:
        named = lower_run(lowering, job, references)
        fields = lowered(Section(ledger, draft, named.path, named, loose=True))
    fields.put("datastores", stores)
    fields.put("data", uploads.fields)
    experiment = experiment_of(lowering, job)
    for other in lowering.of("Experiment"):
        if other is not experiment:
            lowering.drop(other, "name", "a spec has one experiment: that of its job")
    if experiment is not None and fields.get("experiment_name") is None:
        lowering.put(fields, "experiment_name", experiment, "name", "experiment")
    section = reading.over(ledger, fields)
    if job is not None:
        draft.comment(("job",), lowering.origin(parts_of(job)[-1]))
        if job.kind in SWEEPS:
            draft.comment(("sweep",), lowering.origin(job))
        wanted = wanted_files(script.files, *folders_of(named))
        lowering.also(wanted)
        write_job(reading, section)
        reading.files.update(write_code_files(lowering, wanted))
    else:
        _without_job(lowering, reading, section, jobs)
    say_the_rest(lowering, job, jobs)
    return reading.imported(_UNKNOWN)


def _of_batchai(lowering: Lowering, jobs: Mapping[str, Found], job: Call | None) -> Imported:
    fields, cluster = lower_parts(lowering, job if job is not None else None)
    of_job, of_cluster = (
        Section(lowering.ledger, lowering.draft, (), part, loose=True) if part is not None else None
        for part in (fields, cluster)
    )
    options = BatchaiOptions(name=lowering.options.name, workspace=lowering.options.workspace)
    found = write_parts(of_job, of_cluster, options)
    say_the_rest(lowering, job, jobs)
    return replace(found, report=lowering.ledger.close(_UNKNOWN))


def _without_job(lowering: Lowering, reading: Reading, section: Section, jobs: Mapping[str, Found]) -> None:
    """A script that makes a cluster or data; or only names a workspace."""
    cluster = lower_cluster(lowering, None)
    if cluster is not None:
        write_cluster(reading, reading.over(lowering.ledger, cluster))
    section.copy("experiment_name", ("experiment",), lambda value: naming.experiment(str(value)) or None, "a name")
    write_stores(reading, section)
    values = reading.draft.values()
    if any(part in values for part in ("datastores", "data", "compute")):
        return
    if jobs:
        raise Refused(lowering.file, "; ".join(f"{job.what} ({job.place}): {job.why}" for job in jobs.values()))
    section.ask("command", ("job", "command"), "the script has no job: write what is to run")


def _name(lowering: Lowering, job: Call | None) -> str:
    """What the spec is called: as was asked, as the job, the experiment or the file is."""
    made = experiment_of(lowering, job)
    experiment = made.get("name") if made is not None else None
    parts = parts_of(job) if job is not None else []
    parts = [part for part in parts if part.kind not in (*sdk_v1.KINDS, *HYPERDRIVE)]
    own = [part.get(name) for name in ("name", "display_name", "experiment_name") for part in parts]
    return naming.spec_name(lowering.options.name, *own, experiment, stem(lowering.file))
