"""`python -m emulator`, as a person starts it."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_writes_variables_says_ready_and_ends_cleanly(tmp_path: Path, end: signal.Signals) -> None:
    file = tmp_path / "azure.env"
    command = [sys.executable, "-m", "emulator", "--env", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        found = dict(re.findall(r"^export (\w+)=(.*)$", file.read_text(), re.MULTILINE))
        given = {name: shlex.split(value)[0] for name, value in found.items()}
        assert file.stat().st_mode & 0o077 == 0
        session = requests.Session()
        session.trust_env = False
        session.proxies, session.verify = {"https": given["HTTPS_PROXY"]}, given["REQUESTS_CA_BUNDLE"]
        form = {"client_id": given["AZURE_CLIENT_ID"], "client_secret": given["AZURE_CLIENT_SECRET"]}
        url = f"https://login.microsoftonline.com/{given['AZURE_TENANT_ID']}/oauth2/v2.0/token"
        token = session.post(url, data={**form, "grant_type": "client_credentials", "scope": "x/.default"}).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        # For `make live`: a workspace that is there.
        names = ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "WORKSPACE")
        subscription, group, workspace = (given[f"SPECRUN_LIVE_{name}"] for name in names)
        space = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/"
        answer = session.get(f"https://management.azure.com{space}workspaces/{workspace}", headers=headers)
        assert answer.status_code == 200
        children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True).stdout
        process.send_signal(end)
        assert process.wait(30) == 0
    assert children
    assert not [pid for pid in children.split() if Path(f"/proc/{pid}").exists()]
    assert not Path(given["SSL_CERT_FILE"]).exists()
    assert "MLSTORE_KEY" in given
