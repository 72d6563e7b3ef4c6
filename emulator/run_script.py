"""What Azure ML wraps around a script: `python run_script.py SCRIPT ARGUMENT…` sends at its end what it has logged."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path


def main() -> None:
    """Run the script as if by itself; metrics that are still under way then are waited for."""
    del sys.argv[0]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        if "azureml.core.run" in sys.modules:
            from azureml.core.run import Run

            Run.get_context().flush(timeout_seconds=30)


if __name__ == "__main__":
    main()
