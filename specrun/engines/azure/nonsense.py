"""Answers that are none of Azure's: of a proxy, cut, or with something else where something is looked for."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

from specrun.engines.base import EngineError

_SHOWN = 200


def slips() -> tuple[type[Exception], ...]:
    """What the SDKs, what they are built on, and our own reading raise for an answer that is not what they take it for.

    Their own errors are told apart where they are called: these come of none of them.
    """
    from http.client import HTTPException

    from azure.core.exceptions import AzureError
    from requests import RequestException

    own = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError, SyntaxError)
    return (*own, RuntimeError, HTTPException, AzureError, RequestException)


def nonsense(error: Exception) -> EngineError:
    """The engines' error for one of those; where it was raised helps who reports it."""
    frame = extract_tb(error.__traceback__)[-1]
    words = f"{type(error).__name__}: {error}"[:_SHOWN]
    return EngineError(
        f"what came is not what Azure answers ({words}; {Path(frame.filename).name}:{frame.lineno}). Is a proxy in "
        "between? If none is, this is a bug in specrun or in the SDK: please report it"
    )
