"""The SDK is imported once, by one thread, when it is first needed."""

from __future__ import annotations

import logging
from importlib import import_module

from specrun.engines.azure.once import Once
from specrun.engines.base import EngineError

MODULES = ("azure.identity", "azure.storage.blob", "azure.ai.ml", "azure.ai.ml.entities")


def load_sdk() -> None:
    """Import what several threads are about to use: its modules import each other, and at once that is a deadlock.

    Raises EngineError when it is not installed.
    """
    _LOADED.get()


def _load() -> None:
    try:
        for name in MODULES:
            import_module(name)
    except ModuleNotFoundError as error:
        raise EngineError(
            f"the engine azureml needs packages that are not installed ({error.name}): pip install 'specrun[azureml]'"
        ) from error
    _hush()


def _hush() -> None:
    """Some of its modules write what they do to standard error, through handlers of their own."""
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("azure.ai.ml")]:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.CRITICAL)


_LOADED = Once(_load)
