"""Fits a line through a few points, and logs how far it is from them, where MLflow is there to log with."""

import argparse
import json
import time
from pathlib import Path

try:
    import mlflow
except ModuleNotFoundError:
    mlflow = None

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--steps", type=int)
parser.add_argument("--out", type=Path)
options = parser.parse_args()

points = [(x / 10, 3 * x / 10 + 1) for x in range(10)]
slope = intercept = 0.0
for step in range(options.steps):
    errors = [slope * x + intercept - y for x, y in points]
    loss = sum(error**2 for error in errors) / len(points)
    print(f"step {step:3}  loss {loss:.4f}", flush=True)
    if mlflow is not None:
        mlflow.log_metric("loss", loss, step)
    slope -= options.lr * 2 * sum(error * x for error, (x, _) in zip(errors, points, strict=True)) / len(points)
    intercept -= options.lr * 2 * sum(errors) / len(points)
    time.sleep(0.02)  # it is there to be looked at
(options.out / "line.json").write_text(json.dumps({"slope": slope, "intercept": intercept}))
