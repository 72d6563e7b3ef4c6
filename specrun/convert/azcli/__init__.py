"""Shell scripts, and notebooks, that submit runs with the Azure ML CLI v1: read, never run."""

from specrun.convert.azcli.importer import import_azcli

__all__ = ["import_azcli"]
