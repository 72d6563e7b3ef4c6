"""Learn to tell two kinds of points apart: logistic regression in plain Python, to be replaced by your training.

All that specrun asks of a script: take the places of its data and results as arguments, write what shall be kept to
the folder it is given, and exit with 0 when all went well.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from pathlib import Path

Point = tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--model-dir", type=Path, required=True, help="folder for model.json")
    args = parser.parse_args()

    random.seed(1)
    points, test = make_points(800), make_points(200)
    weights = [0.0, 0.0, 0.0]
    for step in range(1, args.steps + 1):
        point, kind = random.choice(points)
        error = predict(weights, point) - kind
        for i, feature in enumerate((*point, 1.0)):
            weights[i] -= 0.1 * error * feature
        if step % 1000 == 0:
            print(f"step {step}/{args.steps}  loss {loss(weights, points):.3f}", flush=True)

    accuracy = sum((predict(weights, point) > 0.5) == (kind == 1) for point, kind in test) / len(test)
    args.model_dir.mkdir(parents=True, exist_ok=True)
    (args.model_dir / "model.json").write_text(json.dumps({"weights": weights, "accuracy": accuracy}) + "\n")
    print(f"accuracy {accuracy:.4f}")


def make_points(count: int) -> list[tuple[Point, int]]:
    """Points of kind 0 lie around (-1, -1), those of kind 1 around (1, 1); some stray to the other side."""
    kinds = [random.randrange(2) for _ in range(count)]
    return [((random.gauss(2 * kind - 1, 0.8), random.gauss(2 * kind - 1, 0.8)), kind) for kind in kinds]


def predict(weights: list[float], point: Point) -> float:
    """The probability of kind 1."""
    return 1 / (1 + math.exp(-(weights[0] * point[0] + weights[1] * point[1] + weights[2])))


def loss(weights: list[float], points: list[tuple[Point, int]]) -> float:
    chances = (predict(weights, point) if kind else 1 - predict(weights, point) for point, kind in points)
    return -sum(math.log(max(chance, 1e-12)) for chance in chances) / len(points)


if __name__ == "__main__":
    main()
