"""Deletions: accepted, and looked at as operations until they are over."""

from __future__ import annotations

import pytest

from specrun.engines.azure import deletion
from specrun.engines.azure.arm import Arm
from specrun.engines.azure.credentials import sign_in
from specrun.engines.azure.deletion import delete
from specrun.engines.base import Denied, EngineError, Progress
from tests.azure.fake_login import Answer, Fake
from tests.azure.signing import WITH_SECRET, having

ARM = "management.azure.com"
OPERATION = f"https://{ARM}/operation?type=async"
RESULT = f"https://{ARM}/operation?type=location"
UNDER_WAY, DONE = Answer(200, {"status": "InProgress"}), Answer(200, {"status": "Succeeded", "percentComplete": 100.0})


@pytest.fixture
def arm(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> Arm:
    having(monkeypatch, **WITH_SECRET)
    monkeypatch.setattr(deletion, "pace", lambda begun: 0.0)
    return Arm(sign_in(fake.transport), fake.transport)


def deleted(arm: Arm, fake: Fake, *answers: Answer) -> list[str]:
    """What is asked for, while Azure answers so, one after the other; the last for good."""
    left = list(answers)
    fake.answers[ARM] = lambda sent: left.pop(0) if len(left) > 1 else left[0]
    reports: list[Progress] = []
    delete(arm, "/workspaces/ml-ws", {}, "delete the workspace ml-ws", reports.append)
    asked = [sent for sent in fake.sent if sent.host == ARM]
    assert asked[0].form == {"api-version": deletion.VERSION}
    assert len(reports) == max(0, len(asked) - 2)
    return [f"{sent.path} {sent.form.get('type', '')}".strip() for sent in asked]


def test_the_operation_is_looked_at_until_it_is_over(arm: Arm, fake: Fake) -> None:
    accepted = Answer(202, "", {"Azure-AsyncOperation": OPERATION, "Location": RESULT})
    asked = deleted(arm, fake, accepted, UNDER_WAY, UNDER_WAY, DONE)
    assert asked == ["/workspaces/ml-ws", *["/operation async"] * 3]


def test_where_there_is_a_result_alone_its_status_tells(arm: Arm, fake: Fake) -> None:
    asked = deleted(arm, fake, Answer(202, "", {"Location": RESULT}), Answer(202, {}), Answer(202, ""), Answer(200, ""))
    assert asked == ["/workspaces/ml-ws", *["/operation location"] * 3]


@pytest.mark.parametrize("status", [200, 204, 404])
def test_what_is_gone_at_once_is_not_waited_for(arm: Arm, fake: Fake, status: int) -> None:
    assert deleted(arm, fake, Answer(status, "")) == ["/workspaces/ml-ws"]


def test_one_that_fails_says_why(arm: Arm, fake: Fake) -> None:
    accepted = Answer(202, "", {"Azure-AsyncOperation": OPERATION})
    failed = Answer(200, {"status": "Failed", "error": {"code": "ScopeLocked", "message": "There is a lock."}})
    with pytest.raises(Denied, match="cannot delete the workspace ml-ws: a lock protects"):
        deleted(arm, fake, accepted, UNDER_WAY, failed)
    with pytest.raises(EngineError, match="cannot delete the workspace ml-ws: Azure refused it"):
        deleted(arm, fake, accepted, Answer(200, {"status": "Canceled"}))


@pytest.mark.parametrize(("begun", "seconds"), [(0.0, 0.2), (10.0, 2.2), (3600.0, 5.0)])
def test_nobody_is_asked_all_the_time(monkeypatch: pytest.MonkeyPatch, begun: float, seconds: float) -> None:
    monkeypatch.setattr(deletion.time, "monotonic", lambda: begun)
    assert deletion.pace(0.0) == pytest.approx(seconds)
