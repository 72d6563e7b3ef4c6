"""Files of the Azure ML CLI v2: command jobs, clusters, and what belongs to them."""

from specrun.convert.azureml.importer import import_azureml, refusal_of

__all__ = ["import_azureml", "refusal_of"]
