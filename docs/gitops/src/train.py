"""Train on several machines with a parameter server. Nothing but Python is needed: your TensorFlow takes its place.

TF_CONFIG, which Azure ML sets and this machine, too, tells each process who it is. The parameter server (ps) keeps the
weights; each worker fetches them, computes a gradient on its share of the points, and sends it back.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from pathlib import Path
from typing import Any
from xmlrpc.client import ServerProxy
from xmlrpc.server import SimpleXMLRPCServer

from model import Weights, accuracy, gradient, load


def main() -> None:
    """Be what TF_CONFIG says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rate", type=float, default=0.5)
    options = parser.parse_args()
    config = json.loads(os.environ["TF_CONFIG"])
    host, port = config["cluster"]["ps"][0].split(":")
    if config["task"]["type"] == "ps":
        keep_weights(host, int(port))
    else:
        work(ServerProxy(f"http://{host}:{port}"), config["task"]["index"], len(config["cluster"]["worker"]), options)


def keep_weights(host: str, port: int) -> None:
    """Give weights, take gradients, one request after the other. The job ends this when its workers are done."""
    weights: Weights = [0.0, 0.0, 0.0]
    done: set[int] = set()

    def learn(change: Weights) -> Weights:
        weights[:] = [weight - part for weight, part in zip(weights, change, strict=True)]
        return weights

    def finish(worker: int) -> int:
        done.add(worker)
        return len(done)

    with SimpleXMLRPCServer((host, port), logRequests=False) as server:
        server.register_function(learn)
        server.register_function(finish)
        print("ready to keep the weights", flush=True)
        server.serve_forever()


def work(server: Any, index: int, workers: int, options: argparse.Namespace) -> None:
    """Train; worker 0 tests and saves the weights that all have made."""
    points = load(options.data)
    share = points[index::workers]
    random.seed(index)
    weights = reached(lambda: server.learn([0.0, 0.0, 0.0]))
    for step in range(1, options.steps + 1):
        change = gradient(weights, random.sample(share, 10))
        weights = server.learn([options.rate * part for part in change])
        if step % max(1, options.steps // 4) == 0:
            print(f"step {step}/{options.steps}  accuracy {accuracy(weights, points):.3f}", flush=True)
    while server.finish(index) < workers and index == 0:
        time.sleep(0.05)
    if index == 0:
        weights = server.learn([0.0, 0.0, 0.0])
        options.model_dir.mkdir(parents=True, exist_ok=True)
        (options.model_dir / "model.json").write_text(json.dumps({"weights": weights}) + "\n")
        print(f"accuracy {accuracy(weights, points):.3f}")


def reached(ask: Any) -> Weights:
    """What the parameter server answers, which may be a while in coming up."""
    for _ in range(600):
        try:
            return ask()
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the parameter server cannot be reached")


if __name__ == "__main__":
    main()
