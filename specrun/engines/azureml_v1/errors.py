"""What the SDK raises, as the engines' errors: its exceptions are of a dozen families, and few say what happened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

from specrun.engines.azure.arm_errors import translate
from specrun.engines.azure.refusals import broken_connection, cut_answers, explain_refusal, said
from specrun.engines.azureml_v1.refusals import read_refusal
from specrun.engines.base import EngineError, Transient

Retried: TypeAlias = bool | Literal["but 429"]
"""What the SDK has tried again by itself: broken connections, 5xx and 429; all but 429; or nothing."""


@contextmanager
def translated(doing: str, retried: Retried = True) -> Iterator[None]:
    """Raise what the SDK raises as one of the engines' errors.

    `doing` completes "cannot …", as in "create the cluster gpu-cluster". `retried` says what the SDK has already tried
    again: of that only what the service has told a time for is Transient.
    """
    from azure.core.exceptions import AzureError
    from azureml.exceptions import AzureMLException
    from msrest.exceptions import ClientException
    from requests import RequestException

    try:
        yield
    except (AzureMLException, AzureError, ClientException, RequestException) as error:
        raise explain(error, doing, retried) from error
    except json.JSONDecodeError as error:
        raise EngineError(
            f"cannot {doing}: what came is not what Azure answers ({error}). Is a proxy in between?"
        ) from error


def explain(error: BaseException, doing: str, retried: Retried = True) -> EngineError:
    """The engines' error for an exception of the SDK or of what it is built on."""
    refusal = read_refusal(error)
    found = explain_refusal(error, refusal, doing)
    cut = not refusal.status and isinstance(broken_connection(error), cut_answers())
    if not isinstance(found, Transient) or found.after is not None or cut:
        return found
    tried = retried is True or (retried == "but 429" and refusal.status != 429)
    return EngineError(str(found)) if tried else found


def failure_words(errors: object, doing: str) -> str:
    """Why the service failed to do what it had accepted, in words; `errors` as the service lists them."""
    listed = errors if isinstance(errors, list) else [errors]
    found = [one.get("error", one) for one in listed if isinstance(one, dict)]
    if not found:
        return f"cannot {doing}: the service gives no reason"
    first = found[0] if isinstance(found[0], dict) else {"message": str(found[0])}
    return str(translate(0, str(first.get("code") or ""), " ".join(said(first)), doing))
