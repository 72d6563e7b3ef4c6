"""Uploads one file and stops dead after some bytes: `python -m tests.blobs.uploads_until_told URL NAME FILE BYTES`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from emulator.azurite.server import DEVELOPMENT, account_key
from specrun.engines.azure.containers import AccountKey, Container
from specrun.engines.azure.upload import send
from specrun.engines.base import Progress
from specrun.plan.makers import Maker
from tests.blobs.blob_files import planned


def main() -> None:
    url, name, file, limit = sys.argv[1:]

    def report(progress: Progress) -> None:
        if progress.done >= int(limit):
            print("so far", flush=True)
            threading.Event().wait()

    send(
        Container(url, name, AccountKey(account_key(DEVELOPMENT))), "data", [planned(Path(file))], Maker("job"), report
    )


if __name__ == "__main__":
    main()
