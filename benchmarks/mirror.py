"""Mirrors a folder into a container as apply does: `python -m benchmarks.mirror URL CONTAINER PREFIX FOLDER HOME`,
and prints how many files were sent. The signature (SAS) is in BENCHMARK_SAS.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from specrun.engines.azure.blobs import list_files
from specrun.engines.azure.containers import Container, SasToken
from specrun.engines.azure.upload import send
from specrun.engines.base import Progress
from specrun.plan.files import list_data
from specrun.plan.hashes import HashCache
from specrun.plan.makers import Maker
from specrun.plan.transfer import plan_transfer


def main() -> None:
    """Hash what is not known yet, list, compare and send."""
    url, name, prefix, folder, home = sys.argv[1:]
    container = Container(url, name, SasToken(os.environ["BENCHMARK_SAS"]))
    hashes = HashCache(Path(home))
    transfer = plan_transfer(list_data(Path(folder), hashes), list_files(container, prefix))
    hashes.save()
    send(container, prefix, transfer.send, Maker("benchmark"), _silent)
    print(len(transfer.send))


def _silent(progress: Progress) -> None:
    pass


if __name__ == "__main__":
    main()
