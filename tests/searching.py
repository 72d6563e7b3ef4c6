"""Searches: tests that draw their cases by chance, as many as there is time for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from random import Random

DEFAULT_SEED = "10"


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
