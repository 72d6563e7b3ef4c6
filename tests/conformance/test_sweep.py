"""A sweep: its trials, its best one, and the same again."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.conformance.desk import Desk, actions

TRAIN = """
    import json, os, pathlib, sys, time, urllib.request
    x, word, model = float(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
    place, now = os.environ["MLFLOW_TRACKING_URI"], int(time.time() * 1000)
    if place.startswith("azureml:"):  # MLflow's REST interface: the job needs no package
        point = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "accuracy", "value": x, "timestamp": now, "step": 0}
        headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
        address = place.partition("?")[0].replace("azureml:", "https:", 1) + "/api/2.0/mlflow/runs/log-metric"
        urllib.request.urlopen(urllib.request.Request(address, json.dumps(point).encode(), headers)).close()
    else:  # as MLflow's store of files has it
        run = pathlib.Path(place.removeprefix("file://"), "0", "a")
        (run / "metrics").mkdir(parents=True)
        (run / "meta.yaml").write_text("start_time: 1\\n")
        (run / "metrics" / "accuracy").write_text(f"{now} {x} 0\\n")
    told = {"x": x, "word": word, "variable": os.environ["WORD"]}
    print("told", json.dumps(told), flush=True)
    (model / "told.json").write_text(json.dumps(told))
"""
SPEC = """
    job:
      code: src
      command: python train.py ${{ search_space.x }} ${{ search_space.word }} ${{ outputs.model }}
      outputs: {model: {}}
      environment_variables: {WORD: "<<${{ search_space.word }}>>"}
    sweep:
      sampling_algorithm: grid
      search_space:
        x: {type: choice, values: [0.25, 0.75]}
        word: {type: choice, values: ['say "$HOME" isn''t \\ a b']}
      objective: {goal: maximize, primary_metric: accuracy}
      limits: {max_concurrent_trials: 2}
"""
WORD = 'say "$HOME" isn\'t \\ a b'


def test_a_sweep_runs_its_trials_and_tells_the_best(desk: Desk, needs: Callable[..., None]) -> None:
    needs("sweeps")
    desk.write("src/train.py", TRAIN)
    desk.spec(SPEC)
    said = desk.apply()
    assert "accuracy 0.75" in said.out
    (run,) = desk.runs("--tree")
    best, other = run["trials"]
    assert (run["status"], run["sweep"]["counts"], run["sweep"]["best"]["run"]) == (
        "succeeded",
        {"succeeded": 2},
        best["run"],
    )
    assert [(one["parameters"], one["value"]) for one in (best, other)] == [
        ({"x": 0.75, "word": WORD}, 0.75),
        ({"x": 0.25, "word": WORD}, 0.25),
    ]
    wanted = {"x": 0.75, "word": WORD, "variable": f"<<{WORD}>>"}
    assert desk.run("logs", "--run", best["run"]).told() == wanted
    desk.run("outputs", "--best", "--fetch", "best")
    assert json.loads((desk.folder / "best" / "model" / "told.json").read_text()) == wanted
    status = json.loads(desk.run("status", "--run", other["run"], "-o", "json").out)
    assert (status["name"], status["parent"], status["parameters"]) == (other["run"], run["name"], other["parameters"])
    assert actions(desk.plan("--exit-code")) == {}
    assert [one["name"] for one in desk.runs()] == [run["name"]]
