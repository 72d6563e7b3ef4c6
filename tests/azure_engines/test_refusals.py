"""What the body of a refusal tells: the services write their errors in several forms, and each nests them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from specrun.engines.azure.refusals import Refusal, refusal_in, refusal_of


def inner(*codes: str, nested: str = "innerError") -> dict[str, Any] | None:
    """Errors within each other, the outermost first."""
    return {"code": codes[0], nested: inner(*codes[1:], nested=nested)} if codes else None


def front(code: str, message: str, *codes: str) -> dict[str, Any]:
    """An error of the machine learning front: the telling code is in what is added to it."""
    added: list[dict[str, Any]] = [{"type": "ComponentName", "info": {"value": "managementfrontend"}}]
    added += [{"type": "InnerError", "info": {"value": inner(*codes)}}] if codes else []
    return {"error": {"code": code, "message": message, "details": [], "additionalInfo": added}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (front("UserError", "no", "BadArgument", "ClusterCoreQuotaReached"), "ClusterCoreQuotaReached"),
        (front("UserError", "no", "BadArgument", "NobodyKnowsThis"), "UserError"),
        (front("UserError", "no"), "UserError"),
        ({"error": {"code": "UserError", "message": "no", "innerError": inner("QuotaExceeded")}}, "QuotaExceeded"),
        (
            {
                "error": {
                    "code": "UserError",
                    "message": "no",
                    "innererror": inner("A", "ScopeLocked", nested="innererror"),
                }
            },
            "ScopeLocked",
        ),
        ({"error": {"code": "UserError", "message": "no", "innerError": None}}, "UserError"),
        (
            {"error": {"code": "UserError", "message": "no", "additionalInfo": ["?", {"type": "InnerError"}, {}]}},
            "UserError",
        ),
    ],
)
def test_the_innermost_code_that_says_anything_counts(body: dict[str, Any], code: str) -> None:
    assert refusal_of(400, json.dumps(body), None) == Refusal(400, code, "no", None)


def test_details_tell_the_reason() -> None:
    body = front("UserError", "Request is invalid.", "RequestInvalid")
    body["error"]["details"] = [{"code": "RequestInvalid", "message": "Could not find member 'x'.", "details": []}]
    found = refusal_of(400, json.dumps(body), None)
    assert found.message == "Request is invalid. RequestInvalid: Could not find member 'x'."


@pytest.mark.parametrize("body", ["", "null", "[]", '""', '{"error": null}', '{"error": "gone"}'])
def test_an_answer_may_say_nothing(body: str) -> None:
    response: Any = SimpleNamespace(status_code=404, headers={}, text=body)
    assert refusal_in(response).status == 404
