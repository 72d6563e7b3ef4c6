"""Source files held to what the plan saw of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from specrun.engines.base import Conflict, EngineError
from specrun.plan.files import SourceFile


def changed(file: SourceFile) -> Conflict:
    """The error for a file whose content is not the planned one."""
    return Conflict(f"{file.source} changed since the plan: plan again")


@contextmanager
def reading(file: SourceFile) -> Iterator[None]:
    """Raise what goes wrong with reading a file as EngineError; Conflict when it is gone."""
    try:
        yield
    except FileNotFoundError as error:
        raise changed(file) from error
    except OSError as error:
        raise EngineError(f"{file.source} cannot be read: {error.strerror}") from error
