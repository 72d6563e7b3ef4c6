"""Azure Resource Manager's refusals: each told apart, in words that say what to do."""

from __future__ import annotations

import pytest

from specrun.engines.azure.arm_errors import role_for, translate
from specrun.engines.azure.arm_rows import ROWS, fitting
from specrun.engines.base import Conflict, Denied, EngineError, Missing, Quota, Transient

SCOPE = "/subscriptions/1111/resourceGroups/ml-rg/providers/Microsoft.MachineLearningServices/workspaces/ml-ws"
REFUSALS = [
    (
        403,
        "AuthorizationFailed",
        "The client 'a' with object id 'b' does not have authorization to perform action "
        f"'Microsoft.MachineLearningServices/workspaces/write' over scope '{SCOPE}' or the scope is invalid.",
        Denied,
        f"may not do `Microsoft.MachineLearningServices/workspaces/write` on `{SCOPE}`. Ask the owner of that scope "
        "for the role Contributor",
    ),
    (
        403,
        "LinkedAuthorizationFailed",
        "The client has permission to perform action 'Microsoft.MachineLearningServices/workspaces/computes/write' on "
        "scope 'x'; however, it does not have permission to perform action(s) "
        "'Microsoft.Network/virtualNetworks/subnets/join/action' on the linked scope(s) '/subnets/default'.",
        Denied,
        "may not do `Microsoft.Network/virtualNetworks/subnets/join/action` on `/subnets/default`",
    ),
    (403, "Forbidden", "no", Denied, "has no right to do that. Ask the owner of the resource group"),
    (401, "InvalidAuthenticationTokenTenant", "wrong issuer", Denied, "belongs to another tenant"),
    (404, "SubscriptionNotFound", "The subscription 'x' could not be found.", Denied, "there is no such subscription"),
    (400, "InvalidSubscriptionId", "malformed", Denied, "there is no such subscription"),
    (
        0,
        "",
        "You are currently logged-in to T tenant. You don't have access to 1111 subscription, please check",
        Denied,
        "the subscription is not one of those",
    ),
    (409, "ReadOnlyDisabledSubscription", "read only", Denied, "the subscription is disabled"),
    (403, "RequestDisallowedByPolicy", "Resource 'x' was disallowed by policy.", Denied, "a policy forbids it"),
    (409, "ScopeLocked", "is locked", Denied, "a lock protects"),
    (
        409,
        "MissingSubscriptionRegistration",
        "The subscription is not registered to use namespace 'Microsoft.KeyVault'. See https://aka.ms/rps-not-found",
        Denied,
        "Run `az provider register --namespace Microsoft.KeyVault`",
    ),
    (409, "MissingSubscriptionRegistration", "", Denied, "--namespace Microsoft.MachineLearningServices`"),
    (401, "ExpiredAuthenticationToken", "The access token expiry UTC time is earlier", Denied, "or has expired"),
    (409, "SkuNotAvailable", "The requested size is not available in location x.", Quota, "VM size is not to be had"),
    (
        400,
        "BadRequest",
        "STANDARD_NC6 is not a supported VM size: this VM size is not supported in region westeurope",
        Quota,
        "VM size is not to be had",
    ),
    (400, "ClusterMinNodesExceedCoreQuota", "48 cores", Quota, "there is not enough quota"),
    (
        409,
        "OperationNotAllowed",
        "Operation could not be completed as it results in exceeding approved Total Regional Cores quota.",
        Quota,
        "there is not enough quota",
    ),
    (0, "AllocationFailed", "no capacity", Quota, "no machines of this size left"),
    (409, "FlagMustBeSetForRestore", "soft-delete", EngineError, "a deleted workspace (or key vault)"),
    (
        409,
        "Conflict",
        "A workspace with the name exists in soft-deleted state",
        EngineError,
        "a deleted workspace (or key vault)",
    ),
    (409, "StorageAccountAlreadyTaken", "taken", EngineError, "the name is taken by somebody else"),
    (409, "VaultAlreadyExists", "taken", EngineError, "the name is taken by somebody else"),
    (400, "AccountNameInvalid", "x is not a valid storage account name", EngineError, "not one that Azure takes"),
    (409, "InvalidResourceLocation", "already exists in location 'x'", EngineError, "already in another region"),
    (0, "", "Workspace exists in another resource group: ml-rg2", EngineError, "already in another resource group"),
    (400, "LocationNotAvailableForResourceType", "x", EngineError, "Take another `location`"),
    (
        0,
        "",
        "Location not supported: the type is not available in the location 'mars'",
        EngineError,
        "other `location`",
    ),
    (404, "ResourceGroupNotFound", "Resource group 'x' could not be found.", Missing, "no such resource group"),
    (
        400,
        "UserError",
        "Unknown compute target 'gpu-cluster'.",
        Missing,
        "there is no compute gpu-cluster in the workspace. Correct `compute`",
    ),
    (400, "UserError", "digits: Compute Not Found for run ID : job-1", Missing, "the compute that it is to run on"),
    (
        404,
        "NotFound",
        f"key: {SCOPE}/environments/tf/versions/9, Message: Not found environment tf (version: 9).",
        Missing,
        "there is no environment tf, version 9, in the workspace ml-ws",
    ),
    (
        404,
        "NotFound",
        f"key: {SCOPE}/components/step/versions/none, Message: Not found component step (version: none).",
        Missing,
        "there is no step, version none, among the components of the workspace ml-ws",
    ),
    (
        404,
        "NotFound",
        f"key: {SCOPE}/datastores/training, Message: Not found datastore training.",
        Missing,
        "there is no training among the datastores of the workspace ml-ws",
    ),
    (
        404,
        "ParentResourceNotFound",
        "Can not perform requested operation on nested resource. Parent resource 'ml-ws' not found.",
        Missing,
        "there is no workspace ml-ws. Correct `workspace`",
    ),
    (404, "ResourceNotFound", "The Resource 'x' was not found.", Missing, "it is not there"),
]


@pytest.mark.parametrize(("status", "code", "message", "kind", "words"), REFUSALS)
def test_each_refusal_says_what_to_do(
    status: int, code: str, message: str, kind: type[EngineError], words: str
) -> None:
    error = translate(status, code, message, "create the workspace ml-ws")
    assert type(error) is kind
    assert str(error).startswith("cannot create the workspace ml-ws: ")
    assert words in str(error)
    assert message[:60] in str(error), "the service's own words are kept"


def test_what_a_field_of_the_spec_names_is_told_with_the_field() -> None:
    abouts = {words: translate(status, code, message, "x").about for status, code, message, _, words in REFUSALS}
    assert {about for about in abouts.values() if about} == {
        ("compute",),
        ("job", "environment"),
        ("job",),
        ("workspace",),
    }
    assert abouts["there is no environment tf, version 9, in the workspace ml-ws"] == ("job", "environment")


def test_every_row_is_one_of_these() -> None:
    fits = [fitting(code, message) for _, code, message, _, _ in REFUSALS]
    used = {id(fit[0]) for fit in fits if fit}
    assert [row.words for row in ROWS if id(row) not in used] == []


@pytest.mark.parametrize("outer", ["DeploymentFailed", "InvalidTemplateDeployment", "BadRequest", "Conflict", ""])
def test_what_is_inside_of_a_failed_deployment_counts(outer: str) -> None:
    message = "At least one operation failed. Details: Code: VaultAlreadyExists Message: taken, or soft-deleted"
    assert "the name is taken" in str(translate(409, outer, message, "create it"))
    message = "At least one operation failed. Code: BadRequest Message: a vault of this name was soft-deleted"
    assert "a deleted workspace (or key vault)" in str(translate(409, outer, message, "create it"))


def test_what_a_message_mentions_does_not_outdo_its_code() -> None:
    message = "The Resource 'x' was not found (ResourceNotFound)."
    assert type(translate(403, "AuthorizationFailed", message, "read it")) is Denied


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_busy_may_be_tried_again_after_the_wait_that_was_asked_for(status: int) -> None:
    error = translate(status, "ServerBusy", "later", "read it", after=12.0)
    assert isinstance(error, Transient)
    assert error.after == 12.0
    assert (
        str(error)
        == f"cannot read it: Azure is busy or has trouble (HTTP {status}). Try again. Azure says: ServerBusy: later"
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, EngineError),
        (401, Denied),
        (403, Denied),
        (404, Missing),
        (409, Conflict),
        (412, Conflict),
        (0, EngineError),
    ],
)
def test_what_has_no_row_goes_by_its_status(status: int, kind: type[EngineError]) -> None:
    assert type(translate(status, "Peculiar", "x", "read it")) is kind
    assert str(translate(status, "", "", "read it")).endswith(".")


def test_long_words_of_the_service_are_cut() -> None:
    assert len(str(translate(400, "Peculiar", "x\n" * 1000, "read it"))) < 400


@pytest.mark.parametrize(
    ("action", "role"),
    [
        ("Microsoft.MachineLearningServices/workspaces/computes/write", "AzureML Compute Operator"),
        ("Microsoft.MachineLearningServices/workspaces/experiments/runs/submit/action", "AzureML Data Scientist"),
        ("Microsoft.MachineLearningServices/workspaces/write", "Contributor"),
        ("microsoft.authorization/roleassignments/write", "Role Based Access Control Administrator"),
        ("Microsoft.Resources/deployments/write", "Contributor"),
    ],
)
def test_the_smallest_role_is_named(action: str, role: str) -> None:
    assert role_for(action) == role
