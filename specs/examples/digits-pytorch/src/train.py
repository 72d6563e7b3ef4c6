"""Teach a small network to read handwritten digits, with PyTorch's DistributedDataParallel.

Every process runs this same file on its own share of the images. After each step the gradients are averaged over all
processes, so that the weights stay the same everywhere: there is no server, and everybody waits for the slowest.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def main() -> None:
    args = parse_arguments()
    dist.init_process_group("gloo")  # from MASTER_ADDR, MASTER_PORT, RANK and WORLD_SIZE, which Azure ML sets
    rank, processes = dist.get_rank(), dist.get_world_size()
    torch.set_num_threads(1)  # the network is so small that more threads only get in each other's way
    torch.manual_seed(args.seed)

    (images, labels), test = load_digits(args.data)
    images, labels = images[rank::processes], labels[rank::processes]  # each process has its own share
    network = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    train(DistributedDataParallel(network), images, labels, args)  # which copies rank 0's first weights to the others

    if rank == 0:
        with torch.no_grad():
            accuracy = (network(test[0]).argmax(dim=1) == test[1]).float().mean().item()
        args.model_dir.mkdir(parents=True, exist_ok=True)
        torch.save(network.state_dict(), args.model_dir / "weights.pt")
        metrics = {"accuracy": accuracy, "processes": processes}
        (args.model_dir / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
        print(f"accuracy {accuracy:.4f}", flush=True)
    dist.barrier()  # rank 0 is host to the others' connections: it must not be the first to leave
    dist.destroy_process_group()


def train(network: nn.Module, images: torch.Tensor, labels: torch.Tensor, args: argparse.Namespace) -> None:
    """The same number of steps in every process: one more, and it would wait for gradients that never come."""
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
    batches = torch.Generator().manual_seed(args.seed)
    begin = time.perf_counter()
    for step in range(1, args.steps + 1):
        batch = torch.randint(len(images), (args.batch_size,), generator=batches)
        loss = nn.functional.cross_entropy(network(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()  # the averaging happens in here
        optimizer.step()
        if step % args.log_every == 0 or step == args.steps:
            rate = step * args.batch_size / (time.perf_counter() - begin)
            print(f"step {step:4d}/{args.steps}  loss {loss.item():.3f}  {rate:6,.0f} images/s", flush=True)


def load_digits(folder: Path) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Images (n × 64 pixels, from 0 to 1) and labels (n digits) to train with and to test with: every fifth."""
    rows = torch.from_numpy(np.loadtxt(folder / "digits.csv.gz", delimiter=",", dtype=np.float32))
    kept = torch.arange(len(rows)) % 5 == 0
    return [(part[:, :64] / 16, part[:, 64].long()) for part in (rows[~kept], rows[kept])]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with digits.csv.gz")
    parser.add_argument("--model-dir", type=Path, required=True, help="folder for weights.pt and metrics.json")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch-size", type=int, default=64, help="images in a step of one process")
    parser.add_argument("--log-every", type=int, default=100, help="steps between two lines of the log")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
