"""The journal: what happened, for people to read afterwards."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from specrun.apply import journal
from specrun.apply.events import Finished, LogLines, OperationProgressed, OperationSettled, OperationStarted
from specrun.apply.journal import Journal
from specrun.engines.base import Progress
from specrun.plan.changes import Action
from specrun.plan.observed import Run, RunStatus
from tests.engine_double import key

GPU = key("compute/gpu")


def test_what_is_of_interest_afterwards() -> None:
    kept = Journal(Path("unwritten"))
    run = Run("job-a", "job", "a", 1, RunStatus.SUCCEEDED)
    for event in (OperationStarted(GPU, Action.CREATE), OperationSettled(GPU, Action.CREATE, 0.5), Finished(run, "")):
        assert kept.keeps(event)
    for event in (LogLines("job-a", ()), OperationProgressed(GPU, Progress(1, 2))):
        assert not kept.keeps(event)


def test_a_line_for_each_event_with_its_time_and_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal.time, "time", lambda: 1234.56789)
    for number in range(2):
        Journal(tmp_path / "home").write({"event": "größe", "number": number})
    text = (tmp_path / "home/journal.jsonl").read_text(encoding="utf-8")
    assert "größe" in text, "people read it"
    assert text.endswith("\n")
    assert [json.loads(line) for line in text.splitlines()] == [
        {"time": "1970-01-01T00:20:34.567Z", "process": os.getpid(), "event": "größe", "number": number}
        for number in range(2)
    ]
    assert (tmp_path / "home/.gitignore").read_text() == "*\n"


def test_a_long_journal_starts_anew_and_the_one_before_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1_000_000 < journal.KEPT < 100_000_000
    Journal(tmp_path).write({"event": "first"})
    now, before = tmp_path / "journal.jsonl", tmp_path / "journal.1.jsonl"
    monkeypatch.setattr(journal, "KEPT", now.stat().st_size)
    Journal(tmp_path).write({"event": "second"})
    assert not before.exists(), "so long it may be"
    Journal(tmp_path).write({"event": "third"})
    assert [[json.loads(line)["event"] for line in file.read_text().splitlines()] for file in (before, now)] == [
        ["first", "second"],
        ["third"],
    ]


@pytest.mark.parametrize("lead", [Path.symlink_to, Path.hardlink_to])
def test_nothing_is_written_to_what_it_leads_to(tmp_path: Path, lead: Callable[[Path, Path], None]) -> None:
    other = tmp_path / "bashrc"
    other.write_text("mine\n")
    (tmp_path / "home").mkdir()
    lead(tmp_path / "home/journal.jsonl", other)
    for number in range(2):
        Journal(tmp_path / "home").write({"event": number})
    assert other.read_text() == "mine\n"


def test_one_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    Journal(tmp_path).write({"event": "lost"})
    assert list((tmp_path / "journal.jsonl").iterdir()) == []
