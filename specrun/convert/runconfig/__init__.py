"""Run configurations of SDK v1: `.runconfig` files, run definitions in JSON, and what is lowered to their words."""

from specrun.convert.runconfig.importer import import_runconfig, project_folder
from specrun.convert.runconfig.lowering import lowered

__all__ = ["import_runconfig", "lowered", "project_folder"]
