"""`specrun ui`: from its start to the first table, beside what others list; a log line's way; what a busy log costs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.events import FILE, event_file
from benchmarks.jobs import Job
from benchmarks.measure import LeftOut, Pair, WentWrong, paired
from benchmarks.past_runs import Past, add_past_runs
from benchmarks.peer_programs import peer_program
from benchmarks.table import Row
from benchmarks.viewer import peer_server, specrun_ui
from benchmarks.workplace import Workplace

ROUNDS = 5
LISTED, MANY, PAINTED = 1000, 10_000, 250
SECONDS, MANY_SECONDS, MANY_MEMORY = 0.5, 1.0, 200
"""Targets: until the first table with `LISTED` and with `MANY` runs, and megabytes for these."""

STEPS = 100
"""Points of each of a run's two metrics."""

_FILL_MLFLOW = """
import sys
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
client = MlflowClient()
experiment = client.create_experiment("digits")
for number in range(int(sys.argv[1])):
    run = client.create_run(experiment, run_name=f"run-{number}").info.run_id
    metrics = [Metric("accuracy", number / 1e4, 0, 0), Metric("loss", 1 / (number + 1), 0, 0)]
    client.log_batch(run, metrics, [Param("lr", str(number / 1e6))])
    client.set_terminated(run)
"""


def ui_start(place: Workplace) -> Iterator[Row]:
    """From the start of the server to the answer that has the first table's rows, for a plain HTTP reader."""
    folder = place.subfolder("ui-start")
    many = with_runs(place, folder / "many", place.amount(MANY, 200))
    few = with_runs(place, folder / "few", place.amount(LISTED, 50))
    try:
        yield _against_mlflow(place, folder, few)
    except LeftOut:
        seconds = min(_started(place, few)[0] for _ in range(place.rounds(ROUNDS)))
        yield _start_row(few, Pair(seconds, seconds, 1.0, 0.0), "itself", SECONDS)
    pair = paired(lambda: _started(place, many)[0], lambda: _started(place, few)[0], place.rounds(ROUNDS))
    yield _start_row(many, pair, f"{few[1]:,} runs", MANY_SECONDS)
    memory = paired(lambda: _started(place, many)[1], lambda: _started(place, few)[1], 1)
    what = f"memory with {many[1]:,} runs, at most, MB"
    met = memory.ours <= MANY_MEMORY
    row = Row("ui-start", what, "", memory.ours, memory.peer, f"{few[1]:,} runs", memory.ratio, f"{MANY_MEMORY}", met)
    yield row


def _start_row(runs: tuple[Path, int], pair: Pair, peer: str, most: float) -> Row:
    what = f"cold start to the table of {runs[1]:,} runs"
    return Row("ui-start", what, "s wall", pair.ours, pair.peer, peer, pair.ratio, f"{most} s", pair.ours <= most)


def _against_mlflow(place: Workplace, folder: Path, runs: tuple[Path, int]) -> Row:
    """Against `mlflow ui` on a database, until its list of as many runs has come."""
    mlflow = peer_program(place, "mlflow")
    store = place.subfolder("ui-mlflow")
    environment = {**place.environment, "MLFLOW_TRACKING_URI": f"sqlite:///{store}/runs.db"}
    from benchmarks.measure import take

    take([str(mlflow.with_name("python")), "-c", _FILL_MLFLOW, str(runs[1])], environment, folder=store)

    def listed() -> float:
        def command(port: int) -> list[str]:
            return [
                str(mlflow),
                "ui",
                "--backend-store-uri",
                environment["MLFLOW_TRACKING_URI"],
                "--workers",
                "1",
                "--port",
                str(port),
            ]

        with peer_server(command, environment, store, "/health") as viewer:
            experiment: Any = viewer.get("api/2.0/mlflow/experiments/get-by-name", experiment_name="digits")
            ids = [experiment["experiment"]["experiment_id"]]
            found: Any = viewer.post(
                "api/2.0/mlflow/runs/search", {"experiment_ids": ids, "max_results": runs[1], "order_by": []}
            )
            if len(found["runs"]) != runs[1]:
                raise WentWrong(f"mlflow ui lists {len(found['runs'])} runs")
            return time.perf_counter() - viewer.begun

    pair = paired(lambda: _started(place, runs)[0], listed, place.rounds(ROUNDS))
    return _start_row(runs, pair, "mlflow ui", SECONDS)


def _started(place: Workplace, runs: tuple[Path, int]) -> tuple[float, float]:
    """Seconds until the rows of the first table are there, and megabytes at most by the time that all are known."""
    folder, count = runs
    with specrun_ui(place, folder, folder / ".specrun") as viewer:
        shown = 0.0
        while True:
            table: Any = viewer.get("api/runs", **{"from": 0, "count": 100})
            if not shown and len(table["rows"]) == min(100, count + 1):
                shown = time.perf_counter() - viewer.begun
            if table["total"] == count + 1 and not table["loading"]:
                break
            time.sleep(0.05)  # as a page, which is told of changes, and does not ask all the time
        return shown, viewer.most_memory()


def with_runs(place: Workplace, folder: Path, count: int) -> tuple[Path, int]:
    """A folder with a spec that has run, and so many runs beside that one, each with two metrics."""
    folder.mkdir(parents=True)
    file = Job("true ${{ inputs.numbers }} ${{ outputs.model }} --lr 0.1", distribution="{type: pytorch}").write(folder)
    home = folder / ".specrun"
    place.specrun("apply", "-q", "--environment", "current", str(file), home=home)
    run = next((home / "runs").iterdir())

    def past(number: int) -> Past:
        values = [
            point
            for step in range(0, STEPS, 1 if count <= PAINTED else STEPS)
            for point in (("accuracy", step, 1e9 + step, number / 1e4), ("loss", step, 1e9 + step, 1 / (number + 1)))
        ]
        files = {f"outputs/model/{FILE}": event_file(values)}
        return Past(command=f"true --lr {number / 1e6}", files=files)

    add_past_runs(run, count, past)
    return folder, count
