"""The place of SDK v2's engine, and the routes that only its SDK asks."""

from __future__ import annotations

from collections.abc import Callable

from tests.azure_engines.place import (
    ARM,
    DEPLOY,
    GET_WORKSPACE,
    LIST_BLOBS,
    PROVIDER,
    WORKSPACE,
    Place,
    resource,
    settled,
)

__all__ = ["DEPLOY", "GET_WORKSPACE", "LIST_BLOBS", "WORKSPACE", "Place", "resource", "settled"]

PLANE = f"{ARM}/resourceGroups/{{group}}/providers/Microsoft.MachineLearningServices/workspaces/{{ws}}"
LIST_WORKSPACES = f"GET {ARM}/providers/Microsoft.MachineLearningServices/workspaces"
PUT_GROUP = f"PUT {ARM}/resourcegroups/{{group}}"
GET_CLUSTER, PUT_CLUSTER, DELETE_CLUSTER = (
    f"{method} {ARM}{PROVIDER}/computes/{{compute}}" for method in ("GET", "PUT", "DELETE")
)
LIST_NODES = f"POST {ARM}{PROVIDER}/computes/{{compute}}/listNodes"
LIST_DATASTORES = f"GET {PLANE}/datastores"
GET_DATASTORE, PUT_DATASTORE, DELETE_DATASTORE = (
    f"{method} {PLANE}/datastores/{{name}}" for method in ("GET", "PUT", "DELETE")
)
LIST_SECRETS = f"POST {PLANE}/datastores/{{name}}/listSecrets"
LIST_JOBS = f"GET {PLANE}/jobs"
GET_JOB, PUT_JOB = f"GET {PLANE}/jobs/{{job}}", f"PUT {PLANE}/jobs/{{job}}"
CANCEL_JOB = f"POST {PLANE}/jobs/{{job}}/cancel"
DATA_PLANE = "/subscriptions/{sub}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{ws}"
GET_DETAILS = f"GET api.azureml.ms /history/v1.0{DATA_PLANE}/runs/{{run}}/details"
GET_METRICS = f"GET api.azureml.ms /mlflow/v1.0{DATA_PLANE}/api/2.0/mlflow/runs/get"
GET_HISTORY = f"GET api.azureml.ms /mlflow/v1.0{DATA_PLANE}/api/2.0/mlflow/metrics/get-history"
WATCHED = ("/computeOperationsStatus/{operation}", "/mfeOperationResults/{operation}")
"""How the routes end where the SDK looks once, in a thread of its own, at an operation that was accepted."""

GET_BLOB = "GET blob.core.windows.net /{container}/{blob+}"


def asked(place: Place, work: Callable[[], object]) -> list[str]:
    """The routes that something asks, without those that sign in or look at an operation."""
    return [route for route in place.routes(work) if not route.endswith(WATCHED)]
