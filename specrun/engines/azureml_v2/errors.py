"""What the SDK raises, as the engines' errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from specrun.engines.azure.refusals import (
    Refusal,
    broken_connection,
    causes,
    cut_answers,
    explain_refusal,
    refusal_in,
    request_of,
)
from specrun.engines.azure.transport import is_slow
from specrun.engines.base import EngineError, Transient

TRIED_ONCE = ("POST", "PATCH")
"""The methods of requests that the SDK does not repeat when their connection breaks."""

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""What the SDK paints its messages with."""


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raise what the SDK raises as one of the engines' errors; `doing` completes "cannot …"."""
    from azure.core.exceptions import AzureError
    from marshmallow.exceptions import ValidationError

    try:
        yield
    except (AzureError, ValidationError) as error:
        raise explain(error, doing) from error
    except AttributeError as error:
        # Two threads that read the first answer of a kind at once: the SDK completes its classes as it goes, swallows
        # what then goes wrong, and takes the answer for what it is made into. It never happens twice.
        if not str(error).startswith("'dict' object has no attribute"):
            raise
        raise Transient(f"cannot {doing}: the SDK stumbled over its own classes ({error})") from error


def explain(error: BaseException, doing: str) -> EngineError:
    """The engines' error for an exception of the SDK or of what it is built on.

    A host that cannot be reached has been tried three times by then, and is no reason to try again; what the service
    asks for some time for, or broke off in the middle of, is, and so is what the SDK tries but once, or takes long.
    """
    refusal = refusal_of_error(error)
    found = explain_refusal(error, refusal, doing)
    if refusal.status or not isinstance(found, Transient):
        return found
    again = isinstance(broken_connection(error), cut_answers())
    asked = request_of(error)
    method, url = str(getattr(asked, "method", "")), str(getattr(asked, "url", ""))
    return found if again or method in TRIED_ONCE or is_slow(method, url) else EngineError(str(found))


def refusal_of_error(error: BaseException) -> Refusal:
    """What an exception, or one that it came of, says about an answer of the service."""
    for one in causes(error):
        response: Any = getattr(one, "response", None)
        if isinstance(getattr(response, "status_code", None), int):
            return refusal_in(response)
    # A deployment that failed keeps its reason in an error without a response.
    told: Any = getattr(error, "error", None)
    words = _COLOURS.sub("", str(getattr(error, "message", None) or error))
    return Refusal(0, str(getattr(told, "code", None) or ""), words)
