"""MLflow's file store, as MLflow 2 and 3 write it, and as nobody should."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from math import inf, isnan
from pathlib import Path

import pytest

from specrun.engines.local.mlflow_store import MOST_TEXT, read_metric, read_stores, without_store
from specrun.engines.local.request import Cluster, Request
from specrun.engines.local.roles import Role, environment
from specrun.engines.points import Points

CASES = Path(__file__).parents[1] / "cases" / "mlflow"


@pytest.fixture
def rundir(tmp_path: Path) -> Path:
    return tmp_path / "job-0123456789"


def log(
    rundir: Path,
    role: str = "main-0",
    run: str = "a1",
    start: int = 1,
    parent: str = "",
    experiment: str = "0",
    about: str = "",
    title: str = "",
    **files: str,
) -> Path:
    """A run in a role's store, with metrics (`m_NAME`) and parameters (`p_NAME`); `__` is a slash."""
    folder = rundir / "mlflow" / role / experiment / run
    put(folder / "meta.yaml", about or f"artifact_uri: file:///x\nend_time: null\nstart_time: {start}\n")
    put(folder / "tags" / "mlflow.runName", title or f"run-{run}")
    if parent:
        put(folder / "tags" / "mlflow.parentRunId", parent)
    for name, text in files.items():
        kind = {"m": "metrics", "p": "params"}[name[0]]
        put(folder / kind / name[2:].replace("__", "/"), text)
    return folder


def put(file: Path, text: str | bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())


def points(content: str | bytes, folder: Path) -> Points:
    put(folder / "m", content)
    found = Points()
    read_metric(str(folder / "m"), found, 0)
    return found


def test_lines_of_every_version_and_none_that_is_no_point(tmp_path: Path) -> None:
    content = (
        b"1500 0.5\n"  # before there were steps
        b"2500 0.25 3\n"
        b"3500 nan 4\n3600 -inf 5\n3700 1e308 6\n"
        b"4500 0.125 7 data a1b2\n"  # with a dataset
        b"\nwords\n1 2 x\n\xff\xfe\n5500 0.1 99999999999999999999999\n"
        b"6500 0.0625 8"  # half written
    )
    found = points(content, tmp_path).series("m")
    assert found.steps == (0, 3, 4, 5, 6, 7, (1 << 63) - 1)
    assert found.times == (1.5, 2.5, 3.5, 3.6, 3.7, 4.5, 5.5)
    assert isnan(found.values[2])
    assert (found.values[3], found.values[:2], found.values[5:]) == (-inf, (0.5, 0.25), (0.125, 0.1))


def test_what_is_new_is_read_alone(tmp_path: Path) -> None:
    file, found = tmp_path / "m", Points()
    put(file, "1000 1 1\n2000 2 2\n3000 3")
    start = read_metric(str(file), found, 0)
    assert (start, len(found)) == (18, 2)
    put(file, "????????\n????????\n3000 3 3\n")
    assert (read_metric(str(file), found, start), found.series("m", after=2).values) == (27, (3.0,))


def test_the_last_value_is_that_of_the_highest_step_as_in_mlflow(tmp_path: Path) -> None:
    found = points("1000 1 5\n3000 2 3\n4000 3 5\n2000 4 5\n", tmp_path)
    assert found.last("worker/1").value == 3
    assert (found.last().step, found.last().time, found.last().count) == (5, 4.0, 4)


def test_many_points(tmp_path: Path) -> None:
    content = "".join(f"{n} 0.5 {n}\n" for n in range(20_000))
    assert points(content, tmp_path).last().step == 19_999


def test_metrics_and_parameters_of_all_experiments(rundir: Path) -> None:
    log(rundir, m_train__loss="1000 1 1\n", p_lr="0.1")
    log(rundir, run="b2", start=2, experiment="871234", m_accuracy="1000 1 1\n", p_deep__er="")
    stored = read_stores(rundir)
    assert {name: role for name, (role, _) in stored.metrics.items()} == {"train/loss": "", "accuracy": ""}
    assert (stored.params, stored.notes) == ({"lr": "0.1", "deep/er": ""}, ())


def test_which_run_and_which_role_has_a_name(rundir: Path) -> None:
    log(rundir, "worker-1", m_loss="1 1 1\n", m_own="1 1 1\n", p_lr="2", p_same="s")
    log(rundir, "worker-0", "z", 1, m_loss="1 1 1\n", p_lr="1", p_same="s")
    log(rundir, "worker-0", "b", 2, m_loss="1 1 1\n", m_late="1 1 1\n", p_lr="3")
    log(rundir, "worker-0", "c", 3, title="run-b", m_loss="1 1 1\n")
    log(rundir, "worker-0", "d", 4, parent="z", title="fold-1", m_score="1 1 1\n", p_fold="1")
    log(rundir, "worker-0", "e", 5, about="lifecycle_stage: deleted\nstart_time: 0\n", m_gone="1 1 1\n")
    log(rundir, "ps-0", m_waits="1 1 1\n")
    stored = read_stores(rundir)
    assert {name: role for name, (role, _) in stored.metrics.items()} == {
        "loss": "",
        "run-b/loss": "",
        "late": "",
        "c/loss": "",
        "fold-1/score": "",
        "ps/0/waits": "ps/0",
        "worker/1/loss": "worker/1",
        "worker/1/own": "worker/1",
    }
    assert stored.params == {"lr": "1", "same": "s", "run-b/lr": "3", "fold-1/fold": "1", "worker/1/lr": "2"}


def test_what_is_no_run_is_passed_over(rundir: Path) -> None:
    folder = log(rundir, m_loss="1 1 1\n")
    for other in ("mlflow/main-0/.trash/0/x", "mlflow/main-0/0/models/m-1", "mlflow/../main-1/0/x", "mlflow/MAIN/0/x"):
        put(rundir / other / "metrics" / "no", "1 1 1\n")
    put(rundir / "mlflow/main-0/0/tags/meta.yaml", "start_time: 1\n")
    put(rundir / "mlflow/main-0/0/unfinished/metrics/no", "1 1 1\n")
    assert list(read_stores(rundir).metrics) == ["loss"]
    assert read_stores(folder) == read_stores(rundir / "nowhere")


def test_what_should_not_be_there_does_no_harm(rundir: Path, tmp_path: Path) -> None:
    folder = log(rundir, m_loss="1 1 1\n", p_long="x" * 5_000_000, p_bytes="")
    put(folder / "params" / "bytes", b"\xff\xfe\0")
    secret = tmp_path / "secret"
    put(secret / "id_rsa", "1 1 1\n")
    put(secret / "s" / "meta.yaml", "start_time: 1\n")
    put(secret / "s" / "metrics" / "stolen", "1 1 1\n")
    (folder / "metrics" / "linked").symlink_to(secret / "id_rsa")
    (folder / "metrics" / "folder").symlink_to(secret)
    (folder / "params" / "linked").symlink_to(secret / "id_rsa")
    (folder.parent / "run").symlink_to(secret / "s")
    (folder.parent.parent / "1").symlink_to(secret)
    (rundir / "mlflow" / "worker-0").symlink_to(secret)
    os.mkfifo(folder / "metrics" / "pipe")
    put(Path(os.fsdecode(os.fsencode(folder / "metrics") + b"/\xff<b>")), "1 1 1\n")
    put(folder / "metrics" / ("d/" * 20) / "deep", "1 1 1\n")
    put(folder / "metrics" / ("n" * 200) / ("n" * 200) / ("n" * 200), "1 1 1\n")
    stored = read_stores(rundir)
    assert list(stored.metrics) == ["loss", "\ufffd<b>"]
    assert (stored.params["bytes"], len(stored.params["long"])) == ("\ufffd\ufffd\0", MOST_TEXT + 1)
    assert (set(stored.params), len(stored.notes)) == ({"bytes", "long"}, 1)
    with pytest.raises(OSError, match="link"):
        read_metric(str(folder / "metrics" / "linked"), Points(), 0)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, ""),
        ({"version.py": 'VERSION = "3.17.2"\n', "store/tracking/file_store.py": ""}, ""),
        ({"version.py": '# c\nVERSION = "4.0.0"\n'}, "MLflow 4.0.0 no longer writes files"),
        ({"version.py": ""}, ""),
        ({"version.py": "about\n"}, "MLflow no longer writes files"),
    ],
)
def test_an_mlflow_that_writes_no_files_is_given_no_store(tmp_path: Path, files: dict[str, str], says: str) -> None:
    for name, text in files.items():
        put(tmp_path / "lib" / "python3.12" / "site-packages" / "mlflow" / name, text)
    told = without_store(tmp_path / "bin")
    assert told.startswith(says)
    assert bool(told) == bool(says)


def test_the_mlflow_of_today_is_given_one() -> None:
    assert without_store(Path(sys.executable).parent) == ""


@pytest.mark.parametrize("version", sorted(folder.name for folder in CASES.iterdir()))
def test_what_mlflow_has_written(version: str) -> None:
    """The stores in tests/cases/mlflow are of these versions."""
    stored = read_stores(CASES / version)
    assert list(stored.metrics) == ["inf", "nan", "train/loss", "fold-1/accuracy"]
    assert stored.params == {"lr": "0.1", "deep/er": "x y"}
    found = Points()
    read_metric(stored.metrics["train/loss"][1], found, 0)
    assert found.series("").values == (1.0, 0.5, 1 / 3)
    assert found.series("").steps == (0, 1, 2)


SCRIPT = """
import mlflow, os
mlflow.set_experiment("mine")
mlflow.log_param("lr", 0.1)
for step in range(3):
    mlflow.log_metric("train/loss", 0.5, step=step)
os.kill(os.getpid(), 9)
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("mlflow") is None, reason="needs mlflow-skinny")
def test_the_mlflow_of_today_logs_without_configuration_until_it_is_killed(tmp_path: Path) -> None:
    rundir = tmp_path / "a b#%41?ü"
    rundir.mkdir()
    request = Request("job-1", "true", "/slots", "marker", Cluster("this machine"))
    told = environment(request, Role("worker", 0), rundir, base=os.environ, secrets={}, ports=(), gpus=None)
    ended = subprocess.run([sys.executable, "-c", SCRIPT], env=told, cwd=rundir, capture_output=True, check=False)
    assert ended.returncode == -9, ended.stderr.decode()
    stored = read_stores(rundir)
    assert (list(stored.metrics), stored.params) == (["train/loss"], {"lr": "0.1"})
    found = Points()
    read_metric(stored.metrics["train/loss"][1], found, 0)
    assert found.last().count == 3
    assert [path.name for path in rundir.iterdir()] == ["mlflow"]
