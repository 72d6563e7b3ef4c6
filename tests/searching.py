"""Searches: tests that draw their cases by chance, as many as there is time for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import settings

DEFAULT_SEED = "10"
WHOLE = "SPECRUN_TESTS_LONG"
"""Is in the environment of the tests with `-m long`: `conftest.py` puts it there before tests are imported."""


@dataclass(frozen=True, slots=True)
class Search:
    """How far one test searches. `whole` with `-m long`, which is `make test-long`; else a sample of a few seconds."""

    whole: bool
    seed: str
    scale: float
    random: Random

    def rounds(self, sample: int, whole: int) -> int:
        """How many cases to try: `sample` of them, or `whole` times $SPECRUN_LONG."""
        return max(1, round(whole * self.scale)) if self.whole else sample


def search_of(markers: str, test: str) -> Search:
    """The search of one test, given pytest's `-m`: $SPECRUN_SEED and the test's name decide what chance brings."""
    seed = os.environ.get("SPECRUN_SEED", DEFAULT_SEED)
    scale = float(os.environ.get("SPECRUN_LONG", "1"))
    return Search(markers == "long", seed, scale, Random(f"{seed} {test}"))


def drawn(sample: int, whole: int, **others: Any) -> settings:
    """How many examples Hypothesis draws for a test marked `long`: a sample, or `whole` times $SPECRUN_LONG."""
    scale = float(os.environ.get("SPECRUN_LONG", "1"))
    examples = max(1, round(whole * scale)) if os.environ.get(WHOLE) else sample
    return settings(max_examples=examples, deadline=None, **others)
