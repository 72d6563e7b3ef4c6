"""What this machine cannot do of a spec, said before anything starts, with the way out."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from specrun.engines.local.conda import NotServed, pip_requirements
from specrun.engines.local.inputs import cloud_folder
from specrun.engines.local.mlflow_store import ADDRESS, without_store
from specrun.engines.local.python import WAY_OUT, active_python
from specrun.plan.file_locks import HAVE_LOCKS, WHY_NOT
from specrun.plan.home import home_of
from specrun.spec import codes
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Environment, Job, Spec
from specrun.spec.sweep import BAYESIAN, Sweep

_CODE = "not-on-this-machine"
DISTRIBUTIONS = ("tensorflow", "pytorch")
UNBUILDABLE = {
    "registered": "the environment is registered in a workspace",
    "image": "the environment is a container image",
    "build_path": "the environment is built from a Dockerfile",
    "framework": "the environment is one that Azure ML keeps for a framework",
}


def check_spec(spec: Spec, home: Path | None = None) -> Iterator[Diagnostic]:
    """What stands in the spec's job and cannot be done here; `home` is the state folder, if not that of the spec."""
    job = spec.job
    if job is None:
        return
    if not HAVE_LOCKS:
        yield spec.document.diagnostic("needs-wsl", f"{WHY_NOT}, or an Azure engine.", ("job",))
    if job.distribution is not None and job.distribution.type not in DISTRIBUTIONS:
        detail = (
            f"This machine runs {' and '.join(DISTRIBUTIONS)} jobs, and jobs of one process: "
            f"one of type {job.distribution.type} needs an Azure engine."
        )
        yield spec.document.diagnostic(_CODE, detail, ("job", "distribution", "type"))
    if job.environment is not None:
        yield from _check_environment(spec, job.environment)
    elif (python := active_python()).broken:
        detail = f"The {python.broken}: the job runs in {python.words}. Activate one that is there, or `deactivate`."
        yield spec.document.diagnostic("environment-gone", detail, ("job",), key=True)
    yield from _check_inputs(home or home_of(spec.file.parent), spec, job)
    yield from _check_gpu(spec, job)
    if spec.sweep is not None:
        yield from _check_sweep(spec, spec.sweep)
        yield from _check_metric(spec, job, spec.sweep.objective.primary_metric)


def _check_environment(spec: Spec, environment: Environment) -> Iterator[Diagnostic]:
    for name, why in UNBUILDABLE.items():
        if getattr(environment, name) is not None:
            path = ("job", "environment", *([name] if name in ("image", "framework") else []))
            detail = f"Here {why}, which this machine cannot build or reach: {WAY_OUT}."
            yield spec.document.diagnostic(_CODE, detail, path)
            return
    try:
        if environment.conda_file is not None:
            file = environment.conda_file
            pip_requirements(file.absolute, hidden=file.is_outside)
    except NotServed as error:
        # The place is in the conda file, which --environment may have put in place of the spec's own.
        yield codes.diagnostic(_CODE, f"{error.detail}.", ("job", "environment", "conda_file"), error.location)


def _check_inputs(home: Path, spec: Spec, job: Job) -> Iterator[Diagnostic]:
    for entry in job.inputs.values():
        folder = cloud_folder(home, entry.uri)
        if entry.uri is not None and (folder is None or not folder.is_dir()):
            detail = (
                f"{entry.uri} is not on this machine: name something that is, with `--input {entry.name}=PATH` "
                "(a file or folder)."
            )
            yield spec.document.diagnostic(_CODE, detail, ("job", "inputs", entry.name, "path"))


def _check_gpu(spec: Spec, job: Job) -> Iterator[Diagnostic]:
    if job.resources.gpu is not True:
        return
    from specrun.engines.local import gpus  # late: it asks nvidia-smi

    if not gpus.present():
        detail = "The job asks for GPUs and runs on this machine's processors instead: slower, and otherwise the same."
        yield spec.document.diagnostic("no-gpu-here", detail, ("job", "resources", "gpu"))


def _check_sweep(spec: Spec, sweep: Sweep) -> Iterator[Diagnostic]:
    if sweep.sampling_algorithm != BAYESIAN or find_spec("optuna") is not None:
        return
    from specrun.engines.installation import install_command  # late: as a rule nothing is lacking

    detail = (
        "Bayesian sampling on this machine is Optuna's, which is not installed where specrun is: "
        f"`{install_command('bayesian')}`, or write `sampling_algorithm: random`."
    )
    yield spec.document.diagnostic(_CODE, detail, ("sweep", "sampling_algorithm"))


def _check_metric(spec: Spec, job: Job, metric: str) -> Iterator[Diagnostic]:
    """Where it is known that trials will not be seen to log anything: that is better told before they run."""
    way_out = (
        f"or have the job log `{metric}` as a scalar of TensorBoard below ./outputs; else each trial counts as failed."
    )
    if ADDRESS in job.environment_variables:
        path = ("job", "environment_variables", ADDRESS)
        detail = (
            f"What trials log through MLflow goes there, and is not read here. Leave `{ADDRESS}` out for this machine, "
            f"{way_out}"
        )
        yield spec.document.diagnostic("metric-elsewhere", detail, path, key=True)
    elif job.environment is None and (why := without_store(active_python().programs)):
        yield spec.document.diagnostic(
            "metric-elsewhere", f"{why} Take another environment, {way_out}", ("job",), key=True
        )
