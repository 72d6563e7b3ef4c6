"""Microsoft's sign-in: discovery, tokens for secrets, assertions, certificates and device codes, managed identity, and
the places where GitHub and Azure DevOps hand out assertions.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any
from urllib.parse import parse_qsl

from emulator.identities import Assertion, Principal, Tenant
from emulator.router import Refused, Request, Response, Routes
from emulator.sign_in_errors import Rejected
from emulator.state import Service

LOGIN = "login.microsoftonline.com"
METADATA = "169.254.169.254"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
COMMON = ("common", "organizations")
DEVICE_GRANTS = ("device_code", "urn:ietf:params:oauth:grant-type:device_code")
routes = Routes()


def _tenant(service: Service, name: str) -> Tenant:
    found = service.tenant if name in COMMON else service.directory.tenants.get(name)
    if found is None:
        raise Rejected(
            90002,
            "invalid_tenant",
            f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            "correct "
            "cloud. Check with your subscription administrator, this may happen if there are no active "
            "subscriptions for the "
            "tenant.",
            status=400,
        )
    return found


@routes.on("GET", LOGIN, "/{tenant}/v2.0/.well-known/openid-configuration")
@routes.on("GET", LOGIN, "/{tenant}/.well-known/openid-configuration")
def configuration(service: Service, request: Request, tenant: str) -> Any:
    try:
        there = _tenant(service, tenant)
    except Rejected as rejected:
        return rejected.answer()
    issued = "{tenantid}" if tenant in COMMON else there.id
    here = f"https://{LOGIN}/{tenant}"
    return {
        "issuer": f"https://{LOGIN}/{issued}/v2.0",
        "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
        "token_endpoint": f"{here}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{here}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{here}/discovery/v2.0/keys",
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
    }


@routes.on("GET", LOGIN, "/{tenant}/discovery/instance")
def instance(service: Service, request: Request, tenant: str) -> dict[str, Any]:
    names = [LOGIN, "login.windows.net", "login.microsoft.com", "sts.windows.net"]
    return {
        "tenant_discovery_endpoint": f"https://{LOGIN}/{tenant}/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{"preferred_network": LOGIN, "preferred_cache": "login.windows.net", "aliases": names}],
    }


@routes.on("POST", LOGIN, "/{tenant}/oauth2/v2.0/devicecode")
def device_code(service: Service, request: Request, tenant: str) -> dict[str, Any]:
    form = dict(parse_qsl(request.body.decode()))
    code = service.directory.begin_device_code(form.get("scope", ""))
    page = "https://microsoft.com/devicelogin"
    return {
        "user_code": code[:9].upper(),
        "device_code": code,
        "verification_uri": page,
        "expires_in": 900,
        "interval": service.directory.device_interval,
        "message": f"To sign in, use a web browser to open the page {page} and enter the code {code[:9].upper()}.",
    }


@routes.on("POST", LOGIN, "/{tenant}/oauth2/v2.0/token")
@routes.on("POST", LOGIN, "/{tenant}/oauth2/token")
def token(service: Service, request: Request, tenant: str) -> Any:
    form = dict(parse_qsl(request.body.decode()))
    try:
        there = _tenant(service, tenant)
        if form.get("grant_type") in DEVICE_GRANTS:
            principal = _signed_in_by_device(service, form)
        elif form.get("grant_type") == "refresh_token":
            principal = service.directory.refreshed(form.get("refresh_token", ""))
        else:
            principal = _client(service, there, form)
    except Rejected as rejected:
        return rejected.answer()
    answer = _issued(service, principal, _audience(form))
    if form.get("grant_type") != "client_credentials":
        answer |= _person(service, principal, form)
    return answer


def _issued(service: Service, principal: Principal, audience: str) -> dict[str, Any]:
    access, lifetime = service.directory.issue(service.tenant.id, principal, audience)
    return {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": access}


def _person(service: Service, principal: Principal, form: dict[str, str]) -> dict[str, Any]:
    who = {"uid": principal.object_id, "utid": service.tenant.id}
    claims = {
        "aud": form.get("client_id", ""),
        "iss": f"https://{LOGIN}/{service.tenant.id}/v2.0",
        "tid": service.tenant.id,
        "oid": principal.object_id,
        "sub": principal.object_id,
        "preferred_username": principal.name,
    }
    return {
        "scope": form.get("scope", ""),
        "refresh_token": service.directory.refresh_token(principal),
        "id_token": service.directory.signed(claims),
        "client_info": base64.urlsafe_b64encode(json.dumps(who).encode()).decode().rstrip("="),
    }


def _audience(form: dict[str, str]) -> str:
    if "resource" in form:
        return form["resource"]
    scope = next((one for one in form.get("scope", "").split() if "://" in one), form.get("scope", ""))
    return scope.removesuffix("/.default").removesuffix("/user_impersonation")


def _client(service: Service, tenant: Tenant, form: dict[str, str]) -> Principal:
    principal = tenant.principals.get(form.get("client_id", ""))
    if principal is None:
        raise Rejected(
            700016,
            "unauthorized_client",
            f"Application with identifier '{form.get('client_id')}' was not found in the directory 'specrun'. This "
            "can happen "
            "if the application has not been installed by the administrator of the tenant or consented to by any "
            "user in the "
            "tenant. You may have sent your authentication request to the wrong tenant.",
            status=400,
        )
    if "client_assertion" in form:
        _check_assertion(service, principal, form["client_assertion"])
    elif principal.secret is None or form.get("client_secret") != principal.secret:
        raise Rejected(
            7000215,
            "invalid_client",
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
            "value, not the "
            f"client secret ID, for a secret added to app '{principal.client_id}'.",
        )
    elif principal.secret_expired:
        raise Rejected(
            7000222,
            "invalid_client",
            f"The provided client secret keys for app '{principal.client_id}' are expired. Visit the Azure portal "
            "to create "
            "new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for "
            "added "
            "security: https://aka.ms/certCreds.",
        )
    return principal


def _check_assertion(service: Service, principal: Principal, given: str) -> None:
    assertion = service.directory.assertions.get(given)
    if assertion is None:
        if _thumbprint(given) in principal.thumbprints:
            return
        told = "The certificate with identifier used to sign the client assertion is not registered on application."
        raise Rejected(700027, "invalid_client", told)
    if assertion.expires <= service.directory.now():
        told = "Client assertion is not within its valid time range. Current time is past the expiry."
        raise Rejected(700024, "invalid_client", told)
    if (assertion.issuer, assertion.subject) not in principal.federated:
        raise Rejected(
            700213,
            "invalid_client",
            f"No matching federated identity record found for presented assertion subject '{assertion.subject}'. "
            "Check your "
            "federated identity credential Subject, Audience and Issuer against the presented assertion.",
        )


def _thumbprint(given: str) -> str:
    """The hexadecimal SHA-1 or SHA-256 thumbprint in a signed assertion's header; "" when there is none."""
    try:
        head = given.split(".")[0]
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        value = header.get("x5t") or header.get("x5t#S256") or ""
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex().upper()
    except (ValueError, binascii.Error, AttributeError):
        return ""


def _signed_in_by_device(service: Service, form: dict[str, str]) -> Principal:
    code = form.get("device_code") or form.get("code", "")
    left = service.directory.device_pending.get(code)
    if left is None:
        raise Rejected(
            70000, "invalid_grant", "The provided value for the input parameter 'device_code' is not valid.", 400
        )
    if left > 0:
        service.directory.device_pending[code] = left - 1
        raise Rejected(70016, "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending.", 400)
    del service.directory.device_pending[code]
    return service.person


def _managed(service: Service, request: Request, resource: str, client: str | None) -> dict[str, Any]:
    identity = service.managed_identity
    if identity is None or (client is not None and client != identity.client_id):
        raise Refused(400, "invalid_request", "Identity not found")
    audience = request.query.get(resource, "")
    group = f"/subscriptions/{service.subscription}/resourcegroups/machines"
    whose = f"{group}/providers/{IDENTITIES}/{identity.name}"
    access, lifetime = service.directory.issue(service.tenant.id, identity, audience, whose)
    ends = int(service.directory.now() + lifetime)
    shown = {"access_token": access, "client_id": identity.client_id, "resource": audience, "token_type": "Bearer"}
    return {**shown, "expires_in": str(lifetime), "expires_on": str(ends), "not_before": str(ends - lifetime)}


@routes.on("GET", METADATA, "/metadata/identity/oauth2/token")
def managed_identity(service: Service, request: Request) -> Any:
    """Of a virtual machine."""
    if request.headers.get("metadata", "").lower() != "true":
        return Response(
            400, {"error": "invalid_request", "error_description": "Required metadata header not specified"}
        )
    if service.managed_identity is None:
        return Response(400, {"error": "invalid_request", "error_description": "Identity not found"})
    return _managed(service, request, "resource", request.query.get("client_id"))


@routes.on("GET", METADATA, "/msi/token")
def managed_identity_of_compute(service: Service, request: Request) -> Any:
    """Of a compute of Azure ML: MSI_ENDPOINT with MSI_SECRET."""
    if request.headers.get("secret") != service.msi_secret:
        raise Refused(401, "Unauthorized", "The secret is not the one of this machine.")
    return _managed(service, request, "resource", request.query.get("clientid"))


@routes.on("GET", "actions.githubusercontent.com", "/{run}/idtoken")
def github(service: Service, request: Request, run: str) -> Any:
    """GitHub's place for assertions: ACTIONS_ID_TOKEN_REQUEST_URL."""
    _bearer(service, request)
    assertion = Assertion("https://token.actions.githubusercontent.com", service.pipeline_subject)
    return {"value": service.directory.attest(assertion, request.query.get("audience", ""))}


@routes.on("POST", "dev.azure.com", "/{rest+}/oidctoken")
@routes.on("POST", "visualstudio.com", "/{rest+}/oidctoken")
def azure_devops(service: Service, request: Request, rest: str) -> Any:
    """Azure DevOps' place for assertions: SYSTEM_OIDCREQUESTURI."""
    _bearer(service, request)
    if not request.query.get("serviceConnectionId"):
        raise Refused(400, "InvalidRequest", "The query parameter serviceConnectionId is missing.")
    assertion = Assertion("https://vstoken.dev.azure.com/specrun", service.pipeline_subject)
    return {"oidcToken": service.directory.attest(assertion, "api://AzureADTokenExchange")}


def _bearer(service: Service, request: Request) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or given != service.pipeline_token:
        raise Refused(401, "Unauthorized", "The pipeline's token is missing or not the one of this run.")
