"""Where the engines ask for what, by the emulator's names of routes: their SDKs take different ways to the same."""

from __future__ import annotations

from dataclasses import dataclass

ARM = "management.azure.com /subscriptions/{sub}"
GROUP = f"{ARM}/resourcegroups/{{group}}"
DEPLOYMENTS = f"{GROUP}/providers/Microsoft.Resources/deployments"
DEPLOY = f"PUT {DEPLOYMENTS}/{{name}}"
SPACE = "/subscriptions/{sub}/resourcegroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{name}"
PLANE = "/subscriptions/{sub}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{ws}"
LOGIN = "login.microsoftonline.com /{tenant}"
TOKEN = f"POST {LOGIN}/oauth2/v2.0/token"
GET_WORKSPACE = f"GET management.azure.com {SPACE}"
PUT_CLUSTER = f"PUT management.azure.com {SPACE}/computes/{{compute}}"
LIST_BLOBS = "GET blob.core.windows.net /{container}?comp=list&restype=container"
PUT_BLOB = "PUT blob.core.windows.net /{container}/{blob+}"
GET_BLOB = "GET blob.core.windows.net /{container}/{blob+}"

IN = f"management.azure.com {PLANE}"
"""What is in a workspace, as SDK v2 asks for it."""

HISTORY = f"api.azureml.ms /history/v1.0{PLANE}"
RUN = f"{HISTORY}/experiments/{{experiment}}/runs/{{run}}"


@dataclass(frozen=True)
class Routes:
    """`change_cluster` is where one that is there is changed, `default` how the default datastore is found, `find_run`
    how a run is looked for by its name, and `get_run` how it is followed."""

    get_cluster: str
    change_cluster: str
    default: str
    submit: str
    find_run: str
    get_run: str
    details: str


ROUTES = {
    "azureml": Routes(
        get_cluster=f"GET management.azure.com {SPACE}/computes/{{compute}}",
        change_cluster=PUT_CLUSTER,
        default=f"GET {IN}/datastores",
        submit=f"PUT {IN}/jobs/{{job}}",
        find_run=f"GET {IN}/jobs/{{job}}",
        get_run=f"GET {IN}/jobs/{{job}}",
        details=f"GET {HISTORY}/runs/{{run}}/details",
    ),
    "azureml-v1": Routes(
        get_cluster=f"GET api.azureml.ms /rp/workspaces{SPACE}/computes/{{compute}}",
        change_cluster=f"PATCH management.azure.com {SPACE}/computes/{{compute}}",
        default=f"GET api.azureml.ms /datastore/v1.0{PLANE}/default",
        submit=f"POST api.azureml.ms /execution/v1.0{PLANE}/experiments/{{experiment}}/snapshotrun",
        find_run=f"GET {HISTORY}/runs/{{run}}",
        get_run=f"GET {RUN}",
        details=f"GET {RUN}/details",
    ),
}
"""By engine."""

ENGINES = tuple(ROUTES)
