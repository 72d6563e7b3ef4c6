"""What is said of a spec before anybody is signed in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from specrun.engines.azure.findings import SUMMARIES
from specrun.engines.azureml_v1.checks import check_spec
from specrun.spec.diagnostics import Diagnostic, Severity
from specrun.spec.load import load

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
WORKSPACE = f"workspace: {{name: ml-ws, resource_group: ml-rg, subscription_id: {SUBSCRIPTION}}}"
NET = "/providers/Microsoft.Network/virtualNetworks/vnet/subnets/default"
COMPUTE = "compute: gpu-cluster"
JOB = "job: {command: echo"


@pytest.fixture
def found(tmp_path: Path):  # type: ignore[no-untyped-def]
    """What is found in a spec of these lines, below its name."""

    def check(*lines: str, workspace: str = WORKSPACE) -> list[Diagnostic]:
        file = tmp_path / "job.yaml"
        file.write_text("\n".join(["apiVersion: specrun/v1", "name: job", workspace, *lines]))
        loaded = load([str(file)])
        assert loaded.specs, loaded.diagnostics
        return list(check_spec(loaded.specs[0]))

    return check


def test_nothing_is_said_of_what_works(found, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "data").mkdir()
    assert (
        found(
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
            "  environment: {framework: tensorflow, version: '2.3'}",
            "  distribution: {type: mpi, process_count_per_instance: 1}",
        )
        == []
    )


@pytest.mark.parametrize(
    ("lines", "code", "path", "words"),
    [
        ((f"{JOB} }}",), "needs-compute", ("job",), "`compute: NAME`"),
        (
            (COMPUTE, f"{JOB}, inputs: {{x: {{path: 'azureml:mnist:1'}}}}}}"),
            "not-with-sdk-v1",
            ("job", "inputs", "x", "path"),
            "data assets of the v2 service",
        ),
        (
            (COMPUTE, f"{JOB}, inputs: {{x: {{path: 'https://example.org/x'}}}}}}"),
            "not-with-sdk-v1",
            ("job", "inputs", "x", "path"),
            "sha256",
        ),
        (
            (COMPUTE, f"{JOB}, inputs: {{x: {{path: 'abfss://x@y/z'}}}}}}"),
            "not-with-sdk-v1",
            ("job", "inputs", "x", "path"),
            "azureml://datastores/NAME/paths/PATH",
        ),
        (
            (COMPUTE, f"{JOB}, outputs: {{x: {{path: 'abfss://x@y/z'}}}}}}"),
            "not-with-sdk-v1",
            ("job", "outputs", "x", "path"),
            "azureml://datastores/NAME/paths/PATH",
        ),
        (
            (COMPUTE, f"{JOB}, environment: 'azureml://registries/r/environments/e/versions/1'}}"),
            "not-with-sdk-v1",
            ("job", "environment"),
            "azureml:NAME:VERSION",
        ),
        (
            (COMPUTE, f"{JOB}, environment: {{framework: tensorflow, version: '2.16'}}}}"),
            "unknown-framework-version",
            ("job", "environment", "version"),
            '"1.10", "1.12", "1.13", "2.0", "2.1", "2.2", "2.3".*tensorflow==2.16',
        ),
        (
            (COMPUTE, f"{JOB}, environment: {{framework: tensorflow}}}}"),
            "unknown-framework-version",
            ("job", "environment", "framework"),
            '"2.3"',
        ),
        (
            (COMPUTE, f"{JOB}, environment_variables: {{KEY: '${{{{ secrets.KEY }}}}'}}}}"),
            "secret-shown-in-run",
            ("job", "environment_variables", "KEY"),
            "key vault",
        ),
        (
            (COMPUTE, f"{JOB}, identity: {{type: managed}}}}"),
            "unread-by-sdk-v1",
            ("job", "identity"),
            "compute.identity",
        ),
        (
            (COMPUTE, f"{JOB}, resources: {{instance_type: STANDARD_D2}}}}"),
            "unread-by-sdk-v1",
            ("job", "resources", "instance_type"),
            "`azureml`",
        ),
        (
            ("datastores: {x: {type: azure_file, account_name: abc, file_share_name: data}}",),
            "not-with-sdk-v1",
            ("datastores", "x"),
            "account_key",
        ),
        (("compute: {name: gpu-cluster}",), "cluster-cannot-be-made", ("compute",), "`size` and `max_instances`"),
        (
            ("compute: {name: containerinstance, size: STANDARD_D2, max_instances: 1}",),
            "not-with-sdk-v1",
            ("compute", "name"),
            "amlcompute",
        ),
        (
            ("compute: {name: cpu, size: STANDARD_D2, max_instances: 1, enable_node_public_ip: false}",),
            "not-with-sdk-v1",
            ("compute", "enable_node_public_ip"),
            "network_settings",
        ),
        (
            ("compute: {name: cpu, size: STANDARD_D2, max_instances: 1, network_settings: {subnet: default}}",),
            "not-with-sdk-v1",
            ("compute", "network_settings"),
            "vnet_name",
        ),
        (
            (
                "compute: {name: cpu, size: STANDARD_D2, max_instances: 1, network_settings: {subnet: "
                f"/subscriptions/other/resourceGroups/g{NET}}}}}",
            ),
            "not-with-sdk-v1",
            ("compute", "network_settings", "subnet"),
            "is in other",
        ),
        (
            ("compute: {name: cpu, size: STANDARD_D2, max_instances: 1, ssh_settings: {admin_username: me}}",),
            "not-with-sdk-v1",
            ("compute", "ssh_settings"),
            "ssh_key_value",
        ),
        (
            ("compute: {name: cpu, size: STANDARD_D2, max_instances: 1, identity: {type: user_assigned}}",),
            "not-with-sdk-v1",
            ("compute", "identity"),
            "user_assigned_identities",
        ),
        (
            (
                "compute: {name: cpu, size: STANDARD_D2, max_instances: 1, identity: {type: system_assigned, "
                "user_assigned_identities: [{resource_id: x}]}}",
            ),
            "not-with-sdk-v1",
            ("compute", "identity", "user_assigned_identities"),
            "user_assigned",
        ),
    ],
)
def test_one_thing_is_said(found, lines: tuple[str, ...], code: str, path: tuple[str, ...], words: str) -> None:  # type: ignore[no-untyped-def]
    (diagnostic,) = found(*lines)
    assert (diagnostic.code, diagnostic.path) == (code, path)
    assert diagnostic.severity is SUMMARIES[code][0]
    assert re.search(words, diagnostic.detail), diagnostic.detail
    assert diagnostic.location.line > 3


def test_a_build_folder(found, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "Dockerfile").write_text("FROM scratch\n")
    (diagnostic,) = found(COMPUTE, f"{JOB}, environment: {{build: {{path: docker}}}}}}")
    assert (diagnostic.code, diagnostic.path) == ("not-with-sdk-v1", ("job", "environment", "build"))


def test_a_subnet_of_the_workspaces_subscription(found) -> None:  # type: ignore[no-untyped-def]
    subnet = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/g{NET}"
    line = f"compute: {{name: cpu, size: STANDARD_D2, max_instances: 1, network_settings: {{subnet: {subnet}}}}}"
    assert found(line) == []


def test_the_workspace_is_looked_at_too(found) -> None:  # type: ignore[no-untyped-def]
    (diagnostic,) = found(COMPUTE, workspace="")
    assert diagnostic.code == "needs-workspace"
    assert diagnostic.severity is Severity.ERROR
