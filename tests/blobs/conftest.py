from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import requests.adapters

from emulator.azurite.server import DEVELOPMENT, Azurite, Unavailable, account_key
from specrun.engines.azure.containers import AccountKey, Container
from tests.blobs.blob_files import Sent

_numbers = itertools.count()


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    try:
        with Azurite() as server:
            yield server
    except Unavailable as problem:
        pytest.skip(str(problem))


@pytest.fixture
def container(azurite: Azurite) -> Container:
    name = f"c{os.getpid()}-{next(_numbers)}"
    made = Container(azurite.account_url(), name, AccountKey(account_key(DEVELOPMENT)))
    made.client.create_container()
    return made


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Sent]:
    """The requests of this process, from now on."""
    requests_: list[Sent] = []
    send = requests.adapters.HTTPAdapter.send

    def counted(self: Any, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        url = urlsplit(request.url or "")
        requests_.append(
            Sent(request.method or "", unquote(url.path), dict(parse_qsl(url.query)), dict(request.headers))
        )
        return send(self, request, *args, **options)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", counted)
    return requests_


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder
