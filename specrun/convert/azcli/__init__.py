"""Shell scripts that submit runs with the Azure ML CLI v1 (`az ml run submit-script`): read, never run."""

from specrun.convert.azcli.importer import import_azcli

__all__ = ["import_azcli"]
