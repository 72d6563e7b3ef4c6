"""Environment variables, by the names that they had before the writers."""

from specrun.convert.writers.words import VARIABLES as TO
from specrun.convert.writers.words import write_variables

__all__ = ["TO", "write_variables"]
