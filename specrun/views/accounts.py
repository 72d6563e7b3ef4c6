"""Who is signed in and what pays: below the heading of a place, and in the question whether a plan is meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from specrun.views.costs import asked
from specrun.views.text import shorten

if TYPE_CHECKING:
    from specrun.plan.changes import Plan
    from specrun.plan.observed import Account

ROOM = 60
"""Characters of a name that is not ours."""


def account_lines(account: Account | None, width: int) -> Iterator[str]:
    """`resource group ml-rg, subscription Team ML (…0f3a), signed in as anna@contoso.com`: on one line, or on two."""
    if account is None:
        return
    group = f"resource group {shorten(account.resource_group, ROOM)}" if account.resource_group else ""
    pays = _subscription(account)
    if account.subscription and account.subscription_id:
        pays += f" (…{shorten(account.subscription_id[-4:], 4)})"  # names are not unique
    where = ", ".join(part for part in (group, pays) if part)
    user = f"signed in as {shorten(account.user, ROOM)}" if account.user else ""
    parts = [part for part in (where, user) if part]
    whole = ", ".join(parts)
    yield from parts if len(whole) + 2 > width or not parts else [whole]


def account_data(account: Account | None) -> Mapping[str, object]:
    """The same for programs; null for what nobody knows."""
    if account is None:
        return {}
    return {
        "resource_group": account.resource_group or None,
        "subscription_id": account.subscription_id or None,
        "subscription": account.subscription or None,
        "signed_in_as": account.user or None,
    }


def question(plan: Plan, width: int) -> str:
    """`Carry out this plan on workspace ml-ws (subscription Team ML), for at most 12.40 EUR, as anna@contoso.com?`: on
    one line, or on two.
    """
    places = []
    users: dict[str, None] = {}
    for place in plan.places:
        account = plan.accounts.get(place)
        pays = f" ({_subscription(account)})" if account is not None and _subscription(account) else ""
        places.append(f"{shorten(place.title, ROOM)}{pays}")
        if account is not None and account.user:
            users[account.user] = None
    what = f"Carry out this plan on {' and '.join(places)}"
    who = f" as {' and '.join(shorten(user, ROOM) for user in users)}" if users else ""
    what += f", for {cost}" if (cost := asked(plan)) else ""
    answers = len("? [y/N]: y")
    return f"{what}{who}?" if len(what) + len(who) + answers <= width or not who else f"{what}\n{who.strip()}?"


def _subscription(account: Account) -> str:
    name = account.subscription or account.subscription_id
    return f"subscription {shorten(name, ROOM)}" if name else ""
