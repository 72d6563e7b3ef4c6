"""Fits a line through prices of houses by gradient descent."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path, required=True)
parser.add_argument("--out", type=Path, required=True)
parser.add_argument("--steps", type=int, default=2000)
parser.add_argument("--rate", type=float, default=0.05)
options = parser.parse_args()

sizes, prices = np.loadtxt(options.data, delimiter=",", skiprows=1, unpack=True)
slope = start = 0.0
for step in range(options.steps):
    errors = slope * sizes + start - prices
    slope -= options.rate * float(np.mean(errors * sizes))
    start -= options.rate * float(np.mean(errors))
    if step % max(1, options.steps // 10) == 0:
        print(f"step {step}: loss {np.mean(errors**2):.4f}", flush=True)

options.out.mkdir(parents=True, exist_ok=True)
(options.out / "line.json").write_text(json.dumps({"slope": slope, "start": start}))
print(f"price = {slope:.3f} * size + {start:.3f}")
