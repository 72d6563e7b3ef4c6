from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from specrun.engines.azureml_v1.engine import open_engine
from specrun.engines.azureml_v1.sdk import load_sdk
from tests.azure_engines.place import placed
from tests.azureml_v1.place import Place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An Azure of its own, and nobody's settings."""
    _hurry(monkeypatch)
    with placed(tmp_path, monkeypatch, open_engine) as place:
        yield place


def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the SDK tries again, it tries at once."""
    load_sdk()
    from azureml._restclient import clientbase

    for name in ("DEFAULT_BACKOFF", "DEFAULT_500_BACKOFF", "DEFAULT_503_BACKOFF", "DEFAULT_SHORT_BACKOFF"):
        monkeypatch.setattr(clientbase, name, 0)
