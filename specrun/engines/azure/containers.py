"""A blob container and the client that all requests to it share."""

from __future__ import annotations

from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Union
from urllib.parse import urlsplit

from specrun.engines.azure.transport import transport
from specrun.spec.frozen import dataclass

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import BlobClient, ContainerClient

CONNECTIONS = 16
"""Requests at once: what hides the way to a data centre, and what one process can keep busy."""

BLOCK = 8 << 20
"""Bytes that are sent at once at most; as many of them are in memory as there are connections."""

TRIES = 3
"""On a dead line, of 20 s each: well below the two minutes after which calls are given up."""


@dataclass(frozen=True, slots=True)
class AccountKey:
    """A storage account's key, in base64."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SasToken:
    """A shared access signature, with or without its question mark."""

    value: str = field(repr=False)


Credential = Union[AccountKey, SasToken, "TokenCredential"]


@dataclass(frozen=True)
class Container:
    """One container: its account's URL, such as https://mlstore.blob.core.windows.net, its name, and what opens it.

    Calls may come from several threads. Nothing is sent before something is asked for.
    """

    account_url: str
    name: str
    credential: Credential = field(repr=False)

    @property
    def host(self) -> str:
        """The account's host name."""
        return urlsplit(self.account_url).netloc

    @property
    def words(self) -> str:
        """What messages call it."""
        return f"container {self.name} of {self.host}"

    @property
    def opened_with(self) -> str:
        """What kind of credential there is, as messages need to know: key, sas or identity."""
        if isinstance(self.credential, SasToken):
            return "key" if _made_of_a_key(self.credential.value) else "sas"
        return "key" if isinstance(self.credential, AccountKey) else "identity"

    @cached_property
    def client(self) -> ContainerClient:
        """The SDK's client: pooled connections, short deadlines, few tries, nothing logged."""
        from azure.storage.blob import ContainerClient

        return ContainerClient(
            self.account_url,
            self.name,
            credential=self._sdk_credential(),
            transport=transport(self.account_url, CONNECTIONS),
            retry_policy=_retry_policy(),
            max_single_put_size=BLOCK,
        )

    def blob(self, name: str) -> BlobClient:
        """The client for one blob."""
        return self.client.get_blob_client(name)

    def _sdk_credential(self) -> Any:
        credential = self.credential
        if isinstance(credential, AccountKey):
            from azure.core.credentials import AzureNamedKeyCredential

            parts = urlsplit(self.account_url)
            account = parts.path.strip("/") or parts.netloc.partition(".")[0]
            return AzureNamedKeyCredential(account, credential.value)
        if isinstance(credential, SasToken):
            return credential.value.lstrip("?")
        return credential


def _made_of_a_key(signature: str) -> bool:
    """Whether Azure ML made it of the account key that a datastore has: who gave a key must hear of the key.

    It is for blobs and files, containers and objects, and says nothing of the protocol; those that people make do.
    """
    parts = dict(part.partition("=")[::2] for part in signature.lstrip("?").split("&"))
    return (parts.get("ss"), parts.get("srt")) == ("bf", "co") and "spr" not in parts


def _retry_policy() -> Any:
    from azure.storage.blob import ExponentialRetry

    class Retries(ExponentialRetry):  # type: ignore[misc]
        """The SDK's, which does not look at Retry-After."""

        def sleep(self, settings: Any, transport: Any) -> None:
            tried = settings["history"]  # none where an answer broke off
            answer = getattr(tried[-1], "http_response", None) if tried else None
            asked = answer.headers.get("Retry-After", "") if answer is not None else ""
            if asked.isdigit():
                transport.sleep(float(asked))
            else:
                super().sleep(settings, transport)

    # `initial_backoff` + 3 ** n seconds after the n-th failure, the first excepted
    return Retries(initial_backoff=1, increment_base=3, retry_total=TRIES - 1, random_jitter_range=1)
