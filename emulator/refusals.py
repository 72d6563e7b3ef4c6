"""Refusals as the service writes them: the gateway's form, that of machine learning behind it, and the data plane's."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any

from emulator.clusters import timestamp
from emulator.router import Refused, Request, Response

_ML = re.compile(r"/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+/.", re.IGNORECASE)
_GATEWAY = {"ResourceNotFound", "ParentResourceNotFound", "ResourceGroupNotFound", "SubscriptionNotFound"}
_GATEWAY |= {"AuthorizationFailed", "InvalidAuthenticationToken", "AuthenticationFailed"}
"""What Azure Resource Manager says itself, before anybody behind it is asked."""

_COMPONENTS = {"history": "run-history", "execution": "execution", "artifact": "artifact", "metric": "metrics"}


def answer(refused: Refused, request: Request, region: str) -> Response:
    """The answer to a request that was refused; `region` is where the service says that it is."""
    if refused.empty:
        return Response(refused.status, headers={**refused.headers, "x-ms-response-type": "standard"})
    if request.host.endswith("azureml.ms"):
        return Response(refused.status, _of_data_plane(refused, request, region), headers=refused.headers)
    if _ML.search(request.path) and refused.code not in _GATEWAY:
        return Response(
            refused.status, _of_front(refused, region), headers={**refused.headers, "x-ms-response-type": "error"}
        )
    error: dict[str, Any] = {"code": refused.code, "message": refused.message}
    if refused.details:
        error["details"] = refused.details
    return Response(refused.status, {"error": error}, headers={**refused.headers, "x-ms-failure-cause": "gateway"})


def _of_front(refused: Refused, region: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ComponentName": "managementfrontend",
        "Correlation": _correlation(),
        "Environment": region,
        "Location": region,
        "Time": timestamp(),
    }
    if refused.inner:
        told["InnerError"] = _nested(refused.inner)
    more = [{"type": kind, "info": {"value": value}} for kind, value in told.items()]
    details = [{"details": [], "additionalInfo": [], **one} for one in refused.details]
    error = {"code": refused.code, "message": refused.message, "details": details, "additionalInfo": more}
    return {"error": error}


def _of_data_plane(refused: Refused, request: Request, region: str) -> dict[str, Any]:
    inner = refused.inner or (["NotFoundError"] if refused.status == 404 else [])
    error = {
        "code": refused.code,
        "severity": None,
        "message": refused.message,
        "messageFormat": refused.pattern,
        "messageParameters": refused.parameters,
        "referenceCode": None,
        "detailsUri": None,
        "target": None,
        "details": refused.details,
        "innerError": _nested(inner),
        "debugInfo": None,
        "additionalInfo": None,
    }
    service = request.path.strip("/").partition("/")[0].lower()
    return {
        "error": error,
        "correlation": _correlation(),
        "environment": region,
        "location": region,
        "time": timestamp(),
        "componentName": _COMPONENTS.get(service, service),
        "statusCode": refused.status,
    }


def _nested(codes: Sequence[str]) -> dict[str, Any] | None:
    """Codes inside each other, the outermost first."""
    return {"code": codes[0], "innerError": _nested(codes[1:])} if codes else None


def _correlation() -> dict[str, str]:
    return {"operation": uuid.uuid4().hex, "request": uuid.uuid4().hex[:16]}
