"""The engine `azureml-v1`: an Azure Machine Learning workspace, through the SDK v1 (azureml-core) as it is."""

from __future__ import annotations

from pathlib import Path

from specrun.engines.azure.engine import AzureEngine
from specrun.engines.azureml_v1.checks import check_spec
from specrun.engines.azureml_v1.clusters import SdkClusters
from specrun.engines.azureml_v1.connection import Connection, Sdk
from specrun.engines.azureml_v1.datastores import SdkDatastores
from specrun.engines.azureml_v1.runs import SdkRuns
from specrun.engines.azureml_v1.workspaces import SdkWorkspaces
from specrun.engines.base import Scope
from specrun.engines.facts import AZUREML_V1
from specrun.plan.hashes import HashCache
from specrun.plan.resources import Place


def open_engine(place: Place, home: Path, hashes: HashCache, scope: Scope) -> AzureEngine:
    """The engine of one workspace, named by `scope`."""
    connection = Connection(scope, Sdk)
    return AzureEngine(
        AZUREML_V1,
        place,
        connection,
        SdkWorkspaces(connection),
        SdkClusters(connection),
        SdkDatastores(connection),
        SdkRuns(connection),
        check_spec,
    )
