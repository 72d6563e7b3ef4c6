"""Tasks done by several threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import wait

from specrun.engines.background import in_background

Task = Callable[[], None]


def run_all(tasks: Iterator[Task], threads: int) -> None:
    """Do the tasks, so many at once; the first error ends it and is raised once those under way are done.

    The iterator is asked by one thread at a time, and only when there is a thread for its next task.
    """
    turn, over = threading.Lock(), threading.Event()

    def work() -> None:
        try:
            while True:
                with turn:
                    task = None if over.is_set() else next(tasks, None)
                if task is None:
                    return
                task()
        finally:  # all are taken, or one has failed: nobody begins another
            over.set()

    workers = [in_background(work) for _ in range(threads)]
    wait(workers)
    for worker in workers:
        worker.result()
