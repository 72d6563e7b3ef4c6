from __future__ import annotations

import io
import math

import pytest

from specrun.views.sparkline import ASCII, BLOCKS, signs_for, sparkline


@pytest.mark.parametrize(
    ("values", "width", "shown"),
    [
        ([], 10, ""),
        ([math.nan], 10, ""),
        ([1.0], 10, "▅"),
        ([2.0, 2.0], 10, "▅▅"),
        ([0, 1, 2, 3, 4, 5, 6, 7], 10, "▁▂▃▄▅▆▇█"),
        ([7, 0], 10, "█▁"),
        ([0, math.nan, 7, math.inf, -math.inf], 10, "▁ █  "),
        # As many as there is room for, each the mean of its part.
        ([0, 0, 7, 7, math.nan, 7], 3, "▁██"),
        (list(range(1000)), 4, "▁▃▆█"),
        ([-1e308, 1e308], 10, "▁█"),
    ],
)
def test_a_series_as_a_row_of_signs(values: list[float], width: int, shown: str) -> None:
    assert sparkline(values, width) == shown


@pytest.mark.parametrize(
    ("encoding", "signs"), [("utf-8", BLOCKS), ("ascii", ASCII), ("latin-1", ASCII), ("no-such", ASCII)]
)
def test_where_there_are_no_such_signs_letters_stand_for_them(encoding: str, signs: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO())
    assert signs_for(type("Stream", (), {"encoding": encoding})()) == signs  # type: ignore[arg-type]
    assert len(ASCII) == len(BLOCKS)
    assert sparkline([0, 7], 2, ASCII) == "_@"
    assert signs_for(stream) in (ASCII, BLOCKS)
