"""What the SDK raises, as the engines' errors."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from specrun.engines.azure.refusals import Refusal
from specrun.engines.azureml_v2.errors import explain, refusal_of_error, translated
from specrun.engines.base import Conflict, Denied, EngineError, Missing, Quota, Transient

DOING = "create the cluster gpu-cluster"


def error_body(code: str, message: str, **more: object) -> dict[str, object]:
    """How the service says what is wrong."""
    return {"error": {"code": code, "message": message, **more}}


def http_error(status: int, body: object, headers: dict[str, str] | None = None) -> Exception:
    """As azure-core raises it."""
    from azure.core.exceptions import HttpResponseError

    text = body if isinstance(body, str) else json.dumps(body)
    response: Any = SimpleNamespace(
        status_code=status, reason="reason", headers=headers or {}, text=lambda encoding=None: text, request=None
    )
    return HttpResponseError(response=response)


def chained(error: Exception, cause: Exception) -> Exception:
    """`error`, raised while `cause` was handled."""
    try:
        try:
            raise cause
        except Exception:  # noqa: BLE001
            raise error  # noqa: B904
    except Exception as raised:  # noqa: BLE001
        return raised


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (404, "ResourceNotFound", "gone", Missing),
        (403, "AuthorizationFailed", "no", Denied),
        (401, "InvalidAuthenticationToken", "no", Denied),
        (400, "ClusterCoreQuotaReached", "You have reached your cluster core quota.", Quota),
        (409, "Conflict", "busy", Conflict),
        (429, "TooManyRequests", "slow", Transient),
        (500, "InternalServerError", "trouble", Transient),
        (503, "ServerBusy", "busy", Transient),
    ],
)
def test_an_answer_is_told_by_its_status_and_code(
    status: int, code: str, message: str, kind: type[EngineError]
) -> None:
    found = explain(http_error(status, error_body(code, message)), DOING)
    assert type(found) is kind
    assert str(found).startswith(f"cannot {DOING}: ")


def test_what_asks_for_some_time_says_how_long() -> None:
    found = explain(http_error(429, error_body("TooManyRequests", "slow"), {"Retry-After": "12"}), DOING)
    assert isinstance(found, Transient)
    assert found.after == 12


def test_the_answer_behind_an_error() -> None:
    from azure.ai.ml.exceptions import MlException

    cause = http_error(404, error_body("ResourceGroupNotFound", "Resource group 'g' could not be found."))
    found = explain(chained(MlException("It failed.", no_personal_data_message=""), cause), "find the workspace ml-ws")
    assert isinstance(found, Missing)
    assert "no such resource group" in str(found)


def test_an_error_of_ours_that_was_handled_before_is_none_of_it() -> None:
    from azure.ai.ml.exceptions import MlException

    before = chained(EngineError("another"), http_error(403, error_body("Forbidden", "no")))
    found = explain(chained(MlException("It failed.", no_personal_data_message=""), before), DOING)
    assert type(found) is EngineError
    assert "It failed." in str(found)


def test_inner_errors_tell_the_reason() -> None:
    body = error_body(
        "DeploymentFailed",
        "At least one resource deployment operation failed.",
        details=[
            {"code": "Conflict", "message": "x", "details": [{"code": "StorageAccountAlreadyTaken", "message": "y"}]}
        ],
    )
    found = explain(http_error(409, body), DOING)
    assert not isinstance(found, Transient)
    assert "StorageAccountAlreadyTaken: y" in str(found)


def test_a_deployment_that_failed_keeps_its_reason_without_an_answer() -> None:
    from azure.core.exceptions import HttpResponseError, ODataV4Format

    error = HttpResponseError(message="(QuotaExceeded) No cores left.")
    error.error = ODataV4Format({"code": "QuotaExceeded", "message": "No cores left."})
    found = explain(error, DOING)
    assert isinstance(found, Quota)
    assert "No cores left." in str(found)


def test_messages_are_told_without_colours() -> None:
    from azure.ai.ml.exceptions import MlException

    painted = MlException("\x1b[31mNo.\x1b[0m Really.", no_personal_data_message="")
    assert refusal_of_error(painted) == Refusal(0, "", "No. Really.")


def test_what_the_sdk_finds_wrong_by_itself() -> None:
    from azure.ai.ml.exceptions import ValidationException

    with pytest.raises(EngineError, match=f"cannot {DOING}: .*The moon"), translated(DOING):
        raise ValidationException("The moon is in the way.", "", error_category="", target="")


def test_a_form_that_does_not_fit() -> None:
    from marshmallow.exceptions import ValidationError

    with pytest.raises(EngineError, match=f"cannot {DOING}: .*Not a valid integer"), translated(DOING):
        raise ValidationError({"size": ["Not a valid integer."]})


def test_a_broken_connection_names_the_host_and_was_tried_enough() -> None:
    from azure.core.exceptions import ServiceRequestError

    broken = ServiceRequestError("Connection refused")
    broken.request = SimpleNamespace(url="https://management.azure.com/x?secret")  # type: ignore[attr-defined]
    found = explain(broken, DOING)
    assert type(found) is EngineError
    assert "management.azure.com cannot be reached" in str(found)
    assert "secret" not in str(found)


def test_an_answer_that_breaks_off_may_be_asked_for_again() -> None:
    from azure.core.exceptions import IncompleteReadError

    assert isinstance(explain(IncompleteReadError("IncompleteRead(3 bytes read)"), DOING), Transient)


def test_an_answer_that_is_no_json() -> None:
    found = explain(http_error(502, "<html>Bad gateway</html>"), DOING)
    assert isinstance(found, Transient)
    assert "HTTP 502" in str(found)


def test_other_errors_go_through() -> None:
    denied = Denied("no")
    with pytest.raises(Denied) as caught, translated(DOING):
        raise denied
    assert caught.value is denied
    with pytest.raises(ZeroDivisionError), translated(DOING):
        _ = 1 / 0


def test_where_the_sdk_has_not_made_its_classes_yet_the_next_try_goes_right() -> None:
    """Its models complete themselves when they are first used, which two threads may do at once."""
    with pytest.raises(Transient, match="cannot list the runs"), translated("list the runs"):
        {}.as_dict()  # type: ignore[attr-defined]
    with pytest.raises(AttributeError), translated("list the runs"):
        [].as_dict()  # type: ignore[attr-defined]
