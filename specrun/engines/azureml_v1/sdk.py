"""The SDK is imported once, by one thread, when it is first needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module

from specrun.engines.azure.once import Once
from specrun.engines.base import EngineError

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
    """Import what several threads are about to use: its modules import each other, and at once that is a deadlock.

    Raises EngineError when it is not installed.
    """
    _LOADED.get()


def _load() -> None:
    for name, value in BACKOFF.items():
        os.environ.setdefault(name, value)  # read when it is imported
    try:
        for name in MODULES:
            import_module(name)
    except ModuleNotFoundError as error:
        raise EngineError(
            f"the engine azureml-v1 needs packages that are not installed ({error.name}): "
            "pip install 'specrun[azureml-v1]'"
        ) from error


_LOADED = Once(_load)
