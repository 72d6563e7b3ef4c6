"""What Azure refuses, told apart in words that a user acts on: exit 1, nothing half made, and the rest skipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from emulator.faults import FailedOperation, Status
from tests.faults.cloud import PARTS, SPEC, Azure, Said, azure_in
from tests.faults.routes import DEPLOY, PUT_CLUSTER

pytestmark = pytest.mark.slow

NAMED = SPEC.replace("  create: true\n", "")
NOTHING = dict.fromkeys(PARTS, 0)
ONE_EACH = dict.fromkeys(PARTS, 1)
RESOURCES = "Microsoft.Resources/*"
SPACES = "Microsoft.MachineLearningServices/workspaces"
LEAVES = {"azureml": ("soft-deleted",), "azureml-v1": ()}
"""Where the SDK leaves behind what the workspace was to stand on, since that was made first."""


@dataclass(frozen=True)
class Refusal:
    """`prepare` makes Azure refuse; all of `words` are said of `key`, and nobody who reads them needs the trace.

    `made`: the workspace is there already. `besides` is what is said with one engine only.
    """

    key: str
    words: tuple[str, ...]
    prepare: Callable[[Azure], object] = lambda azure: None
    spec: str = SPEC
    made: bool = False
    besides: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def allowed(*actions: str) -> Callable[[Azure], None]:
    """The one who signs in may read, and do no more than this."""

    def prepare(azure: Azure) -> None:
        service = azure.emulator.service
        service.roles.revoke(service.owner)
        for action in ("*/read", *actions):
            service.roles.assign(service.owner, action)

    return prepare


def deploying(status: int, code: str, message: str) -> Callable[[Azure], object]:
    """The workspace's deployment is refused."""
    return lambda azure: azure.emulator.faults.add(DEPLOY, Status(status, code, message), times=None)


OF_WORKSPACES = {
    "no role": Refusal(
        "workspace/ws-faults",
        ("may not do `Microsoft.Resources/subscriptions/resourceGroups/write`", "the role Contributor", "some minutes"),
        allowed(),
    ),
    "storage name taken": Refusal(
        "workspace/ws-faults",
        ("StorageAccountAlreadyTaken", "the name is taken by somebody else", "unique in all of Azure"),
        lambda azure: azure.emulator.service.taken.append("Microsoft.Storage/storageAccounts/*"),
    ),
    "key vault name taken": Refusal(
        "workspace/ws-faults",
        ("VaultAlreadyExists", "the name is taken by somebody else"),
        lambda azure: azure.emulator.service.taken.append("Microsoft.KeyVault/vaults/*"),
    ),
    "soft-deleted": Refusal(
        "workspace/ws-faults",
        ("a deleted workspace (or key vault) of this name is still kept", "purge it in the portal", "another `name`"),
        lambda azure: azure.emulator.service.soft_deleted.add("ws-faults"),
    ),
    "policy": Refusal(
        "workspace/ws-faults",
        ("a policy forbids it", "'allowed-locations'", "exempted"),
        deploying(403, "RequestDisallowedByPolicy", "Disallowed by policy. Policy identifiers: 'allowed-locations'."),
    ),
    "lock": Refusal(
        "workspace/ws-faults",
        ("a lock protects the resource", "`az lock list"),
        deploying(409, "ScopeLocked", "The scope cannot perform write operation because scopes are locked."),
    ),
    "no such region": Refusal(
        "workspace/ws-faults",
        ("there is no such region", "another `location`"),
        spec=SPEC.replace("westeurope", "mars"),
    ),
}
OF_CLUSTERS = {
    "quota": Refusal(
        "compute/cluster",
        ("there is not enough quota", "portal: Quotas", "`max_instances`", "Standard DSv2 family vCPU quota of 3"),
        lambda azure: setattr(azure.emulator.service.quota, "default", 3),
        made=True,
    ),
    "quota, told late": Refusal(
        "compute/cluster",
        ("there is not enough quota", "portal: Quotas", "ClusterCoreQuotaReached"),
        lambda azure: azure.emulator.faults.add(
            PUT_CLUSTER, FailedOperation("ClusterCoreQuotaReached", "Exceeding quota limits of Total Dedicated Cores.")
        ),
        made=True,
        besides={"azureml-v1": ("Total Dedicated Cores",)},  # SDK v2 keeps the code alone
    ),
    "size not in the region": Refusal(
        "compute/cluster",
        ("the VM size is not to be had in this region", "another `size`", "STANDARD_ND96ASR_V4"),
        spec=SPEC.replace("STANDARD_DS3_V2", "STANDARD_ND96ASR_V4").replace("westeurope", "northeurope"),
    ),
    "no role for clusters": Refusal(
        "compute/cluster",
        ("may not do `Microsoft.MachineLearningServices/workspaces/computes/write`", "the role AzureML Compute Oper"),
        allowed(RESOURCES, f"{SPACES}/datastores/*", f"{SPACES}/experiments:query/action"),
        made=True,
    ),
}
OF_SIGN_IN = {
    "expired secret": Refusal(
        "workspace/ws-faults",
        ("cannot sign in", "the client secret has expired", "`az ad app credential reset --id", "AZURE_CLIENT_SECRET"),
        lambda azure: setattr(azure.emulator.service.owner, "secret_expired", True),
    ),
    "wrong secret": Refusal(
        "workspace/ws-faults",
        ("cannot sign in", "the client secret is wrong", "to the secret's value, not to its id"),
        lambda azure: azure.variables.update(AZURE_CLIENT_SECRET="wr0ng~secret"),
    ),
    "unknown tenant": Refusal(
        "workspace/ws-faults",
        ("cannot sign in", "there is no tenant 1111", "Correct AZURE_TENANT_ID"),
        lambda azure: azure.variables.update(AZURE_TENANT_ID="11111111-1111-1111-1111-111111111111"),
    ),
    "wrong subscription": Refusal(
        "workspace/ws-faults",
        ("Correct `subscription_id`", "`az account list --all`"),
        spec=SPEC.replace("${{ env.AZURE_SUBSCRIPTION_ID }}", "00000000-0000-0000-0000-000000000000"),
        besides={
            "azureml": ("there is no such subscription, or who signed in cannot see it",),
            "azureml-v1": ("the subscription is not one of those",),
        },
    ),
    "no role at all": Refusal(
        "workspace/ws-faults",
        (),
        lambda azure: azure.emulator.service.roles.revoke(azure.emulator.service.owner),
        besides={
            "azureml": ("may not do `Microsoft.MachineLearningServices/workspaces/read`", "the role AzureML Data Sci"),
            "azureml-v1": ("the subscription is not one of those", "Correct `subscription_id`"),
        },
    ),
}


def refused(folder: Path, engine: str, refusal: Refusal, mark: str) -> tuple[Azure, Said]:
    """What was made of an apply that is refused; it has been looked at what it says."""
    with azure_in(folder, refusal.spec, engine=engine, made=refusal.made) as azure:
        refusal.prepare(azure)
        secret = azure.environment["AZURE_CLIENT_SECRET"]
        said = azure.apply()
        assert said.code == 1, said
        (line,) = [line for line in said.err.splitlines() if line.startswith(f"{mark}{refusal.key}: ")]
        assert not [word for word in (*refusal.words, *refusal.besides.get(engine, ())) if word not in line], line
        assert "Traceback" not in said.err
        assert secret not in said.err + said.out
        assert azure.emulator.unserved == []
        return azure, said


@pytest.mark.parametrize("name", OF_WORKSPACES)
def test_a_workspace_that_is_refused(tmp_path: Path, engine: str, name: str) -> None:
    azure, said = refused(tmp_path, engine, OF_WORKSPACES[name], "✗ ")
    for dependent in ("compute/cluster", "data/default/numbers", "run/job"):
        assert f"○ {dependent}: skipped, since workspace/ws-faults was not done" in said.err
    assert azure.emulator.service.workspaces == {}
    left = ONE_EACH if name in LEAVES[engine] else NOTHING
    assert azure.made() == left, "what the workspace was to stand on was left behind"


@pytest.mark.parametrize("name", OF_CLUSTERS)
def test_a_cluster_that_is_refused(tmp_path: Path, engine: str, name: str) -> None:
    azure, said = refused(tmp_path, engine, OF_CLUSTERS[name], "✗ ")
    assert "○ run/job: skipped, since compute/cluster was not done" in said.err
    assert azure.made() == ONE_EACH
    (workspace,) = azure.emulator.service.workspaces.values()
    assert [one.state() for one in workspace.computes.values()] == (["Failed"] if name == "quota, told late" else [])
    assert workspace.properties["storageAccount"]
    if name != "no role for clusters":
        assert "data/default/numbers: done" in said.err, "what does not depend on it is done"


@pytest.mark.parametrize("name", OF_SIGN_IN)
def test_a_sign_in_that_is_refused(tmp_path: Path, engine: str, name: str) -> None:
    azure, _ = refused(tmp_path, engine, OF_SIGN_IN[name], "error: ")
    assert azure.emulator.service.groups == {}
    assert len(azure.emulator.requests) < 8, "asked again although the answer will be the same"


def test_a_workspace_in_another_resource_group(tmp_path: Path, engine: str) -> None:
    words = ("in the resource group rg-faults: it is in other-rg", "Correct `resource_group`")
    elsewhere = Refusal("workspace/ws-faults", words, lambda azure: azure.make_workspace("other-rg"), NAMED)
    azure, _ = refused(tmp_path, engine, elsewhere, "error: ")
    assert len(azure.emulator.service.workspaces) == 1


def test_a_resource_group_that_is_not_there_is_not_made(tmp_path: Path, engine: str) -> None:
    words = ("there is no such resource group", "Correct `resource_group`", "`create: true`")
    azure, _ = refused(tmp_path, engine, Refusal("workspace/ws-faults", words, spec=NAMED), "error: ")
    assert azure.emulator.service.groups == {}


def test_a_workspace_that_is_not_there_is_not_made(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, NAMED, engine=engine) as azure:
        azure.emulator.service.put_group("rg-faults", "westeurope", {})
        said = azure.apply()
        assert said.code == 1
        assert "workspace ws-faults does not exist" in said.err
        assert "`create: true`" in said.err
        assert "creating" not in said.err
        assert azure.emulator.service.workspaces == {}


def test_a_sign_in_that_ends_during_apply(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine, made=True) as azure:
        service = azure.emulator.service
        azure.emulator.on_request = lambda number, request, phase: (
            service.directory.expire_tokens() if request.path.endswith("/computes/cluster") else None
        )
        said = azure.apply()
        assert said.code == 1
        assert "the sign-in is not accepted, or has expired" in said.err
        assert "Sign in again" in said.err
        azure.emulator.on_request = None
        assert azure.apply().code == 0
        assert azure.made() == ONE_EACH


def test_a_size_that_was_refused_is_mended_and_applied_again(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine, made=True) as azure:
        azure.emulator.service.quota.default = 3
        assert azure.apply().code == 1
        azure.emulator.service.quota.default = 300
        assert azure.apply().code == 0
        assert azure.made() == ONE_EACH
        assert [run.status for run in azure.runs] == ["Completed"]
