"""A spec under the rules of its repository: for the tests of rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specrun.spec import load as loading
from specrun.spec.codes import CODES
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.load import load
from specrun.spec.loaded import Loaded

TODAY = "2026-11-30"
HEAD = "apiVersion: specrun/v1\nname: digits\n"
JOB = "job: {command: 'true'}\n"
PLACE = "engine: azureml\nworkspace: {name: mlws, resource_group: rg, subscription_id: ''}\n".replace(
    "''", "00000000-0000-0000-0000-000000000000"
)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "docker").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "_today", lambda: TODAY)
    return tmp_path


def judged(spec: str, rules: str, *, more: str = "", **options: Any) -> Loaded:
    Path("job.yaml").write_text(HEAD + spec)
    Path(".specrun.yaml").write_text(f"rules:\n  {rules}\n{more}")
    return load(["job.yaml"], with_specs=False, under_rules=True, **options)


def places(found: tuple[Diagnostic, ...]) -> list[str]:
    return [f"{one.code} {one.location.line}:{one.location.column}" for one in found]


def notes(loaded: Loaded) -> list[str]:
    return [one.code for one in loaded.diagnostics if CODES[one.code].group == "rules"]


def cluster(fields: str) -> str:
    return f"compute: {{name: cluster, {fields}}}\n"


def image(name: str) -> str:
    return f"job:\n  command: 'true'\n  environment: {{image: '{name}'}}\n"


BIG = cluster("size: D4S_V5, max_instances: 9, tags: {team: vision}")


def exception(specs: str, expires: str, rule: str = "max_instances") -> str:
    return (
        f"max_instances: 8\n  exceptions:\n  - rule: {rule}\n    specs: [{specs}]\n"
        f"    reason: the yearly retraining\n    expires: {expires}\n"
    )
