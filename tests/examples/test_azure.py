"""The main example as it stands, through the unmodified SDKs: from an empty subscription to the files of its run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.emulator import Emulator
from tests.faults.cloud import Azure
from tests.searching import Search

EXAMPLE = str(Path(__file__).parents[2] / "specs" / "examples" / "digits-ps" / "job.yaml")
MOST = {"azureml": 8, "azureml-v1": 9}
"""Requests of an apply with nothing to do, besides those that sign in, once SDK v1 has found its services.

With `azureml`: the subscription, the workspace, the cluster, the default datastore and its secrets, the files of the
data, the newest runs of the spec, and whether the next name is taken.
"""


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("engine", MOST)
def test_from_an_empty_subscription_to_the_files_of_a_run(tmp_path: Path, engine: str, search: Search) -> None:
    if engine == "azureml-v1" and not search.whole:
        pytest.skip("only with -m long: it trains the same as azureml, and the conformance suite has what differs")
    pytest.importorskip("tensorflow")
    (tmp_path / "user").mkdir()
    with Emulator(tmp_path / "azure") as emulator:
        emulator.service.retry_after = 0  # SDKs that are told nothing look every 30 s
        azure = Azure(emulator, tmp_path, engine)
        said = azure.apply(EXAMPLE)
        assert said.code == 0, said.err
        assert {line.split(" | ")[0] for line in said.out.splitlines() if " | " in line} == {
            "ps/0",
            "worker/0",
            "worker/1",
        }
        assert "accuracy 0.9" in said.out
        assert "3 to create, 1 to submit" in said.err

        before = len(emulator.requests)
        said = azure.apply(EXAMPLE)
        assert (said.code, "No changes" in said.err) == (0, True)
        assert emulator.count(since=before) <= MOST[engine]

        status = json.loads(azure.specrun("status", "-o", "json", EXAMPLE).out)
        assert (status["status"], status["compute"], sum(status["nodes"].values())) == ("succeeded", "cpu-cluster", 2)
        assert status["outputs"].startswith("https://ml.azure.com/runs/digits-ps-")
        assert status["metrics"]["accuracy"] > 0.9  # from TensorBoard's file in its outputs
        assert azure.specrun("outputs", "--fetch", "fetched", EXAMPLE).code == 0
        assert json.loads((tmp_path / "fetched" / "model" / "metrics.json").read_text())["accuracy"] > 0.9
        assert emulator.unserved == []
