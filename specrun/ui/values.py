"""Numbers as JSON has them, and as texts those that it has not."""

from __future__ import annotations

import math

from specrun.spec.model import Scalar


def json_number(value: Scalar) -> Scalar:
    """A value as it is; `NaN`, `Infinity` and `-Infinity` as texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
