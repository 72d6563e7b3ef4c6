"""Found on PYTHONPATH by a process that starts from nothing."""

import tests.faults.killing  # noqa: F401
