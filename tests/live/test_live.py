"""`make live` without a live workspace: what it asks, and what it reports of an emulator that answers wrongly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter

from emulator.__main__ import live_workspace
from emulator.emulator import Emulator
from emulator.faults import Faults, Proceed
from emulator.router import Request
from emulator.wire import Outgoing
from tests.live import report
from tests.live.recorder import compared, outline, recording

ROOT = Path(__file__).parents[2]
GET_SPACE = (
    "GET management.azure.com /subscriptions/{sub}/resourcegroups/{group}/providers/Microsoft.MachineLearningServices"
    "/workspaces/{name}"
)
VARIABLES = {
    "SPECRUN_LIVE_WORKSPACE": "ours",
    "SPECRUN_LIVE_RESOURCE_GROUP": "group",
    "SPECRUN_LIVE_SUBSCRIPTION_ID": "6bd02f9f-4069-43d9-bcb3-990c34e31ebe",
}


def live(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`make live` from where it is Python, without a terminal."""
    foreign = ("SPECRUN_", "AZURE_", "AZUREML_", "LIVE_", "PYTEST_")
    own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return subprocess.run(
        [sys.executable, "-m", "tests.live", *arguments],
        cwd=folder,
        env={**own, "PYTHONPATH": str(ROOT), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_names_what_it_lacks(tmp_path: Path) -> None:
    said = live(tmp_path, SPECRUN_LIVE_WORKSPACE="ours")
    assert said.returncode == 64
    assert "set SPECRUN_LIVE_RESOURCE_GROUP, SPECRUN_LIVE_SUBSCRIPTION_ID" in said.stderr


def test_it_says_what_it_makes_and_stops_without_a_yes(tmp_path: Path) -> None:
    said = live(tmp_path, **VARIABLES)
    assert said.returncode == 64
    assert "LIVE_YES=1 make live" in said.stderr
    assert "azureml and azureml-v1 on the workspace" in said.stdout
    assert "What it costs" in said.stdout
    assert "8 cores" in said.stdout
    assert list(tmp_path.iterdir()) == []


class WithoutId:
    """A workspace that has a field more, and its id no longer."""

    def __call__(self, faults: Faults, request: Request, proceed: Proceed) -> Outgoing:
        answer = proceed(request)
        assert isinstance(answer.body, bytes)
        body = json.loads(answer.body)
        if answer.status == 200:
            body["invented"] = body.pop("id")
        return Outgoing(answer.status, {"Content-Type": "application/json"}, json.dumps(body).encode())


@pytest.mark.slow
def test_an_answer_that_is_not_as_recorded_is_reported(tmp_path: Path) -> None:
    """Commands of one test of the suite, from nothing, as on Azure."""
    pytest.importorskip("azure.ai.ml", reason="needs SDK v2: pip install '.[azureml]'")
    with Emulator(tmp_path / "azure") as emulator:
        emulator.service.retry_after = 0  # SDKs that are told nothing look every 30 s
        emulator.faults.add(GET_SPACE, WithoutId(), times=None)
        variables = {**emulator.environment, **live_workspace(emulator), "LIVE_YES": "1"}
        chosen = "test_one_spec_has_one_fingerprint and not v1"
        said = live(tmp_path, "-k", chosen, SPECRUN_LIVE_COMPUTE="none", **variables)
        secret, subscription = emulator.service.owner.secret, emulator.service.subscription
    assert said.returncode == 1, said
    text = (tmp_path / "live-report/report.md").read_text()
    told = json.loads((tmp_path / "live-report/report.json").read_text())
    (answer,) = [one for one in told["answers"] if (one["route"], one["status"]) == (GET_SPACE, 200)]
    assert {"id: missing", "invented: is there, a text"} <= {one["what"] for one in answer["differences"]}
    assert "- invented: is there, a text" in text
    assert told["tests"] == {
        "test_whole_flow.py::test_one_spec_has_one_fingerprint_on_every_engine[live-azureml]": "passed"
    }
    for private in (secret, subscription, "live-ws", "live-rg", "conf-"):
        assert private is not None
        assert private not in text + json.dumps(told)


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which what this process is answered is noted."""
    monkeypatch.setattr(HTTPAdapter, "send", recording(HTTPAdapter.send, tmp_path / "one.jsonl"))
    return tmp_path


def test_what_is_noted_has_no_values(recorded: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with Emulator(tmp_path_factory.mktemp("azure")) as emulator, requests.Session() as session:
        given = {**emulator.environment, **live_workspace(emulator)}
        session.trust_env = False
        session.proxies, session.verify = {"https": given["HTTPS_PROXY"]}, given["REQUESTS_CA_BUNDLE"]
        form = {"client_id": given["AZURE_CLIENT_ID"], "client_secret": given["AZURE_CLIENT_SECRET"]}
        form |= {"grant_type": "client_credentials", "scope": "https://management.azure.com/.default"}
        url = f"https://login.microsoftonline.com/{given['AZURE_TENANT_ID']}/oauth2/v2.0/token"
        token = session.post(url, data=form).json()["access_token"]
        space = (
            f"/subscriptions/{given['SPECRUN_LIVE_SUBSCRIPTION_ID']}/resourceGroups/live-rg/providers/"
            "Microsoft.MachineLearningServices/workspaces/live-ws"
        )
        for path in (space, f"{space}/computes/somebodys"):
            session.get(f"https://management.azure.com{path}?sig=s3cret", headers={"Authorization": f"Bearer {token}"})
    noted = (recorded / "one.jsonl").read_text()
    assert len(noted.splitlines()) == 3
    assert not [word for word in (token, form["client_secret"], "s3cret", "westeurope") if word in noted]
    shown = report.as_markdown(report.read(recorded, ["live-ws"]), {}, {})
    assert "POST login.microsoftonline.com /{tenant}/oauth2/v2.0/token" in shown
    assert not [word for word in (given["AZURE_TENANT_ID"], "live-rg", "somebodys") if word in shown]


def test_an_answer_that_nothing_is_recorded_of_is_told_in_outline() -> None:
    body = b'{"id": "/subscriptions/x", "tags": {"owner": "me"}, "nodes": [{"up": true, "n": 1}], "a b": null}'
    noted = compared("GET", "management.azure.com", "/subscriptions/x/unheard-of", 200, {}, body)
    assert noted["contract"] is None
    assert noted["outline"] == {"id": "text", "tags": "…", "nodes": [{"up": "flag", "n": "number"}], "*": None}
    assert outline([]) == []


@pytest.mark.parametrize(
    ("host", "path", "route"),
    [
        ("account1.blob.core.windows.net", "/container/secret/name.csv", "blob.core.windows.net /{container}/{blob+}"),
        ("westeurope.api.azureml.ms", "/unheard/v1/ours", "api.azureml.ms /{…}/{…}/{…}"),
        ("ours.vault.azure.net", "/keys/ours", "vault.azure.net /{…}/{…}"),
        ("management.azure.com", "/subscriptions/1/ours", "management.azure.com /subscriptions/{…}/{…}"),
    ],
)
def test_routes_have_no_names(host: str, path: str, route: str) -> None:
    assert report.route_of("GET", host, path) == f"GET {route}"
