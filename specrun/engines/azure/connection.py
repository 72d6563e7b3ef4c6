"""One workspace as an SDK reaches it: signed in to once, each thing fetched once, for all threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.blob_errors import KeyRefused
from specrun.engines.azure.containers import AccountKey, Container, Credential, SasToken
from specrun.engines.azure.coordinates import Coordinates, locate
from specrun.engines.azure.credentials import SignIn, sign_in
from specrun.engines.azure.fetched import Fetched
from specrun.engines.azure.nonsense import nonsense, slips
from specrun.engines.azure.quiet import quiet
from specrun.engines.base import EngineError, Scope, Transient
from specrun.spec.secrets import note_values

P = ParamSpec("P")
T = TypeVar("T")

SECRETS_LAST = 45 * 60.0
"""Seconds for which the credential of a datastore is used: the service gives signatures that end after an hour."""

SOON = 2.0
"""Seconds after which what must be there is looked for again."""


class NotYet(Transient):
    """A workspace is there, and what each has is not seen yet."""

    def __init__(self, message: str) -> None:
        super().__init__(message, SOON)


class Sdk(Protocol):
    """What a connection asks of an SDK. Everything may raise EngineError; Missing of what is not there.

    `load` imports it. What is fetched are the SDK's own objects as they are now; the datastore without a name is the
    workspace's default one. `container_of` a datastore is the blob container behind it (None: there is none), and what
    has its credential as attributes.
    """

    def load(self) -> None: ...
    def fetch_workspace(self) -> Any: ...
    def fetch_datastore(self, name: str | None) -> Any: ...
    def container_of(self, datastore: Any) -> tuple[str | None, Any]: ...


S = TypeVar("S", bound=Sdk)


def asked(method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """A method of something that has a `connection`, which its work is asked of."""

    @wraps(method)
    def ask(self: Any, /, *args: P.args, **options: P.kwargs) -> T:
        answer: T = self.connection.ask(partial(method, self, *args, **options))
        return answer

    return ask


class Connection(Generic[S]):
    """What an engine needs in one workspace, for all threads. Nothing is asked for before it is wanted.

    `scope` names the workspace, `open_sdk` makes the SDK's side of it. Every method may raise EngineError; Missing when
    there is no such workspace or datastore.
    """

    def __init__(self, scope: Scope, open_sdk: Callable[[Connection[S]], S]) -> None:
        self.sdk = open_sdk(self)
        self.shared = scope.shared
        """What the connections of one command have together."""
        self._named = scope.workspace
        self._sign_in: Fetched[SignIn] = scope.shared.setdefault("sign-in", Fetched(sign_in))
        self._arm = Fetched(lambda: Arm(self.credential))
        self._workspace = Fetched(lambda: self.sdk.fetch_workspace())
        self._datastores: dict[str, Fetched[Any]] = {}
        self._containers: dict[Container, Container] = {}
        self._keyless: set[str] = set()
        self._lock = threading.Lock()

    def ask(self, work: Callable[[], T]) -> T:
        """Do something with the SDK, which is imported by then and writes nothing where results are written."""
        with quiet():
            self.sdk.load()
            try:
                return self._trusting(work)
            except EngineError:
                raise
            except slips() as error:
                raise nonsense(error) from error

    def _trusting(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except KeyRefused as refused:
            # Before anything was done with it: the same again, as who is signed in.
            if not self._distrust_key(refused):
                raise
            return work()

    @property
    def coordinates(self) -> Coordinates:
        """Which workspace this is."""
        return locate(self._named)

    @property
    def location(self) -> str:
        """The region, as in westeurope: that of the workspace, or where one that is not there is to be made."""
        named = self.workspace().location if self.has_workspace else (self._named or {}).get("location")
        return str(named or "").replace(" ", "").lower()

    @property
    def credential(self) -> SignIn:
        """Who is signed in."""
        return self._sign_in.get()

    @property
    def arm(self) -> Arm:
        """Azure Resource Manager, asked as who is signed in."""
        return self._arm.get()

    def workspace(self) -> Any:
        """The SDK's workspace, as it was when it was fetched."""
        return self._workspace.get()

    def refresh(self) -> Any:
        """The SDK's workspace as it is now."""
        return self._workspace.look()

    @property
    def has_workspace(self) -> bool:
        """Whether the workspace was fetched, some time ago."""
        return self._workspace.is_fetched

    def forget(self) -> None:
        """The workspace is not there any more, and none of what was in it."""
        self._workspace.forget()
        with self._lock:
            self._datastores.clear()

    def datastore(self, name: str | None) -> Any:
        """A datastore with its credential, as it was when it was fetched; None is the workspace's default one."""
        return self._datastore(name).get()

    def refresh_datastore(self, name: str) -> Any:
        """A datastore as it is now."""
        return self._datastore(name).look()

    def forget_datastore(self, name: str) -> None:
        """The datastore is not what it was."""
        self._datastore(name).forget()

    def open_datastore(self, name: str | None) -> Container:
        """The blob container behind a datastore, opened with its credential, or else as who is signed in.

        None is the workspace's default one.
        """
        datastore = self.datastore(name)
        container_name, secrets = self.sdk.container_of(datastore)
        if container_name is None:
            raise EngineError(f"datastore {datastore.name} is no blob container: data goes to those only")
        host = f"{datastore.account_name}.blob.{datastore.endpoint or 'core.windows.net'}"
        known = None if host in self._keyless else _credential_in(secrets)
        url = f"{datastore.protocol or 'https'}://{host}"
        container = Container(url, str(container_name), known or self.credential)
        return self._containers.setdefault(container, container)

    def _distrust_key(self, refused: KeyRefused) -> bool:
        """Open the account that refused its key as who is signed in from now on; whether that is new."""
        hosts = {one.host for one in list(self._containers) if one.words in str(refused)}
        new = hosts - self._keyless
        self._keyless |= new
        return bool(new)

    def _datastore(self, name: str | None) -> Fetched[Any]:
        with self._lock:
            # The service knows datastores by their names in lower case.
            return self._datastores.setdefault(
                (name or "").lower(), Fetched(lambda: self.sdk.fetch_datastore(name), lasts=SECRETS_LAST)
            )


def _credential_in(secrets: Any) -> Credential | None:
    note_values(str(getattr(secrets, name, None) or "") for name in ("sas_token", "account_key", "client_secret"))
    if getattr(secrets, "sas_token", None):
        return SasToken(secrets.sas_token)
    if getattr(secrets, "account_key", None):
        return AccountKey(secrets.account_key)
    if getattr(secrets, "client_secret", None):
        from azure.identity import ClientSecretCredential

        return ClientSecretCredential(secrets.tenant_id, secrets.client_id, secrets.client_secret)
    return None
