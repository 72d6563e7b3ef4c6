"""What azureml-mlflow is on a real node: MLflow logs to the workspace that MLFLOW_TRACKING_URI, azureml://…, names."""

from __future__ import annotations

import os
from typing import Any


def tracking_store(store_uri: str, artifact_uri: str | None = None) -> Any:
    """MLflow's own client for its REST interface, sent to the workspace. MLflow finds this by its name for plugins."""
    from mlflow.store.tracking.rest_store import RestStore
    from mlflow.utils.rest_utils import MlflowHostCreds

    host = store_uri.replace("azureml://", "https://", 1).rstrip("?")
    return RestStore(lambda: MlflowHostCreds(host, token=os.environ.get("MLFLOW_TRACKING_TOKEN")))
