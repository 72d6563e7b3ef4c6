"""Every verb in a workspace whose storage accounts take no keys, and nothing that is signed with one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.emulator import Emulator
from tests.faults.cloud import Azure

SPEC = """
apiVersion: specrun/v1
name: keyless
workspace: {{name: keyless-ws, resource_group: keyless-rg, subscription_id: {sub}, location: westeurope, create: true}}
compute: {{name: cpu-cluster, size: STANDARD_DS3_V2, max_instances: 1}}
data: {{rows: {{path: data, target: sets/rows}}}}
job:
  code: src
  script: train.py
  inputs: {{rows: {{data: rows}}}}
  outputs: {{model: {{}}}}
  arguments: ["${{{{ inputs.rows }}}}", "${{{{ outputs.model }}}}"]
"""
SCRIPT = """
import pathlib, sys
rows, model = map(pathlib.Path, sys.argv[1:])
(model / "model.txt").write_text((rows / "rows.csv").read_text().upper())
print("trained")
"""
REFUSED = "KeyBasedAuthenticationNotPermitted"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["azureml", "azureml-v1"])
def test_whoever_is_signed_in_is_enough(tmp_path: Path, engine: str) -> None:
    user = tmp_path / "user"
    for folder, file, text in (("data", "rows.csv", "a,b\n"), ("src", "train.py", SCRIPT)):
        (user / folder).mkdir(parents=True)
        (user / folder / file).write_text(text)
    with Emulator(tmp_path / "azure", keyless=True) as emulator:
        emulator.service.retry_after = 0  # SDKs that are told nothing look every 30 s
        azure = Azure(emulator, tmp_path, engine)
        spec = user / "job.yaml"
        spec.write_text(SPEC.format(sub=emulator.service.subscription))

        applied = azure.apply(str(spec))

        assert (applied.code, "trained" in applied.out) == (0, True), applied.err
        planned = azure.specrun("plan", str(spec))
        assert (planned.code, "No changes" in planned.out + planned.err) == (0, True), planned.out + planned.err
        assert "trained" in azure.specrun("logs", str(spec)).out
        assert json.loads(azure.specrun("status", "-o", "json", str(spec)).out)["status"] == "succeeded"
        assert azure.specrun("outputs", "--fetch", "fetched", str(spec)).code == 0
        assert [file.read_text() for file in user.parent.rglob("fetched/**/model.txt")] == ["A,B\n"]
        keys = [one for one in emulator.requests if one.status == 403]
        assert emulator.unserved == []
        assert len(keys) <= 10  # each process asks once for each account, and then signs in
