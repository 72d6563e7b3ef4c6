"""What was made for specs that are gone is deleted from a workspace, and nothing of others, on both engines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.azure_engines.by_hand import add_cluster, add_datastore
from tests.azure_engines.conftest import Specrun
from tests.azure_engines.place import Place

HEAD = "apiVersion: specrun/v1\nname: {}\nworkspace: {{from_config: config.json}}\n"
OURS = {"specrun": "gone", "specrun-repository": "github.com/org/models"}
THEIRS = OURS | {"specrun-repository": "github.com/org/platform"}


def commit() -> None:
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *words], check=True, capture_output=True)


@pytest.fixture(autouse=True)
def repository(place: Place, specrun: Specrun) -> None:
    files = {
        ".gitignore": "/*\n!/.specrun.yaml\n!/config.json\n!/*.yaml\n!/data\n",
        ".specrun.yaml": "repository: github.com/org/models\n",
        "a.yaml": HEAD.format("a") + "compute: {name: gpu, max_instances: 4}\ntargets: {dev: {}, prod: {}}\n",
        "b.yaml": HEAD.format("b") + "compute: bare\njob: {command: ls}\n",
    }
    for name, text in files.items():
        Path(name).write_text(text)


def test_what_is_gone_is_deleted_and_nothing_of_others(place: Place, specrun: Specrun, engine: str) -> None:
    commit()
    tags = {
        "gone": OURS,
        "of-target": OURS | {"specrun": "a", "specrun-target": "test"},
        "gpu": OURS | {"specrun": "a", "specrun-target": "dev"},
        "bare": OURS,
        "theirs": THEIRS,
        "older": {"specrun": "gone"},
        "by-hand": {"team": "vision"},
    }
    for name, said in tags.items():
        add_cluster(place, name, tags=said)
    add_cluster(place, "box", "ComputeInstance", tags=OURS)
    for name, said in (("mine", OURS), ("yours", THEIRS)):
        add_datastore(place, name, tags=said)
    code, _, err = specrun("prune", "--yes", "--max-share", "60")
    assert code == 0, err
    (workspace,) = place.emulator.service.workspaces.values()
    assert {*workspace.computes} == {"gpu", "bare", "theirs", "older", "by-hand", "box"}
    assert ("mine" in place.plane.datastores) == (engine == "azureml-v1")  # which does not tell whose it is
    assert "yours" in place.plane.datastores
    told = " ".join(err.split())
    assert "compute/bare kept: b.yaml uses it" in told
    assert "compute/older kept: made by gone, of whichever repository" in told
    assert ("datastore/mine kept: nothing says who made it" in told) == (engine == "azureml-v1")
    assert f"looked at {place.emulator.service.subscription.lower()}/ml-rg/ml-ws" in told
    assert "workspaceblobstore" not in told
    before = [one.route for one in place.emulator.requests]
    assert specrun("prune", "--yes")[0] == 0
    asked = place.emulator.requests[len(before) :]
    listed = [one.route for one in asked if "login.microsoftonline" not in one.host]
    assert len(listed) <= 4, listed  # nothing may go: no list of runs, no thing by itself
    assert not [route for route in listed if route.startswith(("DELETE", "PUT", "POST"))]


def test_data_goes_file_by_file_when_it_is_named(place: Place, specrun: Specrun) -> None:
    Path("data").mkdir()
    Path("data/x").write_text("1")
    for name, target in (("c", "shared/one"), ("d", "shared/two")):
        Path(f"{name}.yaml").write_text(HEAD.format(name) + f"data: {{d: {{path: data, target: {target}}}}}\n")
    commit()
    code, _, err = specrun("apply", "c.yaml", "d.yaml", "--yes")
    assert code == 0, err
    Path("c.yaml").unlink()
    commit()
    assert "to delete" not in specrun("prune", "--yes")[2]
    code, _, err = specrun("prune", "--yes", "--also", "data")
    assert code == 0, err
    assert "data/default/shared/one" in err
    left = specrun("plan", "d.yaml")
    assert (left[0], "the target has every file" in left[1] or "1 unchanged" in left[1]) == (0, True)
    assert "to delete" not in specrun("prune", "--dry-run", "--also", "data")[1]
