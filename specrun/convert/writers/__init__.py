"""What a spec is written with, one writer for each concept: all importers bring their sources into the words of these.

The words are the CLI v2's, which are the spec's, and a few more. A source that has them as they are is handed over
itself; another is lowered to `Fields`. Any value may be Unknown, Secret, Mixed or Missing.
"""

from specrun.convert.writers.job import write_job
from specrun.convert.writers.places import write_cluster, write_workspace
from specrun.convert.writers.reading import Reading
from specrun.convert.writers.stores import write_data, write_datastore

__all__ = ["Reading", "write_cluster", "write_data", "write_datastore", "write_job", "write_workspace"]
