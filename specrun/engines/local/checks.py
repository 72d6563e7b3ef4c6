"""What this machine cannot do of a spec, said before anything starts, with the way out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from specrun.engines.local.conda import NotServed
from specrun.engines.local.environments import WAY_OUT, requirements_of
from specrun.engines.local.inputs import source_folder
from specrun.plan.resources import input_data
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.diagnostics import Path as SpecPath
from specrun.spec.model import Environment, Input, Job, Spec

_CODE, _SUMMARY = "not-on-this-machine", "This machine cannot do that."
DISTRIBUTIONS = ("tensorflow", "pytorch")
UNBUILDABLE = {
    "registered": "the environment is registered in a workspace",
    "image": "the environment is a container image",
    "build_path": "the environment is built from a Dockerfile",
    "framework": "the environment is one that Azure ML keeps for a framework",
}


def check_spec(home: Path, spec: Spec) -> Iterator[Diagnostic]:
    """What stands in the spec's job and cannot be done here."""
    job = spec.job
    if job is None:
        return
    if job.distribution is not None and job.distribution.type not in DISTRIBUTIONS:
        detail = (
            f"This machine runs {' and '.join(DISTRIBUTIONS)} jobs, and jobs of one process: "
            f"one of type {job.distribution.type} needs an Azure engine."
        )
        yield _cannot(spec, ("job", "distribution", "type"), detail)
    if job.environment is not None:
        yield from _check_environment(spec, job.environment)
    for entry in job.inputs.values():
        yield from _check_input(home, spec, entry)
    yield from _check_gpu(spec, job)


def _check_environment(spec: Spec, environment: Environment) -> Iterator[Diagnostic]:
    for name, why in UNBUILDABLE.items():
        if getattr(environment, name) is not None:
            path: SpecPath = ("job", "environment")
            if name in ("image", "framework"):
                path = (*path, name)
            yield _cannot(spec, path, f"Here {why}, which this machine cannot build or reach: {WAY_OUT}.")
            return
    try:
        requirements_of(environment, spec.folder)
    except NotServed as error:
        # The place is in the conda file, which --environment may have put in place of the spec's own.
        path = ("job", "environment", "conda_file")
        yield Diagnostic(Severity.ERROR, _CODE, _SUMMARY, f"{error.detail}.", path, error.location)


def _check_input(home: Path, spec: Spec, entry: Input) -> Iterator[Diagnostic]:
    if entry.path is None or input_data(spec, entry) is not None:
        return
    folder = source_folder(home, spec, entry)
    if folder is None or not folder.is_dir():
        detail = (
            f"{entry.path} is not on this machine: name something that is, with `--input {entry.name}=PATH` "
            "(a file or folder)."
        )
        yield _cannot(spec, ("job", "inputs", entry.name, "path"), detail)


def _check_gpu(spec: Spec, job: Job) -> Iterator[Diagnostic]:
    if job.resources.gpu is not True:
        return
    from specrun.engines.local import gpus  # late: it asks nvidia-smi

    if not gpus.present():
        yield Diagnostic(
            Severity.NOTE,
            "no-gpu-here",
            "This machine has no GPU.",
            "The job asks for GPUs and runs on this machine's processors instead: slower, and otherwise the same.",
            ("job", "resources", "gpu"),
            spec.document.location(("job", "resources", "gpu")),
        )


def _cannot(spec: Spec, path: SpecPath, detail: str) -> Diagnostic:
    location = spec.document.location(path)
    return Diagnostic(Severity.ERROR, _CODE, _SUMMARY, detail, path, location)
