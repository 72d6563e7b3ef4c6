"""Who is signed in, and what a workspace's subscription is called: for people to read. Nothing is decided by it, so no
signature is looked at.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from specrun.engines.azure.arm import Arm
from specrun.engines.azure.connection import Connection, asked
from specrun.engines.azure.fetched import Fetched
from specrun.engines.base import EngineError
from specrun.plan.observed import Account
from specrun.spec.frozen import dataclass

_VERSION = {"api-version": "2022-12-01"}  # of subscriptions
_PERSON = ("upn", "preferred_username", "unique_name", "email")
_OF_MICROSOFT = "live.com#"


@dataclass(frozen=True, slots=True)
class Accounts:
    """The account of one workspace. `audience` is whom the SDK's tokens are for: no other is asked for."""

    connection: Connection[Any]
    audience: str

    @asked
    def current(self) -> Account:
        """Who is signed in: the sign-in's own token says it. A request for the subscription's name, once for all
        workspaces in it; where that is refused it has none.
        """
        at = self.connection.coordinates
        user = name_in(self.connection.credential.token_for(self.audience))
        fetch = partial(self._subscription, at.subscription_id)
        kept: Fetched[str] = self.connection.shared.setdefault(f"subscription {at.subscription_id}", Fetched(fetch))
        try:
            name = kept.get()
        except EngineError:
            name = ""
        return Account(user, name, at.subscription_id, at.resource_group)

    def _subscription(self, subscription_id: str) -> str:
        arm = Arm(self.connection.credential, audience=self.audience)
        what = f"read the name of the subscription {subscription_id}"
        answer = arm.get(f"/subscriptions/{subscription_id}", _VERSION, what)
        return str(answer.get("displayName") or "") if isinstance(answer, Mapping) else ""


def name_in(token: str) -> str:
    """Whose token it is, in words; "" where it does not say, or is none that can be read."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, RecursionError):
        return ""
    if not isinstance(claims, dict):
        return ""

    def first(*names: str) -> str:
        return next((text for name in names if isinstance(text := claims.get(name), str) and text), "")

    if person := first(*_PERSON):
        return person.removeprefix(_OF_MICROSOFT)
    if identity := first("xms_mirid"):  # the resource id of the identity, or of what has one of its own
        whose = "" if "/userassignedidentities/" in identity.lower() else "of "
        return f"managed identity {whose}{identity.rpartition('/')[2]}"
    app = first("app_displayname", "appid", "azp")
    return f"service principal {app}" if app else ""
