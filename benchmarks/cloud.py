"""The engine azureml against an emulated service: what specrun adds to the SDK's import, and to the way there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.measure import LeftOut, paired, take
from benchmarks.table import Row
from benchmarks.workplace import Workplace
from emulator import Emulator
from emulator.azurite.server import Unavailable, install

ROUNDS = 5
LIMIT = 2.5
"""Seconds for an apply with nothing to do."""

LATENCY = 0.1
"""Seconds that every request takes at least."""

LATENCIES = 4
"""So many of them may a plan wait for, one after the other, besides those that sign in."""

LOGIN = "login.microsoftonline.com"
PEER = "import azure.ai.ml"
TOP = """\
apiVersion: specrun/v1
name: cloud
workspace:
  {name: cloud-ws, resource_group: cloud-rg, subscription_id: "${{ env.AZURE_SUBSCRIPTION_ID }}", location: westeurope,
   create: true}
compute: {name: cluster, size: STANDARD_D4DS_V5, max_instances: 2}
"""
ONE = """\
data: {numbers: {path: numbers}}
job:
  command: cat ${{ inputs.numbers }}/*
  inputs: {numbers: {data: numbers}}
  environment: {image: "python:3.11"}
"""
TEN = """\
datastores:
  one: {type: azure_blob, account_name: mlstore, container_name: benchmarks}
  two: {type: azure_blob, account_name: mlstore, container_name: benchmarks}
  three: {type: azure_blob, account_name: mlstore, container_name: benchmarks}
data: {first: {path: numbers}, second: {path: numbers}, third: {path: numbers}}
job:
  command: cat ${{ inputs.first }}/* ${{ inputs.second }}/*
  inputs: {first: {data: first}, second: {data: second}}
  environment: {image: "python:3.11"}
"""


def cloud(place: Workplace) -> Iterator[Row]:
    """An apply with nothing to do, and a plan of ten resources over a slow line."""
    try:
        install()
    except Unavailable as problem:
        raise LeftOut(f"without Azurite there is no emulator: {problem}") from problem
    folder = place.subfolder("cloud")
    with Emulator(folder / "emulator") as emulator:
        environment = {**place.environment, **emulator.environment, "SPECRUN_ENGINE": "azureml"}
        yield _nothing(folder, environment, place.rounds(ROUNDS))
        yield _slow_line(folder, environment, emulator, place.rounds(ROUNDS))


def _nothing(folder: Path, environment: Mapping[str, str], rounds: int) -> Row:
    file = _spec(folder, "nothing", ONE)
    _specrun(environment, "apply", "--yes", file)
    pair = paired(lambda: _specrun(environment, "apply", "--yes", file), lambda: _import(environment), rounds)
    what = "apply with nothing to do on Azure ML"
    return Row("cloud", what, "s wall", pair.ours, pair.peer, PEER, pair.ratio, f"{LIMIT:g} s", pair.ours < LIMIT)


def _slow_line(folder: Path, environment: Mapping[str, str], emulator: Emulator, rounds: int) -> Row:
    file = _spec(folder, "ten", TEN)
    _specrun(environment, "apply", "--yes", file)
    emulator.latency = LATENCY
    try:
        pair = paired(lambda: _planned(environment, emulator, file), lambda: _import(environment), rounds)
    finally:
        emulator.latency = 0.0
    most = pair.peer + LATENCIES * LATENCY
    what = f"plan of 10 resources, {LATENCY * 1000:.0f} ms for each request, besides sign-in"
    target = f"import + {LATENCIES} × {LATENCY:g} s"
    return Row("cloud", what, "s wall", pair.ours, pair.peer, PEER, pair.ratio, target, pair.ours <= most)


def _planned(environment: Mapping[str, str], emulator: Emulator, file: str) -> float:
    """A plan's wall seconds without those that signing in took."""
    before = len(emulator.requests)
    wall = _specrun(environment, "plan", file)
    login = [one for one in emulator.requests[before:] if one.host == LOGIN]
    return wall - sum((one.answered or one.at) - one.at for one in login)


def _import(environment: Mapping[str, str]) -> float:
    return take([sys.executable, "-c", "import azure.ai.ml"], environment).wall


def _specrun(environment: Mapping[str, str], *arguments: str) -> float:
    return take([sys.executable, "-m", "specrun", *arguments], environment).wall


def _spec(folder: Path, name: str, rest: str) -> str:
    own = folder / name
    (own / "numbers").mkdir(parents=True)
    (own / "numbers" / "one.txt").write_text("1\n")
    (own / "job.yaml").write_text(TOP.replace("cloud\n", f"{name}\n", 1) + rest)
    return str(own / "job.yaml")
