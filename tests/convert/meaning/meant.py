"""What a spec means: its fields with what it leaves out filled in, so that two ways to say the same are equal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from specrun.convert.pip_lists import pip_for_others
from specrun.engines.azure.cluster_words import DEFAULTS
from specrun.engines.azure.images import base_image
from specrun.engines.azureml_v2.command import command_of, variables_of
from specrun.engines.azureml_v2.environments import conda_of, registered_name
from specrun.engines.azureml_v2.job_words import identity_words
from specrun.engines.azureml_v2.sweep_form import trial_timeout
from specrun.plan.trials import identity_of_sweep
from specrun.spec.datastore_paths import DEFAULT_NAME, datastore_uri
from specrun.spec.model import Data, Environment, Input, Job, LocalPath, Output, Properties, Secret, Spec
from specrun.spec.sweep import Sweep

UNSAID = ("location", "credentials", "admin_password")
"""What no file of the CLI v2 says of a cluster or datastore, or says in the place of a secret's name."""


def meant(spec: Spec) -> dict[str, Any]:
    """The meaning of a spec that has a job, as plain values that can be compared."""
    job = spec.job or Job()
    return {
        "experiment": spec.experiment,
        "compute": _cluster(spec.compute),
        "datastores": {name: stripped(store) for name, store in spec.datastores.items()},
        "code": str(job.code),
        "command": command_of(job, spec.sweep),
        "inputs": {name: _input(entry) for name, entry in job.inputs.items() if _is_used(name, entry, job)},
        "outputs": {name: _output(entry) for name, entry in job.outputs.items()},
        "environment": _environment(job.environment or Environment(pip=()), gpu=spec.wants_gpu),
        "variables": {k: v for k, v in variables_of(job).items() if not isinstance(v, Secret)},
        "processes": asdict(job.processes()),
        "resources": stripped(asdict(job.resources) | {"gpu": None, "shm_size": job.resources.shm_size or "2g"}),
        "timeout": job.timeout if spec.sweep is None else trial_timeout(spec.sweep, job),
        "sweep": _sweep(spec.sweep),
        "tags": dict(job.tags),
        "display_name": job.display_name or spec.name,
        "description": job.description or "",
        "identity": {name: one for name, one in identity_words(job).items() if name != "resource_id"},
        "queue_settings": stripped(job.queue_settings or {}),
        "services": stripped(job.services) if spec.sweep is None else {},
    }


def _sweep(sweep: Sweep | None) -> object:
    if sweep is None:
        return None
    said = {**identity_of_sweep(sweep), "at_once": sweep.max_concurrent_trials, "timeout": sweep.timeout}
    if sweep.sampling_algorithm != "random":
        said.pop("seed", None)  # of which no sweep job has a word
    policy = dict(sweep.early_termination or {})
    said["early_termination"] = {"evaluation_interval": 1, "delay_evaluation": 0, **policy} if policy else None
    text = json.dumps(said, sort_keys=True)
    return text.replace(" true", ' "true"').replace(" false", ' "false"')  # as a sweep job spells a choice


def _cluster(compute: str | Properties | None) -> object:
    if compute is None or isinstance(compute, str):
        return compute
    filled = {"type": "amlcompute", "enable_node_public_ip": True, **DEFAULTS, **compute}
    found: dict[str, Any] = stripped(filled)
    network = found.get("network_settings", {})
    if str(network.get("subnet", "")).startswith("/"):  # its id says the network, too
        network.pop("vnet_name", None)
    return found


def stripped(value: Any) -> Any:
    """A value without blanks around words, and without what says nothing: importers leave both out."""
    if isinstance(value, Mapping):
        fields = {name: stripped(inner) for name, inner in value.items() if name not in UNSAID}
        return {name: inner for name, inner in fields.items() if inner not in ("", None, {}, [])}
    if isinstance(value, (list, tuple)):
        return [stripped(inner) for inner in value]
    return value.strip() if isinstance(value, str) else value


def _is_used(name: str, entry: Input, job: Job) -> bool:
    """Whether an input is for the run: a value that its command does not take is for nobody."""
    return not entry.is_scalar or f"inputs.{name} " in command_of(job).replace("}", " ")


def _input(entry: Input) -> object:
    if entry.is_scalar:
        return entry.text
    match entry.data:
        case None:
            place = entry.uri
        case Data(source=LocalPath() as source, of_input=True):
            place = str(source)
        case data:
            place = datastore_uri(data.datastore or DEFAULT_NAME, data.target)
    return (place, entry.type, entry.mode.replace("mount", "ro_mount").replace("ro_ro_", "ro_"))


def _output(entry: Output) -> object:
    kept = entry.path is not None and entry.path.startswith("azureml:")
    return (entry.path if kept else None, entry.mode)


def _environment(environment: Environment, *, gpu: bool) -> object:
    if environment.registered is not None:
        return registered_name(environment.registered).removeprefix("azureml:")
    if environment.build_path is not None:
        return (str(environment.build_path), environment.dockerfile_path or "Dockerfile")
    conda: Any = conda_of(environment, gpu, pip_for_others(environment))
    if environment.conda_file is not None:
        conda = yaml.safe_load(Path(str(environment.conda_file)).read_text(encoding="utf-8"))
    return (environment.image or base_image(gpu), conda)
