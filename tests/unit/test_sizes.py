from __future__ import annotations

import re

import pytest

from specrun.spec.size_table import TABLE
from specrun.spec.sizes import gpu_count, has_gpu, near_miss, series_of


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ("STANDARD_NC4AS_T4_V3", 1),
        ("Standard_NC64as_T4_v3", 4),
        ("nc96ads_a100_v4", 4),
        ("STANDARD_ND96ISR_H100_V5", 8),
        ("STANDARD_NC24", 4),
        ("STANDARD_D4DS_V5", 0),
        ("STANDARD_NC1_UNHEARD_V9", None),
    ],
)
def test_gpu_count(size: str, count: int | None) -> None:
    assert gpu_count(size) == count


@pytest.mark.parametrize(
    ("size", "answer"),
    [
        ("STANDARD_NC4AS_T4_V3", True),
        ("STANDARD_NC1_UNHEARD_V9", True),
        ("STANDARD_NP10S", False),
        ("Standard_DS3_v2", False),
        ("STANDARD_HB120RS_V3", False),
        ("STANDARD_E4DS_V5", False),
        ("cluster", None),
        ("NODE", None),
        ("XYZ1", None),
    ],
)
def test_has_gpu(size: str, answer: bool | None) -> None:
    assert has_gpu(size) is answer


@pytest.mark.parametrize(
    ("size", "right"),
    [
        ("STANDARD_NC4SA_T4_V3", "STANDARD_NC4AS_T4_V3"),
        ("NC24ADS_A100V4", "STANDARD_NC24ADS_A100_V4"),
        ("STANDARD_NC4AS_T4_V3", None),
        ("STANDARD_D4S_V3", None),
        ("STANDARD_NX99_ELSE_V7", None),
    ],
)
def test_near_miss(size: str, right: str | None) -> None:
    assert near_miss(size) == right


def test_the_table_is_in_its_form() -> None:
    names = [entry.partition("=")[0] for series in TABLE for entry in series.sizes.split()]
    assert len(names) == len(set(names)), "a size belongs to one series"
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_-]*", name) for name in names)
    for series in TABLE:
        if series.retires:
            assert re.fullmatch(r"20\d\d-[01]\d-[0-3]\d", series.retires)
            assert series.source.startswith("https://")
            replacement = re.search(r"\((STANDARD_\w+)\)", series.instead)
            assert replacement is not None, series.name
            following = series_of(replacement[1])
            assert following is None or not following.retires, f"{series.name} sends people to another retired series"
        else:
            assert not series.instead


def test_a_retired_gpu_series_sends_to_one_with_gpus() -> None:
    for series in TABLE:
        if series.retires and "=" in series.sizes:
            replacement = re.search(r"\((STANDARD_\w+)\)", series.instead)
            assert replacement is not None
            assert gpu_count(replacement[1])
