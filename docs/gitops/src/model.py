"""Logistic regression in plain Python: it tells two kinds of points apart. Yours goes here."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

Point = tuple[float, float]
Weights = list[float]
"""Two for the point, and one for where the line lies."""


def load(file: Path) -> list[tuple[Point, int]]:
    """Points with their kind, 0 or 1."""
    with file.open(newline="") as opened:
        return [((float(row["x"]), float(row["y"])), int(row["kind"])) for row in csv.DictReader(opened)]


def gradient(weights: Sequence[float], batch: Sequence[tuple[Point, int]]) -> Weights:
    """The mean of what each example of a batch would change."""
    errors = [(predict(weights, point) - kind, (*point, 1.0)) for point, kind in batch]
    return [sum(error * features[i] for error, features in errors) / len(batch) for i in range(3)]


def predict(weights: Sequence[float], point: Point) -> float:
    """The probability of kind 1."""
    return 1 / (1 + math.exp(-(weights[0] * point[0] + weights[1] * point[1] + weights[2])))


def accuracy(weights: Sequence[float], points: Sequence[tuple[Point, int]]) -> float:
    """The share of points whose kind is seen."""
    return sum((predict(weights, point) > 0.5) == (kind == 1) for point, kind in points) / len(points)
