from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.runs import Runs, runs_in


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    with runs_in(tmp_path) as runs:
        yield runs
