from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from specrun.engines.azureml_v2 import connection
from specrun.engines.azureml_v2.engine import open_engine
from specrun.engines.azureml_v2.sdk import load_sdk
from tests.azure_engines.place import placed
from tests.azureml_v2.place import Place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An Azure of its own, and nobody's settings."""
    _hurry(monkeypatch)
    with placed(tmp_path, monkeypatch, open_engine) as place:
        yield place


def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the SDK tries again it tries at once, and it looks often at what is in the making."""
    load_sdk()
    from azure.ai.ml.constants._common import LROConfigurations

    monkeypatch.setitem(connection.OPTIONS, "retry_backoff_factor", 0.0)
    for name in ("SLEEP_TIME", "POLL_INTERVAL"):
        monkeypatch.setattr(LROConfigurations, name, 0.05)
