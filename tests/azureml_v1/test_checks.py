"""What SDK v1's engine alone says of a spec before anybody is signed in."""

from __future__ import annotations

from pathlib import Path

import pytest
from azureml._restclient.constants import SNAPSHOT_MAX_FILES, SNAPSHOT_MAX_SIZE_BYTES

from specrun.engines.azureml_v1.checks import check_spec
from specrun.spec.rules import travel
from tests.azure_engines.checking import COMPUTE, JOB, NET, Checking


@pytest.fixture
def checking(tmp_path: Path) -> Checking:
    return Checking(tmp_path, check_spec)


def test_nothing_is_said_of_what_works(checking: Checking) -> None:
    found = checking.found(COMPUTE, f"{JOB}, environment: {{framework: tensorflow, version: '2.3'}}}}")
    assert found == []


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
            (COMPUTE, f"{JOB}, inputs: {{x: {{path: 'wasbs://box@acc.blob.core.windows.net/p/q'}}}}}}"),
            "not-with-sdk-v1",
            ("job", "inputs", "x", "path"),
            "azureml://datastores/NAME/paths/p/q.* whose container is box of https://acc.blob.core.windows.net",
        ),
        (
            (COMPUTE, f"{JOB}, inputs: {{x: {{model: digits, version: 3}}}}}}"),
            "not-with-sdk-v1",
            ("job", "inputs", "x", "model"),
            "digits:3 are. `--engine azureml` reads registered models",
        ),
        (
            (COMPUTE, f"{JOB}, outputs: {{x: {{register: {{name: digits}}}}}}}}"),
            "not-with-sdk-v1",
            ("job", "outputs", "x", "register"),
            "`--engine azureml`, for the same workspace",
        ),
        (
            (COMPUTE, f"{JOB}, outputs: {{x: {{path: 'abfss://x@y/z'}}}}}}"),
            "not-with-sdk-v1",
            ("job", "outputs", "x", "path"),
            "azureml://datastores/NAME/paths/PATH",
        ),
        (
            (COMPUTE, """job: {command: "cat <<'E'\\n${{ outputs.x }}\\nE\\n", outputs: {x: {}}}"""),
            "not-with-sdk-v1",
            ("job", "command"),
            "whose delimiter is quoted",
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
            (COMPUTE, f"{JOB}, queue_settings: {{job_tier: spot}}}}"),
            "unread-by-sdk-v1",
            ("job", "queue_settings"),
            "Only the engine `azureml`",
        ),
        (
            (COMPUTE, f"{JOB}, services: {{lab: {{type: jupyter_lab, nodes: all}}}}}}"),
            "unread-by-sdk-v1",
            ("job", "services", "lab", "nodes"),
            "Only the engine `azureml`",
        ),
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
            (
                "compute: {name: cpu, size: STANDARD_D2, max_instances: 1, network_settings: {subnet: "
                f"/subscriptions/other/resourceGroups/g{NET}}}}}",
            ),
            "not-with-sdk-v1",
            ("compute", "network_settings", "subnet"),
            "is in other",
        ),
    ],
)
def test_one_thing_is_said(
    checking: Checking, lines: tuple[str, ...], code: str, path: tuple[str, ...], words: str
) -> None:
    checking.says_one_thing(lines, code, path, words)


def test_a_build_folder(checking: Checking) -> None:
    (checking.folder / "docker").mkdir()
    (checking.folder / "docker" / "Dockerfile").write_text("FROM scratch\n")
    (diagnostic,) = checking.found(COMPUTE, f"{JOB}, environment: {{build: {{path: docker}}}}}}")
    assert (diagnostic.code, diagnostic.path) == ("not-with-sdk-v1", ("job", "environment", "build"))


def test_what_is_refused_of_code_is_what_the_sdk_refuses() -> None:
    assert (travel.SDK_V1_BYTES, travel.SDK_V1_FILES) == (SNAPSHOT_MAX_SIZE_BYTES, SNAPSHOT_MAX_FILES)
