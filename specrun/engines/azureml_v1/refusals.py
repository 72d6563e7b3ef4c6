"""What an exception of the SDK tells about an answer of the service: in its response, or in nothing but its words."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from specrun.engines.base import EngineError

_STATUS = re.compile(
    r"Response Code: (\d{3})|too many (\d{3}) error responses|to storage\. Code: (\d{3})|\"status_code\": (\d{3})"
)
_CONTENT = re.compile(r"^Content: (b?'.*'|b?\".*\")$", re.MULTILINE | re.DOTALL)
_RETRY_AFTER = re.compile(r"'Retry-After': '(\d+)'", re.IGNORECASE)
_DEPTH = 10

NOT_SEEN = "ComputeTargetNotFound"
"""The code that the SDK itself gives when it asks for a compute that is not there."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is known of a refused request: HTTP's status (0: there was none), Azure's code and words, Retry-After."""

    status: int = 0
    code: str = ""
    message: str = ""
    after: float | None = None


def read_refusal(error: BaseException) -> Refusal:
    """What an exception, or one that it came of, says about an answer of the service."""
    for one in causes(error):
        response: Any = getattr(one, "response", None)
        if isinstance(getattr(response, "status_code", None), int):
            wait = str(getattr(response, "headers", {}).get("Retry-After", ""))
            return _refusal(response.status_code, _body(response), float(wait) if wait.isdigit() else None)
        if isinstance(one, broken_connections()):
            # What it came of was answered before. One that was answered too often with trouble says so in its words.
            return _from_text(f"{_words(error)} {one}")
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
    return Refusal(status, str(error.get("code") or ""), " ".join(said(error)), after)


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


def _words(error: BaseException) -> str:
    # Not str(error): that of a ServiceException may itself raise.
    message = getattr(error, "message", None)
    return str(message) if message else ", ".join(map(str, error.args))


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
