"""What trials have logged of the metric that their sweep is about."""

from __future__ import annotations

from math import inf, isnan
from pathlib import Path

import pytest

from specrun.engines.local import request as requests
from specrun.engines.local.logged import FILE
from specrun.engines.local.sweeps.values import Values, outcome
from specrun.spec.sweep import Objective
from tests.event_writing import scalar

ACCURACY = Objective("maximize", "accuracy")


def logs(folder: Path, metric: str, *values: object, role: str = "main-0") -> None:
    """Have the run in a folder log values of a metric, as MLflow does."""
    run = folder / "mlflow" / role / "0" / "a1"
    file = run / "metrics" / metric
    file.parent.mkdir(parents=True, exist_ok=True)
    (run / "meta.yaml").write_text("start_time: 1\n")
    before = len(file.read_text().splitlines()) if file.exists() else 0
    with file.open("a") as opened:
        opened.write("".join(f"1000 {value} {before + step}\n" for step, value in enumerate(values)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "job-0123456789"
    (folder / "outputs" / "default").mkdir(parents=True)
    made = requests.Request("job", "true", "/slots", "m", requests.Cluster("c"))
    (folder / requests.FILE).write_text(requests.encode(made))
    return folder


def test_values_are_read_on(folder: Path) -> None:
    values = Values("accuracy")
    assert list(values.history(folder)) == []
    logs(folder, "accuracy", 0.5, 0.25)
    assert list(values.history(folder)) == [0.5, 0.25]
    logs(folder, "loss", 9)
    known = values.history(folder)
    logs(folder, "accuracy", 0.75)
    assert list(known) == [0.5, 0.25]
    assert list(values.history(folder)) == [0.5, 0.25, 0.75]
    values.forget(folder)
    assert list(values.history(folder)) == [0.5, 0.25, 0.75]


def test_values_may_be_scalars_of_tensorboard(folder: Path) -> None:
    file = folder / "outputs" / "default" / "events.out.tfevents.1.host"
    file.write_bytes(scalar("accuracy", 0.5, 1) + scalar("accuracy", 0.75, 2))
    assert list(Values("accuracy").history(folder)) == [0.5, 0.75]
    assert outcome(folder, ACCURACY) == (0.75, "")


def test_the_last_value_is_that_of_the_highest_step_and_is_kept(folder: Path) -> None:
    logs(folder, "accuracy", 0.5, 0.25)
    assert outcome(folder, ACCURACY) == (0.25, "")
    assert (folder / FILE).exists()


@pytest.mark.parametrize("word", ["nan", "inf", "-inf"])
def test_what_is_no_number_is_told(folder: Path, word: str) -> None:
    logs(folder, "accuracy", 0.5, word)
    value, wrong = outcome(folder, ACCURACY)
    assert value is not None
    assert (isnan(value), abs(value) == inf) == (word == "nan", word != "nan")
    told = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[word]
    assert wrong == f"its last accuracy is {told}, which is never the best"


def test_another_metric_is_named_with_the_near_one(folder: Path) -> None:
    logs(folder, "loss", 1)
    assert outcome(folder, ACCURACY) == (None, f"{MISSING}; logged: loss")
    (folder / FILE).unlink()
    logs(folder, "val/accuracy", 1)
    assert outcome(folder, ACCURACY) == (None, f"{MISSING}; logged: val/accuracy, loss. Did you mean val/accuracy?")
    (folder / FILE).unlink()
    logs(folder, "Acuracy", 1)
    assert outcome(folder, ACCURACY)[1].endswith("Did you mean Acuracy?")


def test_of_many_metrics_some_are_named_and_the_near_one_is_among_them(folder: Path) -> None:
    for number in range(30):
        logs(folder, f"m{number:02}", 1)
    logs(folder, "z-acc", 1)
    value, wrong = outcome(folder, Objective("maximize", "z_acc"))
    assert value is None
    assert "logged: z-acc, m00, m01" in wrong
    assert wrong.endswith("m08 and 21 more. Did you mean z-acc?")


def test_why_nothing_was_logged_at_all(folder: Path) -> None:
    value, wrong = outcome(folder, ACCURACY)
    assert value is None
    assert wrong.startswith(f'{MISSING}, nor anything else. Log it with MLflow, `mlflow.log_metric("accuracy", value)`')
    made = requests.Request("job", "true", "/slots", "m", requests.Cluster("c"), without_store="MLflow 9 writes none.")
    (folder / requests.FILE).write_text(requests.encode(made))
    (folder / FILE).unlink()
    assert outcome(folder, ACCURACY) == (None, f"{MISSING}, nor anything else. MLflow 9 writes none.")


MISSING = "it has not logged accuracy (sweep.objective.primary_metric)"
