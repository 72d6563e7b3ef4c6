"""Sweeps for the tests: their specs, a script that logs what it is given, and trials that are made without running."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping

from emulator.dataplane import data_of
from emulator.metrics import keep
from emulator.runs_state import COMPLETED
from tests.azure_engines.launching import TOP, Launch, launch
from tests.azureml_v2.place import Place

SWEEP = """
sweep:
  sampling_algorithm: grid
  search_space: {x: {type: choice, values: [0.5, 0.75, 0.25]}}
  objective: {goal: maximize, primary_metric: accuracy}
  limits: {max_concurrent_trials: 3}
"""
JOB = """
code: src
command: python train.py ${{ search_space.x }} ${{ outputs.model }}
outputs: {model: {}}
environment: {image: "python:3.11"}
"""
SCRIPT = """
import json, os, pathlib, sys, time, urllib.request
base = os.environ["MLFLOW_TRACKING_URI"].replace("azureml://", "https://")
def log(key, value):
    point = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": key, "value": value, "timestamp": int(time.time() * 1000)}
    headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
    address = base + "/api/2.0/mlflow/runs/log-metric"
    urllib.request.urlopen(urllib.request.Request(address, json.dumps(point).encode(), headers)).close()
"""
LOGGING = (
    SCRIPT
    + """
log("accuracy", float(sys.argv[1]))
print("logged", sys.argv[1])
pathlib.Path(sys.argv[2], "model.txt").write_text(sys.argv[1])
"""
)


def swept(place: Place, job: str = JOB, script: str = "", sweep: str = SWEEP, top: str = TOP) -> Launch:
    """A workspace with a cluster, and a spec with this job and this sweep."""
    return launch(place, job, script, top + textwrap.dedent(sweep))


def starved(place: Place) -> None:
    """Nobody gets a node from now on."""
    data_of(place.emulator.service).training.starved = True


def begin(launched: Launch, sweep: str, values: Mapping[int, float | str | None], status: str = COMPLETED) -> None:
    """Trials of a sweep that nobody runs, each with the value that it has logged (None: of another metric)."""
    plane, parent = launched.plane, launched.run(sweep)
    for number, value in values.items():
        name = f"{sweep}_{number}"
        trial = plane.add_run(parent.experiment, name, parent.user, parent=sweep)
        parent.tags[f"_aml_system_{name}"] = json.dumps({"x": number})
        metric = "accuracy" if value is not None else "loss"
        row = {"metricId": name, "createdUtc": trial.created, "data": {metric: 1.0 if value is None else value}}
        keep(plane, trial, metric, {metric: "double"}, "azureml.v1.scalar", [row])
        trial.become(status)
