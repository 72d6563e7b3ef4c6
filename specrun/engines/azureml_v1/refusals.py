"""What an exception of the SDK tells about an answer of the service: in its response, or in nothing but its words."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from specrun.engines.azure.refusals import Refusal, broken_connections, causes, refusal_in, refusal_of

_STATUS = re.compile(
    r"Response Code: (\d{3})|too many (\d{3}) error responses|to storage\. Code: (\d{3})|\"status_code\": (\d{3})"
)
_CONTENT = re.compile(r"^Content: (b?'.*'|b?\".*\")$", re.MULTILINE | re.DOTALL)
_BANNER = re.compile(r"={10,}")
_RETRY_AFTER = re.compile(r"'Retry-After': '(\d+)'", re.IGNORECASE)

NOT_SEEN = "ComputeTargetNotFound"
"""The code that the SDK itself gives when it asks for a compute that is not there."""


def read_refusal(error: BaseException) -> Refusal:
    """What an exception, or one that it came of, says about an answer of the service."""
    for one in causes(error):
        response: Any = getattr(one, "response", None)
        if isinstance(getattr(response, "status_code", None), int):
            return refusal_in(response)
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
    return refusal_of(number, _literal(content[1]) if content else "", float(after[1]) if after else None)


def _from_json(text: str) -> Refusal | None:
    """The execution and snapshot services' answers, as the SDK writes them into its messages."""
    try:
        content = json.loads(text)
    except ValueError:
        return None
    if not isinstance(content, dict) or not isinstance(content.get("status_code"), int):
        return None
    body = content.get("error_details") or ""
    return refusal_of(content["status_code"], body if isinstance(body, str) else json.dumps(body), None)


def _literal(text: str) -> str:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _words(error: BaseException) -> str:
    # Not str(error): that of a ServiceException may itself raise.
    message = getattr(error, "message", None)
    words = str(message) if message else ", ".join(map(str, error.args))
    return " ".join(_BANNER.sub(" ", words).split()) if _BANNER.search(words) else words
