"""The emulator's answers have the shapes of recorded ones; and a difference is seen and said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from emulator import retail
from emulator.contracts import Contract, contracts, differences, left_out, matching
from emulator.emulator import Emulator
from specrun.convert.retail_prices import hours_of, read_answers
from specrun.engines.azure.retail import pages
from tests.emulator.scenes import SCENES, Stage


def contract(body: Any, **headers: Any) -> Contract:
    return Contract("a/b", "nobody", "GET", "host", "/path", {}, 200, headers=headers, body=body)


@pytest.mark.parametrize(
    ("shape", "value", "told"),
    [
        ({"a": "text"}, {"a": "x"}, []),
        ({"a": "text"}, {}, ["a: missing"]),
        ({"a": "text"}, {"a": None}, ["a: null, not text"]),
        ({"a": None}, {"a": 0}, ["a: a number, not null"]),
        ({"a": "text|null"}, {"a": None}, []),
        ({"a?": "text"}, {}, []),
        ({"a": "text"}, {"a": "x", "b": None}, ["b: is there, null"]),
        ({"a": "int"}, {"a": True}, ["a: a flag, not int"]),
        ({"a": "=Creating"}, {"a": "Updating"}, ["a: 'Updating', not =Creating"]),
        ({"a": "~^x"}, {"a": "y/1"}, ["a: a text, not as recorded"]),
        ({"*": "text"}, {"a": "x", "b": 1}, ["*: a number, not text"]),
        ({"a": None}, {"a": "Somebody"}, ["a: a text, not null"]),
        ({"a": {}}, {"a": {"/somebodys/id": {}}}, ["a.*: is there, a mapping"]),
        ({"a": {"or": None, "b": "flag"}}, {"a": None}, []),
        ({"a": {"b": "flag"}}, {"a": None}, ["a: null, not a mapping"]),
        ({"a": []}, {"a": [1]}, ["a[0]: is there, where the list is empty"]),
        ({"a": ["text", {"b": "int"}]}, {"a": ["x", {"b": 1}, {"b": "x"}]}, ["a[2].b: a text, not int"]),
    ],
)
def test_a_difference_is_said_with_its_place(shape: Any, value: Any, told: list[str]) -> None:
    assert differences(contract(shape), 200, {}, json.dumps(value).encode()) == told


def test_status_headers_and_an_empty_body_count() -> None:
    wanted = contract("nothing", **{"Location": "url", "Retry-After": "absent"})

    assert differences(wanted, 200, {"location": "https://x/y"}, b"") == []
    assert differences(wanted, 404, {}, b"") == ["status: 404, not 200"]
    assert differences(wanted, 200, {"retry-after": "0"}, b"null") == [
        "header Location: missing",
        "header Retry-After: is there",
        "body: 4 bytes, not nothing",
    ]
    assert differences(contract({"a": "text"}), 200, {}, b"") == ["body: 0 bytes, not {'a': 'text'}"]


def test_a_request_has_the_contracts_of_its_route() -> None:
    space = "/subscriptions/s/resourcegroups/g/providers/microsoft.machinelearningservices/workspaces/w"

    found = matching("GET", "management.azure.com", f"{space}/datastores/workspaceblobstore")

    assert [one.name for one in found] == ["datastore/get-default-200"]
    assert {one.status for one in matching("POST", "management.azure.com", f"{space}/jobs/j/cancel")} == {200, 202}
    assert not matching("PUT", "westeurope.api.azureml.ms", f"{space}/jobs/j")


def test_no_recorded_answer_is_both_compared_and_left_out() -> None:
    assert not set(contracts()) & set(left_out())
    assert all(one.source for one in contracts().values())
    assert all(len(reason) > 20 for reason in left_out().values())
    page = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")
    assert [name for name in left_out() if f"`{name.partition('/')[2]}`" not in page] == []


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Emulator(tmp_path_factory.mktemp("emulator")) as emulator:
        yield Stage(emulator)


def test_every_recorded_answer_is_compared_or_left_out_with_its_reason() -> None:
    assert set(SCENES) == set(contracts())


@pytest.mark.parametrize("name", sorted(SCENES))
def test_the_emulator_answers_as_it_was_recorded(stage: Stage, name: str) -> None:
    stage.service.creating_reads = 0
    names = SCENES[name](stage)

    answer = stage.send(contracts()[name], names)

    assert differences(contracts()[name], *answer) == [], answer


def test_the_list_of_prices_is_read_through_the_proxy(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retail, "PAGE", 30)
    for name, value in stage.emulator.environment.items():
        monkeypatch.setenv(name, value)
    texts = list(pages("westeurope", "EUR", pytest.fail))
    found = hours_of(read_answers(texts), "westeurope", "2026-11-30")
    assert len(texts) == 3
    assert found.hours["STANDARD_D4S_V3"] == {"dedicated": Decimal("0.2"), "low_priority": Decimal("0.05")}
    assert found.passed["for Windows"] == len(found.hours)
