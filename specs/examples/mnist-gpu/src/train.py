"""Train a convolutional network on MNIST with parameter servers, so that it survives losing its machines.

Spot machines can be taken away at any time. Worker 0 therefore saves a checkpoint every half a minute to
--model-dir; the next attempt, which writes to the same place, goes on from there. `digits-ps` is the plainer example.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
from pathlib import Path

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1


def main() -> None:
    args = parse_arguments()
    config = json.loads(os.environ["TF_CONFIG"])
    role, index = config["task"]["type"], config["task"]["index"]
    cluster = tf.train.ClusterSpec(config["cluster"])

    # The ps shares a machine with a worker, and TensorFlow would take all of the GPU's memory for it.
    no_gpu = tf1.ConfigProto(device_count={"GPU": 0})
    server = tf1.train.Server(cluster, role, index, config=no_gpu if role == "ps" else None)
    if role == "ps":
        server.join()  # never returns: a ps ends when the job does
    else:
        work(args, cluster, index, server.target)


def work(args: argparse.Namespace, cluster: tf.train.ClusterSpec, index: int, target: str) -> None:
    """Train until all workers together have taken --steps steps. Worker 0 sets up, saves and, at the end, tests."""
    with np.load(args.data) as arrays:
        train, test = [(arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test")]
    batches = np.random.default_rng([args.seed, index])

    tf1.disable_eager_execution()
    tf1.set_random_seed(args.seed)
    with tf1.device(tf1.train.replica_device_setter(cluster=cluster, worker_device=f"/job:worker/task:{index}")):
        network = Network(args.learning_rate)

    def feed(images: np.ndarray, labels: np.ndarray) -> dict[tf.Tensor, np.ndarray]:
        return {network.images: images, network.labels: labels}

    session = tf1.train.MonitoredTrainingSession(
        target,
        is_chief=index == 0,
        checkpoint_dir=str(args.model_dir),
        save_checkpoint_secs=30,
        save_summaries_steps=None,
        save_summaries_secs=None,
        hooks=[tf1.train.StopAtStepHook(last_step=args.steps), *([Test(network, feed(*test))] if index == 0 else [])],
        config=tf1.ConfigProto(allow_soft_placement=True, device_filters=["/job:ps", f"/job:worker/task:{index}"]),
    )
    with session:
        for taken in itertools.count():
            if session.should_stop():
                break
            batch = batches.integers(len(train[0]), size=args.batch_size)
            images, labels = (array[batch] for array in train)
            step, loss, _ = session.run([network.step, network.loss, network.train], feed(images, labels))
            if taken % 100 == 0:
                print(f"step {step:5d}/{args.steps}  loss {loss:.3f}", flush=True)


class Network:
    """28 × 28 pixels, two convolutions, 10 digits: the operations that a session is asked to run."""

    def __init__(self, learning_rate: float) -> None:
        self.images = tf1.placeholder(tf.uint8, [None, 28, 28])
        self.labels = tf1.placeholder(tf.uint8, [None])
        layer = tf.cast(self.images, tf.float32)[..., tf.newaxis] / 255
        for name, shape in (("first", [5, 5, 1, 32]), ("second", [5, 5, 32, 64])):
            layer = tf.nn.relu(tf.nn.conv2d(layer, tf1.get_variable(name, shape), strides=1, padding="SAME"))
            layer = tf.nn.max_pool2d(layer, ksize=2, strides=2, padding="SAME")
        logits = tf.reshape(layer, [-1, 7 * 7 * 64]) @ tf1.get_variable("digits", [7 * 7 * 64, 10])

        labels = tf.cast(self.labels, tf.int64)
        self.accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, axis=1), labels), tf.float32))
        self.loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
        self.step = tf1.train.get_or_create_global_step()
        self.train = tf1.train.AdamOptimizer(learning_rate).minimize(self.loss, self.step)


class Test(tf1.train.SessionRunHook):
    """When the training ends: print the accuracy on images that nobody has trained with."""

    def __init__(self, network: Network, feed: dict[tf.Tensor, np.ndarray]) -> None:
        self.network, self.feed = network, feed

    def end(self, session: tf1.Session) -> None:
        print(f"accuracy {session.run(self.network.accuracy, self.feed):.4f}", flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="mnist.npz")
    parser.add_argument("--model-dir", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--steps", type=int, default=10_000, help="of all workers together")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=0.001)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
