"""A run made ready and started.

What was killed between that and the start is made anew by the next apply, and started under the same name.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from specrun.engines.base import Conflict, EngineError, Staged
from specrun.engines.commands import bash_line
from specrun.engines.local import state, supervisor
from specrun.engines.local.appearing import Taken, appear
from specrun.engines.local.environments import environment_folder
from specrun.engines.local.inputs import input_value, prepare_inputs, prepare_outputs
from specrun.engines.local.kept_code import note_code
from specrun.engines.local.marks import RECORD, Marks
from specrun.engines.local.mlflow_store import without_store
from specrun.engines.local.python import Python, active_python
from specrun.engines.local.request import LIMIT, Cluster, Request, Team, Withheld
from specrun.engines.local.resources import read_record
from specrun.engines.local.run_notes import GOING
from specrun.engines.local.sweeps import request as sweeps
from specrun.plan.home import scratch
from specrun.plan.private import make_folder, write_private
from specrun.plan.submission import Submission
from specrun.spec.masking import mask, mask_property
from specrun.spec.model import Job, Secret
from specrun.spec.processes import Processes
from specrun.spec.secrets import noted

THIS_MACHINE = "this machine"


def run_folder(home: Path, name: str) -> Path:
    """Where a run lives: its request, state, logs, inputs and outputs."""
    return home / "runs" / name


def submit(home: Path, submission: Submission, staged: Staged) -> None:
    """Prepare and start a run; it holds its lock when this returns. Raises Conflict when its name is taken."""
    # Read first: a secret that is not set must not leave a run behind that was never started.
    variables = _withheld_variables(submission.job)
    folder = run_folder(home, submission.name)
    marker = os.urandom(16).hex()
    command = _command(home, submission, marker)
    with scratch(home) as aside:
        make_folder(folder.parent, home)
        prepared = aside / "run"
        prepared.mkdir(mode=0o700)
        Marks(home).note_use()
        _prepare(home, submission, staged, prepared, _request(home, submission, command, marker))
        try:
            appear(prepared, folder, aside)
        except Taken as error:
            raise Conflict(str(error)) from None
    GOING.note(folder)
    try:
        supervisor.start(folder, Withheld(variables, noted(), command, submission.content))
    except supervisor.NotStarted as error:
        raise EngineError(str(error)) from error


def _prepare(home: Path, submission: Submission, staged: Staged, folder: Path, request: Request) -> None:
    staged.code.rename(folder / "code")
    prepare_inputs(home, submission, folder / "inputs")
    prepare_outputs(home, submission, folder / "outputs")
    _link_outputs(folder)
    note_code(folder, submission.code)
    maker, code = submission.maker, submission.job.code
    python = _python(home, submission)
    run = {
        "spec": maker.spec,
        **{name: value for name, value in (("repository", maker.repository), ("target", maker.target)) if value},
        "fingerprint": submission.fingerprint,
        "attempt": submission.attempt,
        "submitted": time.time(),
        **({"file": submission.file} if submission.file else {}),
        **({"code": str(code.absolute)} if code is not None else {}),
        "compute": submission.cluster,
        "reads": submission.reads,
        "provenance": submission.provenance.noted(),
        **({"python": python.words} if submission.environment is None else {}),
        **({"instances": submission.instances.noted()} if submission.instances is not None else {}),
        **({"variables": dict(submission.variables)} if submission.variables else {}),
        **submission.lineage,
        **({"sweep": sweeps.noted(submission.sweep)} if submission.sweep is not None else {}),
    }
    write_private(folder / RECORD, json.dumps(run, indent=1))
    write_private(folder / state.IDENTITY, json.dumps(submission.identity))
    if submission.as_ran is not None:
        write_private(folder / state.KEPT, submission.as_ran.packed())
    if submission.sweep is not None:
        since = time.time() if submission.rerun else None
        sweeps.write(folder, sweeps.SweepRequest(submission.sweep, since))
    state.write_prepared(folder, request)


def _link_outputs(folder: Path) -> None:
    """Have what a script writes to ./outputs kept: Azure ML does that, with what the code has there, as `default`."""
    written, kept = folder / "code" / "outputs", folder / "outputs" / "default"
    if written.is_dir():
        for one in written.iterdir():
            one.rename(kept / one.name)
        written.rmdir()
    if not written.exists():
        written.symlink_to(Path("..") / "outputs" / "default")


def _request(home: Path, submission: Submission, command: str, marker: str) -> Request:
    job, sweep = submission.job, submission.sweep
    python = _python(home, submission)
    withheld = _withheld_variables(job)
    said = {name: str(value) for name, value in job.environment_variables.items() if name not in withheld}
    activation = {name: value for name, value in python.variables.items() if name not in withheld}
    processes = job.processes()
    own = sweep.trial_timeout if sweep is not None else None
    return Request(
        name=submission.name,
        command=mask(command),
        withheld=mask(command) != command,
        slots=str(home / "slots"),
        marker=marker,
        cluster=_cluster(home, submission.cluster),
        distribution=_team(processes),
        instance_count=processes.instances,
        environment_variables=activation | said | {"SPECRUN_FINGERPRINT": submission.fingerprint},
        secret_names=tuple(withheld),
        path=(str(python.programs),),
        gpu=_gpu(job),
        timeout=job.timeout if own is None else own,
        limit=LIMIT if own is None else "limits.trial_timeout",
        without_store=without_store(python.programs),
    )


def _withheld_variables(job: Job) -> dict[str, str]:
    """The variables that stand in no file: secrets, and what has a credential written out in it. Raises SecretUnset."""
    values = job.environment_variables.items()
    texts = {name: value.reveal() if isinstance(value, Secret) else str(value) for name, value in values}
    return {
        name: text
        for name, text in texts.items()
        if isinstance(job.environment_variables[name], Secret) or mask_property(name, text) != text
    }


def _command(home: Path, submission: Submission, marker: str) -> str:
    """The command line of the run; that of a sweep leads into the folder of no run, and leaves its parameters."""
    return command_line(home, submission, run_folder(home, submission.name if submission.sweep is None else marker))


def command_line(home: Path, submission: Submission, folder: Path) -> str:
    """The bash command line of a job, its inputs and outputs replaced by quoted paths below the run's folder."""
    job = submission.job

    def value(kind: str, name: str) -> str | None:
        if kind == "search_space":
            return None
        if kind == "outputs":
            return str(folder / "outputs" / name)
        return input_value(home, submission, job.inputs[name], folder / "inputs")

    return bash_line(job, value)


def _team(processes: Processes) -> Team:
    kind = "none" if processes.kind == "single" else processes.kind
    return Team(kind, processes.parameter_servers, processes.workers, processes.per_instance)


def _gpu(job: Job) -> bool | None:
    # A machine without GPUs runs a GPU job on its processors: that is what `specrun apply` here is for.
    from specrun.engines.local import gpus  # late: it asks nvidia-smi

    return job.resources.gpu if job.resources.gpu is not True or gpus.present() else None


def _python(home: Path, submission: Submission) -> Python:
    """The Python that the job runs in: of its environment, else the one that is active here."""
    if submission.environment is None:
        return active_python()
    folder = environment_folder(home, submission.environment.digest)
    return Python(folder / "bin", str(folder), {"VIRTUAL_ENV": str(folder)})


def _cluster(home: Path, name: str) -> Cluster:
    """The cluster whose nodes the run takes. One that nobody declared here stands for this machine: no limit."""
    record = read_record(home, "compute", name) if name else None
    if record is None:
        return Cluster(THIS_MACHINE)
    properties = record.get("properties")
    limit = properties.get("max_instances") if isinstance(properties, dict) else None
    return Cluster(name, limit if isinstance(limit, int) else None)
