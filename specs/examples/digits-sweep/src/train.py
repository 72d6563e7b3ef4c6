"""Read handwritten digits with one hidden layer, written out in NumPy, and log how well that goes after each epoch."""

from __future__ import annotations

import argparse
from pathlib import Path

import mlflow
import numpy as np


def main() -> None:
    args = parse_arguments()
    rows = np.loadtxt(args.data / "digits.csv.gz", delimiter=",")
    images, labels = rows[:, :64] / 16, rows[:, 64].astype(int)  # 8×8 pixels, from 0 to 1; the digit
    kept = np.arange(len(rows)) % 5 == 0  # every fifth image is for the test
    order = np.random.default_rng(args.seed)
    network = Network(args.hidden, order)

    with mlflow.start_run():
        mlflow.log_params({"learning_rate": args.learning_rate, "hidden": args.hidden})
        for epoch in range(1, args.epochs + 1):
            for batch in np.array_split(order.permutation(np.flatnonzero(~kept)), (~kept).sum() // 32):
                network.learn(images[batch], labels[batch], args.learning_rate)
            accuracy = float(np.mean(network.chances(images[kept]).argmax(axis=1) == labels[kept]))
            mlflow.log_metric("accuracy", accuracy, step=epoch)
            print(f"epoch {epoch:2d}/{args.epochs}  accuracy {accuracy:.4f}", flush=True)

    args.model_dir.mkdir(parents=True, exist_ok=True)
    np.savez(args.model_dir / "weights.npz", first=network.first, second=network.second)


class Network:
    """64 pixels, a hidden layer, 10 digits; the last row of each layer's weights is its bias."""

    def __init__(self, hidden: int, order: np.random.Generator) -> None:
        self.first = order.normal(scale=1 / 8, size=(65, hidden))
        self.second = order.normal(scale=hidden**-0.5, size=(hidden + 1, 10))

    def chances(self, images: np.ndarray) -> np.ndarray:
        """How likely each image is each digit."""
        return softmax(with_bias(np.tanh(with_bias(images) @ self.first)) @ self.second)

    def learn(self, images: np.ndarray, labels: np.ndarray, rate: float) -> None:
        """One step of gradient descent."""
        seen = np.tanh(with_bias(images) @ self.first)
        error = softmax(with_bias(seen) @ self.second) - np.eye(10)[labels]
        back = (error @ self.second[:-1].T) * (1 - seen**2)
        self.second -= rate * with_bias(seen).T @ error / len(images)
        self.first -= rate * with_bias(images).T @ back / len(images)


def with_bias(values: np.ndarray) -> np.ndarray:
    return np.hstack([values, np.ones((len(values), 1))])


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))  # the same result, and no overflow
    return powers / powers.sum(axis=1, keepdims=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with digits.csv.gz")
    parser.add_argument("--model-dir", type=Path, required=True, help="folder for weights.npz")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--hidden", type=int, default=32, help="neurons of the hidden layer")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
