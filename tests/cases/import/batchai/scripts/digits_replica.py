"""The main example as scripts for Batch AI were: each process is told its role on the command line.

digits.py beside it is specs/examples/digits-ps/src/train.py, which the test puts there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import digits
import tensorflow as tf


def main() -> None:
    args = parse_arguments()
    cluster = tf.train.ClusterSpec({"ps": args.ps_hosts.split(","), "worker": args.worker_hosts.split(",")})
    server = tf.compat.v1.train.Server(cluster, args.job_name, args.task_index)
    if args.job_name == "ps":
        print("ready to keep the weights", flush=True)
        server.join()
    else:
        digits.work(args, cluster, args.task_index, server.target)
        (args.log_dir / f"worker-{args.task_index}").write_text("done\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--job_name", choices=["ps", "worker"], required=True)
    parser.add_argument("--task_index", type=int, required=True)
    parser.add_argument("--ps_hosts", required=True)
    parser.add_argument("--worker_hosts", required=True)
    parser.add_argument("--data_dir", dest="data", type=Path, required=True)
    parser.add_argument("--checkpoint_dir", dest="model_dir", type=Path)
    parser.add_argument("--log_dir", type=Path)
    parser.add_argument("--train_steps", dest="steps", type=int, default=200)
    parser.add_argument("--num_gpus", type=int, default=0)
    parser.set_defaults(batch_size=64, log_every=50, seed=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
