"""A program of its own with nothing but the variables of `make emulator`: from no workspace to downloaded outputs."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0

PROGRAM = """
import os, sys, time
from pathlib import Path
import requests
from azure.ai.ml import Input, MLClient, Output, command
from azure.ai.ml.entities import AccountKeyConfiguration, AmlCompute, AzureBlobDatastore, Data, Environment, Workspace
from azure.identity import EnvironmentCredential
from azure.storage.blob import BlobServiceClient

here, subscription, key = Path(sys.argv[1]), os.environ["AZURE_SUBSCRIPTION_ID"], os.environ["MLSTORE_KEY"]
credential = EnvironmentCredential()
token = credential.get_token("https://management.azure.com/.default").token
group = f"https://management.azure.com/subscriptions/{subscription}/resourcegroups/program-rg"
answer = requests.put(
    group + "?api-version=2020-06-01",
    json={"location": "westeurope"},
    headers={"Authorization": f"Bearer {token}"},
    timeout=60,
)
assert answer.status_code in (200, 201), answer.text

quick = {"polling_interval": 0.1, "show_progress": False}
client = MLClient(credential, subscription, "program-rg", **quick)
client.workspaces.begin_create(Workspace(name="program-ws", location="westeurope")).result()
client = MLClient(credential, subscription, "program-rg", "program-ws", **quick)
assert client.workspaces.get("program-ws").mlflow_tracking_uri.startswith("azureml://westeurope.api.azureml.ms/mlflow/")

client.compute.begin_create_or_update(AmlCompute(name="cpu", size="Standard_D2_v2", max_instances=2)).result()
BlobServiceClient("https://mlstore.blob.core.windows.net", key).create_container("raw")
client.datastores.create_or_update(
    AzureBlobDatastore(
        name="raw", account_name="mlstore", container_name="raw", credentials=AccountKeyConfiguration(account_key=key)
    )
)

(here / "digits").mkdir()
(here / "digits" / "one.txt").write_text("1")
client.data.create_or_update(Data(name="digits", version="1", type="uri_folder", path=here / "digits", datastore="raw"))

(here / "src").mkdir()
(here / "src" / "train.py").write_text('''
import sys
data, model = sys.argv[1:]
print("read", open(data + "/one.txt").read(), flush=True)
open(model + "/model.txt", "w").write("model")
open("outputs/report.txt", "w").write("report")
''')
job = client.jobs.create_or_update(
    command(
        name="program-job",
        command="python train.py ${{inputs.data}} ${{outputs.model}}",
        code=here / "src",
        environment=Environment(image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"),
        compute="cpu",
        inputs={"data": Input(type="uri_folder", path="azureml:digits:1")},
        outputs={"model": Output(type="uri_folder", path="azureml://datastores/raw/paths/models/${{name}}/")},
    )
)
# This version of the SDK cannot stream at Azure: it signs with the signature that the service answers as with a key.
deadline = time.monotonic() + 120
while client.jobs.get(job.name).status not in ("Completed", "Failed", "Canceled") and time.monotonic() < deadline:
    time.sleep(0.1)
assert client.jobs.get(job.name).status == "Completed", client.jobs.get(job.name).status
client.jobs.download(job.name, download_path=here / "got", all=True)
print((here / "got" / "artifacts" / "user_logs" / "std_log.txt").read_text())
client.compute.begin_delete("cpu").result()
print(sorted(str(file.relative_to(here / "got")) for file in (here / "got").rglob("*.txt")))
"""


@contextlib.contextmanager
def started(folder: Path) -> Iterator[dict[str, str]]:
    """An emulator as `make emulator` starts it: the variables that it wrote."""
    command = [sys.executable, "-m", "emulator", "--env", str(folder / "azure.env")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            found = re.findall(r"^export (\w+)=(.*)$", (folder / "azure.env").read_text(), re.MULTILINE)
            yield {name: shlex.split(value)[0] for name, value in found}
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


@pytest.mark.slow
def test_from_no_workspace_to_downloaded_outputs(tmp_path: Path) -> None:
    quick = {"AZUREML_RUN_POLLING_INTERVAL_MIN": "0", "AZUREML_RUN_POLLING_INTERVAL_MAX": "1"}
    own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with started(tmp_path) as variables:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PROGRAM, str(tmp_path)],
            cwd=tmp_path,
            env=variables | quick | own,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "read 1\n" in done.stdout
    got = done.stdout.splitlines()[-1]
    for file in (
        "named-outputs/model/model.txt",
        "artifacts/outputs/report.txt",
        "artifacts/user_logs/std_log",
    ):
        assert file in got
