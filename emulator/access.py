"""Lets a request in or not: whose token it carries, and whether its principal may do what it asks for."""

from __future__ import annotations

import dataclasses
import re

from emulator.router import Refused, Request
from emulator.state import Service

_GUARDED = ("management.azure.com", "azureml.ms")
_OPEN_PATHS = ("/metadata/endpoints", "/discovery")
_RP_PREFIX = re.compile(r"^/.*?(?=/subscriptions/)", re.IGNORECASE)
_SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)", re.IGNORECASE)


def admit(service: Service, request: Request) -> Request:
    """The request with its principal. Raises Refused 401 without a token of this service, 403 without a role."""
    if not request.host.endswith(_GUARDED) or request.path.rstrip("/").lower().startswith(_OPEN_PATHS):
        return request
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    principal = service.directory.principal_of(token) if scheme.lower() == "bearer" else None
    if principal is None:
        raise _unauthenticated(token)
    asked = _SUBSCRIPTION.search(request.path)
    if asked and asked[1].lower() != service.subscription:
        raise Refused(404, "SubscriptionNotFound", f"The subscription '{asked[1]}' could not be found.")
    resource = _RP_PREFIX.sub("", request.path) if "/subscriptions/" in request.path.lower() else request.path
    action = _action(request.method, resource)
    if not service.roles.allow(principal, action, resource) and not re.fullmatch("/subscriptions/?", resource):
        raise Refused(
            403,
            "AuthorizationFailed",
            f"The client '{principal.client_id}' with object id '{principal.object_id}' does not have authorization to "
            f"perform action '{action}' over scope '{resource}' or the scope is invalid. If access was recently "
            "granted, please refresh your credentials.",
        )
    return dataclasses.replace(request, principal=principal)


def _unauthenticated(token: str) -> Refused:
    code = "InvalidAuthenticationToken" if token else "AuthenticationFailed"
    told = (
        "The access token is invalid or has expired."
        if token
        else "Authentication failed. The 'Authorization' header is missing."
    )
    return Refused(
        401, code, told, headers={"WWW-Authenticate": 'Bearer authorization_uri="https://login.microsoftonline.com/"'}
    )


def _action(method: str, resource: str) -> str:
    """The action as role definitions name it, such as "Microsoft.MachineLearningServices/workspaces/computes/write"."""
    parts = [part for part in resource.split("/") if part]
    lower = [part.lower() for part in parts]
    verb = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}.get(method, "action")
    if "providers" in lower and len(parts) > lower.index("providers") + 1:
        start = lower.index("providers")
        kinds = [parts[start + 1], *parts[start + 2 :: 2]]
    else:
        kinds = ["Microsoft.Resources", "subscriptions", *(["resourceGroups"] if "resourcegroups" in lower else [])]
    return "/".join([*kinds, verb])
