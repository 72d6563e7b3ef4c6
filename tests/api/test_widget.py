"""A live run in a notebook answers what its page asks, in the messages of the widget."""

from __future__ import annotations

import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import specrun
from specrun.api import display
from specrun.apply.runs_of import RunsOf
from specrun.engines.reliable import Reliable
from specrun.plan.makers import Maker
from specrun.plan.observed import Run, RunStatus
from tests.engine_double import Double

pytest.importorskip("anywidget", reason="the extra `notebook` is not installed")

from specrun.spec.errors import Error
from specrun.ui import widget
from specrun.ui.answers import Answers, Refused

PATIENCE = 60


class Told(Answers):
    """Answers of a test, and what is watched."""

    def __init__(self) -> None:
        self.stopped: list[str] = []

    def get(self, path: str, params: Any = None) -> Any:
        if path == "nothing":
            raise Refused(404, "there is no `nothing`")
        if path == "broken":
            raise Error("no network")
        return {"path": path, **params}

    def post(self, path: str, body: Any = None) -> Any:
        return {"done": path}

    def watch(self, path: str, params: Any, send: Callable[[object], None]) -> Callable[[], None]:
        send(1)
        send(Refused(404, "it is gone"))
        return lambda: self.stopped.append(path)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, queue.Queue[Any], Told]:
    answers: queue.Queue[Any] = queue.Queue()
    told = Told()
    live = widget.Live(told, "/runs/one-0123456789")
    monkeypatch.setattr(live, "send", answers.put)
    return live, answers, told


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ({"verb": "get", "path": "runs", "params": {"count": 3}}, {"data": {"path": "runs", "count": 3}}),
        ({"verb": "post", "path": "runs/a/cancel", "params": {}}, {"data": {"done": "runs/a/cancel"}}),
        ({"verb": "get", "path": "nothing"}, {"error": {"status": 404, "message": "there is no `nothing`"}}),
        ({"verb": "get", "path": "broken"}, {"error": {"status": 502, "message": "no network"}}),
    ],
)
def test_what_is_asked_is_answered_with_its_id(asked: Any, message: dict[str, Any], answer: dict[str, Any]) -> None:
    live, answers, _ = asked
    live._hear(live, {"id": "v-1", **message}, [])
    assert answers.get(timeout=PATIENCE) == {"id": "v-1", **answer}


def test_what_is_watched_is_told_until_it_is_stopped(asked: Any) -> None:
    live, answers, told = asked
    live._hear(live, {"id": "v-1", "verb": "watch", "path": "runs", "params": {}}, [])
    live._hear(live, {"id": "v-2", "verb": "watch", "path": "plan", "params": {}}, [])
    assert [answers.get(timeout=PATIENCE) for _ in range(2)] == [
        {"id": "v-1", "data": 1},
        {"id": "v-1", "error": {"status": 404, "message": "it is gone"}},
    ]
    live._hear(live, {"id": "v-1", "verb": "stop"}, [])
    live._hear(live, {"id": "v-1", "verb": "stop"}, [])
    live._hear(live, {"id": "v-3", "verb": "bake"}, [])
    assert told.stopped == ["runs"]
    live.close()
    assert told.stopped == ["runs", "plan"]


def test_a_run_in_a_notebook_is_the_page_at_its_path_with_html_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Run("one-0123456789", "one", "0123456789", 1, RunStatus.SUCCEEDED)
    run = specrun.Run(RunsOf(Maker("one"), Reliable(Double(all_runs=[seen])), Path("home")), seen)
    monkeypatch.setattr(display, "_in_notebook", lambda: True)
    data, _ = run._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"} <= set(data)
    made = widget.widget_of([run.source], "/runs/one-0123456789")
    assert (made.path, "export" in made._esm) == ("/runs/one-0123456789", True)
