"""Azure Resource Manager's refusals, told apart by code and message, in words that a user acts on.

The first row whose code (and, where there is one, pattern in the message) fits is the one. In the words, named groups
of the pattern may stand in braces.
"""

from __future__ import annotations

import re

from specrun.engines.base import Denied, EngineError, Missing, Quota
from specrun.spec.diagnostics import Path as SpecPath
from specrun.spec.frozen import dataclass

_EVERY = ".*"
_QUOTA = r"(?i)quota|exceed\w* .*(?:core|limit)|(?:core|vcpu)s? .*(?:limit|exceed)"
_REGION = (
    r"(?i)not (?:currently )?(?:available|supported|offered|enabled) (?:for \w+ )*(?:in|for|at) (?:the |this )?"
    r"(?:\w+ )?(?:location|region)|location\w* .*not (?:available|accept|support|valid)"
)
_SIZE = r"(?i)(?:vm ?size|sku).{0,120}(?:not (?:currently )?(?:available|supported|enabled|valid|allowed)|unsupported)"


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of refusal: ARM's codes for it (lower case; none: any), a pattern in the message, and what it means.

    `about` is the field of the spec that it is about, where it is always the same.
    """

    codes: frozenset[str]
    pattern: re.Pattern[str]
    error: type[EngineError]
    words: str
    about: SpecPath = ()

    def fit(self, code: str, message: str) -> re.Match[str] | None:
        """The message's match when this row is about a refusal with this code."""
        return self.pattern.search(message) if not self.codes or code.lower() in self.codes else None


def _row(error: type[EngineError], codes: str, words: str, pattern: str = _EVERY, *about: str) -> Row:
    return Row(frozenset(codes.lower().split()), re.compile(pattern, re.DOTALL), error, words, about)


_QUOTA_WORDS = (
    "there is not enough quota. Ask for more (portal: Quotas, Machine Learning), lower `max_instances` or "
    "`min_instances`, or take a smaller `size` or the other `tier`: each has a quota of its own"
)
_SIZE_WORDS = (
    "the VM size is not to be had in this region. `az ml compute list-sizes` and the portal show which sizes are: take "
    "another `size`, or a workspace in another region"
)
_DELETED_WORDS = (
    "a deleted workspace (or key vault) of this name is still kept. Restore or purge it in the portal (Azure Machine "
    "Learning, Recently deleted), or take another `name`"
)
_NO_COMPUTE = "Correct `compute`, or declare it as a mapping to have it made"
_NO_ASSET = "Correct its name or version (the portal lists them under Assets), or register it"
_ASSET = r"(?i)key: \S*/workspaces/(?P<workspace>[^/,\s]+)/(?P<kind>%s)/(?P<asset>[^/,\s]+)"
_VERSION = r"/versions/(?P<version>[^/,\s]+)"
_REGION_WORDS = "the region does not offer this, or there is no such region. Take another `location`"

ROWS = (
    _row(
        Denied,
        "AuthorizationFailed LinkedAuthorizationFailed AuthorizationPermissionMismatch",
        "who signed in may not do `{action}` on `{scope}`. Ask the owner of that scope for the role {role}; a role "
        "that was just given takes some minutes to count",
        r"not have (?:authorization|permission) to perform action(?:\(s\))? '(?P<action>[^']+)'"
        r".*?scope(?:\(s\))? '(?P<scope>[^']+)'",
    ),
    _row(
        Denied,
        "AuthorizationFailed LinkedAuthorizationFailed AuthorizationPermissionMismatch Forbidden UserForbidden",
        "who signed in has no right to do that. Ask the owner of the resource group for the role Contributor, or "
        "AzureML Data Scientist where the workspace is there already",
    ),
    _row(
        Denied,
        "InvalidAuthenticationTokenTenant",
        "the subscription belongs to another tenant than the one that was signed in to. Set AZURE_TENANT_ID to the "
        "subscription's tenant, or `az account set --subscription ID`",
    ),
    _row(
        Denied,
        "SubscriptionNotFound InvalidSubscriptionId",
        "there is no such subscription, or who signed in cannot see it. Correct `subscription_id`, or sign in to its "
        "tenant: `az account list --all` shows what you can see",
    ),
    _row(
        Denied,
        "",
        "the subscription is not one of those that who signed in can see. Correct `subscription_id`, or sign in to its "
        "tenant: `az account list --all` shows what you can see",
        r"(?i)don't have access to \S+ subscription|subscription name, .* instead of subscription id",
    ),
    _row(
        Denied,
        "ReadOnlyDisabledSubscription SubscriptionDisabled DisallowedOperation SubscriptionNotRegisteredForFeature",
        "the subscription is disabled or does not allow that. Look at its state in the portal",
    ),
    _row(
        Denied,
        "RequestDisallowedByPolicy RequestDisallowedByAzure DisallowedByPolicy",
        "a policy forbids it. Change what it asks for, or have the resource group exempted",
    ),
    _row(
        Denied,
        "ScopeLocked CannotOverridePartnerLock",
        "a lock protects the resource or its group. Remove it: `az lock list --resource-group GROUP`",
    ),
    _row(
        Denied,
        "MissingSubscriptionRegistration",
        "the subscription has not registered the resource provider {provider}. Run `az provider register --namespace "
        "{provider}` and wait until it says Registered",
        r"(?:.*?namespace '(?P<provider>[\w.]+)')?",
    ),
    _row(
        Denied,
        "ExpiredAuthenticationToken InvalidAuthenticationToken AuthenticationFailed AuthenticationFailedMissingToken "
        "ExpiredToken InvalidAuthenticationTokenAudience",
        "the sign-in is not accepted, or has expired. Sign in again (`specrun doctor` shows how this is done here)",
    ),
    _row(Quota, "SkuNotAvailable VMSizeNotSupported InvalidVmSize VmSizeNotAvailable", _SIZE_WORDS),
    _row(Quota, "", _SIZE_WORDS, _SIZE),
    _row(
        Quota,
        "QuotaExceeded ClusterMinNodesExceedCoreQuota ClusterCoreQuotaReached CoreQuotaExceeded InsufficientQuota "
        "AmlComputeQuotaExceeded ResourceQuotaExceeded SubscriptionQuotaExceeded",
        _QUOTA_WORDS,
    ),
    _row(Quota, "OperationNotAllowed BadRequest BadArgument UserError ValidationError", _QUOTA_WORDS, _QUOTA),
    _row(
        Quota,
        "AllocationFailed ZonalAllocationFailed OverconstrainedAllocationRequest",
        "the region has no machines of this size left just now. Try later, or take another `size` or region",
    ),
    _row(EngineError, "FlagMustBeSetForRestore", _DELETED_WORDS),
    _row(EngineError, "", _DELETED_WORDS, r"(?i)soft[- ]?deleted"),
    _row(
        EngineError,
        "StorageAccountAlreadyTaken StorageAccountAlreadyExists VaultAlreadyExists AlreadyInUse RegistryNameInUse "
        "StorageAccountInAnotherResourceGroup",
        "the name is taken by somebody else: such names are unique in all of Azure. Take another",
    ),
    _row(
        EngineError,
        "AccountNameInvalid InvalidResourceName InvalidWorkspaceName ResourceNameInvalid VaultNameNotValid",
        "the name is not one that Azure takes. Take another `name`: letters, digits and hyphens are safe",
    ),
    _row(
        EngineError,
        "InvalidResourceLocation",
        "it exists already in another region. Correct `location`, or take another `name`",
    ),
    _row(
        EngineError,
        "",
        "it exists already in another resource group. Correct `resource_group`, or take another `name`",
        r"(?i)(?:already )?exists? in (?:another|a different|the) resource ?group",
    ),
    _row(
        EngineError,
        "LocationNotAvailableForResourceType LocationNotAvailableForResourceGroup InvalidLocation LocationNotSupported "
        "LocationNotAvailable NoRegisteredProviderFound",
        _REGION_WORDS,
    ),
    _row(EngineError, "", _REGION_WORDS, _REGION),
    _row(
        Missing,
        "ResourceGroupNotFound",
        "there is no such resource group in this subscription. Correct `resource_group` or `subscription_id`, or have "
        "it made with `create: true`",
    ),
    _row(
        Missing,
        "",
        f"there is no compute {{compute}} in the workspace. {_NO_COMPUTE}",
        r"Unknown compute target '(?P<compute>[^']+)'",
        "compute",
    ),
    _row(
        Missing,
        "",
        f"the compute that it is to run on is not in the workspace. {_NO_COMPUTE}",
        r"(?i)compute not found for run",
        "compute",
    ),
    _row(
        Missing,
        "NotFound",
        f"there is no environment {{asset}}, version {{version}}, in the workspace {{workspace}}. {_NO_ASSET}",
        _ASSET % "environments" + _VERSION,
        *("job", "environment"),
    ),
    _row(
        Missing,
        "NotFound",
        f"there is no {{asset}}, version {{version}}, among the {{kind}} of the workspace {{workspace}}. {_NO_ASSET}",
        _ASSET % r"\w+" + _VERSION,
        "job",
    ),
    _row(
        Missing,
        "NotFound",
        f"there is no {{asset}} among the {{kind}} of the workspace {{workspace}}. {_NO_ASSET}",
        _ASSET % r"\w+",
        "job",
    ),
    _row(
        Missing,
        "ParentResourceNotFound",
        "there is no workspace {parent}. Correct `workspace`, or have it made with `create: true`",
        r"Parent resource '(?P<parent>[^']+)' not found",
        "workspace",
    ),
    _row(
        Missing,
        "ResourceNotFound NotFound ParentResourceNotFound ComputeNotFound WorkspaceNotFound",
        "it is not there. Check its name, `resource_group` and `subscription_id`",
    ),
)

OUTER = frozenset(
    {
        *("deploymentfailed", "invalidtemplatedeployment", "resourcedeploymentfailure"),
        *("badrequest", "conflict", "forbidden", "failed", "usererror", "validationerror", "badargument"),
    }
)
"""Codes that only say that something inside was refused, whose code stands in the message."""


def is_telling(code: str) -> bool:
    """Whether a code says what was refused."""
    return code.lower() not in OUTER and any(code.lower() in row.codes for row in ROWS)


def fitting(code: str, message: str) -> tuple[Row, re.Match[str]] | None:
    """The row about a refusal and its match: a code inside of the message says more than the one around it."""
    inner = [word for word in _words(message) if is_telling(word)]
    for tried in [*inner, code] if code.lower() in OUTER or not code else [code]:
        for row in ROWS:
            match = row.fit(tried, message)
            if match is not None and (row.codes or not inner):
                return row, match
    return None


def _words(message: str) -> list[str]:
    return [word.lower() for word in re.findall(r"\b[A-Z][A-Za-z]{5,}\b", message)]
