"""What the exit status says, as the command line has it."""

from __future__ import annotations

from specrun.spec.errors import BUG as BUG
from specrun.spec.errors import CHANGES_PENDING as CHANGES_PENDING
from specrun.spec.errors import DONE as DONE
from specrun.spec.errors import DRIFT as DRIFT
from specrun.spec.errors import FAILED as FAILED
from specrun.spec.errors import INTERRUPTED as INTERRUPTED
from specrun.spec.errors import INVALID_SPEC as INVALID_SPEC
from specrun.spec.errors import ORDER as ORDER
from specrun.spec.errors import REFUSED as REFUSED
from specrun.spec.errors import RUN_CANCELLED as RUN_CANCELLED
from specrun.spec.errors import RUN_FAILED as RUN_FAILED
from specrun.spec.errors import STALE as STALE
from specrun.spec.errors import WRONG_USAGE as WRONG_USAGE
from specrun.spec.errors import Error
from specrun.spec.errors import worst as worst
from specrun.spec.visible import visible


class Exit(Error):
    """Ends the command with a status; `message` goes to standard error, and what helps stands in its lines."""

    def __init__(self, code: int, *lines: str) -> None:
        self.code = code
        self.message = "\n".join(visible(line) for line in lines)
        super().__init__(self.message)
