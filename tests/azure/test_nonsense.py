"""What an engine makes of an answer that is none of Azure's, wherever that is noticed."""

from __future__ import annotations

from collections.abc import Callable
from http.client import IncompleteRead, LineTooLong
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from specrun.engines.azure.connection import Connection
from specrun.engines.base import EngineError, Missing, Scope


def connection() -> Connection[Any]:
    return Connection(Scope(), lambda _: SimpleNamespace(load=lambda: None))


def test_the_engines_of_one_command_are_signed_in_together() -> None:
    shared: dict[str, Any] = {}
    one, other = (Connection(Scope(shared=shared), lambda _: SimpleNamespace()) for _ in range(2))
    assert one._sign_in is other._sign_in
    assert connection()._sign_in is not one._sign_in


def raising(error: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


absent: Any = None
listed: Any = []
NOTICED: dict[str, Callable[[], object]] = {
    "a key that is not there": lambda: {}["value"],
    "a list for a mapping": lambda: [].get("value"),  # type: ignore[attr-defined]
    "null": lambda: absent["value"],
    "a text for a number": lambda: int("x"),
    "an endless number": lambda: int(float("1e999")),
    "a list for a text": lambda: {listed: 1},
    "no XML": lambda: ElementTree.fromstring("<html>"),
    "what nests": raising(RecursionError("maximum recursion depth exceeded")),
    "a header": raising(LineTooLong("header line")),
    "a cut answer": raising(IncompleteRead(b"x")),
}


@pytest.mark.parametrize("noticed", NOTICED)
def test_nonsense_is_no_bug(noticed: str) -> None:
    with pytest.raises(EngineError, match=r"what came is not what Azure answers .* Is a proxy in between") as caught:
        connection().ask(NOTICED[noticed])
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("error", [Missing("it is not there"), FileNotFoundError("x"), KeyboardInterrupt()])
def test_what_is_something_else_stays_what_it_is(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        connection().ask(raising(error))
    assert caught.value is error
