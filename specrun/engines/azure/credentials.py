"""Signing in to Azure: one credential for all that a process asks for, and its failures in plain words."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from specrun.engines.azure.sources import CredentialSource, choose
from specrun.engines.base import Denied, EngineError

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

MARGIN = 300.0
"""Seconds before its end at which a token is no longer handed out: what is begun with it must have time to finish."""

REFUSED_FOR = 60.0
"""Seconds for which nobody asks again who was refused: for each resource of each workspace it would be the same."""

_DEADLINES = {"connection_timeout": 10, "read_timeout": 20, "retry_total": 3}
"""For each attempt in seconds; with three repetitions a sign-in ends within the patience of a call."""


class SignIn:
    """A source of credentials and the tokens that it gave so far.

    It is an azure-core `TokenCredential`, and `token_for` is what azureml-core's `TokenAuthentication` calls. Threads
    may share it; one at a time signs in, and who waited for that shares the failure, as does who comes within
    `REFUSED_FOR` of a refusal.
    """

    def __init__(self, source: CredentialSource, transport: Any = None) -> None:
        self.description = source.description
        self.asks = source.kind == "device"
        """Whether a person has to enter a code before there is a token."""
        self._source = source
        self._options = {**_DEADLINES, "transport": transport} if transport else _DEADLINES
        self._credential: Any = None
        self._tokens: dict[tuple[object, ...], AccessToken] = {}
        self._refused: dict[tuple[object, ...], tuple[EngineError, float]] = {}
        self._lock = threading.Lock()

    def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **options: Any,
    ) -> AccessToken:
        """A token for a scope (`https://storage.azure.com/.default`), from memory while it lasts for `MARGIN`.

        `claims` ask for a new one. Raises Denied, Transient, or EngineError for a certificate that is not trusted.
        """
        key = (scopes, tenant_id, enable_cae)
        known = self._refused.get(key)
        with self._lock:
            refused = self._refused.get(key)
            if refused is not None and (refused is not known or _is_final(*refused)) and not claims:
                raise refused[0]
            token = self._tokens.get(key)
            if token is None or claims or token.expires_on - time.time() < MARGIN:
                wanted = {"claims": claims, "tenant_id": tenant_id, "enable_cae": enable_cae}
                chosen = {name: value for name, value in wanted.items() if value}
                try:
                    token = self._tokens[key] = self._fetch(scopes, {**chosen, **options})
                except EngineError as error:
                    self._refused[key] = error, time.time()
                    raise
            return token

    def token_for(self, audience: str) -> str:
        """The text of a token for an audience, a resource such as `https://ml.azure.com`. Raises as `get_token`."""
        token: str = self.get_token(f"{audience}/.default").token
        return token

    def _fetch(self, scopes: tuple[str, ...], options: dict[str, Any]) -> AccessToken:
        from azure.core.exceptions import AzureError

        from specrun.engines.azure.sign_in_errors import explain

        try:
            if self._credential is None:
                self._credential = self._make()
            token: AccessToken = self._credential.get_token(*scopes, **options)
        except (AzureError, OSError, ValueError, TypeError) as error:  # the last two: what cannot be an id or a key
            raise explain(error, self._source) from error
        return token

    def _make(self) -> Any:
        # What azure-identity would warn of on standard error, the error says better, and once.
        logging.getLogger("azure.identity").setLevel(logging.ERROR)
        return self._source.make(self._options)


def _is_final(error: EngineError, since: float) -> bool:
    return isinstance(error, Denied) and time.time() - since < REFUSED_FOR


def sign_in(transport: Any = None) -> SignIn:
    """The sign-in that the environment offers, chosen without asking anybody; the first token is fetched when needed.

    `transport` is an azure-core transport to use instead of azure-core's own. Raises Denied: there is nothing to sign
    in with, or it is half configured.
    """
    return SignIn(choose(), transport)
