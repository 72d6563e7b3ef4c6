from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from specrun.engines.azureml_v1.sdk import load_sdk
from tests.azureml_v1.place import Place
from tests.emulator import Emulator

SETTINGS = ("AZUREML_", "AZURE_", "ACTIONS_", "IDENTITY_", "MSI_", "SYSTEM_", "SPECRUN_")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An Azure of its own, and nobody's settings."""
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    _hurry(monkeypatch)
    with Emulator(tmp_path / "emulator") as emulator:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("AZURE_CONFIG_DIR", str(home / "azure"))
        yield Place(tmp_path, emulator)


def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the SDK tries again, it tries at once."""
    load_sdk()
    from azureml._restclient import clientbase

    for name in ("DEFAULT_BACKOFF", "DEFAULT_500_BACKOFF", "DEFAULT_503_BACKOFF", "DEFAULT_SHORT_BACKOFF"):
        monkeypatch.setattr(clientbase, name, 0)
