"""What is written down with a run, in properties of its job."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from emulator.dataplane import data_of
from specrun.engines.azure.run_record import (
    LENGTH,
    MOST,
    PREFIX,
    record_in,
    record_of,
    record_of_v1,
    record_properties,
)
from specrun.plan.makers import Maker
from specrun.plan.submission import Submission
from specrun.spec.model import Job
from tests.azure_engines.launching import launch
from tests.azureml_v2.place import Place


def record(files: int, more: str = "") -> dict[str, Any]:
    """A record of so many code files; what they are called and hold cannot be compressed."""
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(files)]
    identity = {"command": "python train.py", "more": more, "code": {f"{one[:20]}.py": one for one in digests}}
    return {"reads": ["data/default/digits"], "keeps": ["model"], "identity": identity}


def random_text(length: int) -> str:
    return "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(length // 64))


def test_a_small_one_comes_back_as_it_was() -> None:
    properties = record_properties(record(3))
    assert list(properties) == [f"{PREFIX}0"]
    assert record_in({**properties, "azureml.git.branch": "main"}) == record(3)


def test_a_larger_one_takes_several_properties() -> None:
    properties = record_properties(record(300))
    assert 1 < len(properties) <= MOST
    assert all(len(value) <= LENGTH for value in properties.values())
    shuffled = dict(sorted(properties.items(), reverse=True))
    assert record_in(shuffled) == record(300)


def test_one_that_is_too_large_goes_without_its_code() -> None:
    kept = record_in(record_properties(record(2000)))
    assert kept == {**record(0), "identity": {"command": "python train.py", "more": ""}}


def test_one_that_is_still_too_large_goes_without_its_identity() -> None:
    properties = record_properties(record(2, random_text(80_000)))
    assert record_in(properties) == {"reads": ["data/default/digits"], "keeps": ["model"], "identity": {}}


def test_the_variables_of_a_submission_are_in_its_record() -> None:
    submission = Submission("job-a", Maker("job"), "a", 1, {}, "job", Job(), "", False, variables={"lr": 0.1})
    assert [record["variables"] for record in (record_of(submission), record_of_v1(submission))] == [{"lr": 0.1}] * 2
    assert "variables" not in record_of(replace(submission, variables={}))


def test_one_whose_variables_are_too_large_goes_without_them() -> None:
    assert record_in(record_properties({**record(3), "variables": {"lr": 0.1}}))["variables"] == {"lr": 0.1}
    large = {**record(3), "variables": {"text": random_text(80_000)}}
    assert record_in(record_properties(large)) == {**large, "identity": {}, "variables": {}}


@pytest.mark.parametrize("lost", [0, 3, 5], ids=["the-first", "one-in-between", "the-last"])
def test_a_damaged_one_is_none(lost: int) -> None:
    properties = record_properties(record(100))
    assert len(properties) == 6
    del properties[f"{PREFIX}{lost}"]
    assert record_in(properties) == {}


@pytest.mark.parametrize("text", ["", "no base64!", "aGVsbG8=", "eJyLjgUAARUAuQ=="])
def test_what_is_no_record_is_none(text: str) -> None:
    assert record_in({f"{PREFIX}0": text}) == {}


def test_none_is_none() -> None:
    assert record_in({}) == {}


def test_a_run_with_a_damaged_record_is_one_all_the_same(place: Place) -> None:
    data_of(place.emulator.service).training.starved = True
    launched = launch(place, "command: echo\ninputs: {digits: {data: digits}}\noutputs: {model: {}}\n")
    name = launched.submit()
    assert launched.renew().runs.get(name).reads == ("data/default/sets/digits",)
    launched.run(name).properties[f"{PREFIX}0"] = "damaged"
    engine = launched.renew()
    assert engine.runs.identity(name) == {}
    assert [(run.name, run.reads) for run in engine.runs.list().runs] == [(name, ())]


@pytest.mark.slow
def test_a_run_of_much_code_is_submitted(place: Place) -> None:
    data_of(place.emulator.service).training.starved = True
    launched = launch(place, "code: src\ncommand: echo\n")
    for number in range(900):
        (place.folder / "src" / f"{hashlib.sha256(str(number).encode()).hexdigest()}.txt").write_text(str(number))
    name = launched.submit()
    identity = launched.renew().runs.identity(name)
    assert "code" not in identity
    assert identity["command"] == "echo"
