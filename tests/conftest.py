"""Tests that need the emulated storage say so together, where it cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.azurite.server import Unavailable, install

HERE = Path(__file__).parent
NEED_AZURITE = (
    "azureml_v1/",
    "azureml_v2/",
    "blobs/",
    "emulator_own/",
    "examples/test_azure",
    "faults/test_azure_",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Install Azurite for the tests that talk to it; leave them out, with the reason, where that does not work."""
    needy = [item for item in items if item.path.relative_to(HERE).as_posix().startswith(NEED_AZURITE)]
    try:
        if needy:
            install()
    except Unavailable as problem:
        for item in needy:
            item.add_marker(pytest.mark.skip(reason=str(problem)))
