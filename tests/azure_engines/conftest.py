"""A place on the emulator for each of the two Azure engines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from specrun.cli.main import run
from specrun.engines.azureml_v1.engine import open_engine as open_v1
from specrun.engines.azureml_v2.engine import open_engine as open_v2
from tests.azure_engines.place import Place, placed

Specrun = Callable[..., tuple[int, str, str]]
"""Gives the exit status, and what went to standard output and standard error."""

ENGINES: dict[str, Any] = {"azureml": open_v2, "azureml-v1": open_v1}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str) -> Iterator[Place]:
    with placed(tmp_path, monkeypatch, ENGINES[engine]) as place:
        place.emulator.service.creating_reads = 0
        yield place


@pytest.fixture
def specrun(place: Place, engine: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Specrun:
    """Runs a command line in the folder of a workspace's config.json."""
    place.make_workspace()
    monkeypatch.chdir(place.folder)
    monkeypatch.setenv("SPECRUN_ENGINE", engine)
    subscription = place.emulator.service.subscription
    config = {"workspace_name": "ml-ws", "resource_group": "ml-rg", "subscription_id": subscription}
    Path("config.json").write_text(json.dumps(config))

    def command(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(list(arguments))
        return (code, *capfd.readouterr())

    return command
