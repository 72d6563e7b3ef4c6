"""Every field of the SDK's jobs, sweeps and clusters comes over with `specrun import azureml`, or is told why not."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from specrun.convert.azureml import import_azureml
from specrun.convert.azureml.importer import _UNKNOWN
from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import Entry, Verdict
from specrun.convert.sources import Source
from tests.completeness.cli_v2 import fields_of

BASE: Mapping[str, Mapping[str, Any]] = {
    "job": {
        "type": "command",
        "command": "python train.py",
        "environment": {"image": "python:3.11"},
        "compute": "azureml:cluster",
    },
    "sweep": {
        "type": "sweep",
        "trial": {"command": "python train.py --x ${{search_space.x}}", "environment": {"image": "python:3.11"}},
        "compute": "azureml:cluster",
        "sampling_algorithm": "random",
        "search_space": {"x": {"type": "choice", "values": [1, 2]}},
        "objective": {"goal": "minimize", "primary_metric": "loss"},
        "limits": {"max_total_trials": 4},
    },
    "compute": {"name": "cluster", "type": "amlcompute", "size": "STANDARD_D2", "max_instances": 2},
}
PATH = {"path": "azureml://datastores/one/paths/a"}
NAMED = "/subscriptions/s/identities"
USER_ASSIGNED = {
    "identity": {"type": "user_assigned", "user_assigned_identities": [{"resource_id": f"{NAMED}/one"}]},
}
TENSORFLOW = {"distribution.type": "tensorflow"}
BANDIT = {"early_termination": {"type": "bandit", "slack_factor": 0.1}}
BETWEEN = {"search_space.x": {"type": "quniform", "min_value": 0, "max_value": 1, "q": 0.1}}
AROUND = {"search_space.x": {"type": "qnormal", "mu": 0, "sigma": 1, "q": 0.1}}
ALGORITHM = {"sampling_algorithm": {"type": "random"}}

SAMPLES: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "job.command": ("python other.py", {}),
    "job.type": ("command", {}),
    "job.tags": ({"team": "vision"}, {}),
    "job.compute": ("azureml:other", {}),
    "job.code": ("src", {}),
    "job.properties": ({"a": "b"}, {}),
    "job.parameters": ({"a": "b"}, {}),
    "job.log_files": ({"a": "b"}, {}),
    "job.services.*.type": ("ssh", {}),
    "job.services.*.ssh_public_keys": ("ssh-rsa AAAA", {"services.x": {"type": "ssh"}}),
    "job.services.*.log_dir": ("logs", {"services.x": {"type": "tensor_board"}}),
    "job.services.*.nodes": ("all", {"services.x": {"type": "vs_code"}}),
    "job.services.*.port": (6006, {"services.x": {"type": "vs_code"}}),
    "job.services.*.properties": ({"a": "b"}, {"services.x": {"type": "vs_code"}}),
    **{
        f"job.services.*.{name}": ("1", {"services.x": {"type": "vs_code"}})
        for name in ("$schema", "endpoint", "status", "error_message")
    },
    "job.identity.type": ("user_identity", {}),
    **{
        f"job.identity.{name}": ("00000000-0000-0000-0000-000000000001", {"identity.type": "managed"})
        for name in ("client_id", "object_id", "msi_resource_id")
    },
    "job.environment.tags": ({"a": "b"}, {}),
    "job.environment.build.path": ("docker", {"environment": {}}),
    "job.environment.build.dockerfile_path": ("Other", {"environment": {"build": {"path": "docker"}}}),
    "job.environment.conda_file": ("conda.yml", {}),
    "job.environment_variables.value": ("1", {}),
    "job.resources.properties": ({"a": "b"}, {}),
    "job.resources.instance_count": (2, {}),
    "job.resources.max_instance_count": (2, {}),
    "job.resources.locations": (["westeurope"], {}),
    "job.resources.shm_size": ("8g", {}),
    "job.resources.instance_type": ("STANDARD_D2", {}),
    "job.distribution.type": ("mpi", {}),
    "job.distribution.process_count_per_instance": (2, {"distribution.type": "mpi"}),
    "job.distribution.parameter_server_count": (1, TENSORFLOW),
    "job.distribution.worker_count": (2, TENSORFLOW),
    **{
        f"job.distribution.{name}": (1, {"distribution.type": "ray"})
        for name in (
            "port",
            "address",
            "include_dashboard",
            "dashboard_port",
            "head_node_additional_args",
            "worker_node_additional_args",
        )
    },
    "job.queue_settings.job_tier": ("spot", {}),
    "job.queue_settings.priority": ("low", {}),
    "job.limits.timeout": (60, {}),
    "job.inputs.*.value": (3, {"inputs": {}}),
    "job.inputs.*.path": (PATH["path"], {}),
    "job.inputs.*.mode": ("download", {"inputs.x": PATH}),
    "job.inputs.*.type": ("uri_file", {"inputs.x": PATH}),
    "job.inputs.*.path_on_compute": ("file:/data", {"inputs.x": PATH}),
    "job.inputs.*.datastore": ("one", {"inputs.x": PATH}),
    "job.outputs.*.path": (PATH["path"], {}),
    "job.outputs.*.mode": ("upload", {"outputs.x": PATH}),
    "job.outputs.*.type": ("uri_folder", {"outputs.x": PATH}),
    **{f"job.outputs.*.{name}": ("1", {"outputs.x": PATH}) for name in ("$schema", "name", "version")},
    "sweep.type": ("sweep", {}),
    "sweep.sampling_algorithm.type": ("grid", ALGORITHM),
    "sweep.sampling_algorithm.seed": (3, ALGORITHM),
    "sweep.sampling_algorithm.logbase": (2.5, ALGORITHM),
    "sweep.sampling_algorithm.rule": ("sobol", ALGORITHM),
    "sweep.search_space.*.type": ("choice", {"search_space.x": {"values": [1]}}),
    "sweep.search_space.*.values.[].*": ({"type": "randint", "upper": 3}, {"search_space.x": {"type": "choice"}}),
    "sweep.search_space.*.min_value": (-1, BETWEEN),
    "sweep.search_space.*.max_value": (2, BETWEEN),
    "sweep.search_space.*.q": (0.5, BETWEEN),
    "sweep.search_space.*.mu": (2, AROUND),
    "sweep.search_space.*.sigma": (2, AROUND),
    "sweep.search_space.*.upper": (7, {"search_space.x": {"type": "randint"}}),
    "sweep.objective.goal": ("maximize", {}),
    "sweep.objective.primary_metric": ("accuracy", {}),
    "sweep.early_termination.type": ("bandit", {"early_termination": {"slack_factor": 0.1}}),
    "sweep.early_termination.evaluation_interval": (2, BANDIT),
    "sweep.early_termination.delay_evaluation": (2, BANDIT),
    "sweep.early_termination.slack_factor": (0.5, BANDIT),
    "sweep.early_termination.slack_amount": (0.5, BANDIT),
    "sweep.early_termination.truncation_percentage": (20, {"early_termination": {"type": "truncation_selection"}}),
    "sweep.limits.max_total_trials": (7, {}),
    "sweep.limits.max_concurrent_trials": (2, {}),
    "sweep.limits.trial_timeout": (600, {}),
    "sweep.inputs.*.value": (3, {"inputs": {}}),
    "compute.name": ("other", {}),
    "compute.type": ("amlcompute", {}),
    "compute.tags": ({"a": "b"}, {}),
    "compute.size": ("STANDARD_D4", {}),
    "compute.tier": ("low_priority", {}),
    "compute.min_instances": (1, {}),
    "compute.max_instances": (3, {}),
    "compute.idle_time_before_scale_down": (60, {}),
    "compute.ssh_public_access_enabled": (False, {}),
    "compute.enable_node_public_ip": (False, {}),
    "compute.identity.type": ("system_assigned", {}),
    **{
        f"compute.identity.user_assigned_identities.[].{name}": (f"{NAMED}/other", USER_ASSIGNED)
        for name in ("$schema", "resource_id", "principal_id", "client_id", "tenant_id")
    },
}
"""A value of a field, and what else the file says, by path; left out: a text, and nothing else."""


_TOLD = "what the service tells of what is there"
_SCHEMA = "it says what kind of file this is"
_REGISTERED = "specrun registers nothing"
_RAY = "specrun has no Ray"
_NO_CHOICE = "a spec's choices are numbers, texts, true and false: what is a space within a space is asked for"

NOT_CARRIED: Mapping[str, str] = {
    "job.$schema": _SCHEMA,
    "job.type": "a spec has command jobs alone",
    "job.id": _TOLD,
    "job.status": _TOLD,
    "job.creation_context": _TOLD,
    "job.log_files": _TOLD,
    "job.parameters": _TOLD,
    "job.properties": "specrun sets a run's properties itself",
    "job.parent_job_name": "a run of specrun has no parent",
    "job.services.*.$schema": _SCHEMA,
    "job.services.*.endpoint": _TOLD,
    "job.services.*.status": _TOLD,
    "job.services.*.error_message": _TOLD,
    "job.services.*.properties": "specrun has no settings of single services",
    "job.environment.$schema": _SCHEMA,
    "job.environment.id": _TOLD,
    "job.environment.creation_context": _TOLD,
    "job.environment.latest_version": _TOLD,
    "job.environment.name": "an environment of a job is known by its content",
    "job.environment.version": "an environment of a job is known by its content",
    "job.environment.description": "an environment of a job is known by its content",
    "job.environment.tags": "an environment of a job is known by its content",
    "job.environment.auto_delete_setting": _REGISTERED,
    "job.environment.intellectual_property": _REGISTERED,
    "job.environment.inference_config": "it is for serving",
    "job.environment.os_type": "a run is on Linux",
    "job.environment.datastore": "a build's folder goes to the default datastore",
    "job.resources.properties": "specrun has no settings of single services",
    "job.distribution.port": _RAY,
    "job.distribution.address": _RAY,
    "job.distribution.include_dashboard": _RAY,
    "job.distribution.dashboard_port": _RAY,
    "job.distribution.head_node_additional_args": _RAY,
    "job.distribution.worker_node_additional_args": _RAY,
    "job.inputs.*.path_on_compute": "a run gets the path as it is",
    "job.inputs.*.datastore": "a local path goes to the default datastore",
    "job.outputs.*.$schema": _SCHEMA,
    "job.outputs.*.name": _REGISTERED,
    "job.outputs.*.version": _REGISTERED,
    "job.outputs.*.type": "every output is a folder",
    "sweep.type": "a sweep is what has the section",
    "sweep.trial.$schema": _SCHEMA,
    "sweep.search_space.*.values.[].*": _NO_CHOICE,
    "compute.$schema": _SCHEMA,
    "compute.id": _TOLD,
    "compute.type": "a spec has clusters alone",
    "compute.resource_id": _TOLD,
    "compute.provisioning_errors": _TOLD,
    "compute.provisioning_state": _TOLD,
    "compute.created_on": _TOLD,
    "compute.location": "a cluster is made in the workspace's region",
    "compute.network_settings.$schema": _SCHEMA,
    "compute.network_settings.public_ip_address": _TOLD,
    "compute.network_settings.private_ip_address": _TOLD,
    "compute.identity.$schema": _SCHEMA,
    "compute.identity.principal_id": _TOLD,
    "compute.identity.tenant_id": _TOLD,
    "compute.identity.user_assigned_identities.[].$schema": _SCHEMA,
    "compute.identity.user_assigned_identities.[].principal_id": _TOLD,
    "compute.identity.user_assigned_identities.[].client_id": _TOLD,
    "compute.identity.user_assigned_identities.[].tenant_id": _TOLD,
}
"""The fields that a spec has no place for, with all that is below them, and why."""


@pytest.mark.parametrize("kind", BASE)
def test_a_field_comes_over_or_it_is_said_why_not(kind: str) -> None:
    for field in fields_of(kind):
        check_comes_over(kind, field)


def check_comes_over(kind: str, field: str) -> None:
    with_it, without = _imported(kind, field, leave_out=False), _imported(kind, field, leave_out=True)
    listed = [one for one in NOT_CARRIED if any(f"{own}.".startswith(f"{one}.") for own in _as_job(kind, field))]
    told = _told(with_it, field)
    assert told, f"nothing is told of {field}"
    assert not [one.note for one in told if one.note == _UNKNOWN], f"{field} is told as one that the CLI does not have"
    if listed:
        assert with_it.draft.values() == without.draft.values(), f"{field} comes over: it is not to be in NOT_CARRIED"
    else:
        assert with_it.draft.values() != without.draft.values(), f"{field} is lost: say in NOT_CARRIED why"
        assert {one.verdict for one in told} <= {Verdict.CARRIED, Verdict.REWRITTEN}, field


def test_nothing_is_listed_that_is_no_field() -> None:
    known = [f"{kind}.{field}." for kind in BASE for field in fields_of(kind)]
    assert [one for one in NOT_CARRIED if not any(field.startswith(f"{one}.") for field in known)] == []
    assert [one for one in SAMPLES if f"{one}." not in known] == []


def _imported(kind: str, field: str, *, leave_out: bool) -> Imported:
    """A file with a field, or the same without it, as a spec."""
    value, around = next((SAMPLES[own] for own in _as_job(kind, field) if own in SAMPLES), ("some-text", {}))
    trial = "trial." if field.startswith("trial.") else ""
    around = around if f"{kind}.{field}" in SAMPLES else {f"{trial}{path}": other for path, other in around.items()}
    document = copy.deepcopy(dict(BASE[kind]))
    for path, other in around.items():
        _put(document, path.split("."), copy.deepcopy(other))
    if not leave_out:
        _put(document, _steps(field), value)
    (found, *_) = import_azureml([Source("job.yml", "", document)], ImportOptions(folder=Path()))
    return found


def _as_job(kind: str, field: str) -> list[str]:
    """A field of a sweep as what it is in a command job, which it has it from; its own name first."""
    return [f"{kind}.{field}", *([f"job.{field.removeprefix('trial.')}"] if kind == "sweep" else [])]


def _told(imported: Imported, field: str) -> list[Entry]:
    """What is told of a field and of what is below it, else of what it is in."""
    steps, told = tuple(_steps(field)), imported.report.entries
    exact = [one for one in told if one.path[: len(steps)] == steps]
    return exact or [one for one in told if one.path and steps[: len(one.path)] == one.path]


def _steps(field: str) -> list[str | int]:
    return [{"*": "x", "[]": 0}.get(step, step) for step in field.split(".")]


def _put(document: Any, path: list[Any], value: Any) -> None:
    for step, following in itertools.pairwise(path):
        if isinstance(document, dict) and not isinstance(document.get(step), (dict, list)):
            document[step] = [{}] if following == 0 else {}
        document = document[step]
    document[path[-1]] = value
