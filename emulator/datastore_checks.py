"""What a workspace takes as a datastore: names, credentials, and whether they open anything."""

from __future__ import annotations

import re

from emulator.planes import Cloud, require
from emulator.router import Refused, Request
from emulator.runs_state import Datastore, Plane

BLOB, FILE, LAKE = "AzureBlob", "AzureFile", "AzureDataLakeGen2"
CREDENTIALS = {
    BLOB: {"None", "Sas", "AccountKey"},
    FILE: {"Sas", "AccountKey"},
    LAKE: {"None", "ClientCredentials"},
}
"""The types of credentials that a type of datastore can have, as the data plane calls them."""

_NAME = re.compile(r"[a-zA-Z0-9_]{1,255}")
_WORDS = {
    "ContainerNotFound": "The specified container does not exist.",
    "InvalidResourceName": "The specified resource name contains invalid characters.",
}
"""What the service says of a storage error; of all others, that access is forbidden."""


def keep(plane: Plane, wanted: Datastore, request: Request) -> None:
    """Registers a datastore, new or not. Raises Refused where it cannot be, or cannot be opened; the latter is looked
    at unless the request has `skipValidation`, and `createIfNotExists` makes the container.
    """
    _check_form(wanted)
    if request.query.get("skipValidation", "false").lower() != "true":
        create = request.query.get("createIfNotExists", "false").lower() == "true"
        _check_opens(plane.cloud, wanted, create=create)
        wanted.validated = True
    with plane.lock:
        plane.datastores[wanted.name] = wanted


def _check_form(wanted: Datastore) -> None:
    require(
        _NAME.fullmatch(wanted.name),
        f"Datastore name '{wanted.name}' is not valid: it may have letters, digits and _ only.",
    )
    credential = wanted.section.get("credentialType") or "None"
    require(
        credential in CREDENTIALS[wanted.kind],
        f"A datastore of type {wanted.kind} cannot have credentials of type {credential}.",
    )
    if credential in ("Sas", "AccountKey"):
        secret = wanted.section.get("credential")
        require(secret, f"The credential is required for credentials of type {credential}.")


def _check_opens(cloud: Cloud, wanted: Datastore, *, create: bool) -> None:
    """Refuse what the service cannot open with the credential that it was given."""
    account = cloud.account(wanted.account)
    host = f"{wanted.account}.{'file' if wanted.kind == FILE else 'blob'}.core.windows.net"
    if account is None:
        raise Refused(
            400, "UserError", f"Unable to connect to the storage account: No such host is known. ({host}:443)"
        )
    credential, kind = wanted.section.get("credential"), wanted.section.get("credentialType")
    if kind not in ("AccountKey", "Sas") or credential is None:
        return  # what an identity may do shows when it is used
    if account.keyless:
        raise Refused(
            400,
            "UserError",
            f"KeyBasedAuthenticationNotPermitted: {host} does not permit key based authentication.",
        )
    if wanted.kind == FILE:  # there is no emulator of file shares: the key is all that can be looked at
        problem = "" if kind == "Sas" or credential == account.blobs.key else "AuthenticationFailed"
    else:
        problem = account.blobs.refusal(wanted.container, credential)
    if problem == "ContainerNotFound" and create:
        account.blobs.ensure(wanted.container)
        problem = ""
    told = _WORDS.get(problem, "Forbidden. Please make sure the credentials are correct.")
    require(not problem, f"{problem}: {told} ({host}/{wanted.container})")
