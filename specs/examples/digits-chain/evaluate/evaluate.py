"""How many of the held out digits does the network read right? Its weights are those that digits-ps/src saves."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np


def main() -> None:
    args = parse_arguments()
    rows = np.loadtxt(args.data / "digits.csv.gz", delimiter=",")
    images, labels = rows[:, :64] / 16, rows[:, 64].astype(int)
    with np.load(args.model / "weights.npz") as weights:
        hidden = np.maximum(images @ weights["hidden_kernel"] + weights["hidden_bias"], 0)
        guesses = (hidden @ weights["digit_kernel"] + weights["digit_bias"]).argmax(axis=1)
    accuracy = float(np.mean(guesses == labels))
    confused = np.zeros((10, 10), dtype=int)
    np.add.at(confused, (labels, guesses), 1)
    args.report.mkdir(parents=True, exist_ok=True)
    report = {"accuracy": accuracy, "digits": len(rows), "confused": confused.tolist()}
    (args.report / "report.json").write_text(json.dumps(report) + "\n")
    print(f"accuracy {accuracy:.4f} on {len(rows)} digits that it has never seen", flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder with weights.npz")
    parser.add_argument("--data", type=Path, required=True, help="folder with digits.csv.gz")
    parser.add_argument("--report", type=Path, required=True, help="folder for report.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
