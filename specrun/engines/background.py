"""Work in a thread of its own that keeps neither the program nor its exit waiting, unlike a pool's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


def in_background(work: Callable[[], T]) -> Future[T]:
    """Do something in a daemon thread; its result, or what it raises, goes to whoever waits for it."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            future.set_exception(error)

    # What holds for who asks for it holds for the work: see `changing_while` of the Azure engines.
    threading.Thread(target=copy_context().run, args=(run,), daemon=True).start()
    return future
