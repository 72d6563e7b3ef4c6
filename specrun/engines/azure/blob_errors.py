"""What the blob service and the way to it answer, in the project's few errors and in words that a user acts on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from specrun.engines.azure.containers import Container, SasToken
from specrun.engines.azure.network import retry_after, unreachable
from specrun.engines.base import Conflict, Denied, EngineError, Missing, Transient

BEING_DELETED = 10.0
"""Seconds between two tries while a container of the same name is being deleted, which takes at least half a minute."""


class KeyRefused(Denied):
    """The account takes no keys, nor signatures made with one: only identities."""


_RIGHTS = {
    "identity": "the signed-in identity needs the role Storage Blob Data Contributor on the storage account; a new "
    "one takes some minutes to count",
    "sas": "the signature (SAS) does not allow it: it must allow read, write, list, create and delete on the container",
    "issued": "what the datastore is registered with does not allow it: look at the account's access settings",
    "key": "the account key does not allow it: look at the account's access settings",
}

_UNKNOWN = {
    "identity": "the sign-in was not accepted: is it of the storage account's tenant?",
    "sas": "the signature (SAS) is wrong or has expired: make a new one, and check this machine's clock",
    "issued": "what the datastore is registered with is wrong or has been renewed: register it again with the present "
    "credential, and check this machine's clock",
    "key": "the account key is wrong or has been renewed: give the present one, and check this machine's clock",
}

_WALL = "the account's firewall or private network leaves this machine out, or"
_OUTSIDE = {
    "identity": f"{_WALL} the signed-in identity has no right here: it needs the role Storage Blob Data Contributor",
    "sas": f"{_WALL} the signature (SAS) is wrong, has expired, or does not cover the container",
    "issued": f"{_WALL} what the datastore is registered with is wrong or has been renewed",
    "key": f"{_WALL} the account key is wrong or has been renewed",
}

_DENIED: Mapping[str, Mapping[str, str] | str] = {
    "AuthorizationPermissionMismatch": _RIGHTS,
    "AuthorizationResourceTypeMismatch": _RIGHTS,
    "AuthorizationServiceMismatch": _RIGHTS,
    "AuthorizationProtocolMismatch": "the signature (SAS) allows https only",
    "AuthorizationSourceIPMismatch": "the signature (SAS) does not allow this machine's address",
    "AuthorizationFailure": _OUTSIDE,
    "AuthenticationFailed": _UNKNOWN,
    "InvalidAuthenticationInfo": _UNKNOWN,
    "NoAuthenticationInformation": _UNKNOWN,
    "AccountIsDisabled": "the storage account is disabled",
    "BlobImmutableDueToPolicy": "a policy of the container forbids to change what is there",
    "InsufficientAccountPermissions": "the storage account allows reading only",
}

_WRONG_NAME = frozenset({"InvalidResourceName", "InvalidUri", "OutOfRangeInput", "InvalidInput"})


@contextmanager
def explained(container: Container, doing: str) -> Iterator[None]:
    """Raise what the SDK raises as one of the project's errors; `doing` was being done to the container."""
    from azure.core.exceptions import AzureError

    try:
        yield
    except AzureError as error:
        raise _translated(error, container, doing) from error


def _translated(error: Any, container: Container, doing: str) -> EngineError:
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    response = getattr(error, "response", None)
    start = f"{container.words}: {doing} failed: "
    if response is not None and isinstance(error, HttpResponseError):
        return _refused(error, response, container, start)
    if isinstance(error, ClientAuthenticationError):
        # No answer: either nobody could be signed in, or nothing could be signed.
        if container.opened_with == "key":
            return Denied(f"{start}the account key is not a key: it must be base64, as the portal shows it")
        return Denied(f"{start}{error.message}")
    if isinstance(error, HttpResponseError):
        return EngineError(f"{start}the answer was not what the blob service answers: {error.message}")
    return unreachable(container.host, error, f"work with container {container.name} ({doing})")


def _refused(error: Any, response: Any, container: Container, start: str) -> EngineError:
    status: int = response.status_code
    code = code_of(error)
    known = f"the service answered {status}{f' {code}' if code else ''}"
    if code == "KeyBasedAuthenticationNotPermitted":
        return KeyRefused(f"{start}the storage account takes no keys: sign in instead, with {_RIGHTS['identity']}")
    if code in _DENIED or status in (401, 403):
        reason = _DENIED.get(code, _RIGHTS if status == 403 else _UNKNOWN)
        return Denied(f"{start}{reason if isinstance(reason, str) else reason[_told_as(container)]} ({known})")
    if code == "ContainerBeingDeleted":
        return Transient(f"{start}it is being deleted, which takes a while", BEING_DELETED)
    if status in (408, 429) or status >= 500 or code == "AccountBeingCreated":
        return Transient(f"{start}{known}: try again later", retry_after(response))
    if code == "ContainerNotFound" or (status == 404 and not code):
        return Missing(f"{start}there is no such container")
    if status == 404:
        return Missing(f"{start}it is not there ({known})")
    if code in _WRONG_NAME:
        return EngineError(f"{start}the name is not one that the blob service takes ({known})")
    if status in (409, 412) or code == "InvalidBlockList":
        return Conflict(f"{start}somebody else is at work on the same ({known}): plan again")
    return EngineError(f"{start}{known}")


def _told_as(container: Container) -> str:
    """What the messages call the credential: a workspace gives a signature for the account where it was given a key."""
    credential = container.credential
    return "issued" if isinstance(credential, SasToken) and "srt=" in credential.value else container.opened_with


def code_of(error: Any) -> str:
    """The service's own code for a refusal, such as BlobNotFound; "" when it gave none."""
    headers = error.response.headers if error.response is not None else {}
    code = getattr(error, "error_code", None) or headers.get("x-ms-error-code") or ""
    return str(getattr(code, "value", code))
