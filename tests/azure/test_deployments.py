"""Deployments under way, and waiting for them; against Azure Resource Manager's answers in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.credentials import SignIn, sign_in
from specrun.engines.azure.deployments import PATIENCE, await_deployments, running_deployments
from specrun.engines.base import Conflict, Denied, EngineError, Progress, Transient
from tests.azure.fake_login import Answer, Fake, Sent
from tests.azure.signing import WITH_SECRET, having

ARM = "management.azure.com"


@pytest.fixture
def signing(monkeypatch: pytest.MonkeyPatch, fake: Fake) -> SignIn:
    having(monkeypatch, **WITH_SECRET)
    return sign_in(fake.transport)


def answer(fake: Fake, **states: list[str]) -> None:
    """From now on these deployments are in these states."""

    def listed(sent: Sent) -> Answer:
        names = states.get(sent.form["$filter"].split("'")[1], [])
        return Answer(200, {"value": [{"name": name} for name in names]})

    fake.answers[ARM] = listed


def test_what_has_not_ended_is_listed(fake: Fake, signing: SignIn) -> None:
    answer(fake, Running=["b"], Accepted=["c", "a"], Succeeded=["old"], Failed=["bad"])
    assert running_deployments(signing, "sub", "ml-rg", fake.transport) == ["a", "b", "c"]
    first, second = (sent for sent in fake.sent if sent.host == ARM)
    assert first.path == "/subscriptions/sub/resourcegroups/ml-rg/providers/Microsoft.Resources/deployments/"
    assert first.form == {"$filter": "provisioningState eq 'Accepted'", "api-version": "2021-04-01"}
    assert first.headers["authorization"] == "Bearer token-1"
    assert second.form["$filter"] == "provisioningState eq 'Running'"


def test_all_pages_are_read(fake: Fake, signing: SignIn) -> None:
    def page(sent: Sent) -> Answer:
        if sent.form.get("page") == "2":
            return Answer(200, {"value": [{"name": "z"}]})
        return Answer(200, {"value": [{"name": "a"}], "nextLink": f"https://{ARM}/next?page=2"})

    fake.answers[ARM] = page
    assert running_deployments(signing, "sub", "ml-rg", fake.transport) == ["a", "z"]


def test_a_list_that_leads_back_to_itself_ends(fake: Fake, signing: SignIn) -> None:
    fake.answers[ARM] = lambda sent: Answer(200, {"value": [], "nextLink": f"https://{ARM}/next?page=2"})
    with pytest.raises(EngineError, match=r"cannot list the deployments of ml-rg: .* leads back to itself"):
        running_deployments(signing, "sub", "ml-rg", fake.transport)


def test_a_group_that_is_not_there_has_none(fake: Fake, signing: SignIn) -> None:
    fake.answers[ARM] = lambda sent: Answer(404, {"error": {"code": "ResourceGroupNotFound", "message": "x"}})
    assert running_deployments(signing, "sub", "ml-rg", fake.transport) == []


def test_refusals_are_told_apart(fake: Fake, signing: SignIn) -> None:
    words = "does not have authorization to perform action 'Microsoft.Resources/x/read' over scope '/s'"
    fake.answers[ARM] = lambda sent: Answer(403, {"error": {"code": "AuthorizationFailed", "message": words}})
    with pytest.raises(Denied, match=r"cannot list the deployments of ml-rg: .*`Microsoft.Resources/x/read` on `/s`"):
        running_deployments(signing, "sub", "ml-rg", fake.transport)
    fake.answers[ARM] = lambda sent: Answer(429, "slow down", {"Retry-After": "9"})
    with pytest.raises(Transient, match="slow down") as busy:
        running_deployments(signing, "sub", "ml-rg", fake.transport)
    assert busy.value.after == 9.0
    del fake.answers[ARM]
    with pytest.raises(Transient, match=f"cannot list the deployments of ml-rg: {ARM} cannot be reached"):
        running_deployments(signing, "sub", "ml-rg", fake.transport)
    assert fake.waits == [], "what can be tried again is told, not tried here"


def test_a_missing_subscription_is_no_empty_list(fake: Fake, signing: SignIn) -> None:
    fake.answers[ARM] = lambda sent: Answer(404, {"error": {"code": "SubscriptionNotFound", "message": "x"}})
    with pytest.raises(Denied, match="no such subscription"):
        running_deployments(signing, "sub", "ml-rg", fake.transport)


def test_waiting_says_for_what(fake: Fake, signing: SignIn) -> None:
    states: Iterator[dict[str, list[str]]] = iter([{"Running": ["a", "b"]}, {"Running": ["b"]}, {}])
    answer(fake, **next(states))
    reports: list[Progress] = []
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        answer(fake, **next(states))

    waited = await_deployments(signing, "sub", "ml-rg", reports.append, poll=2.0, wait=wait, transport=fake.transport)
    assert (waited, waits) == (2, [2.0, 2.0])
    assert [report.text for report in reports] == [
        "waiting for the deployment a, b in ml-rg",
        "waiting for the deployment b in ml-rg",
    ]


def test_waiting_ends(fake: Fake, signing: SignIn) -> None:
    answer(fake, Running=["stuck"])
    reports: list[Progress] = []
    with pytest.raises(Conflict, match="the deployment stuck in the resource group ml-rg has not ended within 60 min"):
        await_deployments(
            signing, "sub", "ml-rg", reports.append, poll=PATIENCE / 2, wait=lambda s: None, transport=fake.transport
        )
    assert len(reports) == 2


def test_a_proxys_page_in_between_is_no_bug(fake: Fake, signing: SignIn) -> None:
    fake.answers[ARM] = lambda sent: Answer(403, "<html>Blocked</html>")
    with pytest.raises(Denied, match="Blocked"):
        Arm(signing, fake.transport).get("/x", {}, "read it")
