from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from specrun.engines.azure.blobs import list_files
from specrun.engines.azure.containers import BLOCK, Container
from specrun.engines.azure.upload import send
from specrun.plan.makers import Maker
from tests.blobs.blob_files import Sent, content, planned, silent

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_killed_upload_goes_on_where_it_was(container: Container, source: Path, sent: list[Sent]) -> None:
    large = source / "large.bin"
    large.write_bytes(os.urandom(12 * BLOCK))
    call = [sys.executable, "-m", "tests.blobs.uploads_until_told", container.account_url, container.name, str(large)]
    with subprocess.Popen([*call, str(8 * BLOCK)], cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"so far\n"
        process.kill()
    assert list_files(container, "data") == {}, "nothing half-written under the final name"
    sent.clear()
    send(container, "data", [planned(large)], Maker("job"), silent)
    again = sum(int(request.headers["Content-Length"]) for request in sent if request.operation == "PUT block")
    # What was on its way may arrive after the kill: a slow machine sends nothing again, and never more than this.
    assert again <= 8 * BLOCK, "what had arrived when it was killed is not sent again"
    assert content(container, "data/large.bin") == large.read_bytes()
