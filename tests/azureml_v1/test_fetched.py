"""What several threads want is fetched by one; what the SDK prints is heard by none."""

from __future__ import annotations

import io
import logging
import sys
import threading
import warnings

import pytest

from specrun.engines.azure.fetched import Fetched
from specrun.engines.azure.quiet import quiet


def test_fetched_once_and_looked_at_anew() -> None:
    counter = iter(range(10))
    fetched = Fetched(lambda: next(counter))
    assert (fetched.get(), fetched.get()) == (0, 0)
    assert fetched.look() == 0, "nobody has looked since it was fetched"
    assert fetched.look() == 1
    assert fetched.get() == 1
    fetched.forget()
    assert fetched.look() == 2


def test_a_failure_is_shared_by_who_waited_and_not_kept() -> None:
    entered, go = threading.Event(), threading.Event()
    calls: list[int] = []

    def fetch() -> str:
        calls.append(1)
        if len(calls) == 1:
            entered.set()
            assert go.wait(10)
            raise ValueError
        return "there"

    fetched = Fetched(fetch)
    failures: list[Exception] = []

    def ask() -> None:
        try:
            fetched.get()
        except ValueError as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    threads[0].start()
    assert entered.wait(10)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(10)
    assert 1 <= len(failures) <= 3
    assert fetched.get() == "there"


def test_a_fetch_that_hangs_is_begun_again() -> None:
    hang, entered = threading.Event(), threading.Event()
    calls: list[int] = []

    def fetch() -> int:
        calls.append(1)
        if len(calls) == 1:
            entered.set()
            hang.wait(10)
        return len(calls)

    fetched = Fetched(fetch, patience=0.0)
    thread = threading.Thread(target=fetched.get)
    thread.start()
    assert entered.wait(10)
    assert fetched.get() == 2
    hang.set()
    thread.join(10)


def test_a_muted_thread_and_one_that_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    muted, said = threading.Event(), threading.Event()

    def talk() -> None:
        with quiet():
            print("the SDK")
            muted.set()
            assert said.wait(10)

    thread = threading.Thread(target=talk)
    thread.start()
    assert muted.wait(10)
    print("results")
    said.set()
    thread.join(10)
    print("more")
    assert capsys.readouterr().out == "results\nmore\n"


def test_another_standard_output_meanwhile(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    other = io.StringIO()
    with quiet():
        monkeypatch.setattr(sys, "stdout", other)
        with quiet():
            print("the SDK")
        print("the SDK")
    assert other.getvalue() == ""
    monkeypatch.undo()
    print("results")
    assert capsys.readouterr().out.endswith("results\n")


def test_warnings_of_the_sdk_do_not_show() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with quiet():
            warnings.warn_explicit("old", UserWarning, "common.py", 1, module="azureml._base_sdk_common.common")
            warnings.warn_explicit("ours", UserWarning, "x.py", 1, module="specrun.x")
    assert [str(one.message) for one in caught] == ["ours"]


def test_the_root_logger_writes_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])
    with quiet():
        assert len(logging.root.handlers) == 1
        assert isinstance(logging.root.handlers[0], logging.NullHandler)
