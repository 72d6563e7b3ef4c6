"""What has to be there before a recorded request is sent to the emulator: for each contract, a scene."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from emulator.clusters import Cluster, Settings
from emulator.contracts import Contract, contracts
from emulator.dataplane import data_of
from emulator.emulator import Emulator
from emulator.runs_state import CANCELED, COMPLETED, FAILED, PREPARING, Run
from emulator.training import began
from emulator.wire import Body, Incoming
from tests.emulator.sdk import GROUP, NAME, REGION, make_workspace

Names = Mapping[str, Any]
"""What stands for the names in braces of a contract; `body` is sent instead of what the contract says."""

ENVIRONMENT = "azureml:AzureML-sklearn-1.0-ubuntu20.04-py38-cpu:33"


class Stage:
    """An emulator with one workspace, in which jobs are accepted and never executed."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator, self.service = emulator, emulator.service
        self.plane = make_workspace(emulator)
        data_of(self.service).training.start = lambda plane, run: None  # type: ignore[method-assign]
        self.cluster("cpu-cluster")
        self.names = {
            "sub": self.service.subscription,
            "group": GROUP,
            "ws": NAME,
            "workspace": self.plane.place.path,
            "region": REGION,
            "account": self.plane.blobs.account,
            "key": self.plane.blobs.key,
            "cluster": "cpu-cluster",
            "new_job": "job-new",
            "new_sweep": "sweep-new",
        }

    def cluster(self, name: str, **settings: Any) -> Cluster:
        """A cluster that has been there for a while."""
        made = Cluster(name, Settings("STANDARD_DS2_V2", 2, location=REGION, **settings), {}, None)
        made.provisioning, made.made = "Succeeded", True
        self.service.workspace(self.service.subscription, GROUP, NAME).computes[name] = made
        return made

    def job(self, name: str, status: str = COMPLETED, **job: Any) -> Run:
        """A job that somebody put."""
        base = {
            "jobType": "Command",
            "command": "echo hello",
            "environmentId": ENVIRONMENT,
            "experimentName": "trials",
            "computeId": f"{self.plane.place.path}/computes/cpu-cluster",
        }
        body = {"properties": {**base, **job}}
        answer = self.ask("PUT", f"{self.plane.place.path}/jobs/{name}", {"api-version": "2025-01-01-preview"}, body)
        assert answer[0] == 201, answer
        run = self.plane.runs[name]
        if status in (COMPLETED, FAILED, CANCELED):
            began(run)
        run.become(status)
        return run

    def send(self, contract: Contract, names: Names) -> tuple[int, dict[str, str], bytes]:
        """The recorded request, and the emulator's answer to it."""
        known = {**self.names, **names}
        body = known.get("body", contract.sends)
        filled = {name: quote(str(value), safe="/:") for name, value in known.items()}
        filled |= {f"{name}+": value for name, value in filled.items()}
        path, host = _fill(contract.path, filled), _fill(contract.host, filled)
        query = {key: _fill(value, known) for key, value in contract.query.items()}
        return self.ask(contract.method, path, {**query, **known.get("query", {})}, _filled(body, known), host)

    def ask(
        self, method: str, path: str, query: Mapping[str, str], body: Any = None, host: str = "management.azure.com"
    ) -> tuple[int, dict[str, str], bytes]:
        """One request as the subscription's owner."""
        audience = "https://storage.azure.com/" if "blob" in host else "https://management.azure.com/"
        token, _ = self.service.directory.issue(self.service.tenant.id, self.service.owner, audience)
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = {"Host": host, "x-ms-version": "2023-11-03", "Content-Length": str(len(sent))}
        if "sig" not in query:
            headers["Authorization"] = f"Bearer {token}"
        if method == "PUT" and "blob" in host:
            headers |= {"x-ms-blob-type": "BlockBlob", "x-ms-meta-upload_status": "completed"}
        lower = {name.lower(): value for name, value in headers.items()}
        target = path + (f"?{urlencode(query)}" if query else "")
        content = Body(io.BytesIO(sent), lower, lambda: None)
        answer = self.emulator._answer(Incoming(method, host, target, list(headers.items()), lower, content))
        whole = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
        there = {name.lower() for name in answer.headers}
        length = {} if {"content-length", "transfer-encoding"} & there else {"Content-Length": str(len(whole))}
        return answer.status, {**answer.headers, **length}, whole


def _fill(text: str, names: Names) -> str:
    for name, value in names.items():
        text = text.replace("{" + name + "}", str(value))
    return text


def _filled(value: Any, names: Names) -> Any:
    if isinstance(value, str):
        return _fill(value, names)
    if isinstance(value, list):
        return [_filled(one, names) for one in value]
    return {key: _filled(one, names) for key, one in value.items()} if isinstance(value, dict) else value


Scene = Callable[[Stage], Names]
SCENES: dict[str, Scene] = {}


def scene(*contracts: str) -> Callable[[Scene], Scene]:
    """Declares the scene of contracts."""

    def declare(function: Scene) -> Scene:
        SCENES.update(dict.fromkeys(contracts, function))
        return function

    return declare


def _operation(headers: Mapping[str, str], name: str = "Azure-AsyncOperation") -> str:
    return headers[name].partition("?")[0].rpartition("/")[2]


@scene(
    "compute/list-200",
    "compute/list-nodes-empty-200",
    "compute/get-200-no-account-no-public-ip-field",
    "compute/patch-202",
    "compute/patch-misplaced-200",
    "job/put-command-201",
    "job/put-register-output-201",
    "workspace/get-200",
    "workspace/discovery-200",
    "datastore/get-default-200",
    "datastore/list-secrets-key-200",
    "quota/update-empty-200",
)
def as_it_is(stage: Stage) -> Names:
    stage.cluster("cpu-cluster")
    stage.plane.runs.pop("job-new", None)
    return {}


@scene("compute/put-create-201", "compute/get-404-empty")
def no_cluster(stage: Stage) -> Names:
    return {"cluster": "no-cluster"}


@scene("compute/put-update-201", "compute/get-200", "compute/delete-202")
def a_cluster_with_an_account(stage: Stage) -> Names:
    account = {"adminUserName": "me", "adminUserSshPublicKey": "ssh-rsa AAAA", "adminUserPassword": "not-a-real-one"}
    account = {**account, "adminUserName": "azureuser"}
    stage.cluster("with-account", credentials=account, ssh_port="Enabled", node_public_ip=True)
    return {"cluster": "with-account"}


def _changed(stage: Stage) -> Names:
    body = {"properties": {"properties": {"scaleSettings": {"maxNodeCount": 2}}}}
    stage.cluster("changed")
    path = f"{stage.plane.place.path}/computes/changed"
    return {"operation": _operation(stage.ask("PATCH", path, {"api-version": "2022-05-01"}, body)[1])}


@scene("compute/operation-inprogress-200")
def a_change_under_way(stage: Stage) -> Names:
    stage.service.creating_reads = 2
    return _changed(stage)


@scene("compute/operation-succeeded-200")
def a_change_that_ended(stage: Stage) -> Names:
    return _changed(stage)


@scene("workspace/get-404", "job/put-404-workspace")
def no_workspace(stage: Stage) -> Names:
    return {"ws": "no-workspace"}


@scene("workspace/delete-202")
def another_workspace(stage: Stage) -> Names:
    make_workspace(stage.emulator, "ml-old")
    return {"ws": "ml-old"}


def _deleted(stage: Stage) -> Names:
    path = make_workspace(stage.emulator, "ml-old").place.path
    return {"operation": _operation(stage.ask("DELETE", path, {"api-version": "2023-08-01-preview"})[1])}


@scene("workspace/operation-inprogress-200")
def a_deletion_under_way(stage: Stage) -> Names:
    stage.service.creating_reads = 2
    return _deleted(stage)


@scene("workspace/delete-operation-succeeded-200")
def a_deletion_that_ended(stage: Stage) -> Names:
    return _deleted(stage)


def _template() -> dict[str, Any]:
    parts = {"storageAccounts": "Microsoft.Storage", "vaults": "Microsoft.KeyVault", "components": "Microsoft.Insights"}
    ids = {
        field: f"[resourceId('{space}/{kind}', 'deployed')]"
        for field, (kind, space) in zip(
            ("storageAccount", "keyVault", "applicationInsights"), parts.items(), strict=True
        )
    }
    known = {"apiVersion": "2019-10-01", "location": "[parameters('location')]"}
    resources = [{"type": f"{space}/{kind}", "name": "deployed", **known} for kind, space in parts.items()]
    needs = list(ids.values())
    workspace = {"type": "Microsoft.MachineLearningServices/workspaces", "name": "deployed", **known}
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"location": {"type": "string", "defaultValue": REGION}},
        "resources": [*resources, {**workspace, "dependsOn": needs, "properties": ids}],
    }


@scene("workspace/deployment-put-201")
def a_template(stage: Stage) -> Names:
    return {
        "deployment": "one-1",
        "body": {"properties": {"template": _template(), "parameters": {}, "mode": "incremental"}},
    }


@scene("workspace/deployment-status-running-200", "workspace/deployment-operations-200")
def a_deployment_under_way(stage: Stage) -> Names:
    stage.service.creating_reads, stage.service.deployments = 9, {}
    path = f"/subscriptions/{stage.service.subscription}/resourcegroups/{GROUP}/providers/Microsoft.Resources"
    body = a_template(stage)["body"]
    answer = stage.ask("PUT", f"{path}/deployments/one-2", {"api-version": "2020-06-01"}, body)
    return {"deployment": "one-2", "operation": _operation(answer[1])}


@scene("datastore/put-201", "datastore/put-201-no-credentials")
def no_store(stage: Stage) -> Names:
    stage.plane.datastores.pop("new_store", None)
    return {"new_store": "new_store"}


@scene("datastore/get-200", "datastore/list-200", "datastore/list-secrets-sas-200")
def a_store(stage: Stage) -> Names:
    path = f"{stage.plane.place.path}/datastores"
    secrets = {"secretsType": "AccountKey", "key": stage.plane.blobs.key}
    common = {"accountName": stage.plane.blobs.account, "tags": {}}
    body = {"credentials": {"credentialsType": "AccountKey", "secrets": secrets}, **common}
    version = {"api-version": "2024-07-01-preview", "skipValidation": "true"}
    for name, more in {
        "store": {"datastoreType": "AzureBlob", "containerName": "data"},
        "shares": {"datastoreType": "AzureFile", "fileShareName": "share"},
    }.items():
        assert stage.ask("PUT", f"{path}/{name}", version, {"properties": {**body, **more}})[0] in (200, 201)
    return {"store": "store"}


def _upload(stage: Stage) -> str:
    path = f"{stage.plane.place.path}/codes/code-1/versions/1/startPendingUpload"
    body = {"pendingUploadType": "TemporaryBlobReference"}
    answer = json.loads(stage.ask("POST", path, {"api-version": "2023-04-01"}, body)[2])
    uri = str(answer["blobReferenceForConsumption"]["blobUri"])
    stage.plane.blobs.write(uri.rpartition("/")[2], "train.py", b"print()")
    return f"{uri}/"


@scene("code/start-pending-upload-200", "code/list-by-hash-empty-200")
def no_code(stage: Stage) -> Names:
    return {"code": "code-0", "version": "1", "other_hash": "f" * 64}


@scene("code/put-201")
def code_that_was_uploaded(stage: Stage) -> Names:
    return {"code": "code-1", "new_version": "2", "other_hash": "e" * 64, "upload": _upload(stage)}


@scene("code/list-by-hash-200")
def code_of_another_name(stage: Stage) -> Names:
    path = f"{stage.plane.place.path}/codes/another/versions/1"
    body = {"properties": {"hash_sha256": "d" * 64, "hash_version": "202208"}, "codeUri": _upload(stage)}
    assert stage.ask("PUT", path, {"api-version": "2023-04-01"}, {"properties": body})[0] == 201
    return {"code": "code-0", "hash": "d" * 64}


@scene("blob/head-404")
def no_blob(stage: Stage) -> Names:
    return {"container": "azureml", "no_blob": "nothing.txt"}


@scene("blob/head-200", "blob/put-201")
def a_blob(stage: Stage) -> Names:
    host = f"{stage.plane.blobs.account}.blob.core.windows.net"
    stage.ask("PUT", "/azureml/a/sample1.csv", {}, b"1,2", host)
    return {"container": "azureml", "blob": "a/sample1.csv", "body": b"1,2"}


@scene("blob/list-403-keys-not-permitted")
def an_account_without_keys(stage: Stage) -> Names:
    plane = make_workspace(stage.emulator, "keyless", allowSharedKeyAccess=False)
    path = f"{plane.place.path}/datastores/workspaceartifactstore/listSecrets"
    answer = stage.ask("POST", path, {"api-version": "2024-07-01-preview"}, {"expirableSecret": True})
    token = json.loads(answer[2])["sasToken"].removeprefix("?")
    query = dict(part.split("=", 1) for part in token.split("&"))
    return {"account": plane.blobs.account, "query": query, "body": None}


@scene("data/put-201")
def no_data(stage: Stage) -> Names:
    return {"data": "table", "new_version": "foobar"}


@scene("data/container-get-200", "data/versions-list-200")
def some_data(stage: Stage) -> Names:
    uri = "azureml://datastores/workspaceblobstore/paths/a.csv"
    body = {"properties": {"dataType": "uri_file", "dataUri": uri}}
    for version in ("1", "2"):
        path = f"{stage.plane.place.path}/data/rows/versions/{version}"
        assert stage.ask("PUT", path, {"api-version": "2023-04-01-preview"}, body)[0] in (200, 201)
    return {"data": "rows"}


@scene("environment/put-conda-201")
def no_environment(stage: Stage) -> Names:
    return {"new_environment": "tables"}


@scene("environment/put-again-image-201")
def an_environment_that_has_long_been_there(stage: Stage) -> Names:
    names = {"environment": "CliV2AnonymousEnvironment", "version": "a1"}
    path = f"{stage.plane.place.path}/environments/CliV2AnonymousEnvironment/versions/a1"
    body = {"properties": {"isAnonymous": True, "image": "some/image:latest"}}
    assert stage.ask("PUT", path, {"api-version": "2023-04-01-preview"}, body)[0] == 201
    return names


@scene("job/get-command-200")
def a_job_in_preparation(stage: Stage) -> Names:
    uri = "azureml://datastores/workspaceblobstore/paths/table.csv"
    inputs = {"table": {"uri": uri, "jobInputType": "uri_file"}}
    stage.plane.runs.pop("job-1", None)
    stage.job("job-1", PREPARING, inputs=inputs, identity={"identityType": "AMLToken"}, environmentVariables={})
    return {"job": "job-1"}


@scene("job/get-command-serverless-200")
def a_job_without_a_cluster(stage: Stage) -> Names:
    stage.job("job-2", PREPARING, computeId=None)
    return {"job": "job-2"}


@scene("job/get-command-completed-200", "job/cancel-ended-200")
def a_job_that_ended(stage: Stage) -> Names:
    stage.plane.runs.pop("job-3", None)
    stage.job("job-3", limits={"jobLimitsType": "Command"})
    return {"job": "job-3"}


@scene("job/get-canceled-200")
def a_job_that_was_canceled(stage: Stage) -> Names:
    where = "azureml://datastores/workspaceblobstore/paths/out/"
    outputs = {"table": {"uri": where, "jobOutputType": "mltable"}}
    stage.job("job-4", CANCELED, inputs={"type": {"jobInputType": "literal", "value": "sql"}}, outputs=outputs)
    return {"job": "job-4"}


@scene("job/put-same-name-200")
def a_name_that_was_used(stage: Stage) -> Names:
    stage.job("job-5", CANCELED, limits={"jobLimitsType": "Command"})
    return {"job": "job-5"}


@scene("job/list-200", "job/list-several-200")
def some_jobs(stage: Stage) -> Names:
    stage.plane.runs.clear()
    inputs = {
        "table": {"uri": "wasbs://data@somewhere.blob.core.windows.net/iris.csv", "jobInputType": "uri_file"},
        "C": {"jobInputType": "literal", "value": "0.8"},
    }
    stage.job("job-6", inputs=inputs)
    stage.job("job-7", environmentVariables={})
    stage.plane.runs["job-6"].parameters["C"] = "0.8"
    return {}


def _wanted(**job: Any) -> Names:
    kept = {"jobType": "Command", "command": "echo hello", "environmentId": ENVIRONMENT, "experimentName": "trials"}
    return {"body": {"properties": {**kept, **job}}}


@scene("job/put-400-unknown-compute")
def a_compute_that_nobody_knows(stage: Stage) -> Names:
    return _wanted(computeId=f"{stage.plane.place.path}/computes/none")


@scene("job/put-400-member-unknown")
def an_output_with_a_version(stage: Stage) -> Names:
    output = {"assetName": "a", "assetVersion": "2", "jobOutputType": "uri_folder"}
    return _wanted(computeId=f"{stage.plane.place.path}/computes/cpu-cluster", outputs={"model": output})


@scene("job/put-sweep-201", "job/put-sweep-resources-400-compute")
def no_sweep(stage: Stage) -> Names:
    stage.plane.runs.pop("sweep-new", None)
    return {}


@scene("job/put-sweep-400-compute")
def a_sweep_on_a_compute_that_nobody_knows(stage: Stage) -> Names:
    no_sweep(stage)
    return {"body": contracts()["job/put-sweep-resources-400-compute"].sends}


def _sweep(stage: Stage, name: str, **more: Any) -> Names:
    body = {"properties": {**contracts()["job/put-sweep-201"].sends["properties"], **more}}
    contract = replace(contracts()["job/put-sweep-201"], sends=body)
    answer = stage.send(contract, {"new_sweep": name})
    assert answer[0] == 201, answer
    return {"sweep": name}


@scene("job/get-sweep-truncation-200")
def a_sweep_that_stops_trials(stage: Stage) -> Names:
    more = contracts()["job/put-sweep-resources-400-compute"].sends["properties"]
    return _sweep(stage, "sweep-1", earlyTermination=more["earlyTermination"])


@scene("job/get-sweep-inputs-200")
def a_sweep_with_inputs(stage: Stage) -> Names:
    uri = "wasbs://data@somewhere.blob.core.windows.net/iris.csv"
    number = {"jobInputType": "literal", "value": "999"}
    return _sweep(
        stage, "sweep-2", inputs={"iris_csv": {"uri": uri, "jobInputType": "uri_file"}, "some_number": number}
    )


@scene("job/cancel-202")
def a_job_that_runs(stage: Stage) -> Names:
    stage.job("job-8", PREPARING)
    return {"job": "job-8"}


def _canceled(stage: Stage, name: str) -> Names:
    stage.job(name, PREPARING)
    path = f"{stage.plane.place.path}/jobs/{name}/cancel"
    answer = stage.ask("POST", path, {"api-version": "2023-04-01-preview"})
    return {"operation": _operation(answer[1], "Location")}


@scene("job/cancel-result-202")
def a_cancellation_under_way(stage: Stage) -> Names:
    return _canceled(stage, "job-9")


@scene("job/cancel-result-200")
def a_cancellation_that_ended(stage: Stage) -> Names:
    names = _canceled(stage, "job-10")
    stage.plane.runs["job-10"].become(CANCELED)
    return names


@scene("history/run-completed-200", "artifact/register-200")
def a_run_that_ended(stage: Stage) -> Names:
    stage.plane.runs.pop("run-1", None)
    stage.job("run-1")
    return {"job": "run-1"}


@scene("history/rundata-200")
def a_run_with_an_output(stage: Stage) -> Names:
    stage.job("run-2", outputs={"model": {"jobOutputType": "uri_folder"}})
    return {"job": "run-2"}


@scene("history/rundata-404")
def no_run(stage: Stage) -> Names:
    return {"no_job": "run-0"}


@scene("history/children-failed-200")
def a_run_with_a_child_that_failed(stage: Stage) -> Names:
    stage.job("parent")
    child = stage.job("child", PREPARING)
    began(child)
    child.parent, child.warnings = "parent", [{"source": "somebody", "message": "AzureMLCompute job failed"}]
    child.become(FAILED, {"code": "UserError", "message": "\nError Code: ScriptExecution.StreamAccess"})
    return {"job": "parent"}


def _model(stage: Stage, *versions: str) -> Names:
    for version in versions:
        path = f"{stage.plane.place.path}/models/digits/versions/{version}"
        space = f"subscriptions/{stage.service.subscription}/resourceGroups/{GROUP}/workspaces/{NAME}"
        uri = f"azureml://{space}/datastores/workspaceblobstore/paths/a/model"
        body = {"properties": {"modelType": "custom_model", "modelUri": uri}}
        assert stage.ask("PUT", path, {"api-version": "2024-04-01"}, body)[0] in (200, 201)
    return {"model": "digits", "job": "job-1"}


@scene("model/put-201")
def no_model(stage: Stage) -> Names:
    return {"new_model": "letters"}


@scene("model/put-of-a-jobs-artifact-200", "model/put-archive-200")
def a_model(stage: Stage) -> Names:
    return _model(stage, "1")


@scene("model/versions-list-200", "model/versions-latest-200", "model/containers-list-200")
def a_model_with_versions(stage: Stage) -> Names:
    return _model(stage, "1", "2", "3")


@scene("prices/retail-prices-documented")
def a_list_of_prices(stage: Stage) -> Names:
    return {}
