"""The example of a sweep, on this machine and, through the unmodified SDK, on the emulator: its trials train for real."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from emulator.emulator import Emulator
from tests.examples.test_apply import ROOT, specrun
from tests.faults.cloud import Azure
from tests.local.runs import needs_proc

pytestmark = pytest.mark.slow


@needs_proc
def test_the_sweep_finds_its_best_trial_here_and_runs_what_is_missing(tmp_path: Path) -> None:
    examples = Path(shutil.copytree(ROOT / "specs" / "examples", tmp_path / "examples"))
    job = ("digits-sweep/job.yaml", "--environment", "current")
    applied = specrun("apply", "--var", "trials=5", *job, cwd=examples)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    wider = json.loads(specrun("plan", "-o", "json", *job, cwd=examples).stdout)
    (run,) = (change["run"] for change in wider["resource_changes"] if "run" in change)
    assert {name: run["sweep"][name] for name in ("trials", "there", "to_run")} == {
        "trials": 6,
        "there": 5,
        "to_run": 1,
    }
    assert specrun("apply", *job, cwd=examples).returncode == 0

    status = json.loads(specrun("status", *job[:1], "-o", "json", cwd=examples).stdout)
    assert status["status"] == "succeeded"
    assert status["sweep"]["counts"] == {"succeeded": 6}
    assert status["sweep"]["best"]["value"] > 0.95
    runs = list((examples / "digits-sweep" / ".specrun" / "runs").iterdir())
    assert len(runs) == 2 + 6, "two sweeps, and each trial once"
    best = status["sweep"]["best"]["run"]
    assert specrun("outputs", "--best", "--fetch", "best", job[0], cwd=examples).returncode == 0
    assert (examples / "best" / "model" / "weights.npz").read_bytes() == next(
        file.read_bytes() for file in (examples / "digits-sweep" / ".specrun").rglob(f"{best}/outputs/model/weights.npz")
    )
    assert "No changes" in specrun("apply", *job, cwd=examples).stderr


def test_the_sweep_is_the_services_own_on_azure(tmp_path: Path) -> None:
    example = str(ROOT / "specs" / "examples" / "digits-sweep" / "job.yaml")
    (tmp_path / "user").mkdir()
    with Emulator(tmp_path / "azure") as emulator:
        emulator.service.retry_after = 0  # SDKs that are told nothing look every 30 s
        azure = Azure(emulator, tmp_path, "azureml")
        said = azure.apply("--var", "trials=2", "--var", "epochs=4", example)
        assert said.code == 0, said.out + said.err
        status = json.loads(azure.specrun("status", "-o", "json", example).out)
        assert status["status"] == "succeeded"
        assert status["sweep"]["counts"] == {"succeeded": 2}
        assert status["sweep"]["best"]["value"] > 0.5
        assert set(status["sweep"]["best"]["parameters"]) == {"learning_rate", "hidden"}
        assert azure.specrun("outputs", "--best", "--fetch", "best", example).code == 0
        assert (tmp_path / "best" / "model" / "weights.npz").exists()
        assert "No changes" in azure.apply("--var", "trials=2", "--var", "epochs=4", example).err
        assert emulator.unserved == []
