"""Cross-validation: how well does a model do on points that it has not seen?"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from model import accuracy, gradient, load

FOLDS = 5

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--data", type=Path, required=True)
parser.add_argument("--report", type=Path, required=True, help="folder for report.json")
parser.add_argument("--rate", type=float, default=0.5)
options = parser.parse_args()

points = load(options.data)
found = []
for fold in range(FOLDS):
    seen = [point for number, point in enumerate(points) if number % FOLDS != fold]
    weights = [0.0, 0.0, 0.0]
    for _ in range(50):
        weights = [weight - options.rate * part for weight, part in zip(weights, gradient(weights, seen), strict=True)]
    found.append(accuracy(weights, points[fold::FOLDS]))
    print(f"fold {fold + 1}/{FOLDS}  accuracy {found[-1]:.3f}", flush=True)

options.report.mkdir(parents=True, exist_ok=True)
(options.report / "report.json").write_text(json.dumps({"accuracy": found}) + "\n")
print(f"accuracy {sum(found) / FOLDS:.3f}")
