"""Which of several jobs in a file is imported."""

from __future__ import annotations

from dataclasses import replace

import pytest

from specrun.convert.choosing import chosen
from specrun.convert.imported import Found
from specrun.convert.options import ImportOptions
from specrun.convert.sources import Refused


def job(number: int, name: str, **more: object) -> Found:
    return replace(Found(number, name, f"line {number}", "ScriptRunConfig", f"{name}.py"), **more)  # type: ignore[arg-type]


def picked(found: list[Found], options: ImportOptions | None = None) -> list[int]:
    return [one.number for one in chosen("a.py", found, options or ImportOptions()) if one.chosen]


@pytest.mark.parametrize(
    ("found", "number"),
    [
        ([job(1, "prep"), job(2, "train")], 2),
        ([job(1, "train"), job(2, "train-all", distributed=True)], 2),
        ([job(1, "train", local=True), job(2, "train")], 2),
        ([job(1, "train"), job(2, "train")], 1),
        ([job(1, "download", distributed=True), job(2, "main")], 2),
        ([job(1, "train", submitted=False), job(2, "main")], 2),
        ([job(1, "sweep", why="a sweep"), job(2, "prep")], 2),
        ([job(1, "a"), job(2, "prep_train")], 2),
        ([job(1, "train"), job(2, "tune", sweep=True)], 2),
        ([job(1, "train", submitted=False, only_in_sweep=True), job(2, "tune", sweep=True, submitted=False)], 2),
    ],
)
def test_without_a_choice_the_one_that_trains(found: list[Found], number: int) -> None:
    assert picked(found) == [number]


def test_a_number_or_a_name_chooses_and_all_takes_each() -> None:
    found = [job(1, "train"), job(2, "train"), job(3, "score"), job(4, "tune", why="a sweep")]
    assert picked(found, ImportOptions(job="2")) == [2]
    assert picked(found, ImportOptions(job="train-2")) == [2]
    assert picked(found, ImportOptions(job="score")) == [3]
    assert picked(found, ImportOptions(all_jobs=True)) == [1, 2, 3]
    part = [job(1, "train", only_in_sweep=True), job(2, "tune", sweep=True)]
    assert picked(part, ImportOptions(all_jobs=True)) == [2]
    assert picked(part, ImportOptions(job="train")) == [1]
    assert [one.name for one in chosen("a.py", found, ImportOptions())] == ["train", "train-2", "score", "tune"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ImportOptions(job="9"), r"it has no job `9`: --job takes one of 1 \(train, line 1\), 2 \(tune, line 2\)"),
        (ImportOptions(job="tune"), "line 2: ScriptRunConfig: a sweep"),
    ],
)
def test_what_cannot_be_chosen_is_refused(options: ImportOptions, words: str) -> None:
    with pytest.raises(Refused, match=words):
        picked([job(1, "train"), job(2, "tune", why="a sweep")], options)


def test_a_file_with_none_that_can_be_imported_says_where_each_stands() -> None:
    with pytest.raises(Refused, match="line 1: ScriptRunConfig: a sweep; line 2: ScriptRunConfig: a pipeline"):
        picked([job(1, "a", why="a sweep"), job(2, "b", why="a pipeline")])
    assert picked([]) == []
