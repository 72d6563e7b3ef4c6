"""`python -I FOLDER MODE`, from whatever folder: with -I nothing of that folder is imported, which is a stranger's."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from action.main import main  # noqa: E402 - it is found by the line above

sys.exit(main(sys.argv[1:]))
