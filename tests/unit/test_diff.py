from __future__ import annotations

import pytest

from specrun.engines.facts import CASELESS
from specrun.plan.changes import FieldChange
from specrun.plan.diff import diff
from specrun.plan.resources import Capability
from specrun.spec.model import Properties, Secret

ANYTHING = Capability(None, caseless=CASELESS)
LIMITS = Capability(frozenset({"max_instances", "tags"}))


@pytest.mark.parametrize(
    ("desired", "observed"),
    [
        ({"size": "STANDARD_NC6"}, {"size": "standard_nc6"}),
        ({"location": "West Europe"}, {"location": "westeurope"}),
        ({"subscription_id": "ABC"}, {"subscription_id": "abc"}),
        ({"network_settings": {"vnet_name": "Net"}}, {"network_settings": {"vnet_name": "net", "subnet": "other"}}),
        ({}, {"max_instances": 7, "tags": {"a": "b"}}),
        ({"tags": {"a": "b"}}, {"tags": {"a": "b", "specrun": "me"}}),
        ({"credentials": {"account_key": Secret("KEY")}}, {}),
        ({"credentials": {"account_key": Secret("KEY")}}, {"credentials": {"account_key": "something"}}),
        ({"credentials": {"client_id": "abc", "client_secret": Secret("KEY")}}, {}),
        ({"ssh_settings": {"admin_password": Secret("KEY")}}, {"ssh_settings": None}),
        ({"min_instances": 0}, {"min_instances": 0}),
    ],
)
def test_the_same(desired: Properties, observed: Properties) -> None:
    assert diff(desired, observed, ANYTHING) == ()


@pytest.mark.parametrize(
    ("desired", "observed", "path", "before", "after"),
    [
        ({"tier": "dedicated"}, {"tier": "low_priority"}, "tier", "low_priority", "dedicated"),
        ({"tier": "Dedicated"}, {"tier": "dedicated"}, "tier", "dedicated", "Dedicated"),
        ({"tags": {"Team": "Vision"}}, {"tags": {"Team": "vision"}}, "tags.Team", "vision", "Vision"),
        ({"max_instances": 2}, {}, "max_instances", None, 2),
        ({"network_settings": {"subnet": "a"}}, {}, "network_settings.subnet", None, "a"),
        ({"network_settings": {"subnet": "a"}}, {"network_settings": "x"}, "network_settings.subnet", None, "a"),
        (
            {"ssh_settings": {"admin_username": "a", "admin_password": Secret("K")}},
            {},
            "ssh_settings.admin_username",
            None,
            "a",
        ),
    ],
)
def test_different(desired: Properties, observed: Properties, path: str, before: object, after: object) -> None:
    assert diff(desired, observed, ANYTHING) == (FieldChange(path, before, after),)


def test_a_field_that_cannot_change_in_place_forces_replacing() -> None:
    desired = {"max_instances": 4, "network_settings": {"subnet": "b"}, "tags": {"team": "x"}}
    found = diff(desired, {"max_instances": 2, "network_settings": {"subnet": "a"}}, LIMITS)
    assert [(change.path, change.forces_replace, change.reason) for change in found] == [
        ("max_instances", False, ""),
        ("network_settings.subnet", True, "network_settings cannot change in place"),
        ("tags.team", False, ""),
    ]


def test_what_no_service_tells_is_not_compared() -> None:
    capability = Capability(frozenset(), write_only=frozenset({"ssh_settings.ssh_key_value"}))
    desired = {"ssh_settings": {"admin_username": "me", "ssh_key_value": "ssh-ed25519 AAAA"}}
    assert diff(desired, {"ssh_settings": {"admin_username": "me"}}, capability) == ()
    assert [change.path for change in diff(desired, {}, capability)] == ["ssh_settings.admin_username"]
    unlike = {"ssh_key_value": "x"}
    assert len(diff(unlike, {}, capability)) == 1
