"""What Azure Resource Manager refused, as one of the engines' errors. A pure function of what it answered."""

from __future__ import annotations

import re

from specrun.engines.azure.arm_rows import fitting
from specrun.engines.base import Conflict, Denied, EngineError, Missing, Transient

_SAID = 300
"""Characters of the service's own words that a message repeats."""

_ROLES = (
    ("Microsoft.Authorization/", "Role Based Access Control Administrator"),
    ("Microsoft.MachineLearningServices/workspaces/computes/", "AzureML Compute Operator"),
    ("Microsoft.MachineLearningServices/workspaces/write", "Contributor"),
    ("Microsoft.MachineLearningServices/workspaces/delete", "Contributor"),
    ("Microsoft.MachineLearningServices/workspaces/", "AzureML Data Scientist"),
    ("Microsoft.MachineLearningServices/locations/", "Reader"),
    ("Microsoft.Storage/storageAccounts/blobServices/", "Storage Blob Data Contributor"),
)


def translate(status: int, code: str, message: str, what: str, after: float | None = None) -> EngineError:
    """The engines' error for a refused call.

    `status` is HTTP's (0 where there was none: an operation that failed after it had been accepted), `code` and
    `message` are ARM's, of the innermost error or of the whole; `what` is what was tried, as in "create the workspace
    ml-ws"; `after` is Retry-After in seconds. Transient for 429 and 5xx, since trying again may help.
    """
    head = f"cannot {what}: "
    said = _said(code, message)
    if status == 429 or status >= 500:
        return Transient(f"{head}Azure is busy or has trouble (HTTP {status}). Try again.{said}", after)
    fit = fitting(code, message)
    if fit is None:
        return _by_status(status, head, said)
    row, match = fit
    found = {name: value for name, value in match.groupdict().items() if value}
    provider = found.pop("provider", "Microsoft.MachineLearningServices")
    words = row.words.format(**found, provider=provider, role=role_for(found.get("action", "")))
    error = row.error(f"{head}{words}.{said}")
    error.about = row.about
    return error


def role_for(action: str) -> str:
    """The smallest built-in role that allows an action."""
    return next((role for begin, role in _ROLES if action.lower().startswith(begin.lower())), "Contributor")


def _by_status(status: int, head: str, said: str) -> EngineError:
    if status == 401:
        return Denied(f"{head}the sign-in is not accepted, or has expired. Sign in again.{said}")
    if status == 403:
        return Denied(f"{head}who signed in has no right to do that. Ask for the role Contributor.{said}")
    if status == 404:
        return Missing(f"{head}it is not there. Check its name, `resource_group` and `subscription_id`.{said}")
    if status in (409, 412):
        return Conflict(f"{head}somebody else is changing it, or it is not as it was seen. Try again.{said}")
    return EngineError(f"{head}Azure refused it{f' (HTTP {status})' if status else ''}.{said}")


def _said(code: str, message: str) -> str:
    text = re.sub(r"\s+", " ", message).strip()[:_SAID]
    label = f"{code}: " if code and code not in text else ""
    return f" Azure says: {label}{text}" if label or text else ""
