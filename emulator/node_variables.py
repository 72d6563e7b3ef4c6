"""What a process finds in its environment on Azure ML."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

from emulator.references import Reference
from emulator.runs_state import Plane, Run

PACKAGES = Path(__file__).with_name("node_packages")
"""What the emulator's nodes have for MLflow in place of azureml-mlflow."""


def variables_of(plane: Plane, run: Run, folder: Path, references: Mapping[str, Reference]) -> dict[str, str]:
    """All variables of a run, with those by which it reaches the emulator."""
    assert run.definition is not None
    place = plane.place
    token, expiry = plane.cloud.run_token(plane, run)
    asked = {**((run.definition.get("environment") or {}).get("environmentVariables") or {})}
    asked |= run.definition.get("environmentVariables") or {}
    return {
        "MLFLOW_DISABLE_TELEMETRY": "true",  # nothing leaves this machine
        **asked,
        **plane.cloud.variables(),
        **(_of_mlflow(plane, run, token, asked.get("PYTHONPATH")) if run.job is not None else {}),
        "HOME": str(folder / "home"),
        "AZUREML_RUN_ID": run.id,
        "AZUREML_ROOT_RUN_ID": run.parent or run.id,
        "AZUREML_ARM_SUBSCRIPTION": place.subscription,
        "AZUREML_ARM_RESOURCEGROUP": place.group,
        "AZUREML_ARM_WORKSPACE_NAME": place.name,
        "AZUREML_ARM_PROJECT_NAME": run.experiment.name,
        "AZUREML_EXPERIMENT_ID": run.experiment.id,
        "AZUREML_EXPERIMENT_SCOPE": f"{place.path}/experiments/{run.experiment.name}",
        "AZUREML_WORKSPACE_ID": place.id,
        "AZUREML_WORKSPACE_SCOPE": place.path,
        "AZUREML_SERVICE_ENDPOINT": place.api,
        "AZUREML_DISCOVERY_SERVICE_ENDPOINT": f"{place.api}/discovery",
        "AZUREML_RUN_TOKEN": token,
        "AZUREML_RUN_TOKEN_EXPIRY": str(int(expiry)),
        "AZUREML_NODE_COUNT": str(run.definition.get("nodeCount") or 1),
        **{f"AZUREML_DATAREFERENCE_{name}": str(reference.path) for name, reference in references.items()},
    }


def _of_mlflow(plane: Plane, run: Run, token: str, path: str | None) -> dict[str, str]:
    installed = importlib.util.find_spec("azureml") and importlib.util.find_spec("azureml.mlflow")
    return {
        **({} if installed else {"PYTHONPATH": os.pathsep.join(filter(None, (path, str(PACKAGES))))}),
        "MLFLOW_TRACKING_URI": plane.place.tracking,
        "MLFLOW_RUN_ID": run.id,
        "MLFLOW_EXPERIMENT_ID": run.experiment.id,
        "MLFLOW_EXPERIMENT_NAME": run.experiment.name,
        "MLFLOW_TRACKING_TOKEN": token,
    }
