"""Storage accounts: Azurite, one for all emulators of this process, and which of its accounts stands for which."""

from __future__ import annotations

import atexit
import functools
import tempfile
import threading
from pathlib import Path

from emulator import certificates
from emulator.azurite.server import ACCOUNTS, POOL, Azurite
from emulator.blobs import Blobs

_lock = threading.Lock()
_free = list(POOL)


@functools.cache
def _azurite() -> tuple[Azurite, Path]:
    folder = Path(tempfile.mkdtemp(prefix="specrun-emulator-"))
    certificates.write_authority(folder / "ca.pem")
    azurite = Azurite(certificates.write_leaf(folder)).__enter__()
    atexit.register(azurite.__exit__, None, None, None)
    return azurite, folder / "ca.pem"


class Stores:
    """One emulator's storage accounts. An account whose name Azurite does not have stands for one of its pool that no
    other emulator has meanwhile; Azurite starts when somebody asks for a blob.
    """

    def __init__(self) -> None:
        self._stands_for: dict[str, str] = {}
        self._opened: set[str] = set()

    def start(self) -> None:
        """Starts Azurite now. Raises Unavailable."""
        with _lock:
            _azurite()

    @property
    def port(self) -> int:
        """Where Azurite listens, with TLS."""
        with _lock:
            return _azurite()[0].port

    def backing(self, account: str) -> str:
        """The account of Azurite that holds the blobs of an account."""
        if account in ACCOUNTS:
            return account
        with _lock:
            if account not in self._stands_for:
                self._stands_for[account] = _free.pop(0)
            return self._stands_for[account]

    def known(self, account: str) -> str | None:
        """The account of Azurite that stands for an account, if one does already."""
        return self._stands_for.get(account)

    def key(self, account: str) -> str:
        """An account's key, in base64."""
        return ACCOUNTS[self.backing(account)]

    def blobs(self, account: str) -> Blobs:
        """The blobs of an account."""
        backing = self.backing(account)
        with _lock:
            azurite, authority = _azurite()
        self._opened.add(backing)
        return Blobs(backing, ACCOUNTS[backing], f"{azurite.url}/{backing}", str(authority))

    def close(self) -> None:
        """Gives the pool's accounts back, empty."""
        from azure.storage.blob import BlobServiceClient

        for backing in self._stands_for.values():
            if backing in self._opened:
                azurite, authority = _azurite()
                key = {"account_name": backing, "account_key": ACCOUNTS[backing]}
                url = f"{azurite.url}/{backing}"
                client = BlobServiceClient(
                    url, key, use_env_settings=False, connection_verify=str(authority), retry_total=0
                )
                for container in client.list_containers():
                    client.delete_container(container.name)
        with _lock:
            _free.extend(self._stands_for.values())
        self._stands_for.clear()
