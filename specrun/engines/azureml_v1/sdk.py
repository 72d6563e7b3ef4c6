"""The SDK, imported when it is first needed."""

from __future__ import annotations

import os
from collections.abc import Mapping

from specrun.engines.azure.quiet import import_sdk
from specrun.engines.facts import AZUREML_V1

BACKOFF: Mapping[str, str] = {
    "AZUREML_DEFAULT_BACKOFF": "2",
    "AZUREML_DEFAULT_500_BACKOFF": "1",
    "AZUREML_DEFAULT_503_BACKOFF": "2",
}
"""Seconds that the SDK waits before it tries again, doubled each time. By itself it begins with 32, and four tries then
take longer than a call may be silent. Who sets these variables knows better."""

MODULES = (
    "azure.identity",
    "azure.storage.blob",
    "azureml.core",
    "azureml.core.compute",
    "azureml.data.datastore_client",
)


def load_sdk() -> None:
    """Import what is about to be used. Raises EngineError when it is not installed."""
    for name, value in BACKOFF.items():
        os.environ.setdefault(name, value)  # read when it is imported
    import_sdk(AZUREML_V1, MODULES)
