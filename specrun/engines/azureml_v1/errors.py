"""What the SDK raises, as the engines' errors: its exceptions are of a dozen families, and few say what happened."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from specrun.engines.azure.arm_errors import translate
from specrun.engines.azure.network import unreachable
from specrun.engines.base import EngineError, Transient

_STATUS = re.compile(r"Response Code: (\d{3})|too many (\d{3}) error responses|\"status_code\": (\d{3})")
_CONTENT = re.compile(r"^Content: (b?'.*'|b?\".*\")$", re.MULTILINE | re.DOTALL)
_RETRY_AFTER = re.compile(r"'Retry-After': '(\d+)'", re.IGNORECASE)
_DEPTH = 10

NOT_SEEN = "ComputeTargetNotFound"
"""The code that the SDK itself gives when it asks for a compute that is not there."""


Retried: TypeAlias = bool | Literal["but 429"]
"""What the SDK has tried again by itself: broken connections, 5xx and 429; all but 429; or nothing."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is known of a refused request: HTTP's status (0: there was none), Azure's code and words, Retry-After."""

    status: int = 0
    code: str = ""
    message: str = ""
    after: float | None = None


@contextmanager
def translated(doing: str, retried: Retried = True) -> Iterator[None]:
    """Raise what the SDK raises as one of the engines' errors.

    `doing` completes "cannot …", as in "create the cluster gpu-cluster". `retried` says what the SDK has already tried
    again: of that only what the service has told a time for is Transient.
    """
    try:
        yield
    except _families() as error:
        raise explain(error, doing, retried) from error
    except json.JSONDecodeError as error:
        raise EngineError(
            f"cannot {doing}: what came is not what Azure answers ({error}). Is a proxy in between?"
        ) from error


def explain(error: BaseException, doing: str, retried: Retried = True) -> EngineError:
    """The engines' error for an exception of the SDK or of what it is built on."""
    refusal = read_refusal(error)
    broken = None if refusal.status else _broken_connection(error)
    if broken is not None:
        host = urlsplit(str(getattr(getattr(broken, "request", None), "url", "") or "")).hostname
        found = unreachable(host or "Azure", broken, doing)
    else:
        found = translate(refusal.status, refusal.code, refusal.message, doing, refusal.after)
    if not isinstance(found, Transient) or found.after is not None or isinstance(broken, _cut_answers()):
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
    return str(translate(0, str(first.get("code") or ""), " ".join(_said(first)), doing))


def read_refusal(error: BaseException) -> Refusal:
    """What an exception, or one that it came of, says about an answer of the service."""
    for one in _causes(error):
        response: Any = getattr(one, "response", None)
        if isinstance(getattr(response, "status_code", None), int):
            wait = str(getattr(response, "headers", {}).get("Retry-After", ""))
            return _refusal(response.status_code, _body(response), float(wait) if wait.isdigit() else None)
    return _from_text(_words(error))


def _from_text(text: str) -> Refusal:
    """The SDK keeps some answers in nothing but its words."""
    if text.startswith(NOT_SEEN):
        return Refusal(404, NOT_SEEN, text)
    told = _from_json(text)
    if told is not None:
        return told
    status = _STATUS.search(text)
    content = _CONTENT.search(text)
    after = _RETRY_AFTER.search(text)
    if status is None:
        return Refusal(message=text)
    number = int(next(group for group in status.groups() if group))
    return _refusal(number, _literal(content[1]) if content else "", float(after[1]) if after else None)


def _from_json(text: str) -> Refusal | None:
    """The execution and snapshot services' answers, as the SDK writes them into its messages."""
    try:
        content = json.loads(text)
    except ValueError:
        return None
    if not isinstance(content, dict) or not isinstance(content.get("status_code"), int):
        return None
    body = content.get("error_details") or ""
    return _refusal(content["status_code"], body if isinstance(body, str) else json.dumps(body), None)


def _literal(text: str) -> str:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _refusal(status: int, body: str, after: float | None) -> Refusal:
    try:
        content = json.loads(body)
    except ValueError:
        return Refusal(status, "", body, after)
    error = content.get("error") or content.get("Error") or content if isinstance(content, dict) else {}
    if not isinstance(error, dict):
        return Refusal(status, "", str(error), after)
    return Refusal(status, str(error.get("code") or ""), " ".join(_said(error)), after)


def _said(error: dict[str, Any], depth: int = 0) -> Iterator[str]:
    """An error's words, then those of the errors inside it, each with its code: the inner ones tell the reason."""
    code, message = str(error.get("code") or ""), str(error.get("message") or "")
    if message:
        yield message if not depth or code in message else f"{code}: {message}"
    inner = error.get("details") or []
    for one in inner if isinstance(inner, list) and depth < _DEPTH else ():
        if isinstance(one, dict):
            yield from _said(one, depth + 1)


def _body(response: Any) -> str:
    text = getattr(response, "text", "")
    return str(text() if callable(text) else text)


def _words(error: BaseException) -> str:
    # Not str(error): that of a ServiceException may itself raise.
    message = getattr(error, "message", None)
    return str(message) if message else ", ".join(map(str, error.args))


def _broken_connection(error: BaseException) -> BaseException | None:
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError
    from requests import RequestException

    kinds = (RequestException, ServiceRequestError, ServiceResponseError, *_cut_answers())
    return next((one for one in _causes(error) if isinstance(one, kinds)), None)


def _cut_answers() -> tuple[type[BaseException], ...]:
    """What an answer raises that breaks off: nobody but us tries again then."""
    from azure.core.exceptions import IncompleteReadError
    from requests.exceptions import ChunkedEncodingError

    return ChunkedEncodingError, IncompleteReadError


def _causes(error: BaseException) -> Iterator[BaseException]:
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


def _families() -> tuple[type[BaseException], ...]:
    from azure.core.exceptions import AzureError
    from azureml.exceptions import AzureMLException
    from msrest.exceptions import ClientException
    from requests import RequestException

    return AzureMLException, AzureError, ClientException, RequestException
