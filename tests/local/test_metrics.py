"""What runs on this machine have logged, from their folders."""

from __future__ import annotations

import json
import os
from math import inf, isnan
from pathlib import Path

import pytest

from specrun.engines.base import Missing
from specrun.engines.local import logged as module
from specrun.engines.local import request as requests
from specrun.engines.local import state
from specrun.engines.local.logged import ELSEWHERE, FILE, keep_logged, kept_logged
from specrun.engines.local.metrics import LocalMetrics
from specrun.plan.metrics import Last, Logged
from tests.event_writing import scalar

NAME = "job-0123456789"


class Stand:
    """A run's folder below a state folder; `running` has its supervisor alive."""

    def __init__(self, home: Path) -> None:
        self.home, self.folder = home, home / "runs" / NAME
        self.metrics = LocalMetrics(home)
        for part in ("outputs/model", "logs"):
            (self.folder / part).mkdir(parents=True)
        self.request()
        self.lock = -1

    def request(self, **given: object) -> None:
        known = requests.Request(NAME, "true", "/slots", "m", requests.Cluster("c"), **given)  # type: ignore[arg-type]
        (self.folder / requests.FILE).write_text(requests.encode(known))

    def be(self, status: str, started: float = 1.0, ended: float | None = None) -> None:
        state.write(self.folder, state.State(status, started=started, ended=ended))
        if status == state.RUNNING:
            self.lock = state.acquire(self.folder) or -1

    def mlflow(self, metric: str, text: str, role: str = "main-0") -> None:
        run = self.folder / "mlflow" / role / "0" / "a1"
        (run / "metrics").mkdir(parents=True, exist_ok=True)
        (run / "meta.yaml").write_text("start_time: 1\n")
        with (run / "metrics" / metric).open("a") as file:
            file.write(text)

    def events(self, path: str, *records: bytes) -> Path:
        file = self.folder / "outputs" / path / "events.out.tfevents.1.host"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab") as opened:
            opened.write(b"".join(records))
        return file

    def values(self) -> dict[str, float]:
        return {name: last.value for name, last in self.metrics.logged(NAME).metrics.items()}


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path / "state")


def test_a_run_that_goes_on_is_read_as_it_grows(stand: Stand) -> None:
    stand.be(state.RUNNING)
    assert stand.metrics.logged(NAME) == Logged()
    stand.mlflow("loss", "1000 1 1\n2000 0.5")
    stand.events("model/logs/train", scalar("accuracy", 0.5, 1), scalar("accuracy", 0.75, 2)[:-1])
    assert stand.values() == {"loss": 1, "train/accuracy": 0.5}
    stand.mlflow("loss", " 2\n")
    stand.events("model/logs/train", scalar("accuracy", 0.75, 2)[-1:])
    stand.events("model/logs/validation", scalar("accuracy", 0.25, 2))
    assert stand.values() == {"loss": 0.5, "train/accuracy": 0.75, "validation/accuracy": 0.25}
    series = stand.metrics.history(NAME, "loss", after=1)
    assert (series.name, series.steps, series.times, series.values) == ("loss", (2,), (2.0,), (0.5,))
    assert stand.metrics.history(NAME, "train/accuracy").values == (0.5, 0.75)
    assert stand.metrics.history(NAME, "../../etc/passwd").values == ()
    assert not (stand.folder / FILE).exists()


def test_of_a_run_that_has_ended_one_file_is_read(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    stand.be(state.RUNNING)
    for role in ("worker-0", "worker-1"):
        stand.mlflow("loss", "1000 nan 1\n", role)
    stand.mlflow("best", "1000 -inf 2\n", "worker-0")
    os.close(stand.lock)  # killed in the middle: nobody has written anything down
    seen = stand.metrics.logged(NAME)
    assert (list(seen.metrics), list(seen.main)) == (["best", "loss", "worker/1/loss"], ["best", "loss"])
    assert seen.metrics["best"] == Last(-inf, 2, 1.0, 1)
    assert seen.metrics["worker/1/loss"].role == "worker/1"
    monkeypatch.setattr(module, "read_stores", None)
    monkeypatch.setattr(state, "observe", None)
    again = LocalMetrics(stand.home).logged(NAME)
    assert repr(again) == repr(seen)
    assert isnan(again.metrics["loss"].value)
    assert json.loads((stand.folder / FILE).read_text())["metrics"]["loss"][0] == "NaN"


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format": 2}', '{"format": 1, "metrics": {"a": [1]}, "params": {}}', "{"]
)
def test_what_was_written_down_and_is_damaged_is_read_anew(stand: Stand, content: str) -> None:
    stand.be(state.SUCCEEDED)
    stand.mlflow("loss", "1000 1 1\n")
    (stand.folder / FILE).write_text(content)
    assert kept_logged(stand.folder) is None
    assert stand.values() == {"loss": 1}
    assert kept_logged(stand.folder) is not None


def test_where_nothing_can_be_written_down_all_is_read_all_the_same(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_private", full)
    stand.be(state.FAILED)
    stand.mlflow("loss", "1000 1 1\n")
    assert [stand.values() for _ in range(2)] == [{"loss": 1}] * 2


def test_what_mlflow_has_tensorboard_does_not_say_again(stand: Stand) -> None:
    stand.be(state.SUCCEEDED)
    stand.mlflow("loss", "1000 1 1\n")
    stand.events("model", scalar("loss", 7, 1), scalar("more", 7, 1))
    assert stand.values() == {"loss": 1, "more": 7}
    assert stand.metrics.history(NAME, "loss").values == (1,)


@pytest.mark.parametrize(
    ("given", "note"),
    [
        ({}, ()),
        ({"environment_variables": {"MLFLOW_TRACKING_URI": "https://me:pw@mlflow.example.org"}}, (ELSEWHERE,)),
        ({"secret_names": ("MLFLOW_TRACKING_URI",)}, (ELSEWHERE,)),
        ({"without_store": "mlflow 4.0 keeps no files."}, ("mlflow 4.0 keeps no files.",)),
    ],
)
def test_why_there_are_none(stand: Stand, given: dict[str, object], note: tuple[str, ...]) -> None:
    stand.request(**given)
    stand.be(state.SUCCEEDED)
    assert keep_logged(stand.folder) == stand.metrics.logged(NAME) == Logged(notes=note)


def test_of_an_output_that_other_runs_write_to_that_counts_which_was_written_meanwhile(stand: Stand) -> None:
    shared = stand.home / "datastores" / "default" / "tb"
    shared.mkdir(parents=True)
    (stand.folder / "outputs" / "shared").symlink_to(shared)
    for number, moment in enumerate((100.0, 200.0, 300.0)):
        file = stand.events(f"shared/{number}", scalar(f"loss-{number}", 1))
        os.utime(file, (moment, moment))
    stand.be(state.SUCCEEDED, started=150.0, ended=250.0)
    assert stand.values() == {"loss-1": 1}


def test_links_that_lead_elsewhere_are_not_followed(stand: Stand, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "events.out.tfevents.1").write_bytes(scalar("stolen", 1))
    (stand.folder / "outputs" / "out").symlink_to(other)
    (stand.folder / "outputs" / "model" / "in").symlink_to(other)
    (stand.folder / "outputs" / "model" / "events.out.tfevents.9").symlink_to(other / "events.out.tfevents.1")
    os.mkfifo(stand.folder / "outputs" / "model" / "events.out.tfevents.7")
    (stand.folder / "outputs" / "model" / "events.out.tfevents.8").mkdir()
    stand.be(state.SUCCEEDED)
    assert stand.metrics.logged(NAME) == Logged()


def test_how_much_is_held_is_bounded(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specrun.engines.local.metrics.MOST_POINTS", 1)
    stand.be(state.RUNNING)
    stand.mlflow("loss", "1000 1 1\n1000 1 2\n")
    second = Stand(stand.home.with_name("second"))
    second.folder.rename(stand.home / "runs" / "job-1123456789")
    assert stand.values() == {"loss": 1}
    assert stand.metrics.history("job-1123456789", "loss").values == ()
    assert list(stand.metrics._logs) == ["job-1123456789"]
    assert stand.metrics.history(NAME, "loss", after=1).steps == (2,)


@pytest.mark.parametrize("name", ["job-ffffffffff", "..", "../../x", "job"])
def test_a_run_that_is_not_there(stand: Stand, name: str) -> None:
    for ask in (stand.metrics.logged, lambda name: stand.metrics.history(name, "loss")):
        with pytest.raises(Missing, match="there is no run"):
            ask(name)
