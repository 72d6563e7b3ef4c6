"""SIGKILL of `apply` at any of its writes, and edits of any spec's code, over a chain of five; then `apply` to its end.

Each run says what it is made of: the version of its own code, and what it has read. So it is seen that every run was
there once for each identity, that none has read what it was not planned with, and that the last are of what is there.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from specrun.engines.local import state
from tests import commands
from tests.faults.test_apply_kills import environment_in
from tests.local.runs import Run, needs_proc
from tests.searching import Search

pytestmark = [needs_proc, pytest.mark.long, pytest.mark.slow]

CHAIN = {"a": (), "b": ("a",), "c": ("b",), "d": ("a",), "e": ("c", "d")}
MODEL = "c"
"""Whose output is registered."""

SPEC = """\
apiVersion: specrun/v1
name: {name}
job:
  code: src
  command: >-
    cat version.txt {reads} > ${{{{ outputs.f }}}}/made && made=$(cat ${{{{ outputs.f }}}}/made)
    && echo {name} $made >> {count}
  inputs: {{{inputs}}}
  outputs: {{f: {{{register}}}}}
"""
SIDE_BY_SIDE = 2
EVENTS = 4
"""Kills and edits in one chain."""

WRITES = (15, 70, 220)
"""How many an apply makes before it submits anything, of one spec that changed, and of the whole chain, about."""

STALE = 5


class Chain:
    """Five specs in a folder, and what runs of them have said."""

    def __init__(self, folder: Path, random: Random) -> None:
        self.folder = folder
        self.random = random
        self.versions = dict.fromkeys(CHAIN, 0)
        self.said: list[str] = []
        self.edits = 0
        for name, upstream in CHAIN.items():
            (folder / name / "src").mkdir(parents=True)
            (folder / name / "job.yaml").write_text(
                SPEC.format(
                    name=name,
                    count=folder / "count",
                    reads=" ".join(f"${{{{ inputs.{one} }}}}/made" for one in upstream),
                    inputs=", ".join(f"{one}: {{run: {one}, output: f}}" for one in upstream),
                    register="register: {name: digits}" if name == MODEL else "",
                )
            )
            self._write(name)

    def _write(self, name: str) -> None:
        file = self.folder / name / "src" / "version.txt"
        new = self.folder / "new"
        new.write_text(f"{name}{self.versions[name]}\n")
        new.replace(file)

    def edit(self) -> None:
        """Another version of one of them, or the one before again."""
        self.edits += 1
        name = self.random.choice(list(CHAIN))
        self.versions[name] = max(0, self.versions[name] + self.random.choice([1, 1, -1]))
        self._write(name)

    def apply(self, kill_at: int = 0, *arguments: str) -> int:
        environment = {**environment_in(self.folder), "KILL_AT": f"{kill_at}", "PYTHONPATH": str(commands.ROOT)}
        called = ["apply", *(str(self.folder / name / "job.yaml") for name in CHAIN), "--quiet", *arguments]
        done = commands.run(called, self.folder, environment, "local", 180, "tests.faults.killing")
        self.said.append(f"--- {kill_at}: {done.returncode}\n{done.stdout}{done.stderr}")
        assert "Traceback" not in self.said[-1], self.where
        return int(done.returncode)

    @property
    def where(self) -> str:
        return f"{self.folder} {self.versions}\n" + "\n".join(self.said)

    def made(self, name: str) -> str:
        """What the run of a spec writes now."""
        return f"{name}{self.versions[name]}\n" + "".join(self.made(one) for one in CHAIN[name])

    def check(self) -> None:
        counted = Counter((self.folder / "count").read_text().splitlines())
        assert set(counted.values()) == {1}, f"{counted}\n{self.where}"
        every = (self.folder / "home" / "runs").iterdir()
        # One that was killed before it started, and then edited away, stays as it is: nobody asks for it any more.
        runs = {one.name: one for one in every if state.read(one).status != state.PREPARED}
        records = {name: json.loads((one / "run.json").read_text()) for name, one in runs.items()}
        made = {name: (one / "outputs" / "f" / "made").read_text() for name, one in runs.items()}
        assert len(runs) == counted.total(), f"{sorted(runs)} {counted}\n{self.where}"
        for name in runs:
            upstream = records[name].get("upstream") or {}
            assert set(upstream) == set(CHAIN[name.partition("-")[0]]), self.where
            own = made[name].partition("\n")[0] + "\n"
            assert made[name] == own + "".join(made[upstream[one]] for one in upstream), self.where
            identity = json.loads((runs[name] / "identity.json").read_text())
            for entry, read in upstream.items():
                assert identity["inputs"][entry]["run"] == records[read]["fingerprint"], self.where
            Run(runs[name]).nothing_left()
        for name in CHAIN:
            assert sum(text == self.made(name) for run, text in made.items() if run.startswith(f"{name}-")) == 1, (
                self.where
            )
        self._check_models(runs)

    def _check_models(self, runs: dict[str, Path]) -> None:
        """The output that is asked for now is a model, and none is one twice."""
        versions = [json.loads(one.read_text()) for one in (self.folder / "home" / "models").rglob("*.json")]
        of = Counter(one["tags"]["specrun-run"] for one in versions if "tags" in one)
        (now,) = (name for name in runs if name.startswith(f"{MODEL}-") and self._is_now(runs[name]))
        assert of[now] == 1, f"{of}\n{self.where}"
        assert set(of.values()) == {1}, f"{of}\n{self.where}"

    def _is_now(self, run: Path) -> bool:
        return (run / "outputs" / "f" / "made").read_text() == self.made(MODEL)


def befallen(folder: Path, random: Random) -> Counter[str]:
    """What befell a chain, which has been checked at its end."""
    chain = Chain(folder, random)
    came_to: Counter[str] = Counter()
    while came_to["killed"] + chain.edits < EVENTS:
        if random.random() < 0.6:
            chain.edit()
        kill_at = random.randint(1, random.choice(WRITES)) if random.random() < 0.9 else 0
        editing = threading.Timer(random.uniform(0, 0.8), chain.edit) if random.random() < 0.4 else None
        if editing is not None:
            editing.start()  # any moment will do
        code = chain.apply(kill_at)
        if editing is not None:
            editing.cancel()
            editing.join()
        assert code in (0, STALE, -signal.SIGKILL), chain.where
        came_to["killed"] += code == -signal.SIGKILL
        came_to["stale"] += code == STALE
    came_to["edited"] = chain.edits
    code = chain.apply()
    assert code == 0, chain.where
    chain.check()
    before = chain.folder.joinpath("count").read_text()
    assert (chain.apply(), chain.folder.joinpath("count").read_text()) == (0, before), chain.where
    return came_to


def test_after_any_kills_and_edits_each_run_was_there_once(tmp_path: Path, search: Search) -> None:
    randoms = [Random(f"{search.seed} {number}") for number in range(search.rounds(2, 250))]
    came_to: Counter[str] = Counter()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for one in pool.map(befallen, [tmp_path / f"{number}" for number in range(len(randoms))], randoms):
            came_to += one
    print(f"{came_to['killed']} kills and {came_to['edited']} edits in {len(randoms)} chains: {dict(came_to)}")
    assert came_to["killed"] or os.environ.get("SPECRUN_LONG"), "the hook did not kill"
