"""Metrics, with the unmodified SDK: logged by a job and by hand, and read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.runs_state import COMPLETED
from tests.emulator.sdk import Sdk
from tests.emulator.test_runs import PATIENCE, configured, logs_of


@pytest.fixture(scope="module", autouse=True)
def cluster(sdk: Sdk) -> None:
    sdk.cluster()


def test_all_kinds(sdk: Sdk) -> None:
    run = sdk.experiment("numbers").start_logging(snapshot_directory=None)
    for step, loss in enumerate((0.5, 0.25)):
        run.log("loss", loss, step=step)
    run.log("steps", 3)
    run.log("name", "adam")
    run.log_list("list", [1, 2, 3])
    run.log_row("row", x=1, y=0.5)
    run.log_table("table", {"x": [1, 2], "y": [0.1, 0.2]})
    run.complete()
    assert run.get_metrics() == {
        "loss": [0.5, 0.25],
        "steps": 3,
        "name": "adam",
        "list": [1, 2, 3],
        "row": {"x": 1, "y": 0.5},
        "table": {"x": [1, 2], "y": [0.1, 0.2]},
    }
    assert run.get_metrics("steps") == {"steps": 3}
    assert run.get_metrics("nothing") == {}


def test_pages(sdk: Sdk) -> None:
    run = sdk.experiment("numbers").start_logging(snapshot_directory=None)
    for number in range(7):
        run.log("many", number)
        run.log(f"single_{number}", number)
    run.complete()
    sdk.plane.page_size = 3
    try:
        metrics = run.get_metrics()
    finally:
        sdk.plane.page_size = 100
    assert metrics["many"] == list(range(7))
    assert len(metrics) == 8


@pytest.mark.slow
def test_a_job_logs_and_uploads(sdk: Sdk, tmp_path: Path) -> None:
    """Run.get_context() inside the job takes what stands in its environment, and nothing of ours."""
    (tmp_path / "src").mkdir()
    script = """
import os
from azureml.core import Run
assert "AZURE_CLIENT_SECRET" not in os.environ
run = Run.get_context(allow_offline=False)
assert run.id == os.environ["AZUREML_RUN_ID"] and run.experiment.name == "digits"
run.log("loss", 0.5)
run.tag("seen", "yes")
open("made.txt", "w").write("made")
run.upload_file("kept/made.txt", "made.txt")
"""
    sdk.training.starved = True
    run = sdk.experiment().submit(configured(tmp_path / "src", script), run_id="metrics-1")
    record = sdk.plane.runs[run.id]
    with pytest.MonkeyPatch.context() as patch:  # the way to the emulator is the emulator's to tell
        for name in sdk.emulator.service.variables:
            patch.delenv(name)
        sdk.training.starved = False
        assert record.wait(timeout=PATIENCE)
    assert record.status == COMPLETED, (record.error, logs_of(run))
    assert run.get_metrics() == {"loss": 0.5}
    tags = run.get_tags()
    assert "_aml_system_ComputeTargetStatus" in tags, "what the service adds to each job on a cluster"
    assert {name: value for name, value in tags.items() if not name.startswith("_aml_system_")} == {"seen": "yes"}
    assert "kept/made.txt" in run.get_file_names()
