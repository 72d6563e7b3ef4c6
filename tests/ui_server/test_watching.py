"""One stream for all that a page watches: what changes is told once, and asked for once for all pages."""

from __future__ import annotations

import http.client
import json
import queue
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from specrun.apply.runs_of import RunsOf
from specrun.engines.facts import Facts
from specrun.engines.reliable import Reliable
from specrun.plan.makers import Maker
from specrun.plan.observed import Run, RunStatus
from specrun.plan.resources import Place
from specrun.spec.sweep import Objective
from specrun.ui.answers import Answers
from specrun.ui.fresh import Fresh
from specrun.ui.tokens import FILE, token_of
from specrun.ui.wire import Refused
from tests.engine_double import Double
from tests.ui_server.asking import NAME, Client, Serve, past_run

PAGE = "a-page-of-the-tests"


@contextmanager
def stream(client: Client, page: str = PAGE) -> Iterator[Iterator[Any]]:
    """The events of a page."""
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
    connection.request("GET", f"/api/events?page={page}", headers=client.own)
    answer = connection.getresponse()
    assert answer.getheader("Content-Type") == "text/event-stream; charset=utf-8"
    try:
        yield (json.loads(line[6:]) for line in iter(answer.readline, b"") if line.startswith(b"data: "))
    finally:
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
        connection.close()


def watch(client: Client, *paths: str) -> Any:
    messages = [{"id": number, "verb": "watch", "path": path} for number, path in enumerate(paths)]
    return client.post("/api/watch", {"page": PAGE, "messages": messages})


def test_what_is_watched_is_told_in_one_stream(client: Client, home: Path) -> None:
    with stream(client) as events:
        assert next(events)["hello"]["page"] == PAGE
        assert watch(client, "runs", "nothing", f"runs/{NAME}").json == {}
        told = {one["id"]: one for one in (next(events) for _ in range(3))}
        assert told[0]["data"]["rows"][0]["name"] == NAME
        assert told[1]["error"]["status"] == 404
        assert told[2]["data"]["run"]["status"] == "succeeded"
        past_run(home, "digits-abcdef0123", ended=2000.0)
        for event in events:
            if event["id"] == 0 and event["data"]["total"] == 2:
                break
        assert event["data"]["rows"][0]["name"] == "digits-abcdef0123"


def test_a_page_without_a_stream_is_told_so(client: Client) -> None:
    assert watch(client, "runs").status == 404
    with stream(client) as events:
        next(events)
        assert client.post("/api/watch", {"page": PAGE, "messages": [1]}).status == 400
    assert client.ask("/api/events?page=../x").status == 400


def test_a_server_that_has_come_again_knows_the_page(home: Path) -> None:
    token = token_of(home)
    assert token_of(home) == token
    assert (home / FILE).stat().st_mode & 0o077 == 0
    (home / FILE).chmod(0o644)
    assert token_of(home) != token


def test_the_same_port_is_served_again_at_once(serve: Serve) -> None:
    client = serve()
    with pytest.raises(OSError, match="in use"):
        serve(client.port)


class InWorkspace(Double):
    """Runs of a service."""

    @property
    def facts(self) -> Facts:
        return Facts("double", "", "", find_place="nowhere:nothing")


def watched(engine: Double, tmp_path: Path) -> Answers:
    reliable = Reliable(engine)
    return Answers([RunsOf(Maker("digits"), reliable, tmp_path / ".specrun")])


def run_of(status: RunStatus) -> Run:
    return Run("digits-0123456789", "digits", "0123456789" + "0" * 54, 1, status, submitted=1.0)


def asked(engine: Double) -> list[str]:
    return [call for call in engine.calls if call != "sign_in"]


def test_a_run_that_has_ended_is_never_asked_about_again(tmp_path: Path) -> None:
    engine = InWorkspace(place=Place("azureml", title="ml-ws"), all_runs=[run_of(RunStatus.SUCCEEDED)])
    answers = watched(engine, tmp_path)
    looks = [answers.watched(path) for path in (f"runs/{NAME}", f"runs/{NAME}/logs/state", f"runs/{NAME}/metrics")]
    for look in looks:
        look.look()
    while answers._catalog.loading or answers._details._queued:
        looks[0].look()
    before = asked(engine)
    for _ in range(50):
        for look in looks:
            look.look()
    assert asked(engine) == before


def test_all_pages_together_ask_once(tmp_path: Path) -> None:
    engine = InWorkspace(place=Place("azureml", title="ml-ws"), all_runs=[run_of(RunStatus.RUNNING)], poll=3600.0)
    engine.statuses[NAME] = [RunStatus.RUNNING]
    answers = watched(engine, tmp_path)
    pages = [answers.watched(f"runs/{NAME}") for _ in range(20)]
    for page in pages:
        for _ in range(5):
            page.look()
    looks = [call for call in asked(engine) if call == f"run {NAME}"]
    assert len(looks) <= 2  # it is found, and looked at


def test_what_cannot_be_read_is_told_and_tried_again() -> None:
    answers: queue.SimpleQueue[int | Refused] = queue.SimpleQueue()
    for one in (Refused(502, "no"), 1, 2):
        answers.put(one)

    def read() -> int:
        found = answers.get_nowait()
        if isinstance(found, Refused):
            raise found
        return found

    fresh = Fresh(read, 0.0, lambda value: value == 2)
    with pytest.raises(Refused):
        fresh.value()
    assert fresh.value() == 1
    while fresh.value() != 2:
        pass
    assert fresh.value() == 2


def test_answers_are_packed_and_kept_by_browsers(client: Client, home: Path) -> None:
    for number in range(10):
        past_run(home, f"digits-{number:010d}", ended=100.0 + number)
    packed = client.ask("/api/runs?count=50", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert client.ask("/api/runs", "HEAD").body == b""
    first = client.ask("/api/runs?count=2&sort=ended").json
    assert [row["name"] for row in first["rows"]] == ["digits-0000000000", "digits-0000000001"]
    assert client.ask("/api/runs?filter=status>>").json["mistakes"]
    assert client.ask("/api/runs?count=x").status == 400
    assert client.ask("/api/columns?names=status").json["columns"]["status"] == ["succeeded"] * 11


def test_a_run_is_ended_and_is_not_run_again_without_its_spec(tmp_path: Path) -> None:
    engine = InWorkspace(place=Place("azureml", title="ml-ws"), all_runs=[run_of(RunStatus.RUNNING)])
    engine.statuses[NAME] = [RunStatus.RUNNING]
    answers = watched(engine, tmp_path)
    assert answers.get(f"runs/{NAME}")["can"]["cancel"]
    assert answers.post(f"runs/{NAME}/cancel") == {}
    assert engine.cancelled == [NAME]
    with pytest.raises(Refused, match="it goes on"):
        answers.post(f"runs/{NAME}/rerun")
    engine = InWorkspace(place=Place("azureml", title="ml-ws"), all_runs=[run_of(RunStatus.FAILED)])
    with pytest.raises(Refused, match="in which file"):
        watched(engine, tmp_path).post(f"runs/{NAME}/rerun")
    trial = replace(run_of(RunStatus.FAILED), parent="digits-9999999999")
    engine = InWorkspace(place=Place("azureml", title="ml-ws"), all_runs=[trial])
    with pytest.raises(Refused, match="it is a trial of digits-9999999999: that one"):
        watched(engine, tmp_path).post(f"runs/{NAME}/rerun")


def test_the_command_for_the_files_of_a_sweep_fetches_those_of_its_best_trial(tmp_path: Path) -> None:
    for objective, best in ((Objective("minimize", "loss"), True), (None, False)):
        run = replace(run_of(RunStatus.SUCCEEDED), objective=objective)
        engine = InWorkspace(place=Place("azureml", title="ml-ws"), all_runs=[run])
        commands = watched(engine, tmp_path).get(f"runs/{NAME}")["commands"]
        assert (" --best " in commands["outputs"]) is best
