"""Run configurations of SDK v1: `.runconfig` files, and run definitions in JSON."""

from specrun.convert.runconfig.importer import import_runconfig

__all__ = ["import_runconfig"]
