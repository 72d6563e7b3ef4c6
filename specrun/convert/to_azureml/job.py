"""A spec's job as a command job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from specrun.convert.document import TODO, Document, Value
from specrun.convert.pip_lists import notes_on_pip, pip_for_others
from specrun.convert.to_azureml.sweep import OF_TRIAL, put_sweep
from specrun.convert.to_azureml.words import az_create, origin, path_from, plain, schema_url, verb_of
from specrun.engines.azure.images import base_image
from specrun.engines.azureml_v2.command import command_of, literals_of, variables_of
from specrun.engines.azureml_v2.environments import conda_of, registered_name
from specrun.engines.azureml_v2.job_words import (
    data_uri,
    distribution_words,
    identity_words,
    input_mode,
    plain_words,
    resources_words,
)
from specrun.plan.models import LATEST
from specrun.spec.datastore_paths import DEFAULT_NAME, datastore_uri
from specrun.spec.model import Data, Environment, Input, Job, LocalPath, ModelVersion, RunOutput, Secret, Spec

FILE = "job.yml"
Steps: TypeAlias = "Mapping[str, tuple[str, Job]]"
"""What the steps of a pipeline are called in it, by the names of their specs, and their jobs."""

MODEL = "custom_model"
"""What an input says of a registered model of any kind: the folder as it is."""


def job_text(spec: Spec, job: Job, folder: Path, others: Sequence[str]) -> str:
    """The file of the spec's job; `others` are the files that it needs, in their order."""
    return job_page(spec, job, folder, others).text()


def job_page(spec: Spec, job: Job, folder: Path, others: Sequence[str], steps: Steps | None = None) -> Document:
    """The same as fields. As a step of a pipeline its inputs name other `steps`, which are called so by their specs."""
    page = Document(plain=True)
    if steps is None:
        page.comment((), origin(spec, FILE))
    if others:
        page.comment((), "It needs what these describe:")
        page.comment((), *(f"  {az_create(spec, verb_of(file), file)}" for file in others))
    sweep = spec.sweep
    if steps is None:
        page.put("$schema", schema_url("sweepJob" if sweep is not None else "commandJob"))
    page.put("type", "sweep" if sweep is not None else "command")
    page.put("display_name", job.display_name or spec.name)
    page.put("description", job.description)
    if steps is None:
        page.put("experiment_name", spec.experiment)
    page.put("tags", dict(job.tags))
    if job.code is not None:
        page.put("code", path_from(job.code, folder), *_code_notes(spec, job.code))
    page.put("command", command_of(job, sweep), *_command_notes(job))
    _put_inputs(page, job, folder, steps or {})
    _put_outputs(page, job)
    _put_environment(page, job, spec.wants_gpu, folder)
    _put_variables(page, job)
    page.put("distribution", dict(distribution_words(job)))
    _put_machines(page, spec, job)
    if sweep is not None:
        put_sweep(page, sweep, job)
    elif job.timeout is not None:
        page.put("limits", {"timeout": job.timeout})
    if job.max_attempts is not None:
        page.comment((), f"limits.max_attempts {job.max_attempts} is left out: it is specrun that submits again")
    named = identity_words(job)
    if "resource_id" in named:  # which the SDK reads as msi_resource_id, and then does not take
        lost = f"resource_id {named.pop('resource_id')} is left out: no file can say it. Say it as client_id."
        page.comment(("identity",), lost)
    page.put("identity", dict(named))
    for name, words in plain_words(job).items():
        if sweep is None or name != "services":
            page.put(name, plain(words))
    if sweep is not None:
        page.below("trial", OF_TRIAL)
    return page


def _code_notes(spec: Spec, code: LocalPath) -> Iterator[str]:
    if code.absolute.resolve() in spec.file.resolve().parents:
        yield "az sends all files here: let an .amlignore name .specrun, data and what else specrun leaves out"


def _command_notes(job: Job) -> Iterator[str]:
    shown = literals_of(job)
    hidden = [name for name, entry in job.inputs.items() if entry.is_scalar and name not in shown]
    if hidden:
        yield f"These inputs stand in the command, quoted, where it names them: {', '.join(hidden)}"
    swept = [name for name in job.environment_variables if name not in variables_of(job)]
    if swept:
        yield f"It sets {', '.join(swept)}: Azure ML puts no parameters into environment variables"


def _put_inputs(page: Document, job: Job, folder: Path, steps: Steps) -> None:
    shown = literals_of(job)
    inputs: dict[str, Value] = {}
    for name, entry in job.inputs.items():
        if not entry.is_scalar:
            path, *notes = _input_path(entry, folder, steps)
            kind = MODEL if isinstance(entry.source, ModelVersion) else _written_type(entry, steps) or entry.type
            inputs[name] = {"type": kind, "path": path, "mode": input_mode(entry)}
            page.comment(("inputs", name), *notes)
        elif name in shown:
            inputs[name] = _scalar(entry)
    page.put("inputs", inputs)


def _written_type(entry: Input, steps: Steps) -> str:
    """The type of the output that an input reads; "" where it is no step's."""
    source = entry.source
    if not isinstance(source, RunOutput) or source.spec not in steps:
        return ""
    output = steps[source.spec][1].outputs.get(source.output)
    return output.model_type if output is not None else ""


def _scalar(entry: Input) -> Value:
    """A number as such where the SDK makes the same text of it; it spells true and false in its own way."""
    value = entry.source
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else entry.text


def _input_path(entry: Input, folder: Path, steps: Steps) -> Iterator[str]:
    """The path, then what is to be said about it."""
    match entry.source:
        case RunOutput(spec, output) if spec in steps and output in steps[spec][1].outputs:
            yield f"${{{{parent.jobs.{steps[spec][0]}.outputs.{output}}}}}"
            return
        case RunOutput(spec, output):
            yield TODO
            yield f"TODO: where the run of {spec} has written its output {output}, as azureml://jobs/RUN/outputs/{output}"
            return
        case ModelVersion(model, version):
            yield f"azureml:{model}{'@latest' if version == LATEST else f':{version}'}"
            return
    match entry.data:
        case None:
            yield _labelled(entry.uri or "")
        case Data(source=LocalPath() as source, of_input=True) as data:
            yield path_from(source, folder)
            yield f"az uploads it; specrun keeps it at {datastore_uri(DEFAULT_NAME, data.target)}"
        case data:
            yield data_uri(data, entry, DEFAULT_NAME)
            yield f"data-{data.name}.yml says what has to be there"


def _labelled(path: str) -> str:
    """A path in the cloud; an asset without a version is its newest."""
    name = path.removeprefix("azureml:")
    return path if name == path or name.startswith("/") or set(name) & set(":@") else f"{path}@latest"


def names_model(name: str) -> bool:
    """Whether the SDK takes it for the name of a model that an output becomes; the service takes dots, too."""
    return "." not in name


def _put_outputs(page: Document, job: Job) -> None:
    outputs: dict[str, Value] = {}
    for name, output in job.outputs.items():
        said: dict[str, Value] = {"type": output.model_type or "uri_folder", "mode": output.mode}
        if output.model and names_model(output.model):
            said = {**said, "name": output.model}
        elif output.model:
            path = f"azureml://jobs/JOB/outputs/{name}/paths/"
            made = f"az ml model create -n {output.model} -t {output.model_type} -p {path}"
            page.comment(("outputs", name), f"az takes no dot in its name here. Once it has succeeded: {made}")
        outputs[name] = said
        if output.path is not None and output.path.startswith("azureml:"):
            outputs[name] = {**said, "path": output.path}
        elif output.path is not None:
            page.comment(("outputs", name), f"Kept with the run: {output.path} is no path on a datastore")
    page.put("outputs", outputs)


def _put_environment(page: Document, job: Job, wants_gpu: bool, folder: Path) -> None:
    """Write `environment`: a name, or how it is built."""
    environment = job.environment or Environment(pip=())
    value = _environment(environment, wants_gpu, folder)
    page.put("environment", value)
    for note in notes_on_pip(environment):
        page.comment(("environment",), note)
    gpu = job.resources.gpu
    if not isinstance(value, dict) or value.get("image") != base_image(wants_gpu):
        if gpu is not None:
            page.comment(
                ("environment",), f"resources.gpu: {str(gpu).lower()} has no counterpart: what is here decides"
            )
    elif environment.image is None:
        said = "" if gpu is None else f", with resources.gpu: {str(gpu).lower()}"
        page.comment(("environment", "image"), f"The spec names no image: this is specrun's own{said}")
    if environment.framework is not None:
        said = f"framework {environment.framework} with version {environment.version}"
        page.comment(("environment",), f"{said}: what Azure ML kept for the estimators of SDK v1 is gone")


def _environment(environment: Environment, wants_gpu: bool, folder: Path) -> Value:
    if environment.registered is not None:
        name = registered_name(environment.registered)
        return name if name.startswith("azureml:") else f"azureml:{name}"
    if environment.build_path is not None:
        build: dict[str, Value] = {"path": path_from(environment.build_path, folder)}
        if environment.dockerfile_path is not None:
            build["dockerfile_path"] = environment.dockerfile_path
        return {"build": build}
    found: dict[str, Value] = {"image": environment.image or base_image(wants_gpu)}
    conda = conda_of(environment, wants_gpu, pip_for_others(environment))
    if environment.conda_file is not None:
        found["conda_file"] = path_from(environment.conda_file, folder)
    elif conda is not None:
        found["conda_file"] = plain(conda)
    return found


def _put_variables(page: Document, job: Job) -> None:
    variables: dict[str, Value] = {}
    hidden = []
    for name, value in variables_of(job).items():
        if isinstance(value, Secret):
            hidden.append(f'--set environment_variables.{name}="${value.name}"')
        else:
            variables[name] = value
    if hidden:
        page.comment(("environment_variables",), "Secrets are left out: add them when the job is made, where who may")
        page.comment(("environment_variables",), f"read the job sees them: az ml job create … {' '.join(hidden)}")
    page.put("environment_variables", variables)


def _put_machines(page: Document, spec: Spec, job: Job) -> None:
    page.put("resources", {**resources_words(job.resources)})
    if spec.cluster_name:
        page.put("compute", f"azureml:{spec.cluster_name}")
    elif job.resources.instance_type is None:
        page.put("compute", None, "No compute: it runs serverless, on machines that Azure ML chooses.")
