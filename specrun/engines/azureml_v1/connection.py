"""One workspace as the SDK reaches it: signed in to once, fetched once, for all threads."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from specrun.engines.azure.blob_errors import KeyRefused
from specrun.engines.azure.containers import AccountKey, Container, Credential, SasToken
from specrun.engines.azure.coordinates import Coordinates, locate
from specrun.engines.azure.credentials import SignIn, sign_in
from specrun.engines.azure.once import Once
from specrun.engines.azureml_v1.errors import translated
from specrun.engines.azureml_v1.sdk import load_sdk
from specrun.engines.base import EngineError, Missing, Scope, Transient

CLOUD = "AzureCloud"
"""Named, so that the SDK does not ask the network which clouds there are."""

SOON = 2.0
"""Seconds after which what must be there is looked for again."""

BLOB_STORES = ("AzureBlob", "AzureDataLakeGen2")


class Connection:
    """What the SDK needs in one workspace, for all threads. Nothing is asked for before it is wanted.

    Every method may raise EngineError; Missing when there is no such workspace or datastore.
    """

    def __init__(self, home: Path, scope: Scope) -> None:
        self.home = home
        self.scope = scope
        self._sign_in = Once(sign_in)
        self._auth = Once(self._make_auth)
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
    def auth(self) -> Any:
        """The same for the SDK."""
        return self._auth.get()

    def workspace(self) -> Any:
        """The azureml.core.Workspace, as it was when it was fetched."""
        return self._workspace.get()

    def refresh(self) -> Any:
        """The azureml.core.Workspace as it is now."""
        return self._workspace.look()

    def forget(self) -> None:
        """The workspace is not there any more, and none of what was in it."""
        self._workspace.forget()
        with self._lock:
            self._datastores.clear()

    def default_datastore(self) -> Any:
        """The workspace's default datastore, as it was when it was fetched."""
        return self._datastore(None).get()

    def datastore(self, name: str) -> Any:
        """A datastore, with its credential, as it was when it was fetched."""
        return self._datastore(name).get()

    def refresh_datastore(self, name: str) -> Any:
        """A datastore as it is now."""
        return self._datastore(name).look()

    def forget_datastore(self, name: str) -> None:
        """The datastore is not what it was."""
        self._datastore(name).forget()

    def open_datastore(self, name: str | None) -> Container:
        """The blob container behind the datastore of this name; None is the workspace's default one."""
        return self.container(self.default_datastore() if name is None else self.datastore(name))

    def container(self, datastore: Any) -> Container:
        """The blob container behind a datastore, opened with its credential, or else as who is signed in."""
        if datastore.datastore_type not in BLOB_STORES:
            raise EngineError(f"datastore {datastore.name} is no blob container: data goes to those only")
        host = f"{datastore.account_name}.blob.{datastore.endpoint or 'core.windows.net'}"
        known = None if host in self._keyless else _credential(datastore)
        url = f"{datastore.protocol or 'https'}://{host}"
        container = Container(url, str(datastore.container_name), known or self.credential)
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
            return self._datastores.setdefault((name or "").lower(), Once(lambda: self._fetch_datastore(name)))

    def _make_auth(self) -> Any:
        load_sdk()
        with translated("set up the sign-in"):
            from azureml.core.authentication import TokenAuthentication

            return TokenAuthentication(self.credential.token_for, cloud=CLOUD)

    def _fetch_workspace(self) -> Any:
        at = self.coordinates
        with translated(f"find the workspace {at.workspace_name}", retried="but 429"):
            auth = self.auth
            from azureml.core import Workspace

            found = Workspace.get(
                at.workspace_name, auth=auth, subscription_id=at.subscription_id, resource_group=at.resource_group
            )
            # After a broken connection the SDK gives an empty object: this asks again, and raises.
            _ = found.location
            return found

    def _fetch_datastore(self, name: str | None) -> Any:
        workspace = self.workspace()
        from azureml.core import Datastore

        if name:
            with translated(f"find the datastore {name}", retried="but 429"):
                return Datastore.get(workspace, name)
        try:
            with translated("find the default datastore", retried="but 429"):
                return workspace.get_default_datastore()
        except Missing as error:
            # Each workspace has one: who answers has not heard of a new one yet.
            raise Transient(str(error), SOON) from error


def _credential(datastore: Any) -> Credential | None:
    if datastore.datastore_type == "AzureDataLakeGen2":
        if not datastore.client_secret:
            return None
        from azure.identity import ClientSecretCredential

        return ClientSecretCredential(datastore.tenant_id, datastore.client_id, datastore.client_secret)
    if datastore.sas_token:
        return SasToken(datastore.sas_token)
    return AccountKey(datastore.account_key) if datastore.account_key else None
