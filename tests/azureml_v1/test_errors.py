"""What the SDK raises, as the engines' errors."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from specrun.engines.azure.refusals import Refusal
from specrun.engines.azureml_v1.errors import explain, failure_words, translated
from specrun.engines.azureml_v1.refusals import read_refusal
from specrun.engines.base import Denied, EngineError, Missing, Quota, Transient

DOING = "create the cluster gpu-cluster"


def answer(status: int, body: object, headers: dict[str, str] | None = None) -> requests.Response:
    """An answer of the service."""
    response = requests.Response()
    response.status_code = status
    response._content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    response.headers.update(headers or {})
    return response


def error_body(code: str, message: str, **more: object) -> dict[str, object]:
    """How the service says what is wrong."""
    return {"error": {"code": code, "message": message, **more}}


def compute_error(status: int, body: object, headers: dict[str, str] | None = None) -> Exception:
    """The SDK keeps the answer in its words alone."""
    from azureml.exceptions import ComputeTargetException

    content = json.dumps(body).encode()
    return ComputeTargetException(
        "Received bad response from Resource Provider:\n"
        f"Response Code: {status}\nHeaders: {headers or {}}\nContent: {content!r}"
    )


def chained(error: Exception, cause: Exception) -> Exception:
    """`error`, raised while `cause` was handled."""
    try:
        try:
            raise cause
        except Exception:  # noqa: BLE001
            raise error  # noqa: B904
    except Exception as raised:  # noqa: BLE001
        return raised


def http_error(status: int, body: object, headers: dict[str, str] | None = None) -> Exception:
    """As msrest raises it."""
    from msrest.exceptions import HttpOperationError

    return HttpOperationError(lambda *_: None, answer(status, body, headers))


def test_the_answer_in_the_words_of_a_compute_error() -> None:
    body = error_body("Forbidden", 'It isn\'t allowed: "no".')
    found = read_refusal(compute_error(403, body, {"retry-after": "7"}))
    assert found == Refusal(403, "Forbidden", 'It isn\'t allowed: "no".', 7.0)


def test_the_answer_in_the_words_of_a_workspace_error() -> None:
    from azureml.exceptions import ProjectSystemException

    text = json.dumps(
        {"url": "https://x", "status_code": 403, "error_details": error_body("Forbidden", "no")}, indent=4
    )
    assert read_refusal(ProjectSystemException(text)).status == 403


def test_the_answer_behind_an_error() -> None:
    from azureml.exceptions import ProjectSystemException

    cause = http_error(404, error_body("ResourceGroupNotFound", "Resource group 'g' could not be found."))
    found = explain(chained(ProjectSystemException("Workspace not found."), cause), "find the workspace ml-ws")
    assert isinstance(found, Missing)
    assert "no such resource group" in str(found)


def test_an_error_of_ours_that_was_handled_before_is_none_of_it() -> None:
    from azureml.exceptions import ComputeTargetException

    before = chained(EngineError("another"), http_error(403, error_body("Forbidden", "no")))
    after = chained(ComputeTargetException("ComputeTargetNotFound: Compute Target with name x not found"), before)
    assert isinstance(explain(after, DOING), Missing)


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


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_the_sdk_has_tried_again_is_not_tried_again(status: int) -> None:
    once = http_error(status, error_body("Busy", "busy"))
    assert isinstance(explain(once, DOING, retried=False), Transient)
    found = explain(once, DOING)
    assert not isinstance(found, Transient)
    assert f"HTTP {status}" in str(found)


def test_what_the_service_has_told_a_time_for_is_waited_for() -> None:
    found = explain(http_error(503, error_body("Busy", "busy"), {"Retry-After": "12"}), DOING)
    assert isinstance(found, Transient)
    assert found.after == 12


def test_a_broken_connection_names_the_host() -> None:
    from msrest.exceptions import ClientRequestError

    request = requests.Request("GET", "https://westeurope.api.azureml.ms/x").prepare()
    broken = requests.ConnectionError("Connection aborted", request=request)
    found = explain(chained(ClientRequestError("Error occurred in request.", broken), broken), DOING, retried=False)
    assert isinstance(found, Transient)
    assert "westeurope.api.azureml.ms" in str(found)
    assert not isinstance(explain(broken, DOING), Transient)


def test_too_many_error_responses() -> None:
    from msrest.exceptions import ClientRequestError

    found = explain(ClientRequestError("Error occurred in request., RetryError: too many 503 error responses"), DOING)
    assert type(found) is EngineError
    assert "HTTP 503" in str(found)


def test_a_service_exception_whose_text_cannot_be_had() -> None:
    from azureml.exceptions import ServiceException

    inner = SimpleNamespace(
        error=SimpleNamespace(error=SimpleNamespace(details=None)),
        response=answer(404, error_body("UserError", "Run x was not found.")),
        message="whatever",
    )
    raised: Any = ServiceException(inner)
    with pytest.raises(TypeError):
        str(raised)
    with pytest.raises(Missing, match="Run x was not found"), translated("find the run x"):
        raise raised


def test_an_answer_that_is_no_json() -> None:
    found = explain(http_error(502, "<html>Bad gateway</html>"), DOING)
    assert "HTTP 502" in str(found)
    with pytest.raises(EngineError, match="proxy"), translated(DOING):
        json.loads("<html>")


def test_other_errors_go_through() -> None:
    denied = Denied("no")
    with pytest.raises(Denied) as caught, translated(DOING):
        raise denied
    assert caught.value is denied
    with pytest.raises(ZeroDivisionError), translated(DOING):
        _ = 1 / 0


def test_why_something_accepted_has_failed() -> None:
    words = failure_words([{"error": {"code": "QuotaExceeded", "message": "No cores left."}}], DOING)
    assert words.startswith(f"cannot {DOING}: there is not enough quota")
    assert failure_words(None, DOING) == f"cannot {DOING}: the service gives no reason"
    assert "odd" in failure_words([{"error": "odd"}], DOING)


def test_quota_is_told_apart() -> None:
    body = error_body("ClusterCoreQuotaReached", "You have reached your cluster core quota.")
    assert isinstance(explain(compute_error(400, body), DOING), Quota)


def test_no_banner_of_the_sdk_in_a_message() -> None:
    from azureml.exceptions import SnapshotException

    bar = "=" * 68
    error = SnapshotException(f"{bar}\n\nWhile attempting to take snapshot of .\nIt exceeds 300 MB.\n\n{bar}\n\n")
    assert "While attempting to take snapshot of . It exceeds 300 MB." in str(explain(error, "submit the run x"))
    assert "==" not in str(explain(error, "submit the run x"))
