"""Read handwritten digits with softmax regression, written out in NumPy: one process, nothing to set up."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np


def main() -> None:
    args = parse_arguments()
    rows = np.loadtxt(args.data / "digits.csv.gz", delimiter=",")
    images, labels = rows[:, :64] / 16, rows[:, 64].astype(int)  # 8×8 pixels, from 0 to 1; the digit
    kept = np.arange(len(rows)) % 5 == 0  # every fifth image is for the test
    weights = train(images[~kept], labels[~kept], args.epochs, args.learning_rate, args.seed)

    accuracy = float(np.mean(scores(weights, images[kept]).argmax(axis=1) == labels[kept]))
    args.model_dir.mkdir(parents=True, exist_ok=True)
    np.savez(args.model_dir / "weights.npz", weights=weights)
    (args.model_dir / "metrics.json").write_text(json.dumps({"accuracy": accuracy}, indent=2) + "\n")
    print(f"accuracy {accuracy:.4f}", flush=True)


def train(images: np.ndarray, labels: np.ndarray, epochs: int, learning_rate: float, seed: int) -> np.ndarray:
    """Stochastic gradient descent, 32 images a step. The weights: 64 pixels and a bias × 10 digits."""
    order = np.random.default_rng(seed)
    weights = np.zeros((65, 10))
    wanted = np.eye(10)[labels]
    for epoch in range(1, epochs + 1):
        for batch in np.array_split(order.permutation(len(images)), len(images) // 32):
            error = softmax(scores(weights, images[batch])) - wanted[batch]
            weights -= learning_rate * with_bias(images[batch]).T @ error / len(batch)
        if epoch % 10 == 0:
            chances = softmax(scores(weights, images))[np.arange(len(labels)), labels]
            print(f"epoch {epoch:3d}/{epochs}  loss {-np.log(chances).mean():.3f}", flush=True)
    return weights


def scores(weights: np.ndarray, images: np.ndarray) -> np.ndarray:
    return with_bias(images) @ weights


def with_bias(images: np.ndarray) -> np.ndarray:
    return np.hstack([images, np.ones((len(images), 1))])


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))  # the same result, and no overflow
    return powers / powers.sum(axis=1, keepdims=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with digits.csv.gz")
    parser.add_argument("--model-dir", type=Path, required=True, help="folder for weights.npz and metrics.json")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--learning-rate", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
