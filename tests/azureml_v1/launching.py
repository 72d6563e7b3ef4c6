"""Runs that SDK v1's engine submits."""

from __future__ import annotations

from typing import TypeAlias

from specrun.engines.azureml_v1.engine import AzureMLv1Engine
from tests.azure_engines import launching
from tests.azure_engines.launching import PATIENCE, launch

__all__ = ["PATIENCE", "Launch", "launch"]

Launch: TypeAlias = launching.Launch[AzureMLv1Engine]
