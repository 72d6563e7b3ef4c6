"""What SDK v2's engine alone says of a spec before anybody is signed in."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.engines.azureml_v2.checks import check_spec
from tests.azure_engines.checking import COMPUTE, JOB, NET, Checking

GPU = "compute: {name: gpu, size: STANDARD_NC4AS_T4_V3, max_instances: 1}"


@pytest.fixture
def checking(tmp_path: Path) -> Checking:
    return Checking(tmp_path, check_spec)


@pytest.mark.parametrize(
    "job",
    [
        "inputs: {x: {path: 'azureml:mnist:1'}}",
        "inputs: {x: {path: 'azureml:mnist@latest'}}",
        "inputs: {x: {path: 'https://example.org/x'}}",
        "environment: 'azureml://registries/r/environments/e/versions/1'",
        "environment: {framework: tensorflow, version: '2.16'}",
        "environment: {framework: tensorflow, version: '2.16.1'}",
        "environment: {framework: tensorflow, version: '1.12'}",
        "identity: {type: managed}",
        "identity: {type: managed, client_id: 00000000-0000-0000-0000-000000000002}",
        "identity: {type: user_identity}",
        "identity: {type: aml_token}",
    ],
)
def test_nothing_is_said_of_what_works(checking: Checking, job: str) -> None:
    assert checking.found(COMPUTE, f"{JOB}, {job}}}") == []


def test_a_model_whose_files_the_next_run_writes_over(checking: Checking) -> None:
    placed = "azureml://datastores/store/paths/models"
    job = f"{JOB}, outputs: {{m: {{path: '{placed}', register: {{name: digits}}}}}}}}"
    where = ("job", "outputs", "m", "path")
    checking.says_one_thing([COMPUTE, job], "model-written-over", where, f"their files at {placed}, where each run")
    for output in ("{register: {name: digits}}", f"{{path: '{placed}'}}"):
        assert checking.found(COMPUTE, f"{JOB}, outputs: {{m: {output}}}}}") == []


def test_a_job_needs_no_cluster(checking: Checking) -> None:
    assert checking.found(f"{JOB}, resources: {{instance_type: STANDARD_D2}}}}") == []


def test_a_build_folder(checking: Checking) -> None:
    (checking.folder / "docker").mkdir()
    (checking.folder / "docker" / "Dockerfile").write_text("FROM scratch\n")
    assert checking.found(COMPUTE, f"{JOB}, environment: {{build: {{path: docker}}}}}}") == []


def test_a_cluster_without_public_addresses_or_in_another_subscription(checking: Checking) -> None:
    cluster = "compute: {name: containerinstance, size: STANDARD_D2, max_instances: 1"
    assert checking.found(f"{cluster}, enable_node_public_ip: false}}") == []
    subnet = f"/subscriptions/other/resourceGroups/g{NET}"
    assert checking.found(f"{cluster}, network_settings: {{subnet: {subnet}}}}}") == []


@pytest.mark.parametrize(
    "address",
    [
        "wasbs://box@acc.blob.core.windows.net/p/q.csv",
        "wasbs://box@acc.blob.core.windows.net/",
        "wasb://box@acc.blob.core.windows.net/p",
        "abfss://box@acc.dfs.core.windows.net/p",
        "http://example.org/p.csv",
    ],
)
def test_addresses_that_the_service_reads(checking: Checking, address: str) -> None:
    assert checking.found(COMPUTE, f"{JOB}, inputs: {{x: {{path: '{address}'}}}}}}") == []


def test_a_tensorflow_without_its_cuda_where_none_is_wanted(checking: Checking) -> None:
    environment = "environment: {framework: tensorflow, version: '2.13'}"
    assert checking.found(GPU, f"{JOB}, {environment}, resources: {{gpu: false}}}}") == []
    assert checking.found(GPU, f"{JOB}, {environment.replace('2.13', '2.14')}}}") == []
    for version in ("1.10", "1.15.5", "2.7", "2.8", "2.20"):
        assert checking.found(COMPUTE, f"{JOB}, {environment.replace('2.13', version)}}}") == []


@pytest.mark.parametrize(
    ("lines", "code", "path", "words"),
    [
        ((f"{JOB} }}",), "serverless-size-left-out", ("job",), "instance_type: STANDARD_D4DS_V5"),
        (
            (COMPUTE, f"{JOB}, resources: {{instance_type: STANDARD_D2}}}}"),
            "unread-by-azureml",
            ("job", "resources", "instance_type"),
            "Leave `compute` out",
        ),
        (
            (COMPUTE, f"{JOB}, environment: {{framework: tensorflow}}}}"),
            "unknown-framework-version",
            ("job", "environment", "framework"),
            'version: "2.16"',
        ),
        (
            (COMPUTE, f"{JOB}, environment: {{framework: tensorflow, version: '2'}}}}"),
            "unknown-framework-version",
            ("job", "environment", "version"),
            "two or three numbers",
        ),
        *(
            (
                (COMPUTE, f"{JOB}, environment: {{framework: tensorflow, version: '{version}'}}}}"),
                "unknown-framework-version",
                ("job", "environment", "version"),
                f"pip has no TensorFlow {version} .* take 1[.]10 or newer",
            )
            for version in ("1.4", "1.16.0", "0.12")
        ),
        (
            (GPU, f"{JOB}, environment: {{framework: tensorflow, version: '2.13.1'}}}}"),
            "unknown-framework-version",
            ("job", "environment", "version"),
            r"TensorFlow 2\.13\.1 needs a CUDA .* from 2\.14 on",
        ),
        (
            (COMPUTE, f"{JOB}, inputs: {{x: {{path: 'abfss://x@y/z'}}}}}}"),
            "not-with-azureml",
            ("job", "inputs", "x", "path"),
            "wasbs://CONTAINER@ACCOUNT.blob.core.windows.net/PATH",
        ),
        (
            (COMPUTE, f"{JOB}, inputs: {{x: {{path: 'adl://y.azuredatalakestore.net/z'}}}}}}"),
            "not-with-azureml",
            ("job", "inputs", "x", "path"),
            "azureml://datastores/NAME/paths/PATH.*azureml:NAME:VERSION.*wasbs.*Gen1 is gone",
        ),
        (
            (COMPUTE, f"{JOB}, inputs: {{x: {{path: 'abfs://c@y.dfs.core.windows.net/z'}}}}}}"),
            "not-with-azureml",
            ("job", "inputs", "x", "path"),
            "`abfss://c@y.dfs.core.windows.net/z`",
        ),
        (
            (COMPUTE, f"{JOB}, inputs: {{x: {{path: 's3://bucket/z'}}}}}}"),
            "not-with-azureml",
            ("job", "inputs", "x", "path"),
            "https://…",
        ),
        (
            (COMPUTE, f"{JOB}, inputs: {{x: {{path: 'azureml:mnist@stable'}}}}}}"),
            "not-with-azureml",
            ("job", "inputs", "x", "path"),
            "azureml:NAME@latest",
        ),
        (
            (COMPUTE, f"{JOB}, environment: 'azureml:trainer@stable'}}"),
            "not-with-azureml",
            ("job", "environment"),
            "azureml:NAME@latest",
        ),
        (
            (COMPUTE, f"{JOB}, outputs: {{x: {{path: 'abfss://x@y/z'}}}}}}"),
            "not-with-azureml",
            ("job", "outputs", "x", "path"),
            "azureml://datastores/NAME/paths/PATH",
        ),
        (
            (COMPUTE, f"{JOB}, identity: {{type: aml_token, client_id: 00000000-0000-0000-0000-000000000002}}}}"),
            "unread-by-azureml",
            ("job", "identity"),
            "type: managed",
        ),
    ],
)
def test_one_thing_is_said(
    checking: Checking, lines: tuple[str, ...], code: str, path: tuple[str, ...], words: str
) -> None:
    checking.says_one_thing(lines, code, path, words)
