"""The SDK, imported when it is first needed, and the words that it gives as texts or as members of enumerations."""

from __future__ import annotations

import logging

from specrun.engines.azure.quiet import import_sdk
from specrun.engines.facts import AZUREML

MODULES = ("azure.identity", "azure.storage.blob", "azure.ai.ml", "azure.ai.ml.entities")


def load_sdk() -> None:
    """Import what is about to be used. Raises EngineError when it is not installed."""
    if not import_sdk(AZUREML, MODULES):
        return
    # Some of its modules write what they do to standard error, through handlers of their own.
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("azure.ai.ml")]:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.CRITICAL)


def word_of(value: object) -> str:
    """The service's word for something; "" for None."""
    return str(getattr(value, "value", value) or "")
