"""Requests in a workspace with a long history against those in one without: they are to be as many."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.measure import LeftOut, take
from benchmarks.table import Row
from benchmarks.workplace import Workplace
from emulator import Emulator
from emulator.azurite.server import Unavailable, install
from emulator.dataplane import data_of
from emulator.past import add_past_runs
from emulator.runs_state import Plane
from specrun.engines.azure.run_marks import run_tags
from specrun.engines.azure.run_record import record_properties
from specrun.plan.attempts import run_name
from specrun.plan.makers import Maker

RUNS, SPECS = 50_000, 500
MORE = 2
"""Requests that a verb may make more, or fewer."""

SPEC = """\
apiVersion: specrun/v1
name: {name}
workspace:
  {{name: long-ws, resource_group: long-rg, subscription_id: "${{{{ env.AZURE_SUBSCRIPTION_ID }}}}",
   location: westeurope, create: true}}
compute: {{name: cluster, size: STANDARD_DS3_V2, max_instances: 2}}
job: {{command: echo {words}, environment: {{image: "python:3.11"}}}}
"""
VERBS: Mapping[str, tuple[str, ...]] = {
    "plan": ("plan",),
    "apply with nothing to do": ("apply", "--yes"),
    "status": ("status",),
    "runs": ("runs",),
}
ENGINES = ("azureml", "azureml-v1")


def history(place: Workplace) -> Iterator[Row]:
    """Each verb on one spec and on ten, and an apply that submits; of both engines."""
    try:
        install()
    except Unavailable as problem:
        raise LeftOut(f"without Azurite there is no emulator: {problem}") from problem
    runs = place.amount(RUNS, RUNS // 100)
    for engine in ENGINES:
        folder = place.subfolder(f"history-{engine}")
        with Emulator(folder / "emulator") as emulator:
            environment = {**place.environment, **emulator.environment, "SPECRUN_ENGINE": engine}
            files = [_spec(folder, number, "hello") for number in range(10)]
            _specrun(emulator, environment, "apply", "--yes", *files)
            before = _counts(emulator, environment, folder, files, "first")
            service = emulator.service
            _add_history(data_of(service).plane(service.subscription, "long-rg", "long-ws"), runs)
            after = _counts(emulator, environment, folder, files, "other")
        for what, ours in after.items():
            peer = before[what]
            words = f"{engine}: {what}, {runs:,} runs of {SPECS} specs"
            met = abs(ours - peer) <= MORE
            yield Row("history", words, "requests", ours, peer, "without", ours / peer, f"± {MORE}", met)


def _counts(
    emulator: Emulator, environment: Mapping[str, str], folder: Path, files: list[str], words: str
) -> dict[str, int]:
    """The requests of each verb, and of the submission of a spec that has been changed."""
    counts = {what: _specrun(emulator, environment, *verb, files[0]) for what, verb in VERBS.items()}
    counts["plan of 10 specs"] = _specrun(emulator, environment, "plan", *files)
    changed = _spec(folder, 9, words)
    counts["apply of a changed spec"] = _specrun(emulator, environment, "apply", "--yes", "--detach", changed)
    _spec(folder, 9, "hello")
    return counts


def _add_history(plane: Plane, runs: int) -> None:
    """So many runs, of the specs here and of others, all of them older than what these consist of now."""
    named = []
    for number in range(runs):
        spec, digest = f"spec-{number % SPECS}", f"{number:010}" + "0" * 54
        named.append((run_name(spec, digest, 1), run_tags(Maker(spec), digest)))
    before = dict(plane.runs)
    plane.runs.clear()
    record = record_properties({"reads": [], "keeps": [], "identity": {"command": "echo"}})
    add_past_runs(plane, named, properties=record)
    plane.runs |= before  # newer than these: a list begins with them


def _specrun(emulator: Emulator, environment: Mapping[str, str], *arguments: str) -> int:
    """How many requests a call makes, besides those that sign in."""
    begin = len(emulator.requests)
    take([sys.executable, "-m", "specrun", *arguments], environment)
    return sum("login.microsoftonline.com" not in one.host for one in emulator.requests[begin:])


def _spec(folder: Path, number: int, words: str) -> str:
    file = folder / f"spec-{number}.yaml"
    file.write_text(SPEC.format(name=f"spec-{number}", words=words))
    return str(file)
