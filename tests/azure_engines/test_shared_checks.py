"""What both Azure engines say of a spec before anybody is signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from specrun.engines.azureml_v1.checks import check_spec as check_for_v1
from specrun.engines.azureml_v2.checks import check_spec as check_for_v2
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.model import Spec
from tests.azure_engines.checking import COMPUTE, JOB, NET, SUBSCRIPTION, Checking

CLUSTER = "compute: {name: cpu, size: STANDARD_D2, max_instances: 1"


@pytest.fixture(params=[check_for_v1, check_for_v2], ids=["azureml-v1", "azureml"])
def checking(request: pytest.FixtureRequest, tmp_path: Path) -> Checking:
    check: Callable[[Spec], Iterable[Diagnostic]] = request.param
    return Checking(tmp_path, check)


def test_nothing_is_said_of_what_works(checking: Checking) -> None:
    (checking.folder / "data").mkdir()
    found = checking.found(
        "compute: {name: gpu-cluster, size: STANDARD_NC4AS_T4_V3, max_instances: 2,",
        "  network_settings: {vnet_name: vnet, subnet: default}, enable_node_public_ip: false,",
        "  ssh_settings: {admin_username: me, ssh_key_value: ssh-ed25519 AAAA}, identity: {type: system_assigned}}",
        "datastores:",
        "  training: {type: azure_blob, account_name: mlstore, container_name: training}",
        "data: {mnist: {path: data}}",
        "job:",
        "  command: python train.py ${{ inputs.mnist }} ${{ inputs.more }}",
        "  inputs: {mnist: {data: mnist}, more: {path: azureml://datastores/x/paths/y}, epochs: 3}",
        "  outputs: {model: {}, more: {path: azureml://datastores/x/paths/z}}",
        "  environment: {pip: [tensorflow]}",
        "  distribution: {type: mpi, process_count_per_instance: 1}",
    )
    assert found == []


@pytest.mark.parametrize(
    ("lines", "code", "path", "words"),
    [
        (
            (COMPUTE, f"{JOB}, environment_variables: {{KEY: '${{{{ secrets.KEY }}}}'}}}}"),
            "secret-shown-in-run",
            ("job", "environment_variables", "KEY"),
            "key vault",
        ),
        (
            (
                COMPUTE,
                f"{JOB}, environment: {{pip: [six, '-i https://me:${{{{ secrets.KEY }}}}@x.org/simple']}}}}",
            ),
            "secret-shown-in-environment",
            ("job", "environment", "pip", 1),
            "python_feed",
        ),
        (
            ("datastores: {x: {type: azure_file, account_name: abc, file_share_name: data}}",),
            "not-with-azureml",
            ("datastores", "x"),
            "account_key",
        ),
        ((f"{CLUSTER}, tier: low_priority}}",), "spot-machines", ("compute", "tier"), "price varies.*capacity[.]$"),
        (
            (f"{CLUSTER}, tier: low_priority}}", f"{JOB}}}"),
            "spot-machines",
            ("compute", "tier"),
            "Since 31 March 2026 .* outputs with a `path`[.]$",
        ),
        (("compute: {name: gpu-cluster}",), "cluster-cannot-be-made", ("compute",), "`size` and `max_instances`"),
        ((f"{CLUSTER[:-18]}}}",), "cluster-cannot-be-made", ("compute",), "lacks `max_instances`,"),
        (
            (f"{CLUSTER}, network_settings: {{subnet: default}}}}",),
            "not-with-azureml",
            ("compute", "network_settings"),
            "vnet_name",
        ),
        (
            (f"{CLUSTER}, ssh_settings: {{admin_username: me}}}}",),
            "not-with-azureml",
            ("compute", "ssh_settings"),
            "ssh_key_value",
        ),
        (
            (f"{CLUSTER}, identity: {{type: user_assigned}}}}",),
            "not-with-azureml",
            ("compute", "identity"),
            "user_assigned_identities",
        ),
        (
            (f"{CLUSTER}, identity: {{type: system_assigned, user_assigned_identities: [{{resource_id: x}}]}}}}",),
            "not-with-azureml",
            ("compute", "identity", "user_assigned_identities"),
            "user_assigned",
        ),
    ],
)
def test_one_thing_is_said(
    checking: Checking, lines: tuple[str, ...], code: str, path: tuple[str, ...], words: str
) -> None:
    checking.says_one_thing(lines, code, path, words)


def test_a_subnet_of_the_workspaces_subscription(checking: Checking) -> None:
    subnet = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g{NET}"
    assert checking.found(f"{CLUSTER}, network_settings: {{subnet: {subnet}}}}}") == []


def test_the_workspace_is_looked_at_too(checking: Checking) -> None:
    (diagnostic,) = checking.found(COMPUTE, workspace="")
    assert diagnostic.code == "needs-workspace"
    assert diagnostic.severity is Severity.ERROR


def test_a_cluster_is_looked_at_where_the_workspace_is_wrong(checking: Checking) -> None:
    found = checking.found(f"{CLUSTER}, network_settings: {{subnet: default}}}}", workspace="")
    assert {one.code for one in found} == {"needs-workspace", "not-with-azureml"}
