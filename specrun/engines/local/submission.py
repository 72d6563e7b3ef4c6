"""A run made ready and started.

The run's folder is prepared aside and appears under its name at once, so a name is taken exactly once, by a run that
is complete. What was killed between that and the start is started by the next apply, under the same name.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import time
from pathlib import Path

from specrun.engines.base import Conflict, EngineError
from specrun.engines.local import state, supervisor
from specrun.engines.local.environments import environment_folder
from specrun.engines.local.inputs import input_value, prepare_inputs, prepare_outputs
from specrun.engines.local.records import read_record
from specrun.engines.local.request import Cluster, Distribution, Request
from specrun.plan.changes import Change, Submission
from specrun.plan.home import scratch
from specrun.plan.resources import content_digest, data_key, environment_content, input_data
from specrun.spec.model import Job, Secret, Spec

REFERENCE = re.compile(r"\$\{\{\s*(inputs|outputs)\.([\w-]+)\s*\}\}")
THIS_MACHINE = "this machine"


def run_folder(home: Path, name: str) -> Path:
    """Where a run lives: its request, state, logs, inputs and outputs."""
    return home / "runs" / name


def submit(home: Path, change: Change) -> None:
    """Prepare and start a run; it holds its lock when this returns. Raises Conflict when its name is taken."""
    submission = change.submission
    assert submission is not None
    job = submission.spec.job
    assert job is not None
    # Read first: a secret that is not set must not leave a run behind that was never started.
    secrets = {n: value.reveal() for n, value in job.environment_variables.items() if isinstance(value, Secret)}
    folder = run_folder(home, submission.name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with scratch(home) as aside:
        prepared = aside / "run"
        prepared.mkdir()
        _prepare(home, submission, prepared)
        try:
            prepared.rename(folder)
        except OSError as error:
            if not folder.exists():
                raise
            if state.read(folder).status != state.PREPARED:
                raise Conflict(f"{submission.name} exists already") from error
    try:
        supervisor.start(folder, secrets)
    except supervisor.NotStarted as error:
        raise EngineError(str(error)) from error


def _prepare(home: Path, submission: Submission, folder: Path) -> None:
    spec = submission.spec
    assert spec.job is not None
    if submission.staged is not None and submission.staged.exists():
        submission.staged.rename(folder / "code")
    else:
        (folder / "code").mkdir()
    prepare_inputs(home, spec, folder / "inputs")
    prepare_outputs(home, spec, folder / "outputs")
    # Azure ML keeps what a script writes to ./outputs, and calls that output `default`.
    if not (folder / "code" / "outputs").exists():
        (folder / "code" / "outputs").symlink_to(Path("..") / "outputs" / "default")
    datas = (input_data(spec, entry) for entry in spec.job.inputs.values())
    run = {
        "spec": spec.name,
        "fingerprint": submission.fingerprint,
        "attempt": submission.attempt,
        "submitted": time.time(),
        "compute": _compute(spec) or "",
        "reads": [data_key(data) for data in datas if data is not None] + _environment_keys(spec, spec.job),
    }
    (folder / "run.json").write_text(json.dumps(run, indent=1))
    (folder / "identity.json").write_text(json.dumps(submission.identity))
    state.write_prepared(folder, _request(home, submission))


def _request(home: Path, submission: Submission) -> Request:
    spec = submission.spec
    job = spec.job
    assert job is not None
    values = job.environment_variables.items()
    plain = {name: str(value) for name, value in values if not isinstance(value, Secret)}
    shape = job.distribution
    return Request(
        name=submission.name,
        command=command_line(home, spec, run_folder(home, submission.name)),
        slots=str(home / "slots"),
        marker=os.urandom(16).hex(),
        cluster=_cluster(home, spec),
        distribution=Distribution(
            type=shape.type,
            parameter_server_count=shape.parameter_server_count or 0,
            worker_count=shape.worker_count or job.resources.instance_count,
            process_count_per_instance=shape.process_count_per_instance or 1,
        )
        if shape is not None
        else Distribution(),
        instance_count=job.resources.instance_count,
        environment_variables=plain | {"SPECRUN_FINGERPRINT": submission.fingerprint},
        secret_names=tuple(name for name, value in values if isinstance(value, Secret)),
        path=(str(_binaries(home, spec, job)),),
        gpu=_gpu(job),
        timeout=job.timeout,
    )


def command_line(home: Path, spec: Spec, folder: Path) -> str:
    """The bash command line of a job, its inputs and outputs replaced by quoted paths below the run's folder."""
    job = spec.job
    assert job is not None

    def value(match: re.Match[str]) -> str:
        kind, name = match.groups()
        if kind == "outputs":
            return str(folder / "outputs" / name)
        return input_value(home, spec, job.inputs[name], folder / "inputs")

    if job.command is not None:
        return REFERENCE.sub(lambda match: shlex.quote(value(match)), job.command)
    words = ["python", job.script or "", *(REFERENCE.sub(value, word) for word in job.arguments)]
    return shlex.join(words)


def _gpu(job: Job) -> bool | None:
    # A machine without GPUs runs a GPU job on its processors: that is what `specrun apply` here is for.
    from specrun.engines.local import gpus  # late: it asks nvidia-smi

    return job.resources.gpu if job.resources.gpu is not True or gpus.present() else None


def _binaries(home: Path, spec: Spec, job: Job) -> Path:
    if job.environment is None:
        return Path(sys.executable).parent
    return environment_folder(home, content_digest(environment_content(spec, job.environment))[:10]) / "bin"


def _environment_keys(spec: Spec, job: Job) -> list[str]:
    if job.environment is None:
        return []
    return [f"environment/{content_digest(environment_content(spec, job.environment))[:10]}"]


def _compute(spec: Spec) -> str | None:
    if spec.compute is None or isinstance(spec.compute, str):
        return spec.compute
    return str(spec.compute["name"])


def _cluster(home: Path, spec: Spec) -> Cluster:
    """The cluster whose nodes the run takes. One that nobody declared here stands for this machine: no limit."""
    name = _compute(spec)
    record = read_record(home, "compute", name) if name else None
    if name is None or record is None:
        return Cluster(THIS_MACHINE)
    properties = record.get("properties")
    limit = properties.get("max_instances") if isinstance(properties, dict) else None
    return Cluster(name, limit if isinstance(limit, int) else None)
