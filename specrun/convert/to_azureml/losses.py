"""What a spec says and the files for the CLI v2 do not, or what `az` does otherwise: each at its place in the spec."""

from __future__ import annotations

from collections.abc import Iterator

from specrun.convert.pip_lists import notes_on_pip
from specrun.convert.to_azureml.job import names_model
from specrun.convert.to_azureml.sweep import losses_of_sweep
from specrun.engines.azure.cluster_words import mapping
from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.model import Environment, Job, Secret, Spec


def losses(spec: Spec) -> Iterator[Diagnostic]:
    """What somebody has to do, or to know, before these files mean what the spec does. Raises OSError."""
    for path, detail in _losses(spec):
        yield spec.at(*path).diagnostic("not-in-azureml", detail)


def _losses(spec: Spec) -> Iterator[tuple[Path, str]]:
    for name, datastore in spec.datastores.items():
        if mapping(datastore.get("credentials")):
            detail = f"datastores.{name}.credentials: left out; a comment in the file has the command with them."
            yield ("datastores", name, "credentials"), detail
    for name in spec.data:
        yield ("data", name), f"data.{name}: az sends no files: comments in data-{name}.yml say how."
    if spec.compute is not None and not isinstance(spec.compute, str):
        for field, value in mapping(spec.compute.get("ssh_settings")).items():
            if isinstance(value, Secret):
                detail = f"{field}: a secret, which is left out; a comment in the file has the option for it."
                yield ("compute", "ssh_settings", field), detail
        if spec.compute.get("idle_time_before_scale_down") == 0:
            detail = "idle_time_before_scale_down 0: az leaves it out, and the cluster gets Azure's own idle time."
            yield ("compute", "idle_time_before_scale_down"), detail
    if spec.job is not None:
        yield from _of_job(spec.job)
    yield from losses_of_sweep(spec)


def _of_job(job: Job) -> Iterator[tuple[Path, str]]:
    for name, value in job.environment_variables.items():
        if isinstance(value, Secret):
            detail = f"environment_variables.{name}: a secret, which is left out; a comment in job.yml has the option."
            yield ("job", "environment_variables", name), detail
    for name, output in job.outputs.items():
        if output.model and not names_model(output.model):
            detail = f"register: in a job's file az takes no dot in {output.model}; a comment has the command for it."
            yield ("job", "outputs", name, "register", "name"), detail
    for note in notes_on_pip(job.environment or Environment(pip=())):
        yield ("job", "environment"), f"environment: {note}."
    if job.max_attempts is not None:
        detail = f"limits.max_attempts {job.max_attempts}: it is specrun that submits again."
        yield ("job", "limits", "max_attempts"), detail
    if job.identity is not None and "resource_id" in job.identity:
        yield ("job", "identity", "resource_id"), "identity.resource_id: no file can say it. Say it as client_id."
