"""Runs that SDK v2's engine submits."""

from __future__ import annotations

from typing import TypeAlias

from specrun.engines.azureml_v2.engine import AzureMLEngine
from tests.azure_engines import launching
from tests.azure_engines.launching import PATIENCE, TOP, launch

__all__ = ["PATIENCE", "TOP", "Launch", "launch"]

Launch: TypeAlias = launching.Launch[AzureMLEngine]
