"""The files of runs, with the unmodified SDK: from inside a job and from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.runs_state import COMPLETED
from tests.emulator.sdk import Sdk
from tests.emulator.test_runs import configured, executed


@pytest.fixture(scope="module", autouse=True)
def cluster(sdk: Sdk) -> None:
    sdk.cluster()


def test_an_interactive_run_keeps_files(sdk: Sdk, tmp_path: Path) -> None:
    (tmp_path / "up" / "deep").mkdir(parents=True)
    (tmp_path / "up" / "deep" / "a.bin").write_bytes(bytes(range(256)))
    run = sdk.experiment("files").start_logging(snapshot_directory=None)
    run.upload_file("model/m.txt", str(tmp_path / "up" / "deep" / "a.bin"))
    run.upload_folder("folder", str(tmp_path / "up"))
    run.complete()
    assert run.get_status() == COMPLETED
    assert sorted(run.get_file_names()) == ["folder/deep/a.bin", "model/m.txt"]
    run.download_file("folder/deep/a.bin", str(tmp_path / "b.bin"))
    assert (tmp_path / "b.bin").read_bytes() == bytes(range(256))


def test_a_name_is_given_once(sdk: Sdk, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("first")
    run = sdk.experiment("files").start_logging(snapshot_directory=None)
    run.upload_file("a", str(tmp_path / "a"))
    (tmp_path / "a").write_text("second")
    with pytest.raises(Exception, match="already exists"):
        run.upload_file("a", str(tmp_path / "a"))
    run.download_file("a", str(tmp_path / "b"))
    assert (tmp_path / "b").read_text() == "first"
    run.complete()


def test_pages(sdk: Sdk, tmp_path: Path) -> None:
    run = sdk.experiment("files").start_logging(snapshot_directory=None)
    names = [f"f/{number}.txt" for number in range(7)]
    for name in names:
        (tmp_path / Path(name).name).write_text(name)
    run.upload_files(names, [str(tmp_path / Path(name).name) for name in names])
    run.complete()
    sdk.plane.page_size = 3
    try:
        assert sorted(run.get_file_names()) == names
        run.download_files(prefix="f", output_directory=str(tmp_path / "got"), append_prefix=False)
    finally:
        sdk.plane.page_size = 100
    assert sorted(path.name for path in (tmp_path / "got").iterdir()) == [Path(name).name for name in names]


def test_what_is_not_there(sdk: Sdk, tmp_path: Path) -> None:
    from azureml.exceptions import UserErrorException

    run = sdk.experiment("files").start_logging(snapshot_directory=None)
    run.complete()
    assert run.get_file_names() == []
    with pytest.raises(UserErrorException):
        run.download_file("nothing", str(tmp_path / "nothing"))


def test_a_job_leaves_outputs_and_watched_folders(sdk: Sdk, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    script = """
import os
os.makedirs("outputs/deep", exist_ok=True)
for name in ("outputs/deep/model.txt", "logs/events.txt", "elsewhere.txt"):
    open(name, "w").write(name)
"""
    run, record = executed(sdk, configured(tmp_path / "src", script), "outputs-1")
    assert record.status == COMPLETED, record.error
    names = [name for name in run.get_file_names() if not name.startswith("azureml-logs/65_")]
    assert names == ["azureml-logs/70_driver_log.txt", "logs/events.txt", "outputs/deep/model.txt"]
    run.download_file("outputs/deep/model.txt", str(tmp_path / "model.txt"))
    assert (tmp_path / "model.txt").read_text() == "outputs/deep/model.txt"
