"""Read handwritten digits with softmax regression, in as many attempts as it takes.

Machines may be taken away at any time. So every few epochs the weights, the epoch and the state of the random numbers
go to a checkpoint, and a process that finds one goes on from there: it ends with the weights that it would have had
without any interruption. The folder outlives the attempt. The checkpoint in it is called after the run's fingerprint:
a training with other settings, or on other data, does not go on from this one's.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    args = parse_arguments()
    rows = np.loadtxt(args.data / "digits.csv.gz", delimiter=",")
    images, labels = rows[:, :64] / 16, rows[:, 64].astype(int)  # 8×8 pixels, from 0 to 1; the digit
    kept = np.arange(len(rows)) % 5 == 0  # every fifth image is for the test
    checkpoint = Checkpoint(args.checkpoints / f"{os.environ.get('SPECRUN_FINGERPRINT', 'by-hand')[:10]}.npz")
    weights = train(images[~kept], labels[~kept], checkpoint, args)

    accuracy = float(np.mean(scores(weights, images[kept]).argmax(axis=1) == labels[kept]))
    args.model_dir.mkdir(parents=True, exist_ok=True)
    np.savez(args.model_dir / "weights.npz", weights=weights)
    (args.model_dir / "metrics.json").write_text(json.dumps({"accuracy": accuracy}, indent=2) + "\n")
    print(f"accuracy {accuracy:.4f}", flush=True)
    checkpoint.file.unlink(missing_ok=True)  # it is done: whoever asks for it again wants it from the start


def train(images: np.ndarray, labels: np.ndarray, checkpoint: Checkpoint, args: argparse.Namespace) -> np.ndarray:
    """Stochastic gradient descent, 32 images a step. The weights: 64 pixels and a bias × 10 digits."""
    order = np.random.default_rng(args.seed)
    done, weights = checkpoint.load(order)
    if done:
        print(f"goes on after epoch {done}", flush=True)
    wanted = np.eye(10)[labels]
    for epoch in range(done + 1, args.epochs + 1):
        for batch in np.array_split(order.permutation(len(images)), len(images) // 32):
            error = softmax(scores(weights, images[batch])) - wanted[batch]
            weights -= args.learning_rate * with_bias(images[batch]).T @ error / len(batch)
        if epoch % args.save_every == 0:
            checkpoint.save(epoch, weights, order)
            print(f"epoch {epoch:3d}/{args.epochs}  saved", flush=True)
    return weights


class Checkpoint:
    """How far a training is, in one file, which is there as a whole or not at all."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def load(self, order: np.random.Generator) -> tuple[int, np.ndarray]:
        """The epochs that are done, and the weights; `order` goes on as it would have."""
        if not self.file.exists():
            return 0, np.zeros((65, 10))
        with np.load(self.file) as saved:
            state: dict[str, Any] = json.loads(str(saved["order"]))
            order.bit_generator.state = state
            return int(saved["epoch"]), saved["weights"]

    def save(self, epoch: int, weights: np.ndarray, order: np.random.Generator) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.file.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            np.savez(file, epoch=epoch, weights=weights, order=json.dumps(order.bit_generator.state))
        unfinished.replace(self.file)  # a machine that goes away while it writes leaves the last whole one


def scores(weights: np.ndarray, images: np.ndarray) -> np.ndarray:
    return with_bias(images) @ weights


def with_bias(images: np.ndarray) -> np.ndarray:
    return np.hstack([images, np.ones((len(images), 1))])


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))  # the same result, and no overflow
    return powers / powers.sum(axis=1, keepdims=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with digits.csv.gz")
    parser.add_argument("--checkpoints", type=Path, required=True, help="folder that outlives an attempt")
    parser.add_argument("--model-dir", type=Path, required=True, help="folder for weights.npz and metrics.json")
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--save-every", type=int, default=5, help="epochs between two checkpoints")
    parser.add_argument("--learning-rate", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
