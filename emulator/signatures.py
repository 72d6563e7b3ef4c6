"""The signatures that the service hands out for storage accounts, as Azurite takes them: an account's, signed with its
key, and a user delegation's, which needs no key.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import uuid
from typing import Any
from urllib.parse import parse_qsl, quote

from emulator.router import Refused

LIFETIME = datetime.timedelta(hours=8)
DELEGATED = "skoid"
"""The part of a signature that says who delegated it; one with an account's key has none."""

_OBJECT, _TENANT = (str(uuid.uuid5(uuid.NAMESPACE_DNS, name)) for name in ("service.emulator", "tenant.emulator"))
_EARLIER = datetime.timedelta(minutes=10)
_KEY_VERSION = "2019-07-07"
_SEED = b"azurite-user-delegation-signing-seed-v1"
"""With which Azurite makes the keys of user delegations."""

_ORDER = ("sv", "sig", "se", "srt", "ss", "sp")


def of_account(account: str, key: str, hours: float) -> str:
    """A query that opens all blobs and files of an account for some hours, with its question mark."""
    from azure.storage.blob import generate_account_sas

    try:
        base64.b64decode(key, validate=True)
    except ValueError:
        raise Refused(400, "UserError", f"The key of the storage account {account} is not valid.") from None
    signed = generate_account_sas(account, key, "co", "rcuwdl", _now() + datetime.timedelta(hours=hours), services="bf")
    parts = dict(parse_qsl(signed))
    return "?" + "&".join(f"{name}={quote(parts[name], safe='')}" for name in _ORDER)


def of_container(account: str, container: str, permission: str) -> str:
    """A query that opens a container for some hours, delegated by the service itself."""
    from azure.storage.blob import generate_container_sas

    return generate_container_sas(account, container, permission=permission, **_delegation())


def of_blob(account: str, container: str, path: str, permission: str) -> str:
    """A query that opens a blob for some hours, delegated by the service itself."""
    from azure.storage.blob import generate_blob_sas

    return generate_blob_sas(account, container, path, permission=permission, **_delegation())


def _delegation() -> dict[str, Any]:
    from azure.storage.blob import UserDelegationKey

    now = _now()
    key = UserDelegationKey()
    key.signed_oid, key.signed_tid, key.signed_service, key.signed_version = _OBJECT, _TENANT, "b", _KEY_VERSION
    key.signed_start, key.signed_expiry = (f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in (now - _EARLIER, now + 2 * LIFETIME))
    signed = (_OBJECT, _TENANT, key.signed_start, key.signed_expiry, "b", _KEY_VERSION)
    key.value = base64.b64encode(hmac.digest(_SEED, "\n".join(signed).encode(), hashlib.sha256)).decode()
    return {"user_delegation_key": key, "start": now - _EARLIER, "expiry": now + LIFETIME}


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
