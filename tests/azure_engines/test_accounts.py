"""Who is signed in and what pays stand above a plan, with either SDK; that they cannot be read stops nobody."""

from __future__ import annotations

import json
from pathlib import Path

from emulator.faults import Status
from specrun.engines.azure.engine import AzureEngine
from specrun.engines.base import Scope
from specrun.plan.observed import Account
from tests.azure_engines.conftest import Specrun
from tests.azure_engines.place import ARM, Place

SUBSCRIPTION = f"GET {ARM}"
SPEC = """
apiVersion: specrun/v1
name: job
workspace: {from_config: config.json}
compute: {name: cpu, size: STANDARD_DS3_V2, max_instances: 1}
"""


def test_the_heading_of_a_plan(place: Place, specrun: Specrun) -> None:
    service = place.emulator.service
    Path("job.yaml").write_text(SPEC)
    before = len(place.emulator.requests)
    code, out, err = specrun("plan", "job.yaml")
    assert code == 0, err
    end = service.subscription[-4:]
    assert f"\n  resource group ml-rg, subscription specrun-tests (…{end})\n  signed in as service principal " in out
    asked = place.emulator.requests[before:]
    assert sum(one.host.startswith("login.") and one.method == "POST" for one in asked) == 1, "one token is enough"
    assert [one.route for one in asked].count(SUBSCRIPTION) == 1

    place.emulator.faults.add(SUBSCRIPTION, Status(403, "AuthorizationFailed", "No."), times=None)
    code, out, err = specrun("plan", "-o", "json", "job.yaml")
    assert code == 0, err
    told = json.loads(out)
    assert told["signed_in_as"] == f"service principal {service.owner.client_id}"
    assert (told["resource_group"], told["subscription_id"]) == ("ml-rg", service.subscription)
    assert told["subscription"] is None
    assert told["complete"]
    assert "AuthorizationFailed" not in err


def test_one_request_for_all_workspaces_of_a_subscription(place: Place) -> None:
    service = place.emulator.service
    scope = Scope({"name": "one", "resource_group": "rg", "subscription_id": service.subscription}, shared={})
    other = Scope({**scope.workspace, "name": "two"}, shared=scope.shared)  # type: ignore[dict-item]
    accounts = [opened(place, one).accounts.current() for one in (scope, other, scope)]
    who = f"service principal {service.owner.client_id}"
    assert accounts == [Account(who, "specrun-tests", service.subscription, "rg")] * 3
    assert [one.route for one in place.emulator.requests].count(SUBSCRIPTION) == 1


def opened(place: Place, scope: Scope) -> AzureEngine:
    from specrun.engines.azure.coordinates import place_of
    from specrun.plan.hashes import HashCache

    home = place.folder / ".specrun"
    return place.make(place_of("azureml", scope.workspace), home, HashCache(home), scope)
