"""Shuffle the handwritten digits, and part them: some to learn from, some that nobody learns from."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np


def main() -> None:
    args = parse_arguments()
    rows = np.loadtxt(args.data / "digits.csv.gz", delimiter=",", dtype=int)  # 64 pixels from 0 to 16, and the digit
    rows = np.random.default_rng(args.seed).permutation(rows)
    count = int(len(rows) * args.share)
    for folder, part in ((args.held_out, rows[:count]), (args.train, rows[count:])):
        folder.mkdir(parents=True, exist_ok=True)
        np.savetxt(folder / "digits.csv.gz", part, fmt="%d", delimiter=",")
    print(f"{len(rows) - count} digits to train with, {count} held out", flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with digits.csv.gz")
    parser.add_argument("--train", type=Path, required=True, help="folder for what is learned from")
    parser.add_argument("--held-out", type=Path, required=True, help="folder for the rest")
    parser.add_argument("--share", type=float, default=0.2, help="of all digits, held out")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
