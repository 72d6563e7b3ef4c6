"""Clusters as the SDKs read them, in the spec's own words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from specrun.engines.azure.coordinates import Coordinates
from specrun.engines.azureml_v1 import cluster_form as v1
from specrun.engines.azureml_v2 import cluster_form as v2
from specrun.engines.facts import AZUREML, AZUREML_V1, Facts
from specrun.plan.diff import diff

RSA, OTHER = "ssh-rsa AAAAB3Nz", "ssh-rsa AAAAC4Oz"


def seen_by_v2(key: str | None, wanted: dict[str, Any]) -> dict[str, object]:
    from azure.ai.ml.entities import AmlCompute, AmlComputeSshSettings

    account = AmlComputeSshSettings(admin_username="me", ssh_key_value=key)
    return v2.properties_of(AmlCompute(name="c", ssh_settings=account), wanted, Coordinates("s", "g", "w"))


def seen_by_v1(key: str | None, wanted: dict[str, Any]) -> dict[str, object]:
    names = ("scale_settings", "vm_priority", "description", "tags", "vnet_name", "identity_type", "identity_id")
    more = dict.fromkeys((*names, "vm_size", "remote_login_port_public_access"))
    target = SimpleNamespace(name="c", admin_username="me", admin_user_ssh_key=key, **more)
    return v1.properties_of(target, wanted, {})


@pytest.mark.parametrize(("facts", "seen_by"), [(AZUREML, seen_by_v2), (AZUREML_V1, seen_by_v1)])
@pytest.mark.parametrize(
    ("there", "asked", "differs"),
    [
        (RSA, RSA, False),
        (f"{RSA} me@work", f"{RSA}  me@home\n", False),
        (f"{RSA}\n", f" {RSA}", False),
        (None, RSA, False),  # not told: nothing speaks against it
        (OTHER, RSA, True),
        (f"{OTHER} me@home", f"{RSA} me@home", True),
    ],
)
def test_a_public_key_is_compared_without_its_comment(
    facts: Facts, seen_by: Any, there: str | None, asked: str, *, differs: bool
) -> None:
    wanted = {"ssh_settings": {"admin_username": "me", "ssh_key_value": asked}}
    (*fields,) = diff(wanted, seen_by(there, wanted), facts.capabilities["compute"])
    assert [field.path for field in fields] == (["ssh_settings.ssh_key_value"] if differs else [])
    assert all(field.forces_replace for field in fields)


@pytest.mark.parametrize("seen_by", [seen_by_v2, seen_by_v1])
def test_a_key_that_nobody_asks_for_is_told(seen_by: Any) -> None:
    assert seen_by(RSA, {})["ssh_settings"] == {"admin_username": "me", "ssh_key_value": RSA}
