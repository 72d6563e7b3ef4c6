"""TensorBoard's scalars that a run in a workspace leaves in its outputs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulator.dataplane import data_of
from specrun.engines.azure import run_metrics
from specrun.engines.azure.blobs import write_blob
from specrun.plan.metrics import Logged
from tests.azure_engines.launching import Launch, launch
from tests.azureml_v2.place import GET_BLOB, GET_METRICS, LIST_BLOBS, Place
from tests.event_writing import scalar

JOB = """
command: echo hello
environment: {image: 'python:3.11'}
outputs: {board: {}, logs: {path: azureml://datastores/workspaceblobstore/paths/tb}}
"""


@pytest.fixture
def launched(place: Place) -> Launch:
    """A workspace in which nobody gets a node."""
    data_of(place.emulator.service).training.starved = True
    return launch(place, JOB)


def written(launched: Launch, name: str) -> Callable[..., None]:
    """What puts an event file where the service keeps what a run writes."""
    connection = launched.engine.connection

    def put(path: str, *records: bytes) -> None:
        apart = not path.startswith("default/")
        container = connection.open_datastore(None if apart else "workspaceartifactstore")
        folder = f"azureml/{name}" if apart else f"ExperimentRun/dcid.{name}/outputs"
        file = f"{folder}/{path.removeprefix('default/')}/events.out.tfevents.1"
        write_blob(container, file, b"".join(records), {})

    return put


@pytest.mark.parametrize("engine", ["azureml"], indirect=True)  # with SDK v1 the example shows it, in the long tests
def test_scalars_in_outputs_are_metrics_where_mlflow_has_none(
    launched: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, metrics = launched.submit(), launched.engine.metrics
    note = "TensorBoard's files are not looked for in outputs that have a `path`: logs."
    assert metrics.logged(name) == Logged(notes=(note,))
    put = written(launched, name)
    put("default/deep/train", scalar("loss", 1, 1), scalar("loss", 0.5, 2)[:-1])
    put("board/eval", scalar("loss", 2, 1))
    put("tb", scalar("other", 2, 1))  # of no output of its own
    found = metrics.logged(name)
    assert ({metric: last.value for metric, last in found.metrics.items()}, found.notes) == (
        {"board/eval/loss": 2, "deep/train/loss": 1},
        (),
    )
    put("default/deep/train", scalar("loss", 1, 1), scalar("loss", 0.5, 2))
    with monkeypatch.context() as aside:
        aside.setattr(run_metrics, "AT_ONCE", 0)
        assert metrics.logged(name).notes == (run_metrics.UNREAD,)
    assert launched.place.routes(lambda: metrics.logged(name)) == [GET_METRICS, LIST_BLOBS, LIST_BLOBS, GET_BLOB]
    assert metrics.history(name, "deep/train/loss", after=1).values == (0.5,)
    monkeypatch.setattr(metrics._calls, "has_ended", lambda name: True)
    monkeypatch.setattr(run_metrics, "AT_ONCE", 0)
    assert metrics.logged(name).metrics["deep/train/loss"].count == 2
    for ask in (lambda: metrics.logged(name), lambda: metrics.history(name, "deep/train/loss")):
        assert launched.place.routes(ask) == []
