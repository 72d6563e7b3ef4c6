"""What each engine would send for a spec, as values that can be compared; nothing is asked of anybody.

Names that follow from the fingerprint are left out: with them everything would differ that counts in it.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from specrun.apply.chains import with_upstream
from specrun.engines.azure.coordinates import locate
from specrun.engines.base import Staged
from specrun.plan.changes import Plan, ResourceChange
from specrun.plan.hashes import HashCache
from specrun.plan.kinds.compute import Cluster
from specrun.plan.kinds.data import DataTarget, Upload
from specrun.plan.kinds.datastore import Datastore
from specrun.plan.kinds.model import Register
from specrun.plan.kinds.run import RunChange
from specrun.plan.kinds.workspace import Workspace
from specrun.plan.models import RegisteredModel, Registration
from specrun.plan.observed import RunStatus
from specrun.plan.submission import Submission
from specrun.spec.diagnostics import Severity
from specrun.spec.model import LocalPath, ModelVersion, Spec
from tests.engine_double import HERE, Double, plan_for

SECRETS = {"ONE": "Hush-hush-1", "TWO": "Hush-hush-2"}


class Recorder:
    """Takes every call, and keeps what it was given."""

    def __init__(self, calls: list[object] | None = None, name: str = "") -> None:
        self.calls: list[object] = [] if calls is None else calls
        self._name = name

    def __getattr__(self, name: str) -> Recorder:
        return Recorder(self.calls, f"{self._name}.{name}")

    def __setattr__(self, name: str, value: object) -> None:
        if name != "calls" and not name.startswith("_"):
            self.calls.append((f"{self._name}.{name}", shown(value)))
        object.__setattr__(self, name, value)

    def __call__(self, *arguments: object, **named: object) -> Recorder:
        self.calls.append((self._name, shown(arguments), shown(named)))
        return Recorder(self.calls, f"{self._name}()")


def local(spec: Spec, home: Path) -> object:
    """The request of the run, its inputs and outputs as they are laid out, and what is sent to its targets."""
    from specrun.engines.local.checks import check_spec
    from specrun.engines.local.inputs import cloud_folder, prepare_inputs, prepare_outputs
    from specrun.engines.local.resources import LocalResources
    from specrun.engines.local.submission import _command, _request

    assert spec.job is not None
    for entry in spec.job.inputs.values():
        if (there := cloud_folder(home, entry.uri)) is not None:
            there.mkdir(parents=True, exist_ok=True)
            (there / "a.csv").write_text("1,2")
    refused = _refused(check_spec(spec, home))
    if refused:
        return refused
    plan = plan_of(spec, home)
    _have_run(plan, home)
    resources = LocalResources(home, HashCache(home))
    for change in plan.changes:
        fetched = isinstance(change.resource, DataTarget) and not isinstance(change.resource.source, LocalPath)
        if isinstance(change.resource, (Cluster, DataTarget)) and not fetched:
            resources.begin(change, lambda progress: None)
    planned = _submission(plan, spec)
    for name in ("inputs", "outputs"):
        shutil.rmtree(home / "laid-out" / name, ignore_errors=True)
    if not any(isinstance(change.resource, DataTarget) and change.resource.sha256 for change in plan.changes):
        prepare_inputs(home, planned, home / "laid-out" / "inputs")
    prepare_outputs(home, planned, home / "laid-out" / "outputs")
    laid_out = [(str(path), str(path.readlink()) if path.is_symlink() else "") for path in _below(home / "laid-out")]
    request = _request(home, planned, _command(home, planned, ""), "")
    return planned.spec, request, planned.sweep, laid_out, _code(planned), list(_data(plan)), _registered(plan)


def azureml(spec: Spec, home: Path) -> object:
    """The SDK v2's objects for the workspace, the cluster, the datastores and the job."""
    from specrun.engines.azureml_v2 import environments
    from specrun.engines.azureml_v2.checks import check_spec
    from specrun.engines.azureml_v2.cluster_form import new_cluster
    from specrun.engines.azureml_v2.datastores import SdkDatastores
    from specrun.engines.azureml_v2.job_form import job_of
    from specrun.engines.azureml_v2.workspaces import SdkWorkspaces

    refused = _refused(check_spec(spec))
    if refused:
        return refused
    plan, client = plan_of(spec, home), Recorder()
    planned = _submission(plan, spec)
    connection: Any = _connection(spec, client)
    for change in _made(plan):
        match change.resource:
            case Workspace() as workspace:
                SdkWorkspaces(connection).deploy(workspace)
            case Cluster() as cluster:
                made = new_cluster(cluster, connection.coordinates, "westeurope")
                client.calls.append(shown(made))
            case Datastore() as datastore:
                SdkDatastores(connection).register(datastore, again=False)
    planned = _addressed(planned)
    with patch.object(
        environments, "_send_context", lambda files, *rest: f"https://{environments.context_digest(files)}/"
    ):
        job = job_of(planned, _staged(planned, home), connection, lambda progress: None)
    sent = job if planned.sweep is not None else job._to_job()
    sent_on = shown(sent._to_rest_object().as_dict())
    return client.calls, sent_on, _code(planned), list(_data(plan)), _registered(plan)


def azureml_v1(spec: Spec, home: Path) -> object:
    """SDK v1's objects and calls for the same."""
    from azureml.core import Datastore as SdkDatastore
    from azureml.core import Workspace as SdkWorkspace
    from azureml.core._serialization_utils import _serialize_to_dict

    from specrun.engines.azureml_v1.checks import check_spec
    from specrun.engines.azureml_v1.cluster_form import configuration_of
    from specrun.engines.azureml_v1.configuration import configure
    from specrun.engines.azureml_v1.datastores import SdkDatastores
    from specrun.engines.azureml_v1.submission import _describe
    from specrun.engines.azureml_v1.workspaces import SdkWorkspaces

    refused = _refused(check_spec(spec))
    if refused:
        return refused
    plan, client = plan_of(spec, home), Recorder()
    planned = _submission(plan, spec)
    connection: Any = _connection(spec, client)
    registers = ("azure_blob_container", "azure_file_share", "azure_data_lake_gen2")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SdkWorkspace, "create", client.create)
        for name in registers:
            patched.setattr(SdkDatastore, f"register_{name}", getattr(client, name))
        for change in _made(plan):
            match change.resource:
                case Workspace() as workspace:
                    SdkWorkspaces(connection).deploy(workspace)
                case Cluster() as cluster:
                    client.calls.append((cluster.name, shown(configuration_of(cluster, connection.workspace()))))
                case Datastore() as datastore:
                    SdkDatastores(connection).register(datastore, again=False)
    planned = _addressed(planned)
    job = configure(planned, _staged(planned, home), connection.workspace(), "workspaceblobstore")
    _describe(client, planned.job, {"specrun": planned.spec})
    run = (planned.experiment, shown(_serialize_to_dict(job.run_config)))
    return client.calls, run, _code(planned), list(_data(plan))


def _addressed(planned: Submission) -> Submission:
    """With the addresses of what earlier runs have left."""
    from specrun.engines.azure.chained import with_addresses
    from specrun.engines.azure.seen import SeenRun

    return with_addresses(planned, lambda name: SeenRun(name, RunStatus.SUCCEEDED, {}, ""), lambda: "store")


def _refused(found: Any) -> list[object]:
    return [(one.code, one.path, one.detail) for one in found if one.severity is Severity.ERROR]


class AnyModels:
    """A registry that has every version of every model, each with a file of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def versions(self, model: str | None = None, most: int | None = None) -> list[RegisteredModel]:
        return []

    def find(self, wanted: ModelVersion) -> RegisteredModel:
        path = self.folder / wanted.model / wanted.version
        path.mkdir(parents=True, exist_ok=True)
        (path / "weights.npz").write_text(str(wanted))
        return RegisteredModel(wanted.model, wanted.version, digest=f"of {wanted}", path=str(path))

    def of_run(self, model: str, run: str, output: str) -> None:
        return None

    def register(self, registration: Registration) -> RegisteredModel:
        raise AssertionError(registration)


def plan_of(spec: Spec, home: Path) -> Plan:
    """What is planned of a spec and of what it reads from, where nothing has run and every model is there."""
    engine, chained = Double(place=HERE), with_upstream([spec], {"engine": "azureml"})
    assert not chained.mistakes, chained.mistakes
    engine.models = AnyModels(home / "any-models")
    return plan_for(engine, [*chained.specs, *chained.used], home)


def submission_of(plan: Plan, spec: Spec) -> Submission:
    """The run of the spec itself."""
    return next(one for one in plan.changes if isinstance(one, RunChange) and one.resource.name == spec.name).submission


def _have_run(plan: Plan, home: Path) -> None:
    """Have the runs that are read from write something into each of their outputs."""
    for one in plan.changes:
        if isinstance(one, RunChange):
            for name in one.submission.job.outputs:
                folder = home / "runs" / one.submission.name / "outputs" / name
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "a.csv").write_text("1,2")


def _submission(plan: Plan, spec: Spec) -> Submission:
    found = submission_of(plan, spec)
    upstream = {name: dataclasses.replace(one, fingerprint="") for name, one in found.upstream.items()}
    nameless = dataclasses.replace(found, name="probe-1", fingerprint="0" * 64, identity={}, reads=())
    return dataclasses.replace(nameless, upstream=upstream)


def _registered(plan: Plan) -> list[object]:
    """What is registered once the runs have succeeded."""
    registrations = (one.resource for one in plan.changes if isinstance(one, Register))
    return [(one.spec, one.output, one.model, one.type) for one in registrations]


def _made(plan: Plan) -> Iterator[ResourceChange]:
    yield from (change for change in plan.changes if isinstance(change, ResourceChange) and change.resource.managed)


def _data(plan: Plan) -> Iterator[object]:
    """What goes to targets: engines are given it as it is planned."""
    for change in plan.changes:
        if isinstance(change, Upload):
            target = change.resource
            yield target.datastore, target.target, str(target.source), target.prune, target.sha256


def _code(planned: Submission) -> object:
    return [(file.path, file.md5) for file in planned.code]


def _staged(planned: Submission, home: Path) -> Staged:
    code = home / "staged"
    shutil.rmtree(code, ignore_errors=True)
    code.mkdir(parents=True)
    for file in planned.code:
        (code / file.path).write_bytes(file.source.read_bytes())
    content, conda = planned.environment, home / "conda.yml"
    if content is None or content.conda is None:
        return Staged(code)
    conda.write_bytes(content.conda[1])
    return Staged(code, conda=conda)


def _connection(spec: Spec, client: Recorder) -> object:
    at = locate(spec.workspace)
    place = SimpleNamespace(
        name=at.workspace_name,
        subscription_id=at.subscription_id,
        resource_group=at.resource_group,
        location="westeurope",
    )
    client.calls.append(shown(at))
    return SimpleNamespace(
        coordinates=at,
        credential=None,
        sdk=SimpleNamespace(client=client, auth=None),
        workspace=lambda: place,
        datastore=lambda name: SimpleNamespace(name=name or "workspaceblobstore"),
    )


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*"))


def shown(value: object, depth: int = 0) -> object:
    """A value of an SDK as plain ones."""
    if depth > 12 or value is None or isinstance(value, (str, int, float, bool)):
        return value if depth <= 12 else "…"
    if isinstance(value, Enum):
        return str(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): shown(item, depth + 1) for name, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [shown(item, depth + 1) for item in value]
    if dataclasses.is_dataclass(value):
        return {field.name: shown(getattr(value, field.name), depth + 1) for field in dataclasses.fields(value)}
    if hasattr(value, "__dict__") and not callable(value):
        return [type(value).__name__, shown(vars(value), depth + 1)]
    return type(value).__name__
