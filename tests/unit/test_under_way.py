"""What is waited for, and the line that says so."""

from __future__ import annotations

import io

import pytest
from record import Screen

from specrun.plan import under_way as registry
from specrun.plan.under_way import told, under_way
from specrun.views import waiting as view
from specrun.views.waiting import waiting
from tests.engine_double import wait_until


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests have left hanging on purpose is not waited for here."""
    monkeypatch.setattr(registry, "_doing", {})


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_was_begun_last_is_told_with_the_number_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [10.0]
    monkeypatch.setattr(registry.time, "monotonic", lambda: now[0])
    assert told() == ""
    with under_way("looking at ml-ws: compute/gpu"):
        now[0] = 70.0
        with under_way("loading the SDK"):
            assert told() == "loading the SDK and 1 more"
            assert told(60.0) == "looking at ml-ws: compute/gpu"
        assert told() == "looking at ml-ws: compute/gpu"
    assert told() == ""


def test_a_terminal_has_a_line_while_something_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    terminal = Terminal()
    with waiting(terminal, terminal):
        with under_way(f"looking at ml-ws: compute/{'gpu' * 20}"):
            wait_until(lambda: "looking at ml-ws" in terminal.getvalue(), "the line")
            (row,) = shown_by(terminal)
            assert (row[-6:], len(row)) == ("… 0:00", 59)
        wait_until(lambda: not shown_by(terminal), "it to go")
    assert shown_by(terminal) == []


@pytest.mark.parametrize("dumb", [False, True])
def test_elsewhere_it_is_a_line_a_minute(dumb: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view, "MINUTE", 0.01)
    monkeypatch.setenv("TERM", "dumb" if dumb else "xterm")
    err = Terminal() if dumb else io.StringIO()
    with waiting(io.StringIO(), err), under_way("signing in to ml-ws\x1b[2J"):
        wait_until(lambda: err.getvalue().count("\n") > 1, "two lines")
    assert set(err.getvalue().splitlines()) == {"signing in to ml-ws\\x1b[2J"}


def shown_by(terminal: Terminal) -> list[str]:
    screen = Screen(60)
    screen.feed(terminal.getvalue().replace("\n", "\r\n"))
    return [row for cells in screen.rows if (row := "".join(char for char, _ in cells).rstrip())]
