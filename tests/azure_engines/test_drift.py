"""`drift` on Azure, with both SDKs: through a gate that lets through only what reads, and without a look at runs."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator
from emulator.clusters import Cluster
from emulator.dataplane import data_of
from emulator.faults import Status
from emulator.gate import reads, reads_only
from emulator.router import Request
from emulator.runs_state import Plane
from specrun.cli.main import run
from tests.azure_engines.place import LIST_BLOBS, SETTINGS

WORKSPACE = """
workspace:
  {name: ml-ws, resource_group: ml-rg, subscription_id: "${{ env.AZURE_SUBSCRIPTION_ID }}", location: westeurope,
   create: true}
"""
SPEC = """\
apiVersion: specrun/v1
name: job
compute:
  name: gpu
  size: STANDARD_DS3_V2
  tier: low_priority
  min_instances: 0
  max_instances: 4
  idle_time_before_scale_down: 300
  description: of vision
  tags: {team: vision}
  identity: {type: system_assigned}
  ssh_public_access_enabled: true
  ssh_settings: {admin_username: trainer, admin_password: "${{ secrets.DRIFT_PASSWORD }}"}
datastores:
  training: {type: azure_blob, account_name: mlstore, container_name: drift,
             credentials: {account_key: "${{ secrets.DRIFT_KEY }}"}}
data:
  rows: {path: data, target: rows}
  more: {path: data, target: sets/more, datastore: training, prune: true}
job:
  command: echo hello
  environment: {image: "python:3.11"}
"""
ENGINES = ("azureml", "azureml-v1")
RUNS = ("/jobs", "/runs", "/history", "/experiments", "/environments", "/snapshots")


@dataclass
class Azure:
    """An emulated workspace in which all that the spec declares was applied; `folder` is the working folder."""

    emulator: Emulator
    folder: Path

    @property
    def plane(self) -> Plane:
        service = self.emulator.service
        return data_of(service).plane(service.subscription, "ml-rg", "ml-ws")

    @property
    def computes(self) -> dict[str, Cluster]:
        (workspace,) = self.emulator.service.workspaces.values()
        return workspace.computes

    def blobs(self, target: str) -> tuple[Any, str]:
        """A client for the container of a target."""
        if target == "sets/more":
            return self.emulator.service.stores.blobs("mlstore"), "drift"
        return self.plane.blobs, self.plane.datastores[self.plane.default].container

    def write(self, target: str, name: str, content: bytes) -> None:
        blobs, container = self.blobs(target)
        blobs.write(container, f"{target}/{name}", content)

    def delete(self, target: str, name: str) -> None:
        blobs, container = self.blobs(target)
        blobs.container(container).delete_blob(f"{target}/{name}")

    @contextmanager
    def by_hand(self) -> Iterator[Azure]:
        """What is changed of clusters and datastores while this lasts is put back."""
        kept = {name: copy.copy(vars(one)) for name, one in self.computes.items()}
        clusters, datastores = dict(self.computes), copy.deepcopy(self.plane.datastores)
        try:
            yield self
        finally:
            self.computes.clear()
            self.computes.update(clusters)
            for name, values in kept.items():
                vars(clusters[name]).update(values)
            self.plane.datastores.clear()
            self.plane.datastores.update(datastores)

    def drift(self, engine: str, *arguments: str) -> tuple[int, list[str]]:
        """The exit status, and the routes that were asked but for the sign-in. Nothing else than reading gets through,
        and nothing asks for runs.
        """
        begin, before = len(self.emulator.requests), self._files()
        with reads_only(self.emulator) as refused:
            code = run(["drift", "--engine", engine, *arguments])
        assert self._files() == before
        asked = [one.route for one in self.emulator.requests[begin:] if "login." not in one.host]
        assert refused == []
        assert [route for route in asked if any(word in route for word in RUNS)] == []
        return code, asked

    def _files(self) -> dict[str, tuple[int, int]]:
        """What lies in the working folder, which is the home folder, too, and when it was written; but for where SDK v1
        keeps the addresses of services.
        """
        others = ("emulator", ".azureml")
        below = (path for path in self.folder.rglob("*") if path.parts[len(self.folder.parts)] not in others)
        return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_mode) for path in below}

    def found(self, engine: str, capsys: pytest.CaptureFixture[str], *arguments: str) -> Mapping[str, Any]:
        """What differs, by address and path; there is drift."""
        capsys.readouterr()
        code, _ = self.drift(engine, "-o", "json", *arguments)
        out = capsys.readouterr().out
        assert code == 3, out
        return {
            f"{one['address']} {each['path']}".strip(): each
            for one in json.loads(out)["resource_drift"]
            for each in one["differences"]
        }


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    folder = tmp_path_factory.mktemp("drift")
    with pytest.MonkeyPatch.context() as patch, Emulator(folder / "emulator") as emulator:
        service = emulator.service
        service.stores.start()
        service.retry_after = service.creating_reads = 0
        for name in [name for name in os.environ if name.startswith(SETTINGS)]:
            patch.delenv(name)
        values = {"DRIFT_KEY": service.stores.key("mlstore"), "DRIFT_PASSWORD": "Of-no-use-1234!"}
        for name, value in {**emulator.environment, **values, "HOME": str(folder), "COLUMNS": "100"}.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        (folder / "data").mkdir()
        (folder / "data" / "a.csv").write_text("a\n")
        (folder / "data" / "b.csv").write_text("b\n")
        (folder / "job.yaml").write_text(SPEC + WORKSPACE)
        service.put_group("ml-rg", "westeurope", {})
        parts = {
            "storageAccount": ("Microsoft.Storage/storageAccounts", "mlwsstore"),
            "keyVault": ("Microsoft.KeyVault/vaults", "mlwsvault"),
            "applicationInsights": ("microsoft.insights/components", "mlwsinsights"),
        }
        ids = {part: service.add_resource(kind, name, "ml-rg", "westeurope").id for part, (kind, name) in parts.items()}
        tags = {"specrun": "job"}
        service.put_workspace("ml-rg", "ml-ws", {"location": "westeurope", "properties": ids, "tags": tags})
        service.stores.blobs("mlstore").ensure("drift")
        assert run(["apply", "--yes", "--engine", "azureml", "--exclude", "kind:run"]) == 0
        yield Azure(emulator, folder)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_what_was_applied_has_none_and_few_requests_say_so(
    azure: Azure, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    code, asked = azure.drift(engine)
    assert (code, capsys.readouterr().out) == (0, "No drift: 5 as declared.\n")
    assert len(asked) <= 9  # the workspace, the cluster, two datastores with their keys, two targets


def test_each_field_is_seen(azure: Azure, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    with azure.by_hand():
        cluster = azure.computes["gpu"]
        cluster.settings = dataclasses.replace(
            cluster.settings,
            size="STANDARD_DS2_V2",
            tier="Dedicated",
            min_nodes=1,
            max_nodes=8,
            idle="PT1M",
            description="mine",
            ssh_port="Disabled",
            credentials={"adminUserName": "other"},
        )
        cluster.tags = {"specrun": "job", "team": "audio"}
        cluster.identity = None
        store = azure.plane.datastores["training"]
        store.section |= {"accountName": "another", "containerName": "elsewhere"}
        found = azure.found(engine, capsys, "--only", "kind:compute", "--only", "kind:datastore")
    told = {path: (one["declared"], one["found"], one["location"]["line"]) for path, one in found.items()}
    assert told == {
        "compute/gpu size": ("STANDARD_DS3_V2", "STANDARD_DS2_V2", 5),
        "compute/gpu tier": ("low_priority", "dedicated", 6),
        "compute/gpu min_instances": (0, 1, 7),
        "compute/gpu max_instances": (4, 8, 8),
        "compute/gpu idle_time_before_scale_down": (300, 60, 9),
        "compute/gpu description": ("of vision", "mine", 10),
        "compute/gpu tags.team": ("vision", "audio", 11),
        "compute/gpu identity.type": ("system_assigned", None, 12),
        "compute/gpu ssh_public_access_enabled": (True, False, 13),
        "compute/gpu ssh_settings.admin_username": ("trainer", "other", 14),
        "datastore/training account_name": ("mlstore", "another", 16),
        "datastore/training container_name": ("drift", "elsewhere", 16),
    }


def test_what_is_gone_failed_or_of_others_is_told(
    azure: Azure, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with azure.by_hand():
        del azure.plane.datastores["training"]
        azure.computes["gpu"].provisioning = "Failed"
        found = azure.found(engine, capsys)
        azure.computes["gpu"].provisioning = "Deleting"
        azure.computes["gpu"].progress.reads = 100
        found_later = azure.found(engine, capsys, "--only", "kind:compute")
    kinds = {path: one["kind"] for path, one in found.items()}
    assert kinds == {
        "compute/gpu": "failed",
        "datastore/training": "missing",
        "data/training/sets/more": "missing",
    }
    assert found_later["compute/gpu"]["kind"] == "being deleted"
    with azure.by_hand():
        del azure.computes["gpu"]
        assert azure.found(engine, capsys)["compute/gpu"]["kind"] == "missing"
    with azure.by_hand():
        azure.computes["gpu"].tags |= {"specrun": "x", "specrun-repository": "github.com/org/other"}
        assert azure.drift(engine)[0] == 0
        # Of a repository without a name each is one's own; of one with a name others are not.
        (azure.folder / ".specrun.yaml").write_text("repository: github.com/org/mine\n")
        capsys.readouterr()
        assert azure.drift(engine)[0] == 0
        (azure.folder / ".specrun.yaml").unlink()
        assert "compute/gpu  as declared, made by x of github.com/org/other" in capsys.readouterr().out


def test_what_is_only_named_has_to_be_there(azure: Azure, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    named = "apiVersion: specrun/v1\nname: named\ncompute: other\njob: {command: echo, environment: {image: x}}\n"
    spec = azure.folder / "named.yaml"
    spec.write_text(named + WORKSPACE.replace(",\n   create: true", ""))
    assert azure.found(engine, capsys, str(spec))["compute/other"]["kind"] == "missing"
    spec.write_text(spec.read_text().replace("other", "gpu"))
    assert azure.drift(engine, str(spec))[0] == 0


def test_blobs_are_compared_by_content(azure: Azure, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    azure.write("rows", "a.csv", b"x\n")  # of the same size
    azure.delete("rows", "b.csv")
    azure.write("rows", "new.csv", b"n")
    azure.write("sets/more", "new.csv", b"n")
    blobs, container = azure.blobs("sets/more")
    blobs.container(container).get_blob_client("sets/more/a.csv").set_http_headers()  # which takes the MD5 away
    try:
        found = azure.found(engine, capsys)
        ignored = azure.found(engine, capsys, "--ignore", "data/training/*", "--ignore", "data/*/a.csv")
    finally:
        assert run(["apply", "--yes", "--engine", "azureml", "--exclude", "kind:run"]) == 0
        for target in ("rows", "sets/more"):
            azure.delete(target, "new.csv")
    assert {path: one["kind"] for path, one in found.items()} == {
        "data/default/rows a.csv": "changed",
        "data/default/rows b.csv": "missing",
        "data/training/sets/more a.csv": "changed",
        "data/training/sets/more new.csv": "extra",
    }
    assert "no MD5" in found["data/training/sets/more a.csv"]["reason"]
    assert list(ignored) == ["data/default/rows b.csv"]
    assert azure.drift(engine)[0] == 0


def test_what_cannot_be_reached_hides_nothing_else(
    azure: Azure, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store of one workspace, and a workspace that is not there, in one call."""
    elsewhere = azure.folder / "elsewhere.yaml"
    elsewhere.write_text(SPEC.replace("name: job", "name: there", 1) + WORKSPACE.replace("ml-ws", "other-ws"))
    refused = azure.emulator.faults.add(
        lambda request, route: route == LIST_BLOBS and "/drift" in request.path,
        Status(403, "AuthorizationPermissionMismatch"),
        times=None,
    )
    try:
        with azure.by_hand():
            azure.computes["gpu"].tags["team"] = "audio"
            capsys.readouterr()
            code, _ = azure.drift(engine, "-o", "json", "job.yaml", "elsewhere.yaml")
            said = capsys.readouterr()
    finally:
        azure.emulator.faults.rules.remove(refused)
    data = json.loads(said.out)
    assert (code, data["drift"], data["complete"]) == (1, True, False)
    assert "data/training/sets/more" in said.err
    drifted = {(one["place"]["target"], one["address"]) for one in data["resource_drift"]}
    assert ("workspace ml-ws", "compute/gpu") in drifted
    assert ("workspace other-ws", "workspace/other-ws") in drifted
    unseen = [one["address"] for one in data["resources"] if one["verdict"] == "not looked at"]
    assert unseen == ["data/training/sets/more"]


def test_requests_grow_with_what_is_shared_and_not_with_specs(
    azure: Azure, engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each target adds one, a spec none: of 1,000 specs with 20 clusters, 5 datastores and 100 targets that are
    some 140 (`python -m benchmarks many` counts them)."""
    counts = {}
    for specs, targets in ((1, 1), (1, 1), (12, 1), (12, 4)):  # the first fetches what SDK v1 remembers
        files = []
        for number in range(specs):
            target = f"slope/{number % targets}"
            text = SPEC.replace("name: job", f"name: slope-{number}", 1).replace("target: rows", f"target: {target}")
            files.append(f"slope-{number}.yaml")
            (azure.folder / files[-1]).write_text(text + WORKSPACE)
        code, asked = azure.drift(engine, *files)
        assert code == 3
        counts[specs, targets] = len(asked)
    capsys.readouterr()
    assert counts[12, 1] == counts[1, 1]
    assert counts[12, 4] == counts[1, 1] + 3
    assert 20 + 100 + 5 * 3 + counts[1, 1] <= 249


@pytest.mark.parametrize(
    ("method", "host", "path", "passes"),
    [
        ("GET", "management.azure.com", "/subscriptions", True),
        ("HEAD", "a.blob.core.windows.net", "/b", True),
        ("POST", "login.microsoftonline.com", "/tenant/oauth2/v2.0/token", True),
        ("POST", "management.azure.com", "/s/workspaces/w/datastores/d/listSecrets", True),
        ("POST", "management.azure.com", "/s/workspaces/w/computes/c/listSecrets", False),
        ("POST", "westeurope.api.azureml.ms", "/history/v1.0/s/experiments/e/runs:query", True),
        ("POST", "westeurope.api.azureml.ms", "/history/v1.0/s/experiments/e/runs", False),
        ("PUT", "a.blob.core.windows.net", "/b", False),
        ("DELETE", "management.azure.com", "/subscriptions/listSecrets", False),
    ],
)
def test_the_gate_lets_through_only_what_reads(method: str, host: str, path: str, passes: bool) -> None:
    assert reads(Request(method, host, path, {}, {}, b"")) is passes
