"""Azure Resource Manager: deployments of templates, in resource groups and in the subscription."""

from __future__ import annotations

import re
from typing import Any

from emulator.arm import ARM, GROUP
from emulator.contract import check
from emulator.deployment_form import ALL, accepted, deployment_id
from emulator.resources import FAILED, Deployment
from emulator.router import Refused, Request, Response, Routes
from emulator.state import Service
from emulator.templates import Wanted

SUBSCRIPTION = "/subscriptions/{sub}"
ONE = ALL + "/{name}"
routes = Routes()


def _find(service: Service, group: str | None, name: str) -> Deployment:
    if group:
        service.group(group)
    service.look(group)
    found = service.deployments.get(((group or "").lower(), name.lower()))
    if found is None:
        raise Refused(404, "DeploymentNotFound", f"Deployment '{name}' could not be found.")
    return found


@routes.on("GET", ARM, SUBSCRIPTION + ALL)
@routes.on("GET", ARM, GROUP + ALL)
def deployments(service: Service, request: Request, sub: str, group: str | None = None) -> dict[str, Any]:
    if group:
        service.group(group)
    service.look(group)
    found = [one for key, one in service.deployments.items() if key[0] == (group or "").lower()]
    if wanted := re.search(r"provisioningState eq '(\w+)'", request.query.get("$filter", "")):
        found = [one for one in found if one.state.lower() == wanted[1].lower()]
    return {"value": [_view(service, one) for one in found]}


@routes.on("PUT", ARM, SUBSCRIPTION + ONE)
@routes.on("PUT", ARM, GROUP + ONE)
def put_deployment(service: Service, request: Request, sub: str, name: str, group: str | None = None) -> Response:
    check("deployment", request.json)
    made, new = service.deploy(name, group, request.json["properties"], request.failure)
    status = f"https://{ARM}{_id(service, made)}/operationStatuses/{made.operation}?api-version={request.version}"
    headers = {"Azure-AsyncOperation": status, **service.patience}
    return Response(201 if new else 200, accepted(service.subscription, made), headers=headers)


@routes.on("GET", ARM, SUBSCRIPTION + ONE)
@routes.on("GET", ARM, GROUP + ONE)
def deployment(service: Service, request: Request, sub: str, name: str, group: str | None = None) -> dict[str, Any]:
    return _view(service, _find(service, group, name))


@routes.on("DELETE", ARM, SUBSCRIPTION + ONE)
@routes.on("DELETE", ARM, GROUP + ONE)
def delete_deployment(service: Service, request: Request, sub: str, name: str, group: str | None = None) -> Response:
    service.deployments.pop(((group or "").lower(), name.lower()), None)
    return Response(204)


@routes.on("GET", ARM, SUBSCRIPTION + ONE + "/operationStatuses/{operation}")
@routes.on("GET", ARM, GROUP + ONE + "/operationStatuses/{operation}")
def operation_status(
    service: Service, request: Request, sub: str, name: str, operation: str, group: str | None = None
) -> Response:
    found = _find(service, group, name)
    status: dict[str, Any] = {"status": found.state}
    if found.state == FAILED:
        status["error"] = _error(found)
    return Response(200, status, headers=service.patience)


@routes.on("GET", ARM, GROUP + "/deployments/{name}/operations")
@routes.on("GET", ARM, GROUP + ONE + "/operations")
def operations(service: Service, request: Request, sub: str, group: str, name: str) -> dict[str, Any]:
    found = _find(service, group, name)
    begun = found.resources[:-1] if found.progress.fresh and len(found.resources) > 1 else found.resources
    return {"value": [_operation(service, found, one) for one in reversed(begun)]}


def _operation(service: Service, one: Deployment, wanted: Wanted) -> dict[str, Any]:
    """What the last resource depends on is made together, and then the last one, which decides how it ends."""
    last = wanted is one.resources[-1]
    state = one.state if last or one.progress.fresh else "Succeeded"
    number = one.resources.index(wanted)
    target = {"id": wanted.id(service.subscription), "resourceType": wanted.kind, "resourceName": wanted.name}
    return {
        "id": f"{_id(service, one)}/operations/{number:016X}",
        "operationId": f"{number:016X}",
        "properties": {
            "provisioningOperation": "Create",
            "provisioningState": state,
            "timestamp": one.started,
            "duration": "PT1.5S",
            "trackingId": one.correlation,
            "statusCode": "OK" if state == "Succeeded" else "Accepted",
            "targetResource": target,
            **({"statusMessage": {"error": _error(one)["details"][0]}} if last and one.failure else {}),
        },
    }


def _id(service: Service, one: Deployment) -> str:
    return deployment_id(service.subscription, one)


def _view(service: Service, one: Deployment) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "provisioningState": one.state,
        "mode": one.properties.get("mode", "Incremental").capitalize(),
        "timestamp": one.started,
        "duration": "PT1.5S",
        "correlationId": one.correlation,
        "outputResources": [{"id": wanted.id(service.subscription)} for wanted in one.resources],
    }
    if one.state == FAILED:
        properties["error"] = _error(one)
    kind = "Microsoft.Resources/deployments"
    return {"id": _id(service, one), "name": one.name, "type": kind, "properties": properties}


def _error(one: Deployment) -> dict[str, Any]:
    assert one.failure is not None
    return {
        "code": "DeploymentFailed",
        "message": "At least one resource deployment operation failed. Please list deployment operations for details. "
        "Please see https://aka.ms/arm-deployment-operations for usage details.",
        "details": [{"code": one.failure.code, "message": one.failure.message}],
    }
