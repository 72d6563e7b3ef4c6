"""What Entra ID, `az` and a managed identity's endpoint answer instead of a token, in words that a user acts on."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from specrun.engines.azure.aadsts import BUSY, UNKNOWN_TENANT, WORDS
from specrun.engines.azure.network import retry_after, unreachable
from specrun.engines.azure.sources import DEVOPS_TOKEN, DEVOPS_URL, GITHUB_TOKEN, SECRET, CredentialSource
from specrun.engines.base import Denied, EngineError, Transient
from specrun.spec.secrets import hide, note

_SECRETS = (SECRET, GITHUB_TOKEN, DEVOPS_TOKEN, "AZURE_CLIENT_CERTIFICATE_PASSWORD", "IDENTITY_HEADER")
_CODE = re.compile(r"AADSTS(\d+)")
_SUBJECT = re.compile(r"subject:? '([^']+)'", re.IGNORECASE)
_ISSUER = re.compile(r"issuer:? '([^']+)'", re.IGNORECASE)
_STATUS = re.compile(r"HTTP Error: (\d{3})$")
"""All that MSAL leaves of an answer that is not Entra ID's."""
_TRACE = re.compile(r"(?<!\s)\s*(?:Trace ID|Correlation ID|Timestamp):.*", re.DOTALL)


def explain(error: Exception, source: CredentialSource) -> EngineError:
    """The engines' error for what signing in with this source raised. Transient where trying again may help."""
    note(_SECRETS)
    text = _text(error)
    code = next((int(found) for found in _CODE.findall(text)), 0)
    status, after = _answer(error)
    if code in BUSY or status == 429 or status >= 500:
        trouble = f"{_host(error, source)} has trouble ({_reason(text) or status}). Try again"
        return Transient(_say(source, trouble), after)
    if code in WORDS:
        return Denied(_say(source, f"{_fill(WORDS[code], source, text)} (AADSTS{code})"))
    if "authority configuration" in text:  # MSAL's words for a tenant that Entra ID does not know
        return Denied(_say(source, _fill(UNKNOWN_TENANT, source, text)))
    if _is_network(error) and source.kind != "managed":  # whose endpoint is there, or there is no identity
        host = _host(error, source)
        return type(broken := unreachable(host, text))(_say(source, str(broken)))
    return Denied(_say(source, _WITHOUT_CODE.get(source.kind, _other)(source, text, error)))


def _cli(source: CredentialSource, text: str, error: Exception) -> str:
    if "not found on path" in text:
        return "the Azure CLI is gone from PATH. Install it (https://aka.ms/azure-cli), or set up another way"
    if "az login" in text:
        return f"nobody is logged in. Run `{_login(source)}`"
    if "Failed to" in text:
        return "`az` could not be run, or took too long. Does `az account get-access-token` work in a terminal?"
    return f"`az` said: {_reason(text)}. Does `az account get-access-token` work in a terminal?"


def _managed(source: CredentialSource, text: str, error: Exception) -> str:
    if source.client:
        return (
            f"this machine has no managed identity {source.client}, or none at all ({source.host}: "
            f"{_reason(text) or 'no answer'}). Give it one, or correct AZURE_CLIENT_ID; for a service principal, "
            "AZURE_TENANT_ID and AZURE_CLIENT_SECRET are needed, too"
        )
    return (
        f"the platform gives this machine no managed identity ({source.host}: {_reason(text) or 'no answer'}). Assign "
        "one to it, and where it has several, name one in AZURE_CLIENT_ID"
    )


def _federated(source: CredentialSource, text: str, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"AZURE_FEDERATED_TOKEN_FILE cannot be read: {error.filename}: {error.strerror}"
    if _devops_host(error):
        return (
            "Azure DevOps refuses the job a token. Is AZURESUBSCRIPTION_SERVICE_CONNECTION_ID the id of the service "
            f"connection, is the pipeline allowed to use it, and is {DEVOPS_TOKEN} `$(System.AccessToken)` of this job?"
        )
    return _other(source, text, error)


def _certificate(source: CredentialSource, text: str, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"AZURE_CLIENT_CERTIFICATE_PATH cannot be read: {error.filename}: {error.strerror}"
    if isinstance(error, (ValueError, TypeError)) and "tenant id" not in text.lower():
        return (
            "the file of AZURE_CLIENT_CERTIFICATE_PATH is no RSA certificate with its private key in PEM or PKCS12, or "
            "AZURE_CLIENT_CERTIFICATE_PASSWORD does not open it"
        )
    return _other(source, text, error)


def _other(source: CredentialSource, text: str, error: Exception) -> str:
    if "tenant id" in text.lower():  # azure-identity's words for characters that no tenant id has
        return _fill(UNKNOWN_TENANT, source, text)
    return _reason(text) or type(error).__name__


_WITHOUT_CODE = {"cli": _cli, "managed": _managed, "federated": _federated, "certificate": _certificate}


def _say(source: CredentialSource, words: str) -> str:
    return f"cannot sign in to Azure with {source.description}: {words}"


def _fill(words: str, source: CredentialSource, text: str) -> str:
    matches = (("issuer", _ISSUER.search(text)), ("subject", _SUBJECT.search(text)))
    found = [f"{name} `{match[1]}`" for name, match in matches if match]
    return words.format(
        client=source.client or "that signs in",
        tenant=source.tenant or "of this login",
        login=_login(source),
        presented=f" ({', '.join(found)})" if found else "",
        rule=f"Entra ID says: {_reason(text)}.",
    )


def _login(source: CredentialSource) -> str:
    return f"az login --tenant {source.tenant}" if source.tenant else "az login"


def _reason(text: str) -> str:
    """The first sentence of an answer, without its code and without the traces that follow."""
    text = _TRACE.sub("", text.removeprefix("Authentication failed: "))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return re.sub(r"^(?:ERROR: )?(?:AADSTS\d+: )?", "", lines[0])[:300].rstrip(". ") if lines else ""


def _host(error: Exception, source: CredentialSource) -> str:
    return _devops_host(error) or source.host


def _devops_host(error: Exception) -> str:
    """Azure DevOps' host when it gave no token to present, and it was not Entra ID that did not take it; else empty."""
    host = urlsplit(os.environ.get(DEVOPS_URL, "")).hostname or ""
    response = getattr(error, "response", None)
    place = str(response.request.url) if response is not None else _text(error)
    return host if host in place else ""


def _text(error: Exception) -> str:
    return hide(str(getattr(error, "message", None) or error))  # before it is cut


def _answer(error: Exception) -> tuple[int, float | None]:
    """The HTTP status that ended the sign-in (0: none did), and the wait that was asked for in seconds."""
    for cause in _causes(error):
        response = getattr(cause, "response", None)
        status = getattr(response, "status_code", None)
        if response is not None and isinstance(status, int):
            return status, retry_after(response)
    bare = _STATUS.search(_text(error))
    return (int(bare[1]) if bare else 0), None


def _is_network(error: Exception) -> bool:
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    return any(isinstance(cause, (ServiceRequestError, ServiceResponseError)) for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
