"""Rules of a repository that only what is there decides: judged by the plan, in what both engines share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.azure_engines.by_hand import add_cluster
from tests.azure_engines.conftest import Specrun
from tests.azure_engines.place import Place


@pytest.mark.parametrize("engine", ["azureml"], indirect=True)
def test_what_is_there_is_judged(place: Place, specrun: Specrun) -> None:
    add_cluster(place, "gpu")
    Path("job.yaml").write_text(
        "apiVersion: specrun/v1\nname: digits\nworkspace: {from_config: config.json}\ncompute: gpu\n"
    )
    rules = "sizes: [STANDARD_D*_V5]\n  regions: [northeurope]\n  max_instances: 1\n"
    Path(".specrun.yaml").write_text(f"rules:\n  {rules}")
    assert specrun("validate", "job.yaml")[0] == 0  # which asks nobody
    code, out, _ = specrun("plan", "job.yaml", "-o", "json")
    assert code == 4
    found = [f"{one['code']} {one['line']}" for one in json.loads(out)["refusals"]]
    assert found == ["rule-sizes 4", "rule-regions 3"]
    Path(".specrun.yaml").write_text("rules: {sizes: [STANDARD_NC6S_V3], regions: [West Europe]}\n")
    assert specrun("plan", "job.yaml")[0] == 0
