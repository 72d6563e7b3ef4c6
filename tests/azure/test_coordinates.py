"""The workspace that a spec means, and what is said when it names none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specrun.engines.azure.coordinates import (
    Coordinates,
    check_workspace,
    config_text,
    locate,
    place_of,
    read_config,
)
from specrun.engines.base import EngineError
from specrun.plan.resources import Place
from specrun.spec.codes import CODES
from specrun.spec.load import load
from specrun.spec.model import LocalPath, Spec

SUBSCRIPTION = "44444444-4444-4444-4444-444444444444"
CONFIG = {"subscription_id": SUBSCRIPTION, "resource_group": "ml-rg", "workspace_name": "ml-ws"}
EXPECTED = Coordinates("ml-ws", "ml-rg", SUBSCRIPTION)
FULL = f"{{name: ml-ws, resource_group: ml-rg, subscription_id: {SUBSCRIPTION}}}"


def spec(folder: Path, workspace: str) -> Spec:
    file = folder / "job.yaml"
    lines = ["apiVersion: specrun/v1", "name: job", "job: {command: ls}"]
    file.write_text("\n".join([*lines, f"workspace: {workspace}" if workspace else ""]))
    loaded = load([str(file)], engine="azureml-v1")
    assert loaded.ok, loaded.diagnostics
    return loaded.specs[0]


def config(folder: Path, text: str | bytes) -> Path:
    file = folder / "config.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_a_workspace_named_in_the_spec(tmp_path: Path) -> None:
    found = spec(tmp_path, FULL)
    assert list(check_workspace(found)) == []
    assert locate(found.workspace) == EXPECTED


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(CONFIG),
        json.dumps({**CONFIG, "workspace_region": "westeurope"}, indent=4),
        "\ufeff" + json.dumps({name: f" {value} " for name, value in CONFIG.items()}),
        json.dumps(
            {
                "Id": None,
                "Scope": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/ml-rg/providers/"
                "Microsoft.MachineLearningServices/workspaces/ml-ws/projects/p",
            }
        ),
    ],
)
def test_a_config_beside_the_spec(tmp_path: Path, text: str) -> None:
    config(tmp_path, text)
    found = spec(tmp_path, "{from_config: config.json}")
    assert list(check_workspace(found)) == []
    assert locate(found.workspace) == EXPECTED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes, line 1, column 2."),
        ("", "is not JSON: Expecting value, line 1, column 1."),
        (b"\xff\xfe{\x00", "is not JSON in UTF-8."),
        ("[" * 200_000, "is not JSON in UTF-8."),
        ("[]", "is no JSON object with workspace_name, resource_group, subscription_id."),
        ("{}", "lacks workspace_name and resource_group and subscription_id as text."),
        (json.dumps({**CONFIG, "resource_group": " "}), "lacks resource_group as text."),
        (json.dumps({**CONFIG, "workspace_name": 3}), "lacks workspace_name as text."),
        (json.dumps({**CONFIG, "subscription_id": "mine"}), "subscription_id is no GUID"),
    ],
)
def test_a_config_that_cannot_be_used(tmp_path: Path, text: str | bytes, words: str) -> None:
    file = config(tmp_path, text)
    found = spec(tmp_path, "{from_config: config.json}")
    (diagnostic,) = check_workspace(found)
    assert diagnostic.code == "invalid-workspace-config"
    assert str(file) in diagnostic.detail
    assert words in diagnostic.detail
    assert (diagnostic.location.line, diagnostic.path) == (4, ("workspace", "from_config"))
    with pytest.raises(EngineError, match=r"config\.json"):
        locate(found.workspace)


def test_a_config_that_vanished(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"gone.json cannot be read: No such file"):
        locate({"from_config": LocalPath(tmp_path / "gone.json", "gone.json")})


@pytest.mark.parametrize(
    ("workspace", "code", "words", "line"),
    [
        ("", "needs-workspace", "Write `workspace: {name: ml-ws, ", 1),
        ("{name: ml-ws}", "needs-coordinates", "It lacks `resource_group` and `subscription_id`:", 4),
        (f"{{name: ml-ws, subscription_id: {SUBSCRIPTION}}}", "needs-coordinates", "It lacks `resource_group`:", 4),
        (FULL[:-1] + ", create: true}", "needs-location", "as in `location: westeurope`", 4),
    ],
)
def test_what_a_workspace_lacks(tmp_path: Path, workspace: str, code: str, words: str, line: int) -> None:
    found = spec(tmp_path, workspace)
    (diagnostic,) = check_workspace(found)
    assert (diagnostic.code, diagnostic.summary) == (code, CODES[code].summary)
    assert words in diagnostic.detail
    assert diagnostic.location.line == line
    if code != "needs-location":
        with pytest.raises(EngineError, match="workspace"):
            locate(found.workspace)


def test_a_location_is_enough_to_make_one(tmp_path: Path) -> None:
    assert list(check_workspace(spec(tmp_path, FULL[:-1] + ", create: true, location: westeurope}"))) == []


def test_what_is_written_is_what_azureml_core_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from azureml.core import Workspace

    asked: dict[str, object] = {}
    monkeypatch.setattr(Workspace, "get", lambda name, **others: asked.update(others, name=name))
    file = config(tmp_path, config_text(EXPECTED))
    Workspace.from_config(str(file))
    assert asked == {"name": "ml-ws", "resource_group": "ml-rg", "subscription_id": SUBSCRIPTION, "auth": None}
    assert read_config(file) == EXPECTED


def test_a_place_is_its_workspace_however_it_is_named(tmp_path: Path) -> None:
    """In another spelling, or by a file: it is one place, so that what stands in it is one thing."""
    config(tmp_path, json.dumps(CONFIG))
    named, by_file = spec(tmp_path, FULL), spec(tmp_path, "{from_config: config.json}")
    place = place_of("azureml", named.workspace)
    assert (place.workspace, place.title) == (f"{SUBSCRIPTION}/ml-rg/ml-ws", "workspace ml-ws")
    assert place_of("azureml", by_file.workspace) == place
    assert place_of("azureml", {**CONFIG, "name": "ML-ws", "resource_group": "ML-RG"}) == place
    assert place_of("azureml-v1", named.workspace) != place


def test_a_place_that_is_not_named_in_full(tmp_path: Path) -> None:
    gone = LocalPath(tmp_path / "gone.json", "gone.json")
    assert place_of("azureml", None) == Place("azureml")
    assert place_of("azureml", {"from_config": gone}) == Place("azureml", str(tmp_path / "gone.json"))
    assert place_of("azureml", {"name": "ml-ws"}).workspace == "//ml-ws"
    assert {place_of("azureml", one).title for one in (None, {"from_config": gone}, {"name": "x"})} == {"a workspace"}
