"""The state folder is as earlier versions wrote it: what they left is found, and nothing runs again for an upgrade."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from specrun.engines.local import state
from specrun.plan.observed import RunStatus
from specrun.spec.model import Spec
from tests.engine_double import read_specs, write_spec
from tests.local.machine import Machine

KEPT = """\
name: job
compute: {name: gpu, max_instances: 2}
data: {d: {path: data, target: digits}}
job:
  command: cat ${{ inputs.d }}/a
  inputs: {d: {data: d}}
  environment: {pip: []}
  distribution: {type: tensorflow}
  resources: {instance_count: 2}
"""
FINGERPRINT = "e603101c0d979acd752a64801616caf00e3c394a4784bb0953e4a4f339b6921b"
RUN = "runs/job-e603101c0d"
SINCE = {"md5", "mark", "provenance", "source", "file"}
"""Keys that are written since then, which earlier versions do not mind."""

BUILT = f"environments/47e1cfd431-{sys.implementation.cache_tag}"


def state_folder(home: Path) -> dict[str, dict[str, object]]:
    """What every version writes into `home` for KEPT, by file; a `*` for what differs from run to run."""
    return {
        "resources/compute/gpu.json": {"owner": "job", "properties": {"name": "gpu", "max_instances": 2}},
        "resources/data/26e81fc5705f8c75.json": {"target": "data/default/digits", "owners": {"a": "job"}},
        f"{BUILT}/ready.json": {"requirements": []},
        f"{RUN}/run.json": {
            "spec": "job",
            "fingerprint": FINGERPRINT,
            "attempt": 1,
            "submitted": "*",
            "compute": "gpu",
            "reads": ["data/default/digits", "environment/47e1cfd431"],
        },
        f"{RUN}/request.json": {
            "format": 1,
            "name": "job-e603101c0d",
            "command": f"cat {home}/{RUN}/inputs/d/a",
            "slots": f"{home}/slots",
            "marker": "*",
            "cluster": {"name": "gpu", "max_instances": 2},
            "distribution": {
                "type": "tensorflow",
                "parameter_server_count": 0,
                "worker_count": 2,
                "process_count_per_instance": 1,
            },
            "instance_count": 2,
            "environment_variables": {"SPECRUN_FINGERPRINT": FINGERPRINT},
            "secret_names": [],
            "path": [f"{home}/{BUILT}/bin"],
            "gpu": None,
            "timeout": None,
            "grace": 5.0,
        },
    }


def kept_spec(folder: Path) -> Spec:
    (spec,) = read_specs(write_spec(folder, KEPT, data__a="1"))
    return spec


def test_what_is_written_is_what_earlier_versions_wrote(tmp_path: Path, machine: Machine, installer: Path) -> None:
    assert machine.apply(kept_spec(tmp_path)).failed == []
    for file, content in state_folder(machine.home).items():
        written = json.loads((machine.home / file).read_text())
        written = {name: value for name, value in written.items() if name not in SINCE}
        written.get("environment_variables", {}).pop("VIRTUAL_ENV", None)
        assert {name: "*" if content.get(name) == "*" else value for name, value in written.items()} == content


@pytest.mark.parametrize("never_started", [False, True])
def test_what_earlier_versions_wrote_is_found(tmp_path: Path, machine: Machine, never_started: bool) -> None:
    files = {file: json.dumps(content) for file, content in state_folder(machine.home).items()}
    status = state.PREPARED if never_started else state.SUCCEEDED
    files[f"{RUN}/state.json"] = state.encode(state.State(status, submitted=1.0))
    files |= dict.fromkeys(["datastores/default/digits/a", f"{RUN}/inputs/d/a", f"{RUN}/code/x", f"{RUN}/logs/x"], "1")
    for file, text in files.items():
        (machine.home / file).parent.mkdir(parents=True, exist_ok=True)
        (machine.home / file).write_text(text)
    spec = kept_spec(tmp_path)
    pending = [change.key.address for change in machine.plan(spec).pending]
    assert pending == (["run/job"] if never_started else [])
    ended = machine.apply(spec).ended
    assert [(run.name, run.status) for run in ended] == [("job-e603101c0d", RunStatus.SUCCEEDED)]
