"""Python scripts and notebooks as specs: read, never run."""

from __future__ import annotations

from specrun.convert.document import TODO, Document
from specrun.convert.imported import Imported
from specrun.convert.locations import base_name
from specrun.convert.options import ImportOptions
from specrun.convert.report import Ledger
from specrun.convert.scripts import jobs, v2_jobs
from specrun.convert.scripts.cells import read_code
from specrun.convert.scripts.clusters import MAKERS, write_cluster
from specrun.convert.scripts.models import JOB, import_models, uses_models
from specrun.convert.scripts.reading import read_script
from specrun.convert.scripts.reasons import say_the_rest
from specrun.convert.scripts.references import References
from specrun.convert.scripts.stores import write_datastores
from specrun.convert.scripts.uploads import write_uploads
from specrun.convert.scripts.values import Call, report_values
from specrun.convert.scripts.workspaces import write_experiment, write_workspace
from specrun.convert.scripts.writing import Writing
from specrun.convert.sources import Refused

_KNOWN = (
    "AmlCompute, ScriptRunConfig, TensorFlow, PyTorch, Estimator, Workspace, Datastore (SDK v1), command, AmlCompute, "
    "Input, Output (SDK v2), ClusterCreateParameters or JobCreateParameters (Batch AI)"
)
_WORDS = (
    "azureml",
    "azure",
    "batchai",
    "Parameters",
    "Compute",
    "Workspace",
    "Estimator",
    "TensorFlow",
    "PyTorch",
    "Chainer",
    "ScriptRunConfig",
    "Datastore",
    "command",
    "Settings",
    "upload",
    "SKLearn",
)


def import_script(source_file: str, text: str, options: ImportOptions) -> Imported:
    """A script's or notebook's cluster, data and first job as a spec. Raises Refused.

    Literal arguments become the spec's fields; what is computed becomes an entry of `vars`, with its expression as a
    comment. The report has every argument of every call of the SDKs.
    """
    code = read_code(source_file, text)
    if not any(word in text for word in _WORDS):
        raise Refused(source_file, f"it uses none of {_KNOWN}")
    try:
        calls = read_script(code).calls
        return _imported(source_file, calls, options)
    except RecursionError as error:
        raise Refused(source_file, "it is nested too deeply") from error


def _imported(file: str, calls: list[Call], options: ImportOptions) -> Imported:
    told = [call for call in calls if not call.kind.startswith("elsewhere:") and call.kind not in _TELL_NOTHING]
    if not told:
        other = next((call for call in calls if call.kind.startswith("elsewhere:")), None)
        if other is not None:
            why = calls_reason(other)
            raise Refused(file, f"{other.key} ({other.place}): {why}")
        raise Refused(file, f"it uses none of {_KNOWN}")
    newer = any(call.kind in (*jobs.KINDS, *v2_jobs.KINDS) and not call.skipped for call in calls)
    if uses_models(calls) and not newer:
        return import_models(file, calls, options)
    writing = Writing(file, options, Document(), Ledger(file, report_values(calls)), calls)
    found = writing.of(*jobs.KINDS, *v2_jobs.KINDS)
    job = found[0] if found else None
    name = jobs.job_name(writing, job)
    writing.draft.set(("apiVersion",), "specrun/v1")
    writing.draft.set(("name",), name)
    writing.draft.comment((), f"Written by specrun import from {base_name(file)}.")
    write_workspace(writing)
    write_datastores(writing)
    references = References(writing, write_uploads(writing))
    writing.refer = references.refer
    write_experiment(writing)
    if job is None:
        _without_job(writing)
    elif job.kind in v2_jobs.KINDS:
        v2_jobs.write_v2_job(writing, job, references)
    else:
        jobs.write_job(writing, job, references)
    say_the_rest(writing, job, [*found[1:], *writing.of(JOB)])
    report = writing.ledger.close("specrun has no field for it")
    return Imported(name, writing.draft, report, writing.files)


def _without_job(writing: Writing) -> None:
    """A script that makes a cluster or data; or only names a workspace."""
    cluster = writing.of(*MAKERS, "AmlCompute.provisioning_configuration", "v2:AmlCompute")
    made = write_cluster(writing, None) if cluster else False
    values = writing.draft.values()
    if not made and not any(section in values for section in ("datastores", "data", "compute")):
        writing.draft.set(("job", "command"), TODO, "TODO: the script has no job")
        writing.lack(("job",), "the script has no job: write what is to run")


_TELL_NOTHING = {
    "urlretrieve",
    "Experiment",
    "submit",
    "clone",
    "as_named_input",
    "path",
    "get_default_datastore",
    "as_mount",
    "as_download",
    "as_upload",
    "v2:Input",
    "v2:Output",
    "update",
    "start_logging",
    "ComputeTarget",
    "compute_targets",
    "Dataset.get_by_name",
    "Dataset.Tabular.from_delimited_files",
    "datastores",
    "CondaDependencies",
    "CondaDependencies.create",
    "Datastore",
    "Datastore.get",
    "Datastore.get_default",
}
"""Calls that alone make no spec."""


def calls_reason(call: Call) -> str:
    """Why what a call does has no place in a spec."""
    from specrun.convert.scripts.signatures import ELSEWHERE

    return ELSEWHERE.get(call.kind.removeprefix("elsewhere:"), "it has no place in a spec")
