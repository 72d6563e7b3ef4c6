"""A place on the emulator for each of the two Azure engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.azureml_v1.engine import open_engine as open_v1
from specrun.engines.azureml_v2.engine import open_engine as open_v2
from tests.azure_engines.place import Place, placed

ENGINES: dict[str, Any] = {"azureml": open_v2, "azureml-v1": open_v1}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str) -> Iterator[Place]:
    with placed(tmp_path, monkeypatch, ENGINES[engine]) as place:
        place.emulator.service.creating_reads = 0
        yield place
