"""One workspace as the SDK reaches it: signed in to once, each thing fetched once, for all threads."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from specrun.engines.azure.arm import ENDPOINT
from specrun.engines.azure.blob_errors import KeyRefused
from specrun.engines.azure.connections import transport
from specrun.engines.azure.containers import AccountKey, Container, Credential, SasToken
from specrun.engines.azure.coordinates import Coordinates, locate
from specrun.engines.azure.credentials import SignIn, sign_in
from specrun.engines.azure.once import Once
from specrun.engines.azureml_v2.errors import translated
from specrun.engines.azureml_v2.sdk import load_sdk
from specrun.engines.base import EngineError, Missing, Scope, Transient

CONNECTIONS = 16
"""Requests at once: as many as a plan asks for."""

OPTIONS = {"retry_total": 2, "retry_connect": 2, "retry_read": 2, "retry_status": 2}
"""How often the SDK tries again; what takes longer than that is for the core, which looks before it tries."""

POLLING = 3600
"""Seconds between two looks of the SDK at an operation that was accepted: it looks once, and then we do, at what is to
become of it."""

SECRETS_LAST = 45 * 60.0
"""Seconds for which the credential of a datastore is used: the service gives signatures that end after an hour."""

SOON = 2.0
"""Seconds after which what must be there is looked for again."""


class Connection:
    """What the SDK needs in one workspace, for all threads. Nothing is asked for before it is wanted.

    Every method may raise EngineError; Missing when there is no such workspace or datastore.
    """

    def __init__(self, home: Path, scope: Scope) -> None:
        self.home = home
        self.scope = scope
        self._sign_in = Once(sign_in)
        self._client = Once(self._make_client)
        self._workspace = Once(self._fetch_workspace)
        self._datastores: dict[str, Once[Any]] = {}
        self._containers: dict[Container, Container] = {}
        self._keyless: set[str] = set()
        self._lock = threading.Lock()

    @property
    def coordinates(self) -> Coordinates:
        """Which workspace this is."""
        return locate(self.scope.workspace, self.scope.folder)

    @property
    def credential(self) -> SignIn:
        """Who is signed in."""
        return self._sign_in.get()

    @property
    def client(self) -> Any:
        """The SDK's MLClient."""
        return self._client.get()

    def workspace(self) -> Any:
        """The SDK's Workspace, as it was when it was fetched."""
        return self._workspace.get()

    def refresh(self) -> Any:
        """The SDK's Workspace as it is now."""
        return self._workspace.look()

    def forget(self) -> None:
        """The workspace is not there any more, and none of what was in it."""
        self._workspace.forget()
        with self._lock:
            self._datastores.clear()

    def default_datastore(self) -> Any:
        """The workspace's default datastore with its credential, as it was when it was fetched."""
        return self._datastore(None).get()

    def forget_datastore(self, name: str) -> None:
        """The datastore is not what it was."""
        self._datastore(name).forget()

    def open_datastore(self, name: str | None) -> Container:
        """The blob container behind a datastore, opened with its credential, or else as who is signed in.

        None is the workspace's default one.
        """
        datastore = self._datastore(name).get()
        container_name = getattr(datastore, "container_name", None) or getattr(datastore, "filesystem", None)
        if container_name is None:
            raise EngineError(f"datastore {datastore.name} is no blob container: data goes to those only")
        host = f"{datastore.account_name}.blob.{datastore.endpoint or 'core.windows.net'}"
        known = None if host in self._keyless else _credential(datastore.credentials)
        url = f"{datastore.protocol or 'https'}://{host}"
        container = Container(url, str(container_name), known or self.credential)
        return self._containers.setdefault(container, container)

    def distrust_key(self, refused: KeyRefused) -> bool:
        """Open the account that refused its key as who is signed in from now on; whether that is new."""
        hosts = {one.host for one in list(self._containers) if one.words in str(refused)}
        new = hosts - self._keyless
        self._keyless |= new
        return bool(new)

    def _datastore(self, name: str | None) -> Once[Any]:
        with self._lock:
            # The service knows datastores by their names in lower case.
            return self._datastores.setdefault(
                (name or "").lower(), Once(lambda: self._fetch_datastore(name), lasts=SECRETS_LAST)
            )

    def _make_client(self) -> Any:
        load_sdk()
        at = self.coordinates
        with translated("set up the SDK"):
            from azure.ai.ml import MLClient

            return MLClient(
                self.credential,
                at.subscription_id,
                at.resource_group,
                at.workspace_name,
                show_progress=False,
                enable_telemetry=False,
                polling_interval=POLLING,
                transport=transport(ENDPOINT, CONNECTIONS),
                **OPTIONS,
            )

    def _fetch_workspace(self) -> Any:
        name = self.coordinates.workspace_name
        with translated(f"find the workspace {name}"):
            return self.client.workspaces.get(name)

    def _fetch_datastore(self, name: str | None) -> Any:
        if name:
            with translated(f"find the datastore {name}"):
                return self.client.datastores.get(name, include_secrets=True)
        try:
            with translated("find the default datastore"):
                return self.client.datastores.get_default(include_secrets=True)
        except StopIteration:
            # Each workspace has one: who answers has not heard of a new one yet.
            raise Transient("cannot find the default datastore: the workspace has none yet", SOON) from None
        except Missing as error:
            if not self._workspace.is_fetched:
                raise  # most likely there is no workspace
            raise Transient(str(error), SOON) from error


def _credential(credentials: Any) -> Credential | None:
    if getattr(credentials, "sas_token", None):
        return SasToken(credentials.sas_token)
    if getattr(credentials, "account_key", None):
        return AccountKey(credentials.account_key)
    if getattr(credentials, "client_secret", None):
        from azure.identity import ClientSecretCredential

        return ClientSecretCredential(credentials.tenant_id, credentials.client_id, credentials.client_secret)
    return None
