from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    with Emulator(tmp_path / "emulator") as emulator:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("AZURE_CONFIG_DIR", str(home / "azure"))
        yield Place(tmp_path, emulator)
