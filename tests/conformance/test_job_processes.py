"""The processes of a job and how each learns who it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.desk import Desk

SHOW = """
    import json, os
    names = ["MASTER_ADDR", "MASTER_PORT", "RANK", "WORLD_SIZE", "LOCAL_RANK", "NODE_RANK", "TF_CONFIG"]
    names += ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMI_SIZE"]
    print("told", json.dumps({name: os.environ[name] for name in names if name in os.environ}), flush=True)
"""


def shown(desk: Desk, job: str) -> list[dict[str, Any]]:
    """The variables of each process of the job, in the order of their roles."""
    desk.write("src/show.py", SHOW)
    desk.spec("job:\n  code: src\n  command: python show.py\n  limits: {timeout: 600}\n" + job)
    applied = desk.apply()
    return [applied.told(role) for role in sorted(applied.roles)]


def test_one_process_has_no_peers(desk: Desk) -> None:
    (alone,) = shown(desk, "")
    assert not {"TF_CONFIG", "WORLD_SIZE"} & alone.keys()


def test_tensorflow_workers_know_each_other(desk: Desk) -> None:
    job = "  distribution: {type: tensorflow}\n  resources: {instance_count: 2}\n"
    configurations = [json.loads(variables["TF_CONFIG"]) for variables in shown(desk, job)]
    assert [config["task"] for config in configurations] == [{"type": "worker", "index": n} for n in range(2)]
    clusters = [config["cluster"] for config in configurations]
    assert clusters[0] == clusters[1]
    assert clusters[0].keys() <= {"worker", "ps"}
    assert len(set(clusters[0]["worker"])) == 2
    assert not clusters[0].get("ps")


def test_pytorch_ranks_on_two_instances(desk: Desk) -> None:
    ranks = shown(desk, "  distribution: {type: pytorch}\n  resources: {instance_count: 2}\n")
    assert [rank["RANK"] for rank in ranks] == ["0", "1"]
    assert {(rank["WORLD_SIZE"], rank["LOCAL_RANK"]) for rank in ranks} == {("2", "0")}
    assert [rank["NODE_RANK"] for rank in ranks] == ["0", "1"]
    assert len({(rank["MASTER_ADDR"], rank["MASTER_PORT"]) for rank in ranks}) == 1
    assert not [rank for rank in ranks if "TF_CONFIG" in rank]


def test_pytorch_ranks_on_one_instance(desk: Desk) -> None:
    ranks = shown(desk, "  distribution: {type: pytorch, process_count_per_instance: 2}\n")
    assert [(rank["RANK"], rank["LOCAL_RANK"]) for rank in ranks] == [("0", "0"), ("1", "1")]
    assert {rank["WORLD_SIZE"] for rank in ranks} == {"2"}


def test_mpi_ranks(desk: Desk, needs: Callable[..., None]) -> None:
    needs("mpi")
    job = "  distribution: {type: mpi, process_count_per_instance: 2}\n  resources: {instance_count: 2}\n"
    ranks = shown(desk, job)
    seen = {rank.get("OMPI_COMM_WORLD_RANK") or rank.get("PMI_RANK") for rank in ranks}
    assert seen == {"0", "1", "2", "3"}
    assert {rank.get("OMPI_COMM_WORLD_SIZE") or rank.get("PMI_SIZE") for rank in ranks} == {"4"}


def test_what_an_engine_cannot_run_is_said_before_anything_happens(desk: Desk) -> None:
    if "mpi" in desk.place.can:
        pytest.skip("this place runs all kinds of jobs")
    desk.spec("job: {command: ls, distribution: {type: mpi}}\n")
    refused = desk.apply(ends=65)
    assert "type mpi needs an Azure engine" in refused.err
    assert desk.runs() == []
