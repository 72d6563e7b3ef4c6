"""What is asked of the workspace's own services: how runs went, and their metrics."""

from __future__ import annotations

from math import inf, isnan
from types import SimpleNamespace

import pytest

from emulator.dataplane import data_of
from emulator.faults import Reset, Status
from emulator.metrics import keep
from specrun.engines.azure.services import read_details
from specrun.engines.base import Denied, EngineError, Missing, Transient
from specrun.plan.metrics import Series
from tests.azure_engines.launching import Launch, launch
from tests.azureml_v2.place import GET_DETAILS, GET_HISTORY, GET_METRICS, GET_WORKSPACE, Place

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


def last(launched: Launch, name: str) -> dict[str, float]:
    return {metric: found.value for metric, found in launched.engine.metrics.logged(name).metrics.items()}


def test_metrics_are_the_last_numbers(launched: Launch) -> None:
    name = launched.submit()
    assert last(launched, name) == {}
    log(launched, name, "loss", 0.5, 0.25)
    log(launched, name, "epochs", 2, kind="int")
    log(launched, name, "note", "words", kind="string")
    assert last(launched, name) == {"loss": 0.25, "epochs": 2.0}
    assert launched.place.routes(lambda: launched.engine.metrics.logged(name)) == [GET_METRICS]


def test_what_is_no_number_to_json_is_one_to_a_metric(launched: Launch) -> None:
    name = launched.submit()
    for metric, value in (("loss", "NaN"), ("best", "-Infinity"), ("rate", 0.1)):
        log(launched, name, metric, 0.5, value)
    found = launched.engine.metrics.logged(name).metrics
    assert isnan(found["loss"].value)
    assert (found["best"].value, found["rate"].value) == (-inf, 0.1)


def test_parameters_come_with_the_metrics(launched: Launch) -> None:
    name = launched.submit()
    launched.run(name).parameters.update({"lr": "0.1", "deep/er": ""})
    assert launched.engine.metrics.logged(name).params == {"deep/er": "", "lr": "0.1"}


def test_history_is_read_page_by_page_and_of_a_run_that_has_ended_once(
    launched: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, metrics = launched.submit(), launched.engine.metrics
    assert metrics.history(name, "train/loss") == Series("train/loss")
    launched.plane.page_size = 2
    log(launched, name, "train/loss", 4, 3, "Infinity", 1, 0)
    read: list[Series] = []
    routes = launched.place.routes(lambda: read.append(metrics.history(name, "train/loss", after=1)))
    assert routes == [GET_HISTORY] * 3
    assert (read[0].values, read[0].steps) == ((3, inf, 1, 0), (0, 0, 0, 0))
    monkeypatch.setattr(metrics._calls, "has_ended", lambda name: True)
    for ask in (lambda: metrics.history(name, "train/loss", after=4), lambda: metrics.logged(name)):
        assert launched.place.routes(ask)
        assert launched.place.routes(ask) == []


def test_a_history_without_an_end_is_given_up(launched: Launch) -> None:
    name = launched.submit()
    endless = b'{"metrics": [{"key": "loss"}, 3], "next_page_token": "again"}'
    launched.place.emulator.faults.add(GET_HISTORY, Status(200, body=endless), times=2)
    with pytest.raises(EngineError, match="the list that came has no end"):
        launched.engine.metrics.history(name, "loss")


def test_where_the_services_are_is_asked_once(launched: Launch) -> None:
    name = launched.submit()
    log(launched, name, "loss", 0.5)
    assert launched.place.routes(lambda: launched.renew().metrics.logged(name)) == [GET_WORKSPACE, GET_METRICS]
    assert launched.place.routes(lambda: launched.engine.metrics.logged(name)) == [GET_METRICS]


def test_details_of_a_run(launched: Launch) -> None:
    name = launched.submit()
    details = read_details(launched.engine.connection, name)
    assert (details["runId"], details["target"]) == (name, "cpu-cluster")
    assert launched.place.routes(lambda: read_details(launched.engine.connection, name)) == [GET_DETAILS]


def test_a_run_that_is_not_there(launched: Launch) -> None:
    with pytest.raises(Missing, match="read the metrics of job-0123456789"):
        launched.engine.metrics.logged("job-0123456789")
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
        launched.engine.metrics.logged(name)
    if isinstance(caught.value, Transient) and isinstance(fault, Status):
        assert caught.value.after == 7
    assert last(launched, name) == {}


def test_an_answer_of_another_form_has_no_metrics(launched: Launch) -> None:
    name = launched.submit()
    launched.place.emulator.faults.add(GET_METRICS, Status(200, body=b'{"run": []}'))
    assert last(launched, name) == {}


def test_a_workspace_that_does_not_say_where_its_services_are(
    launched: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = launched.submit()
    monkeypatch.setattr(launched.engine.connection, "workspace", lambda: SimpleNamespace(mlflow_tracking_uri=None))
    with pytest.raises(EngineError, match="ml-ws does not say where its services are"):
        launched.engine.metrics.logged(name)
