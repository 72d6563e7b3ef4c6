"""Tags, by the names that they had before the writers."""

from specrun.convert.writers.words import LONGEST_TAG as LONGEST
from specrun.convert.writers.words import TAG as NAME
from specrun.convert.writers.words import write_tags

__all__ = ["LONGEST", "NAME", "write_tags"]
