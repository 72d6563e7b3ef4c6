from __future__ import annotations

import pytest

from specrun.spec.nearest import nearest, suggestion


@pytest.mark.parametrize(
    ("name", "candidates", "found"),
    [
        ("stepz", ["steps", "size"], "steps"),
        ("MNIST", ["mnist"], "mnist"),
        ("worker-count", ["worker_count"], "worker_count"),
        ("xyz", ["steps"], None),
        ("x", [], None),
    ],
)
def test_nearest(name: str, candidates: list[str], found: str | None) -> None:
    assert nearest(name, candidates) == found


def test_suggestion() -> None:
    assert suggestion("stepz", ["steps"], kind="vars") == "Did you mean `steps`?"
    assert suggestion("q", ["b", "a"], kind="vars") == "The vars here are: `a`, `b`."
    assert suggestion("q", [], kind="vars") == "This file declares no vars."
