from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.azure.fake_login import Fake

STARTS = ("AZURE", "ACTIONS_ID", "SYSTEM_", "IDENTITY_", "MSI_", "IMDS_", "GITHUB_ACTIONS")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """None of the caller's credentials, no `az`, no terminal."""
    for name in os.environ:
        if name.startswith(STARTS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


@pytest.fixture
def fake() -> Fake:
    return Fake()


class Clock:
    """The time that a token's age is taken from."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = time.time
        self._ahead = 0.0
        monkeypatch.setattr(time, "time", self)

    def __call__(self) -> float:
        return self._real() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)
