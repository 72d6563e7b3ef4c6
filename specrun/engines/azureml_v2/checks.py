"""What Azure ML needs and a spec lacks, or has and Azure ML cannot do: said before anybody is signed in."""

from __future__ import annotations

from collections.abc import Iterator

from specrun.engines.azure.checks import check_shared, check_unread
from specrun.engines.azureml_v2.environments import CUDA_SINCE, OLDEST, has_python, series_of
from specrun.engines.azureml_v2.sweep_checks import check_sweep
from specrun.spec.datastore_paths import EXAMPLE, STORAGE_EXAMPLE, STORAGE_SCHEMES, parse_storage
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Environment, Input, Job, Spec

_LABELS = (
    "SDK v2 finds what is registered by its version, or as the newest one: write `azureml:NAME:VERSION`, or "
    "`azureml:NAME@latest`."
)


def check_spec(spec: Spec) -> Iterator[Diagnostic]:
    """All of it, each at its place. Reads no more than the workspace's config.json."""
    yield from check_shared(spec)
    yield from check_unread(spec, "azureml", "unread-by-azureml")
    if spec.job is not None:
        yield from _check_job(spec, spec.job)
    yield from check_sweep(spec)


def _check_job(spec: Spec, job: Job) -> Iterator[Diagnostic]:
    yield from _check_machines(spec, job)
    if job.environment is not None:
        yield from _check_environment(spec, job.environment)
    for entry in job.inputs.values():
        yield from _check_input(spec, entry)
    for output in job.outputs.values():
        if output.path is not None and not output.path.startswith("azureml://"):
            detail = f"Azure ML writes to datastores: write `{EXAMPLE}`, or leave `path` out."
            yield spec.document.diagnostic("not-with-azureml", detail, ("job", "outputs", output.name, "path"))
        elif output.path is not None and output.model:
            detail = (
                f"Versions of {output.model} have their files at {output.path}, where each run writes: the next run "
                "changes what an earlier version holds. Leave `path` out, and each run keeps its own."
            )
            yield spec.document.diagnostic("model-written-over", detail, ("job", "outputs", output.name, "path"))
    if job.identity is not None and job.identity["type"] != "managed" and len(job.identity) > 1:
        detail = "Ids choose one of several managed identities: write `type: managed`, or leave them out."
        yield spec.document.diagnostic("unread-by-azureml", detail, ("job", "identity"))


def _check_machines(spec: Spec, job: Job) -> Iterator[Diagnostic]:
    if spec.compute is None and job.resources.instance_type is None:
        detail = (
            "It names no cluster, so it runs serverless, on machines of the service's choice. To choose them write "
            "`resources: {instance_type: STANDARD_D4DS_V5}`; `compute: NAME` runs it on a cluster that exists."
        )
        yield spec.document.diagnostic("serverless-size-left-out", detail, ("job",), key=True)
    elif spec.compute is not None and job.resources.instance_type is not None:
        detail = "The job runs on the cluster, whose size counts. Leave `compute` out to run it without one."
        yield spec.document.diagnostic("unread-by-azureml", detail, ("job", "resources", "instance_type"))


def _check_environment(spec: Spec, environment: Environment) -> Iterator[Diagnostic]:
    if _has_other_label(environment.registered or ""):
        yield spec.document.diagnostic("not-with-azureml", _LABELS, ("job", "environment"))
    if environment.framework is None:
        return
    series = series_of(environment.version or "")
    if series is None:
        detail = 'Which one? Write `version` with two or three numbers, as in `version: "2.16"`.'
        key = "framework" if environment.version is None else "version"
        yield spec.document.diagnostic("unknown-framework-version", detail, ("job", "environment", key))
    elif not has_python(series):
        detail = (
            f"pip has no TensorFlow {environment.version} for any Python that an environment is built with: take "
            f"{OLDEST} or newer, or write `image:` with one that has it, such as tensorflow/tensorflow:VERSION."
        )
        yield spec.document.diagnostic("unknown-framework-version", detail, ("job", "environment", "version"))
    elif series < CUDA_SINCE and spec.wants_gpu:
        detail = (
            f"TensorFlow {environment.version} needs a CUDA that pip does not bring, which it does from "
            f"{'.'.join(map(str, CUDA_SINCE))} on: take such a version, or write `image:` with one that has both."
        )
        yield spec.document.diagnostic("unknown-framework-version", detail, ("job", "environment", "version"))


def _check_input(spec: Spec, entry: Input) -> Iterator[Diagnostic]:
    if entry.uri is None:
        return
    if _has_other_label(entry.uri):
        yield spec.document.diagnostic("not-with-azureml", _LABELS, ("job", "inputs", entry.name, "path"))
    if entry.uri.startswith(STORAGE_SCHEMES):
        if parse_storage(entry.uri) is None:
            detail = f"Such an address names a container and an account: write `{STORAGE_EXAMPLE}`."
            yield spec.document.diagnostic("not-with-azureml", detail, ("job", "inputs", entry.name, "path"))
    elif not entry.uri.startswith(("azureml:", "https://", "http://")):
        detail = f"Azure ML reads `{EXAMPLE}`, data assets (`azureml:NAME:VERSION`), wasbs://…, abfss://… and https://…"
        if entry.uri.startswith("adl://"):
            detail += " Data Lake Storage Gen1 is gone since 29 February 2024: name the account that has its data now."
        elif entry.uri.startswith("abfs://"):
            detail = f"Azure ML reads it encrypted: write `{entry.uri.replace('abfs', 'abfss', 1)}`."
        yield spec.document.diagnostic("not-with-azureml", detail, ("job", "inputs", entry.name, "path"))


def _has_other_label(name: str) -> bool:
    """Whether a registered thing is asked for by a label that the SDK does not know."""
    return name.startswith("azureml:") and "://" not in name and "@" in name and not name.endswith("@latest")
