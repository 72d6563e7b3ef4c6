"""Teach a small network to read handwritten digits, with TensorFlow's parameter-server training.

Every process of the job runs this same file; TF_CONFIG, which Azure ML sets, tells it who it is. A parameter server
(ps) keeps the weights and does nothing else. Each worker repeats: fetch the weights, compute gradients on its own
share of the images, send them back. Nobody waits for anybody in between: asynchronous SGD, the oldest and plainest
way to train on several machines.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1  # the API in which one graph spans machines: variables over there, computation here


def main() -> None:
    args = parse_arguments()
    config = json.loads(os.environ["TF_CONFIG"])
    role, index = config["task"]["type"], config["task"]["index"]
    cluster = tf.train.ClusterSpec(config["cluster"])

    # A ps may share its machine with a worker, and TensorFlow would take all of the GPU's memory for it.
    no_gpu = tf1.ConfigProto(device_count={"GPU": 0})
    server = tf1.train.Server(cluster, role, index, config=no_gpu if role == "ps" else None)
    if role == "ps":
        print("ready to keep the weights", flush=True)
        server.join()  # never returns: a ps ends when the job does, that is, when the workers are done
    else:
        work(args, cluster, index, server.target)


def work(args: argparse.Namespace, cluster: tf.train.ClusterSpec, index: int, target: str) -> None:
    """Train. Worker 0 also sets the first weights and, at the end, tests and saves the last ones."""
    workers = cluster.num_tasks("worker")
    (images, labels), test = load_digits(args.data)
    images, labels = images[index::workers], labels[index::workers]  # each worker has its own share

    tf1.disable_eager_execution()
    tf1.set_random_seed(args.seed)
    # Variables go to the ps (in turn, where there are several), everything else to this worker. All workers build
    # the same graph, and a variable of the same name on the same ps is the same variable.
    with tf1.device(tf1.train.replica_device_setter(cluster=cluster, worker_device=f"/job:worker/task:{index}")):
        network = Network()
        started, finished = counter("started"), counter("finished")

    with open_session(target, index) as session:
        meet(session, started, workers)  # or a late worker would find the others gone far ahead
        batches = np.random.default_rng([args.seed, index])
        board = tf1.summary.FileWriter(str(args.log_dir)) if args.log_dir and index == 0 else None
        begin = time.perf_counter()
        for step in range(1, args.steps + 1):
            batch = batches.integers(len(images), size=args.batch_size)
            feed = {network.images: images[batch], network.labels: labels[batch]}
            loss, _ = session.run([network.loss, network.train], feed)
            if step % args.log_every == 0 or step == args.steps:
                rate = step * args.batch_size / (time.perf_counter() - begin)
                print(f"step {step:4d}/{args.steps}  loss {loss:.3f}  {rate:6,.0f} images/s", flush=True)
            if board and (step % 10 == 0 or step == args.steps):
                feed = {network.images: test[0], network.labels: test[1]}
                log(board, step, loss=loss, accuracy=session.run(network.accuracy, feed))

        meet(session, finished, workers)  # the last weights are those that every worker has added its part to
        if index == 0:
            feed = {network.images: test[0], network.labels: test[1]}
            accuracy, updates, weights = session.run([network.accuracy, network.updates, network.weights], feed)
            save(args.model_dir, weights, {"accuracy": float(accuracy), "updates": int(updates), "workers": workers})
            homes = sorted({variable.device for variable in network.weights.values()})
            print(f"the weights are kept on {', '.join(homes)}", flush=True)
            print(f"accuracy {accuracy:.4f}", flush=True)


class Network:
    """64 pixels, 64 hidden units, 10 digits: the operations that a session is asked to run."""

    def __init__(self) -> None:
        self.images = tf1.placeholder(tf.float32, [None, 64])
        self.labels = tf1.placeholder(tf.int32, [None])
        zeros = tf1.zeros_initializer()
        self.weights = {
            "hidden_kernel": tf1.get_variable("hidden_kernel", [64, 64]),
            "hidden_bias": tf1.get_variable("hidden_bias", [64], initializer=zeros),
            "digit_kernel": tf1.get_variable("digit_kernel", [64, 10]),
            "digit_bias": tf1.get_variable("digit_bias", [10], initializer=zeros),
        }
        hidden = tf.nn.relu(self.images @ self.weights["hidden_kernel"] + self.weights["hidden_bias"])
        logits = hidden @ self.weights["digit_kernel"] + self.weights["digit_bias"]
        guesses = tf.argmax(logits, axis=1, output_type=tf.int32)
        self.accuracy = tf.reduce_mean(tf.cast(tf.equal(guesses, self.labels), tf.float32))
        self.loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(self.labels, logits))
        self.updates = tf1.train.get_or_create_global_step()  # counts what all the workers have added
        self.train = tf1.train.GradientDescentOptimizer(0.5).minimize(self.loss, self.updates)


def counter(name: str) -> tf.Variable:
    return tf1.get_variable(name, [], tf.int32, tf1.zeros_initializer())


def open_session(target: str, index: int) -> tf1.Session:
    """Connect to the ps as soon as it is there. Worker 0 sets the first weights; the others wait until it has."""
    # Without this filter a worker would also wait for the other workers: for late ones, and for those that are done.
    config = tf1.ConfigProto(device_filters=["/job:ps", f"/job:worker/task:{index}"])
    manager = tf1.train.SessionManager(ready_op=tf1.report_uninitialized_variables(), recovery_wait_secs=0.2)
    if index == 0:
        return manager.prepare_session(target, init_op=tf1.global_variables_initializer(), config=config)
    return manager.wait_for_session(target, config)


def log(board: tf1.summary.FileWriter, step: int, **scalars: float) -> None:
    """Write numbers where TensorBoard reads them, and specrun: `specrun status` shows the last, `specrun ui` all."""
    values = [tf1.Summary.Value(tag=name, simple_value=value) for name, value in scalars.items()]
    board.add_summary(tf1.Summary(value=values), step)
    board.flush()


def meet(session: tf1.Session, counter: tf.Variable, workers: int) -> None:
    """Wait here until as many workers have come, however late they are: the counter is on the ps, like the weights."""
    session.run(counter.assign_add(1))
    while session.run(counter) < workers:
        time.sleep(0.05)


def load_digits(folder: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Images (n × 64 pixels, from 0 to 1) and labels (n digits) to train with and to test with: every fifth."""
    rows = np.loadtxt(folder / "digits.csv.gz", delimiter=",", dtype=np.float32)
    kept = np.arange(len(rows)) % 5 == 0
    return [(part[:, :64] / 16, part[:, 64].astype(np.int32)) for part in (rows[~kept], rows[kept])]


def save(folder: Path, weights: dict[str, np.ndarray], metrics: dict[str, float]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "weights.npz", **weights)
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with digits.csv.gz")
    parser.add_argument("--model-dir", type=Path, required=True, help="folder for weights.npz and metrics.json")
    parser.add_argument("--log-dir", type=Path, help="folder for TensorBoard's files: loss and accuracy")
    parser.add_argument("--steps", type=int, default=200, help="of each worker")
    parser.add_argument("--batch-size", type=int, default=64, help="images in a step of one worker")
    parser.add_argument("--log-every", type=int, default=50, help="steps between two lines of the log")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
