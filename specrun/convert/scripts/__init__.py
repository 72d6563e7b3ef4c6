"""Python scripts and notebooks that use SDK v1, SDK v2 or Batch AI: read, never run."""

from specrun.convert.scripts.script import import_script

__all__ = ["import_script"]
