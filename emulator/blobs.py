"""A storage account as the service itself uses it: blobs in Azurite, and the signed links that it hands out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from emulator import signatures

if TYPE_CHECKING:
    from azure.storage.blob import BlobServiceClient, ContainerClient

HOST = "blob.core.windows.net"
_APPEND_LIMIT = 4 * 1024 * 1024


class Blobs:
    """The blobs of one account. `endpoint` is its URL at Azurite (by path), `verify` the CA's file or False."""

    def __init__(self, account: str, key: str, endpoint: str, verify: str | bool = True) -> None:
        self.account = account
        self.key = key
        self._endpoint = endpoint
        self._verify = verify

    @cached_property
    def _service(self) -> BlobServiceClient:
        return self._connect({"account_name": self.account, "account_key": self.key})

    def _connect(self, credential: str | dict[str, str]) -> BlobServiceClient:
        from azure.storage.blob import BlobServiceClient

        # The emulator's own traffic to Azurite never takes a proxy, and Azurite is either there or not: no patience.
        return BlobServiceClient(
            self._endpoint, credential=credential, use_env_settings=False, connection_verify=self._verify, retry_total=0
        )

    def container(self, name: str) -> ContainerClient:
        """A client for a container, there or not."""
        return self._service.get_container_client(name)

    def ensure(self, container: str) -> None:
        """Create a container unless it is there."""
        from azure.core.exceptions import ResourceExistsError

        try:
            self._service.create_container(container)
        except ResourceExistsError:
            return

    def refusal(self, container: str, credential: str) -> str:
        """Why `credential` (a key or a SAS) does not open `container`: a storage error code such as
        "ContainerNotFound" or "AuthenticationFailed"; empty when it does.
        """
        from azure.core.exceptions import HttpResponseError

        sas = "=" in credential.rstrip("=")
        try:
            given = credential.lstrip("?") if sas else {"account_name": self.account, "account_key": credential}
            client = self._connect(given).get_container_client(container)
            if sas:
                next(iter(client.list_blobs(results_per_page=1)), None)
            else:
                client.get_container_properties()
        except HttpResponseError as error:
            code = getattr(error, "error_code", None) or "AuthenticationFailed"
            return str(getattr(code, "value", code))
        except ValueError:  # a key that is no base64
            return "AuthenticationFailed"
        return ""

    def write(self, container: str, path: str, content: bytes) -> None:
        """Write a whole blob."""
        self.container(container).upload_blob(path, content, overwrite=True)

    def send(self, container: str, path: str, file: Path) -> None:
        """Write a file as a blob."""
        with file.open("rb") as content:
            self.container(container).upload_blob(path, content, overwrite=True)

    def read(self, container: str, path: str) -> bytes:
        """A whole blob."""
        return bytes(self.container(container).download_blob(path).readall())

    def fetch(self, container: str, path: str, file: Path) -> None:
        """Write a blob to a file; its folder is made."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as content:
            self.container(container).download_blob(path).readinto(content)

    def append(self, container: str, path: str, content: bytes) -> None:
        """Write on at a blob's end; an empty one is begun with empty `content`."""
        client = self.container(container).get_blob_client(path)
        if not content:
            client.create_append_blob()
        for start in range(0, len(content), _APPEND_LIMIT):
            client.append_block(content[start : start + _APPEND_LIMIT])

    def exists(self, container: str, path: str) -> bool:
        """Whether a blob is there."""
        return bool(self.container(container).get_blob_client(path).exists())

    def paths(self, container: str, prefix: str) -> Iterator[str]:
        """The blobs below a prefix; none when there is no container."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            yield from self.container(container).list_blob_names(name_starts_with=prefix)
        except ResourceNotFoundError:
            return

    def link(self, container: str, path: str, *, write: bool = False) -> str:
        """A blob's public URL, signed for some hours, for reading or also for writing."""
        signature = signatures.of_blob(self.account, container, path, "racw" if write else "r")
        return f"https://{self.account}.{HOST}/{container}/{quote(path)}?{signature}"
