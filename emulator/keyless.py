"""Storage accounts that take no keys, as many companies want it: what is refused there, and how."""

from __future__ import annotations

import uuid

from emulator.clusters import timestamp
from emulator.router import Request
from emulator.signatures import DELEGATED
from emulator.state import Service
from emulator.wire import Outgoing

_CODE = "KeyBasedAuthenticationNotPermitted"
_STORAGE = "microsoft.storage/storageaccounts"


def takes_keys(service: Service, account: str) -> bool:
    """Whether a storage account takes keys, and signatures that are made with them."""
    if service.keyless:
        return False
    for one in list(service.resources.values()):
        if one.kind.lower() == _STORAGE and account in (one.name, service.stores.known(one.name)):
            return (one.body.get("properties") or {}).get("allowSharedKeyAccess") is not False
    return True


def refusal(service: Service, request: Request) -> Outgoing | None:
    """The answer to a request for blobs that a key opens, where the account takes none; None: it is let through.

    A token and a signature that somebody delegated are let through; so is a request that shows nothing.
    """
    shared = request.headers.get("authorization", "").lower().startswith("sharedkey")
    signed = "sig" in request.query and DELEGATED not in request.query
    if not (shared or signed) or takes_keys(service, request.host.partition(".")[0]):
        return None
    told = "Key based authentication is not permitted on this storage account."
    message = f"{told}\nRequestId:{uuid.uuid4()}\nTime:{timestamp()}"
    text = (
        f'\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>{_CODE}</Code><Message>{message}</Message></Error>'
    )
    return Outgoing(403, {"Content-Type": "application/xml", "x-ms-error-code": _CODE}, text.encode())
