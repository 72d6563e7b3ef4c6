"""Requests of a plan for a thousand specs that share what they run on: few for what is shared, few for each spec; those
of `drift` have none for a spec.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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
from specrun.plan.attempts import run_name
from specrun.plan.makers import Maker

SPECS, CLUSTERS, DATASTORES, WORKSPACES = 1000, 20, 5, 2
OTHERS = 3000
TARGETS, MOST = 100, 249
"""Of data, and requests that `drift` may make for all."""
EACH = {"azureml": 2, "azureml-v1": 2}
"""Requests that a spec may add: the list of its runs, and the name of the attempt that would be next."""

TOP = """\
apiVersion: specrun/v1
name: {name}
workspace:
  {{name: many-ws-{workspace}, resource_group: many-rg, subscription_id: "${{{{ env.AZURE_SUBSCRIPTION_ID }}}}",
   location: westeurope, create: true}}
compute: {{name: cluster-{cluster}, size: STANDARD_DS3_V2, max_instances: 4}}
datastores:
  store{store}: {{type: azure_blob, account_name: mlstore, container_name: many}}
data:
  numbers: {{path: numbers, datastore: store{store}, target: numbers/{target}}}
"""
JOB = """\
job:
  command: cat ${{{{ inputs.numbers }}}}/* && echo {number}
  inputs: {{numbers: {{data: numbers}}}}
  environment: {{image: "python:3.11"}}
"""


def many(place: Workplace) -> Iterator[Row]:
    """Plans of specs that have never run, and of the same once each of them has; of all and of half of them."""
    try:
        install()
    except Unavailable as problem:
        raise LeftOut(f"without Azurite there is no emulator: {problem}") from problem
    specs = place.amount(SPECS, 2 * CLUSTERS)
    for engine, each in EACH.items():
        folder = place.subfolder(f"many-{engine}")
        with Emulator(folder / "emulator") as emulator:
            emulator.service.stores.blobs("mlstore").ensure("many")
            asked = _Asked(emulator, {**place.environment, **emulator.environment, "SPECRUN_ENGINE": engine}, folder)
            asked.count("apply", "--yes", *(_spec(folder, number, with_job=False) for number in range(CLUSTERS)))
            files = [_spec(folder, number, with_job=True) for number in range(specs)]
            states: Mapping[str, Callable[[_Asked, list[str]], None]] = {
                "that have never run": lambda *_: None,
                "that have run": _Asked.have_run,
                f"that have run, {OTHERS:,} runs of others since": _Asked.others_have_run,
            }
            for state, prepare in states.items():
                prepare(asked, files)
                whole = asked.count("plan", "--max-runs", f"{specs}", *files)
                half = asked.count("plan", "--max-runs", f"{specs}", *files[: specs // 2])
                added = (whole - half) / (specs - specs // 2)
                what = f"{engine}: plan of {specs:,} specs {state}"
                target = f"+ {each} for each spec"
                yield Row("many", what, "requests", whole, half, "of half of them", whole / half, target, added <= each)
            files = [_spec(folder, number, with_job=True, targets=TARGETS) for number in range(specs)]
            asked.count("apply", "--yes", "--only", "kind:data", *files[:TARGETS])
            whole, half = asked.count("drift", *files), asked.count("drift", *files[: specs // 2])
            what = f"{engine}: drift of {specs:,} specs, {min(specs, TARGETS)} targets"
            yield Row(
                "many", what, "requests", whole, half, "of half of them", whole / half, f"≤ {MOST}", whole <= MOST
            )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of an emulated Azure by calls of specrun."""

    emulator: Emulator
    environment: Mapping[str, str]
    folder: Path

    def count(self, *arguments: str, output: Path | None = None) -> int:
        """How many requests a call makes, besides those that sign in."""
        begin = len(self.emulator.requests)
        take([sys.executable, "-m", "specrun", *arguments], self.environment, output=output)
        return sum("login.microsoftonline.com" not in one.host for one in self.emulator.requests[begin:])

    def have_run(self, files: list[str]) -> None:
        """Put a run of each spec into the workspaces, as each consists of now."""
        output = self.folder / "plan.json"
        self.count("plan", "-o", "json", "--max-runs", f"{len(files)}", *files, output=output)
        changes = [one for one in json.loads(output.read_text())["resource_changes"] if "run" in one]
        for name, plane in self._planes():
            runs = [one["run"] | {"spec": one["name"]} for one in changes if one["place"]["target"] == name]
            add_past_runs(plane, [(one["name"], run_tags(Maker(one["spec"]), one["fingerprint"])) for one in runs])

    def others_have_run(self, files: list[str]) -> None:
        """Put more runs into each workspace than a plan reads."""
        digests = [f"{number:010}" + "0" * 54 for number in range(OTHERS)]
        for _, plane in self._planes():
            runs = [(run_name("other", digest, 1), run_tags(Maker("other"), digest)) for digest in digests]
            add_past_runs(plane, runs)

    def _planes(self) -> Iterator[tuple[str, Plane]]:
        service = self.emulator.service
        for number in range(WORKSPACES):
            plane = data_of(service).plane(service.subscription, "many-rg", f"many-ws-{number}")
            yield f"workspace many-ws-{number}", plane


def _spec(folder: Path, number: int, *, with_job: bool, targets: int = WORKSPACES * DATASTORES) -> str:
    name = f"spec-{number}" if with_job else f"shared-{number}"
    numbers = folder / "numbers"
    numbers.mkdir(exist_ok=True)
    (numbers / "one.txt").write_text("1\n")
    file = folder / f"{name}.yaml"
    store = number // WORKSPACES % DATASTORES
    top = TOP.format(
        name=name, workspace=number % WORKSPACES, cluster=number % CLUSTERS, store=store, target=number % targets
    )
    file.write_text(top + (JOB.format(number=number) if with_job else ""))
    return str(file)
