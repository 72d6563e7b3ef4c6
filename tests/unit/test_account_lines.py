"""Who is signed in and what pays, as people read it at 80 and at 120 columns, and as they are asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from specrun.apply.survey import survey
from specrun.engines.base import Denied
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Plan
from specrun.plan.observed import Account
from specrun.plan.resources import Place
from specrun.plan.saved import contents
from specrun.views.accounts import account_lines, question
from specrun.views.data import plan_data
from specrun.views.plan_text import plan_text
from specrun.views.text import Paint
from tests.engine_double import HERE, Double, graph_for, read_specs, write_spec

ID = "12345678-1234-1234-1234-123456780f3a"
ANNA = Account("anna@contoso.com", "Team ML", ID, "ml-rg")
WS = Place("azureml", "s/ml-rg/ml-ws", "workspace ml-ws")
TEST = Place("azureml", "s/ml-rg/test", "workspace test")


@pytest.mark.parametrize(
    ("account", "width", "lines"),
    [
        (ANNA, 120, ["resource group ml-rg, subscription Team ML (…0f3a), signed in as anna@contoso.com"]),
        (ANNA, 80, ["resource group ml-rg, subscription Team ML (…0f3a)", "signed in as anna@contoso.com"]),
        (replace(ANNA, subscription="", user=""), 120, [f"resource group ml-rg, subscription {ID}"]),
        (Account(user="anna@contoso.com"), 80, ["signed in as anna@contoso.com"]),
        (Account(), 80, []),
        (None, 80, []),
        (
            replace(ANNA, subscription="\x1b[31mred\n##[x]", user="a" * 99),
            200,
            [
                r"resource group ml-rg, subscription \x1b[31mred\n\x23#[x] (…0f3a), signed in as " + "a" * 59 + "…",
            ],
        ),
    ],
)
def test_below_the_heading(account: Account | None, width: int, lines: list[str]) -> None:
    assert list(account_lines(account, width)) == lines


def test_the_question() -> None:
    plan = Plan((WS,), (), {}, accounts={WS: ANNA})
    asked = "Carry out this plan on workspace ml-ws (subscription Team ML)"
    assert question(plan, 120) == f"{asked} as anna@contoso.com?"
    assert question(plan, 80) == f"{asked}\nas anna@contoso.com?"
    two = replace(plan, places=(WS, TEST), accounts={WS: ANNA, TEST: replace(ANNA, subscription="Other")})
    assert question(two, 200) == (
        "Carry out this plan on workspace ml-ws (subscription Team ML) and workspace test (subscription Other) "
        "as anna@contoso.com?"
    )
    assert question(replace(plan, accounts={}), 80) == "Carry out this plan on workspace ml-ws?"


def test_what_is_seen_stands_above_the_plan_and_in_no_saved_one(tmp_path: Path) -> None:
    spec = write_spec(tmp_path, "name: job\njob: {command: ls}\n")
    engine = Double(account=ANNA)
    graph = graph_for(read_specs(spec), tmp_path / "home")
    seen = survey({HERE: Reliable(engine)}, graph)[HERE]
    assert seen.account == ANNA
    plan = Plan((HERE,), (), {}, accounts={HERE: ANNA})
    assert "(engine double)\n  resource group ml-rg, subscription Team ML" in plan_text(plan, Paint(False), 120)
    told = plan_data(plan)
    assert (told["signed_in_as"], told["subscription"], told["target"]) == ("anna@contoso.com", "Team ML", "a double")
    assert "anna" not in str(contents(plan, {}, str(tmp_path), str)), "another person may apply it"


def test_that_nobody_can_say_who_is_signed_in_is_no_error(tmp_path: Path) -> None:
    graph = graph_for(read_specs(write_spec(tmp_path, "name: job\ncompute: cpu\n")), tmp_path / "home")
    engine = Double(account=ANNA, faults={"account": [Denied("no")]})
    seen = survey({HERE: Reliable(engine)}, graph)[HERE]
    assert (seen.account, seen.errors) == (None, {})
    assert "account" not in Double(account=ANNA).calls
    quiet = Double(account=ANNA)
    assert survey({HERE: Reliable(quiet)}, graph, accounts=False)[HERE].account is None
    assert "account" not in quiet.calls
