"""What is asked of the workspace's own services: how runs went, and their metrics."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from emulator.dataplane import data_of
from emulator.faults import Reset, Status
from emulator.metrics import keep
from specrun.engines.azure.services import read_details
from specrun.engines.base import Denied, EngineError, Missing, Transient
from tests.azure_engines.launching import Launch, launch
from tests.azureml_v2.place import GET_DETAILS, GET_METRICS, GET_WORKSPACE, Place

BARE = "command: echo hello\nenvironment: {image: 'python:3.11'}\n"


@pytest.fixture
def launched(place: Place) -> Launch:
    """A workspace in which nobody gets a node."""
    data_of(place.emulator.service).training.starved = True
    return launch(place, BARE)


def log(launched: Launch, name: str, metric: str, *values: object, kind: str = "double") -> None:
    """Write a metric of a run, as the run would."""
    rows = [{"metricId": f"{metric}-{n}", "data": {metric: value}} for n, value in enumerate(values)]
    keep(launched.plane, launched.run(name), metric, {metric: kind}, "azureml.v1.scalar", rows)


def test_metrics_are_the_last_numbers(launched: Launch) -> None:
    name = launched.submit()
    assert launched.engine.metrics.latest(name) == {}
    log(launched, name, "loss", 0.5, 0.25)
    log(launched, name, "epochs", 2, kind="int")
    log(launched, name, "note", "words", kind="string")
    assert launched.engine.metrics.latest(name) == {"loss": 0.25, "epochs": 2.0}
    assert launched.place.routes(lambda: launched.engine.metrics.latest(name)) == [GET_METRICS]


def test_a_metric_that_is_no_number_is_left_out(launched: Launch) -> None:
    name = launched.submit()
    log(launched, name, "loss", 0.5, "NaN")
    log(launched, name, "rate", 0.1)
    assert launched.engine.metrics.latest(name) == {"rate": 0.1}


def test_where_the_services_are_is_asked_once(launched: Launch) -> None:
    name = launched.submit()
    assert launched.place.routes(lambda: launched.renew().metrics.latest(name)) == [GET_WORKSPACE, GET_METRICS]
    assert launched.place.routes(lambda: launched.engine.metrics.latest(name)) == [GET_METRICS]


def test_details_of_a_run(launched: Launch) -> None:
    name = launched.submit()
    details = read_details(launched.engine.connection, name)
    assert (details["runId"], details["target"]) == (name, "cpu-cluster")
    assert launched.place.routes(lambda: read_details(launched.engine.connection, name)) == [GET_DETAILS]


def test_a_run_that_is_not_there(launched: Launch) -> None:
    with pytest.raises(Missing, match="read the metrics of job-0123456789"):
        launched.engine.metrics.latest("job-0123456789")
    with pytest.raises(Missing, match="read the details of the run job-0123456789"):
        read_details(launched.engine.connection, "job-0123456789")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Status(503, retry_after=7), Transient),
        (Reset(), Transient),
        (Status(403, "Forbidden", "No."), Denied),
        (Status(200, body=b"<html>"), EngineError),
    ],
)
def test_what_goes_wrong(launched: Launch, fault: Status | Reset, kind: type[EngineError]) -> None:
    name = launched.submit()
    launched.place.emulator.faults.add(GET_METRICS, fault)
    with pytest.raises(kind, match="read the metrics of job-") as caught:
        launched.engine.metrics.latest(name)
    if isinstance(caught.value, Transient) and isinstance(fault, Status):
        assert caught.value.after == 7
    assert launched.engine.metrics.latest(name) == {}


def test_an_answer_of_another_form_has_no_metrics(launched: Launch) -> None:
    name = launched.submit()
    launched.place.emulator.faults.add(GET_METRICS, Status(200, body=b'{"run": []}'))
    assert launched.engine.metrics.latest(name) == {}


def test_a_workspace_that_does_not_say_where_its_services_are(
    launched: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = launched.submit()
    monkeypatch.setattr(launched.engine.connection, "workspace", lambda: SimpleNamespace(mlflow_tracking_uri=None))
    with pytest.raises(EngineError, match="ml-ws does not say where its services are"):
        launched.engine.metrics.latest(name)
