"""The engine `azureml`: an Azure Machine Learning workspace, through the SDK v2 (azure-ai-ml) as it is."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from specrun.engines.azure.engine import AzureEngine
from specrun.engines.azureml_v2.assets import asset_version
from specrun.engines.azureml_v2.checks import check_spec
from specrun.engines.azureml_v2.clusters import SdkClusters
from specrun.engines.azureml_v2.connection import Connection, Sdk
from specrun.engines.azureml_v2.datastores import SdkDatastores
from specrun.engines.azureml_v2.models import ArmModels
from specrun.engines.azureml_v2.runs import SdkRuns
from specrun.engines.azureml_v2.workspaces import SdkWorkspaces
from specrun.engines.base import Scope
from specrun.engines.facts import AZUREML
from specrun.plan.hashes import HashCache
from specrun.plan.resources import Place

AUDIENCE = "https://management.azure.com"
"""Whom the SDK's tokens are for."""


def open_engine(place: Place, home: Path, hashes: HashCache, scope: Scope) -> AzureEngine:
    """The engine of one workspace, named by `scope`."""
    connection = Connection(scope, Sdk)
    runs = SdkRuns(connection)
    return AzureEngine(
        AZUREML,
        place,
        connection,
        SdkWorkspaces(connection),
        SdkClusters(connection),
        SdkDatastores(connection),
        runs,
        check_spec,
        partial(asset_version, connection),
        AUDIENCE,
        ArmModels(connection, place, runs),
    )
