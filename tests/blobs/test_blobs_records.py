from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.engines.azure import blobs, records
from specrun.engines.azure.blobs import list_files
from specrun.engines.azure.containers import Container
from specrun.engines.azure.leases import Lease
from specrun.engines.azure.records import lease, read_record, write_record
from specrun.engines.azure.source_lists import find_list, forget_list, leave_list
from specrun.engines.base import Conflict, Missing, Progress
from specrun.plan.files import SourceFile
from specrun.plan.makers import Maker
from specrun.plan.source_list import SourceList
from tests.blobs.blob_files import Sent

PATH = "specrun/runs/job-0123456789.json"


def test_a_record_is_read_as_it_was_written(container: Container) -> None:
    write_record(container, PATH, b"{}", {"specrun": "job"})
    assert read_record(container, PATH) == b"{}"
    assert container.blob(PATH).get_blob_properties().metadata == {"specrun": "job"}
    write_record(container, PATH, b"")
    assert read_record(container, PATH) == b""


def test_a_list_of_a_source_may_be_larger_than_one_request(
    container: Container, sent: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs, "BLOCK", 1000)
    monkeypatch.setattr(container.client._config, "max_single_put_size", 1000)
    monkeypatch.setattr(container.client._config, "max_block_size", 1000)
    said: list[Progress] = []
    source = [SourceFile(f"{number:04}.csv", Path("nowhere"), 1, number % 2 == 0, "ab" * 16) for number in range(100)]
    leave_list(container, "d", source, Maker("job"), said.append)
    assert {one.operation for one in sent} == {"PUT block", "PUT blocklist"}
    assert len(said) == len(sent) - 1
    sent.clear()
    assert find_list(container, "d") == SourceList.of(source)
    assert len(sent) == 1
    assert list_files(container, "") == {}
    forget_list(container, "d")
    assert find_list(container, "d") is None
    forget_list(container, "d")


def test_a_record_that_is_not_there(container: Container) -> None:
    with pytest.raises(Missing):
        read_record(container, PATH)


def test_a_lease_makes_the_blob_and_keeps_what_is_in_it(container: Container) -> None:
    with lease(container, PATH) as held:
        assert read_record(container, PATH) == b""
        write_record(container, PATH, b"first", lease=held)
    with lease(container, PATH):
        assert read_record(container, PATH) == b"first"


def test_making_the_blob_does_not_replace_one_that_came_meanwhile(container: Container) -> None:
    write_record(container, PATH, b"theirs")
    Lease(lambda work: work(container), PATH, "id")._make(container)
    assert read_record(container, PATH) == b"theirs"


def test_a_lease_needs_its_container(container: Container) -> None:
    with pytest.raises(Missing, match="no such container"), lease(replace(container, name="never-made"), PATH):
        raise AssertionError


def test_nobody_else_writes_or_leases_meanwhile(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 10))
    with lease(container, PATH) as held:
        held.check()
        with pytest.raises(Conflict):
            write_record(container, PATH, b"theirs")
        monkeypatch.setattr(records.time, "sleep", lambda seconds: None)
        monkeypatch.setattr(records.time, "monotonic", lambda: float(next(clock)))
        with pytest.raises(Conflict, match=f"another apply is at work on {PATH}: wait for it"), lease(container, PATH):
            raise AssertionError
    write_record(container, PATH, b"free again")


def test_the_next_one_waits_for_the_lease(container: Container) -> None:
    order: list[str] = []
    began = threading.Event()

    def second() -> None:
        began.set()
        with lease(container, PATH):
            order.append("second")

    with lease(container, PATH):
        thread = threading.Thread(target=second, daemon=True)
        thread.start()
        began.wait()
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]


def test_a_lease_is_given_back_after_an_error(container: Container) -> None:
    with pytest.raises(ZeroDivisionError), lease(container, PATH):
        raise ZeroDivisionError
    write_record(container, PATH, b"free")
