"""What a refused request tells: HTTP's status, Azure's code and words, and whether an answer came at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from specrun.engines.azure.arm_errors import translate
from specrun.engines.azure.arm_rows import is_telling
from specrun.engines.azure.network import retry_after, unreachable
from specrun.engines.base import EngineError
from specrun.spec.frozen import dataclass

_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is known of a refused request: HTTP's status (0: there was none), Azure's code and words, Retry-After."""

    status: int = 0
    code: str = ""
    message: str = ""
    after: float | None = None


def refusal_in(response: Any) -> Refusal:
    """What a response of requests or azure-core says; one that refuses nothing tells how something accepted failed."""
    status = response.status_code if response.status_code >= 400 else 0
    return refusal_of(status, _body(response), retry_after(response))


def refusal_of(status: int, body: str, after: float | None) -> Refusal:
    """What a body says that came with a status; Retry-After in seconds."""
    try:
        content = json.loads(body)
    except ValueError:
        return Refusal(status, "", body, after)
    error = content.get("error") or content.get("Error") or content if isinstance(content, dict) else {}
    if not isinstance(error, dict):
        return Refusal(status, "", str(error), after)
    # Some answers have what is within their error beside it; the innermost code that says anything is the one.
    found = [code for code in (*_codes(error), *_codes(content)) if code]
    telling = next((code for code in reversed(found) if is_telling(code)), found[0] if found else "")
    return Refusal(status, telling, " ".join(said(error)), after)


def _codes(error: Any, depth: int = 0) -> Iterator[str]:
    """An error's code and those of the errors within it, wherever and however a service writes them."""
    if not isinstance(error, dict) or depth > _DEPTH:
        return
    yield str(error.get("code") or "")
    for name in ("innererror", "innerError"):
        yield from _codes(error.get(name), depth + 1)
    added = error.get("additionalInfo")
    for one in added if isinstance(added, list) else ():
        info = one.get("info") if isinstance(one, dict) and one.get("type") == "InnerError" else None
        yield from _codes(info.get("value") if isinstance(info, dict) else None, depth + 1)


def said(error: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """An error's words, then those of the errors inside it, each with its code: the inner ones tell the reason."""
    code, message = str(error.get("code") or ""), str(error.get("message") or "")
    if message:
        yield message if not depth or code in message else f"{code}: {message}"
    inner = error.get("details") or []
    for one in inner if isinstance(inner, list) and depth < _DEPTH else ():
        if isinstance(one, dict):
            yield from said(one, depth + 1)


def _body(response: Any) -> str:
    text = getattr(response, "text", "")
    return str(text() if callable(text) else text)


def explain_refusal(error: BaseException, refusal: Refusal, doing: str) -> EngineError:
    """The engines' error for what an SDK raised and what that tells; `doing` completes "cannot …"."""
    broken = None if refusal.status else broken_connection(error)
    if broken is None:
        return translate(refusal.status, refusal.code, refusal.message, doing, refusal.after)
    host = urlsplit(str(getattr(request_of(error), "url", None) or "")).hostname
    return unreachable(host or "Azure", broken, doing)


def broken_connection(error: BaseException) -> BaseException | None:
    """What it came of that no answer came, or not all of it."""
    return next((one for one in causes(error) if isinstance(one, broken_connections())), None)


def request_of(error: BaseException) -> Any:
    """The SDK's object for the request that an exception is about; None where it has none."""
    return next((asked for one in causes(error) if (asked := getattr(one, "request", None)) is not None), None)


def broken_connections() -> tuple[type[BaseException], ...]:
    """What is raised where no answer came, or not all of it."""
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError
    from requests import RequestException

    return RequestException, ServiceRequestError, ServiceResponseError, *cut_answers()


def cut_answers() -> tuple[type[BaseException], ...]:
    """What an answer raises that breaks off: nobody but us tries again then."""
    from azure.core.exceptions import IncompleteReadError
    from requests.exceptions import ChunkedEncodingError

    return ChunkedEncodingError, IncompleteReadError


def causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and those it came of; the SDK chains them in three ways."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting and len(seen) < _DEPTH:
        one = waiting.pop(0)
        # One of ours is about something else, which was tried before.
        if not isinstance(one, BaseException) or one in seen or isinstance(one, EngineError):
            continue
        seen.append(one)
        yield one
        waiting += [getattr(one, "inner_exception", None), one.__cause__, one.__context__]
