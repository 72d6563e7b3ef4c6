"""Tasks done by several threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

Task = Callable[[], None]


def run_all(tasks: Iterator[Task], threads: int) -> None:
    """Do the tasks, so many at once; the first error ends it and is raised once those under way are done.

    The iterator is asked by one thread at a time, and only when there is a thread for its next task.
    The threads are daemons, unlike a pool's: what hangs in one keeps no program from ending.
    """
    turn = threading.Lock()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while True:
                with turn:
                    task = None if errors else next(tasks, None)
                if task is None:
                    return
                task()
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            errors.append(error)

    workers = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if errors:
        raise errors[0]
