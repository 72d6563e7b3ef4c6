"""Whose token it is, in words: claims as Entra ID gives them, and what is none."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from emulator.identities import Directory, Principal, jwt
from specrun.engines.azure.accounts import name_in

GROUP = "/subscriptions/s/resourcegroups/rg/providers"


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"upn": "anna@contoso.com", "unique_name": "x@y", "appid": "04b0"}, "anna@contoso.com"),
        ({"preferred_username": "anna@contoso.com", "azp": "04b0"}, "anna@contoso.com"),
        ({"unique_name": "live.com#anna@outlook.com", "appid": "04b0"}, "anna@outlook.com"),
        ({"email": "anna@contoso.com"}, "anna@contoso.com"),
        ({"appid": "0f3a"}, "service principal 0f3a"),
        ({"azp": "0f3a", "ver": "2.0"}, "service principal 0f3a"),
        ({"appid": "0f3a", "app_displayname": "ci"}, "service principal ci"),
        (
            {"appid": "0f3a", "xms_mirid": f"{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/ml-id"},
            "managed identity ml-id",
        ),
        ({"xms_mirid": f"{GROUP}/Microsoft.Compute/virtualMachines/vm1"}, "managed identity of vm1"),
        ({"upn": 7, "appid": ["x"]}, ""),
        ({}, ""),
    ],
)
def test_whose_token_it_is(claims: dict[str, Any], name: str) -> None:
    assert name_in(jwt(claims)) == name


@pytest.mark.parametrize("text", ["", "opaque", "a.b", "a.!!.c", "é.é.é", "[" * 10, f"x.{'[' * 200000}.x"])
def test_what_is_no_token_has_no_name(text: str) -> None:
    assert name_in(text) == ""


@pytest.mark.parametrize("payload", [b"[]", b"null", b"\xff", b'"text"', b"[" * 100_000])
def test_what_holds_no_claims_has_no_name(payload: bytes) -> None:
    assert name_in(f"a.{base64.urlsafe_b64encode(payload).decode()}.c") == ""


def test_the_emulators_tokens_say_who_it_is() -> None:
    directory = Directory()
    person, app = Principal("somebody@specrun.example"), Principal("specrun-tests")
    assert name_in(directory.issue("t", person, "a")[0]) == "somebody@specrun.example"
    assert name_in(directory.issue("t", app, "a")[0]) == f"service principal {app.client_id}"
    assert name_in(directory.issue("t", app, "a", f"{GROUP}/userAssignedIdentities/mine")[0]) == "managed identity mine"
