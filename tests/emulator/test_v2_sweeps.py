"""Sweeps, with the unmodified SDK v2: submitted, followed, canceled; their trials are jobs that run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.gate import reads_only
from emulator.mlflow_filters import matching, ordered
from emulator.router import Refused
from emulator.runs_state import CANCELED, COMPLETED, FAILED, RUNNING, Run
from emulator.sampling import points, problem
from emulator.training import cancelled, preempted
from tests.emulator.emulated import bearer, emulated
from tests.emulator.sdk import COMPUTE, Sdk, make_workspace
from tests.emulator.test_runs import PATIENCE
from tests.emulator.test_v2_jobs import ENVIRONMENT, described, logs_of
from tests.emulator.test_v2_runs import MLFLOW, data_at, put_data

LOGGING = MLFLOW.partition("run = os.environ")[0] + (
    """
import sys
for step, value in enumerate(sys.argv[1:]):
    body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "accuracy", "value": float(value), "step": step}
    ask("runs/log-metric", {**body, "timestamp": int(time.time() * 1000)})
os.makedirs("outputs", exist_ok=True)
open("outputs/given.txt", "w").write(sys.argv[1])
"""
)


@pytest.fixture(scope="module", autouse=True)
def cluster(sdk: Sdk) -> None:
    sdk.cluster()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(LOGGING)
    return tmp_path / "src"


def swept(name: str, command: str, space: Mapping[str, Any], sampling: str = "grid", **rest: Any) -> Any:
    """A sweep on the cluster, as somebody writes it who knows the SDK."""
    limits = {name: rest.pop(name) for name in ("max_total_trials", "max_concurrent_trials") if name in rest}
    where = rest.pop("compute", COMPUTE)
    inputs = {**dict.fromkeys(space, 0), **rest.pop("inputs", {})}
    job = described(name, command, compute=where, inputs=inputs, **rest)(**space)
    sweep = job.sweep(sampling_algorithm=sampling, primary_metric="accuracy", goal="Maximize", compute=where)
    sweep.name, sweep.experiment_name = name, "digits"
    sweep.set_limits(**{"max_total_trials": 10, "max_concurrent_trials": 2, **limits})
    return sweep


def ended(sdk: Sdk, client: Any, sweep: Any) -> Run:
    """Submit and wait for the end: the emulator's record."""
    client.jobs.create_or_update(sweep)
    record = sdk.plane.runs[sweep.name]
    assert record.wait(timeout=PATIENCE), record.status
    return record


def trials_of(sdk: Sdk, name: str) -> list[Run]:
    return [run for run in list(sdk.plane.runs.values()) if run.parent == name]


def put(sdk: Sdk, name: str, body: Mapping[str, Any]) -> requests.Response:
    """What the service answers to a sweep that no SDK has looked at."""
    address = f"https://management.azure.com{sdk.plane.place.path}/jobs/{name}?api-version=2024-01-01-preview"
    return requests.put(address, json=body, headers=bearer(sdk.emulator), timeout=PATIENCE)


def plain(sdk: Sdk, command: str = "sleep 600", **more: Any) -> dict[str, Any]:
    """The body of a sweep over two choices."""
    properties = {
        "jobType": "Sweep",
        "computeId": f"{sdk.plane.place.path}/computes/{COMPUTE}",
        "experimentName": "digits",
        "objective": {"goal": "minimize", "primaryMetric": "loss"},
        "samplingAlgorithm": {"samplingAlgorithmType": "Grid"},
        "searchSpace": {"x": ["choice", [[1, 2]]]},
        "limits": {"jobLimitsType": "Sweep"},
        "trial": {"command": command, "environmentId": ENVIRONMENT},
        **more,
    }
    return {"properties": properties}


def test_a_sweep_runs_its_trials_and_knows_the_best(sdk: Sdk, client: Any, folder: Path, tmp_path: Path) -> None:
    from azure.ai.ml.sweep import Choice

    space = {"x": Choice([0.5, 0.75]), "word": Choice(["a b", "c"])}
    command = "printf '%s,' ${{search_space.word}} \"${{search_space.word}}\" '${{search_space.word}}'; "
    command += 'test -z "$GREETING" && export GREETING=$AZUREML_SWEEP_x; python train.py $GREETING 0.25'
    sweep = swept("sweep-1", command, space, code=str(folder))
    made = client.jobs.create_or_update(sweep)
    assert (made.type, made.status) == ("sweep", RUNNING)
    record = sdk.plane.runs["sweep-1"]
    assert record.wait(timeout=PATIENCE)
    assert (record.status, record.error) == (COMPLETED, None)
    assert record.statuses == [RUNNING, COMPLETED]

    children = list(client.jobs.list(parent_job_name="sweep-1"))
    assert [(one.name, one.status) for one in children] == [(f"sweep-1_{n}", COMPLETED) for n in range(4)]
    seen = client.jobs.get("sweep-1")
    assert seen.tags["_aml_system_all_jobs_generated"] == "true"
    given = [json.loads(seen.tags[f"_aml_system_{one.name}"]) for one in children]
    assert given == [{"x": x, "word": word} for x in (0.5, 0.75) for word in ("a b", "c")]
    assert logs_of(sdk, "sweep-1_0") == {"": "a,b,a b,$AZUREML_SWEEP_word,"}  # a variable of bash's, as on the service
    first = client.jobs.get("sweep-1_1")
    assert (first.type, first.status, first.compute) == ("command", COMPLETED, COMPUTE)
    assert first.environment_variables == {"AZUREML_SWEEP_x": "0.5", "AZUREML_SWEEP_word": "c"}
    assert "sweep-1_1" not in [job.name for job in client.jobs.list()]

    first = seen.properties["best_child_run_id"]
    assert first in ("sweep-1_2", "sweep-1_3")  # equally good, and the first to log it is the best
    known = [seen.properties[name] for name in ("score", "best_metric_status", "best_data_container_id", "space_size")]
    assert known == ["0.75", "Succeeded", f"dcid.{first}", "4"]  # of each trial the best value counts, not the last one
    table = [row["data"] for row in record.metrics["best_child_by_primary_metric"].rows]
    assert (table[-1]["run_id"], table[-1]["metric_value"], table[-1]["final"]) == (first, 0.75, True)
    assert not any(row["final"] for row in table[:-1])
    client.jobs.download("sweep-1", download_path=tmp_path)
    assert (tmp_path / "artifacts" / "outputs" / "given.txt").read_text() == "0.75"
    log = (tmp_path / "hd-artifacts" / "azureml-logs" / "hyperdrive.txt").read_text()
    assert log.count("Successfully scheduled a job.") == 4


def test_trials_read_inputs_and_have_outputs_of_their_own_on_serverless_compute(
    sdk: Sdk, client: Any, tmp_path: Path
) -> None:
    from azure.ai.ml import Input, Output
    from azure.ai.ml.sweep import Choice

    put_data(sdk, swept__a="a")
    container = sdk.plane.datastores["workspaceblobstore"].container
    storage = f"wasbs://{container}@{sdk.plane.blobs.account}.blob.core.windows.net/swept"
    inputs = {"there": Input(type="uri_folder", path=storage), "word": "b"}
    command = "cat ${{inputs.there}}/a.txt; echo ${{inputs.word}} ${{search_space.x}} > ${{outputs.made}}/m.txt"
    more = {"compute": None, "inputs": inputs, "outputs": {"made": Output(type="uri_folder")}}
    record = ended(sdk, client, swept("sweep-12", command, {"x": Choice([1, 2])}, **more))
    assert (record.status, logs_of(sdk, "sweep-12_1")) == (COMPLETED, {"": "a"})
    assert [data_at(sdk, f"azureml/sweep-12_{number}/made/m.txt") for number in (0, 1)] == ["b 1\n", "b 2\n"]
    client.jobs.download("sweep-12_1", output_name="made", download_path=tmp_path)
    assert (tmp_path / "named-outputs" / "made" / "m.txt").read_text() == "b 2\n"
    seen = client.jobs.get("sweep-12")
    assert (seen.compute, seen.inputs["word"]) == (None, "b")
    assert seen.inputs["there"].path.endswith("/data/azureml_sweep-12_input_data_there/versions/1")


def test_sdk_v1_reads_the_same_sweep(sdk: Sdk, client: Any, folder: Path) -> None:
    from azure.ai.ml.sweep import Choice

    ended(
        sdk, client, swept("sweep-10", "python train.py ${{search_space.x}}", {"x": Choice([1, 3])}, code=str(folder))
    )
    seen = sdk.workspace.get_run("sweep-10")
    assert (type(seen).__name__, seen.get_status()) == ("HyperDriveRun", COMPLETED)
    assert list(seen.get_details()["logFiles"]) == ["azureml-logs/hyperdrive.txt"]
    assert seen.get_hyperparameters() == {"sweep-10_0": '{"x": 1}', "sweep-10_1": '{"x": 3}'}
    best = seen.get_best_run_by_primary_metric()
    assert (best.id, best.get_metrics()) == ("sweep-10_1", {"accuracy": 3.0})


def test_trials_are_found_page_by_page(sdk: Sdk, client: Any, folder: Path) -> None:
    from azure.ai.ml.sweep import Uniform

    sweep = swept(
        "sweep-2",
        "python train.py ${{search_space.x}}",
        {"x": Uniform(0, 1)},
        "random",
        code=str(folder),
        max_total_trials=3,
    )
    record = ended(sdk, client, sweep)
    assert record.status == COMPLETED, record.error
    base = sdk.plane.place.tracking.replace("azureml://", "https://") + "/api/2.0/mlflow/"

    def search(**more: Any) -> Any:
        body = {"experiment_ids": [record.experiment.id], "max_results": 2, **more}
        answer = requests.post(base + "runs/search", json=body, headers=bearer(sdk.emulator), timeout=PATIENCE)
        return answer.json()

    wanted = "tags.mlflow.parentRunId = 'sweep-2'"
    with reads_only(sdk.emulator) as refused:
        first = search(filter=wanted, order_by=["metrics.accuracy DESC"])
        second = search(filter=wanted, order_by=["metrics.accuracy DESC"], page_token=first["next_page_token"])
    assert refused == []  # looking for runs changes nothing
    found = [*first["runs"], *second["runs"]]
    assert "next_page_token" not in second
    values = [run["data"]["metrics"][0]["value"] for run in found]
    assert (len(values), sorted(values, reverse=True)) == (3, values)
    assert {run["info"]["run_id"] for run in found} == {f"sweep-2_{n}" for n in range(3)}
    points = [json.loads(record.tags[f"_aml_system_{run['info']['run_id']}"])["x"] for run in found]
    assert points == values
    assert [
        run["info"]["run_id"] for run in search(filter=f"{wanted} AND metrics.accuracy >= {values[0]}")["runs"]
    ] == [found[0]["info"]["run_id"]]
    # This version of the SDK reads the first page of a run's children alone.
    address = f"{sdk.plane.place.api}/history/v1.0{sdk.plane.place.path}/runs/sweep-2/children"
    children, token = [], ""
    while token is not None:
        query = {"api-version": "v1.0", "$top": "2", "$continuationtoken": token}
        page = requests.get(address, params=query, headers=bearer(sdk.emulator), timeout=PATIENCE).json()
        children += [(one["runId"], one["parentRunId"], one["status"]) for one in page["value"]]
        token = page.get("continuationToken")
    assert children == [(f"sweep-2_{number}", "sweep-2", COMPLETED) for number in range(3)]
    assert search(filter="tags.mlflow.parentRunId = 'nobody'")["runs"] == []
    assert search(filter=wanted, experiment_ids=["nobody"])["runs"] == []
    assert search(filter=wanted, max_results="2")["error"]["code"] == "INVALID_PARAMETER_VALUE"
    assert search(filter="tags.mlflow.parentRunId is 'x'")["error"]["code"] == "INVALID_PARAMETER_VALUE"


def test_the_same_sweep_again_and_another_under_its_name(sdk: Sdk) -> None:
    body = plain(sdk, "echo ${{search_space.x}}")
    assert put(sdk, "sweep-3", body).status_code == 201
    assert sdk.plane.runs["sweep-3"].wait(timeout=PATIENCE)
    again = put(sdk, "sweep-3", body)
    assert (again.status_code, again.json()["properties"]["status"]) == (200, COMPLETED)
    assert put(sdk, "sweep-3", again.json()).status_code == 200
    assert len(trials_of(sdk, "sweep-3")) == 2
    for other in (
        plain(sdk, "echo ${{search_space.x}}", searchSpace={"x": ["choice", [[1, 2, 3]]]}),
        plain(sdk, "echo other"),
        {"properties": {"jobType": "Command", "command": "true", "environmentId": ENVIRONMENT}},
    ):
        assert "Settings cannot be changed" in put(sdk, "sweep-3", other).json()["error"]["message"]


def test_at_most_so_many_trials_run_at_once_and_a_canceled_sweep_ends_them(sdk: Sdk, client: Any) -> None:
    limits = {"jobLimitsType": "Sweep", "maxConcurrentTrials": 2}
    space = {"x": ["choice", [[1, 2, 3, 4]]]}
    assert put(sdk, "sweep-4", plain(sdk, searchSpace=space, limits=limits)).status_code == 201
    record = sdk.plane.runs["sweep-4"]
    begun = _begun(sdk, "sweep-4", 2)
    assert sdk.cluster_of().nodes()["running"] == 2
    client.jobs.begin_cancel("sweep-4").result()
    assert record.wait(timeout=PATIENCE)
    assert (record.status, record.error) == (CANCELED, None)
    assert trials_of(sdk, "sweep-4") == begun
    assert {one.status for one in begun} == {CANCELED}
    noted = [record.tags[f"_aml_system_{name}"] for name in ("cancellation_requested", "all_jobs_generated")]
    assert noted == ["true", "false"]


def test_somebody_else_cancels_a_sweep(sdk: Sdk) -> None:
    assert put(sdk, "sweep-5", plain(sdk)).status_code == 201
    begun = _begun(sdk, "sweep-5", 2)
    sdk.training.strike("sweep-5", cancelled(by="a colleague"))
    record = sdk.plane.runs["sweep-5"]
    assert record.wait(timeout=PATIENCE)
    assert (record.status, record.canceled_by) == (CANCELED, "a colleague")
    assert {one.status for one in begun} == {CANCELED}


def test_a_sweep_fails_when_no_trial_comes_to_its_end(sdk: Sdk) -> None:
    assert put(sdk, "sweep-6", plain(sdk, "exit ${{search_space.x}}")).status_code == 201
    assert put(sdk, "sweep-7", plain(sdk, "test ${{search_space.x}} = 2")).status_code == 201
    for name in ("sweep-6", "sweep-7"):
        assert sdk.plane.runs[name].wait(timeout=PATIENCE)
    failed, mixed = sdk.plane.runs["sweep-6"], sdk.plane.runs["sweep-7"]
    assert failed.status == FAILED
    assert failed.error == {
        "code": "UserError",
        "message": "User errors were found in at least one of the child runs.",
        "messageParameters": {},
        "details": [],
    }
    assert [one.status for one in trials_of(sdk, "sweep-7")] == [FAILED, COMPLETED]
    assert mixed.status == COMPLETED
    assert "best_child_run_id" not in mixed.properties  # nobody has logged the metric


def test_a_sweep_whose_nodes_are_taken_away_fails_by_the_service(sdk: Sdk) -> None:
    sdk.training.mishaps += [preempted("sweep-13_0"), preempted("sweep-13_1")]
    assert put(sdk, "sweep-13", plain(sdk)).ok
    record = sdk.plane.runs["sweep-13"]
    assert record.wait(timeout=PATIENCE)
    assert (record.status, record.error["code"]) == (FAILED, "ServiceError")
    assert "preempted" in record.error["message"]
    assert sdk.training.mishaps == []


def test_limits_end_trials_and_sweeps(sdk: Sdk) -> None:
    shorter = {"jobLimitsType": "Sweep", "trialTimeout": "PT1S"}
    assert put(sdk, "sweep-8", plain(sdk, limits=shorter)).status_code == 201
    short = {"jobLimitsType": "Sweep", "timeout": "PT1S"}
    assert put(sdk, "sweep-9", plain(sdk, limits=short)).status_code == 201
    for name in ("sweep-8", "sweep-9"):
        assert sdk.plane.runs[name].wait(timeout=PATIENCE)
    assert {one.status for one in trials_of(sdk, "sweep-8")} == {CANCELED}
    assert all("maximum run duration of 1 seconds" in one.error["message"] for one in trials_of(sdk, "sweep-8"))
    sweep = sdk.plane.runs["sweep-9"]
    assert (sweep.status, "maximum run duration of 1 seconds" in sweep.error["message"]) == (CANCELED, True)
    assert {one.status for one in trials_of(sdk, "sweep-9")} == {CANCELED}


def test_nothing_is_left_of_a_sweep_when_the_emulator_ends(tmp_path: Path) -> None:
    with emulated(tmp_path / "emulator") as emulator:
        sdk = Sdk(emulator, None, make_workspace(emulator))
        sdk.cluster()
        more = {"limits": {"jobLimitsType": "Sweep", "maxConcurrentTrials": 2}, "searchSpace": {"x": ["randint", [4]]}}
        more["samplingAlgorithm"] = {"samplingAlgorithmType": "Random"}
        assert put(sdk, "sweep-11", plain(sdk, f"echo $$ > {tmp_path}/${{{{search_space.x}}}}; sleep 600", **more)).ok
        _begun(sdk, "sweep-11", 2)
        while len(pids := [int(text) for file in tmp_path.glob("[0-3]") if (text := file.read_text().strip())]) < 2:
            sdk.plane.runs["sweep-11"].wait(COMPLETED, timeout=0.05)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert sdk.plane.runs["sweep-11"].status == FAILED
    assert len(trials_of(sdk, "sweep-11")) == 2


@pytest.mark.parametrize(
    ("told", "more"),
    [
        ("search space is empty", {"searchSpace": {}}),
        ("does not support the distribution uniform", {"searchSpace": {"x": ["uniform", [0, 1]]}}),
        ("no distribution that is known", {"searchSpace": {"x": ["poisson", [1]]}}),
        ("is not valid: [[]]", {"searchSpace": {"x": ["choice", [[]]]}}),
        ("missing fields", {"searchSpaces": {}}),
        ("missing fields", {"limits": {"jobLimitsType": "Sweep", "maxFailedTrials": 1}}),
        ("missing fields", {"limits": {"jobLimitsType": "Sweep", "maxTotalTrials": 0}}),
        ("missing fields", {"earlyTermination": {"policyType": "Hope"}}),
        ("no such parameter", {"trial": {"command": "${{search_space.y}}", "environmentId": ENVIRONMENT}}),
        ("Not found environment", {"trial": {"command": "true", "environmentId": "azureml:none:1"}}),
        ("Compute Not Found for run ID : refused", {"computeId": "none"}),
    ],
)
def test_a_sweep_is_refused(sdk: Sdk, told: str, more: Mapping[str, Any]) -> None:
    answer = put(sdk, "refused", plain(sdk, **more))
    assert (answer.status_code, told in answer.json()["error"]["message"]) in ((400, True), (404, True)), answer.text
    assert "refused" not in sdk.plane.runs


FOUND = [
    {
        "info": {"run_id": name, "status": status, "start_time": number},
        "data": {
            "metrics": [] if value is None else [{"key": "loss", "value": value}],
            "params": [{"key": "rate", "value": "0.1"}],
            "tags": [{"key": "team/a", "value": name}],
        },
    }
    for number, (name, status, value) in enumerate(
        [("a", "FINISHED", 0.5), ("b", "FAILED", None), ("c", "RUNNING", 2.0)]
    )
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "abc"),
        ("metrics.loss < 1", "a"),
        ("metric.`loss` >= .5 and status != 'FINISHED'", "c"),
        ("attributes.status IN ('FINISHED', 'FAILED')", "ab"),
        ("run_id NOT IN ('a')", "bc"),
        ("tags.`team/a` LIKE '%' AND params.rate = \"0.1\" AND attribute.start_time > 0", "bc"),
        ("tags.\"team/a\" ilike 'A'", "a"),
        ("params.none = 'x'", ""),
        ("metrics.loss = 'x'", ""),
    ],
)
def test_what_a_filter_of_mlflow_finds(text: str, found: str) -> None:
    assert "".join(one["info"]["run_id"] for one in matching(FOUND, text)) == found


@pytest.mark.parametrize(
    "text", ["metrics.loss", "metrics.loss < 1 AND", "metrics.loss < 1 OR status = 'a'", "a.b = 'c'"]
)
def test_a_filter_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="Invalid"):
        matching(FOUND, text)


def test_the_order_of_mlflow() -> None:
    assert "".join(one["info"]["run_id"] for one in ordered(FOUND, ["metrics.loss DESC"])) == "cab"
    assert "".join(one["info"]["run_id"] for one in ordered(FOUND, ["params.rate", "start_time DESC"])) == "cba"


SPACE = {
    "choice": ["choice", [["a", 1, True]]],
    "randint": ["randint", [3]],
    "uniform": ["uniform", [-1, 1]],
    "quniform": ["quniform", [0, 10, 2]],
    "loguniform": ["loguniform", [-6, -1]],
    "normal": ["normal", [10, 3]],
    "qnormal": ["qnormal", [10, 3, 5]],
    "lognormal": ["lognormal", [0, 1]],
    "qloguniform": ["qloguniform", [1, 3, 0.5]],
    "qlognormal": ["qlognormal", [0, 1, 1]],
}


def test_points_are_in_the_space_and_none_is_drawn_twice() -> None:
    assert problem(SPACE, "Random") == ""
    drawn = points(SPACE, "Random", 7)
    some = [next(drawn) for _ in range(50)]
    other = points(SPACE, "Random", 7)
    assert some == [next(other) for _ in range(50)]
    assert all(one["choice"] in ("a", 1) and one["randint"] in (0, 1, 2) and -1 <= one["uniform"] <= 1 for one in some)
    assert all(0.0024 < one["loguniform"] < 0.37 and one["quniform"] in (0, 2, 4, 6, 8, 10) for one in some)
    few = {"x": ["choice", [[1, 2]]], "y": ["randint", [2]]}
    assert sorted((one["x"], one["y"]) for one in points(few, "Random", 1)) == [(1, 0), (1, 1), (2, 0), (2, 1)]


def _begun(sdk: Sdk, name: str, count: int) -> list[Run]:
    """The trials of a sweep, once so many run."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        begun = trials_of(sdk, name)
        if len([one for one in begun if one.status == RUNNING]) == count:
            return begun
        sdk.plane.runs[name].wait(COMPLETED, timeout=0.05)
    raise AssertionError([one.status for one in trials_of(sdk, name)])
