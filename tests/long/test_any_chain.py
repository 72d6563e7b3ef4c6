"""SIGKILL of `apply` at any of its writes, and of any process of the runs at any moment; edits of any spec's code, and
two applies at once: over a chain of five, and then `apply` to its end.

Each run says what it is made of: the version of its own code, and what it has read. So it is seen that each identity
has succeeded once, that no two attempts at one were at work at the same time, that none has read what it was not
planned with, or of what has not succeeded, and that the last are of what is there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from specrun.engines.local import state
from tests import commands
from tests.faults.test_apply_kills import environment_in
from tests.local.runs import Run, kill_at_once, needs_proc, processes_of
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
    made=$(cat version.txt {reads}) && exec 9>> {folder}/going-{name}-$(echo $made | tr -d ' ')
    && {{ flock -n 9 || echo {name} $made >> {folder}/overlapping; }}
    && echo begun ${{{{ outputs.f }}}} >> {folder}/count && sleep 0.1 && echo "$made" > ${{{{ outputs.f }}}}/made
    && echo done ${{{{ outputs.f }}}} >> {folder}/count
  inputs: {{{inputs}}}
  outputs: {{f: {{{register}}}}}
"""
SIDE_BY_SIDE = 2
EVENTS = 4
"""Kills and edits in one chain."""

WRITES = (15, 70, 220)
"""How many an apply makes before it submits anything, of one spec that changed, and of the whole chain, about."""

VICTIMS = {"supervisor": 4, "role": 3, "guard": 2, "all": 2}
"""What is killed of runs, with how much of the chance."""

LONGEST = 1.5
"""Seconds of an apply after which a process of a run is killed, or the next that there is."""

PAUSE = 0.01

PATIENCE = 120.0
"""Seconds after which an apply waits for ever."""

TRIES = 12
"""Applies until all has succeeded: of what was killed some has failed, and some is submitted again."""

FAILED, STALE, RUN_FAILED = 1, 5, 100
ENDS = {0, FAILED, STALE, RUN_FAILED, -signal.SIGKILL}
"""Of applies: a run's processes were killed, or before it was started; what was planned has changed; or it was killed
itself.
"""


class Chain:
    """Five specs in a folder, and what runs of them have said."""

    def __init__(self, folder: Path, random: Random) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.random = random
        self.versions = dict.fromkeys(CHAIN, 0)
        self.said: list[str] = []
        self.struck: Counter[str] = Counter()
        for name, upstream in CHAIN.items():
            (folder / name / "src").mkdir(parents=True)
            (folder / name / "job.yaml").write_text(
                SPEC.format(
                    name=name,
                    folder=folder,
                    reads=" ".join(f"${{{{ inputs.{one} }}}}/made" for one in upstream),
                    inputs=", ".join(f"{one}: {{run: ../{one}/job.yaml, output: f}}" for one in upstream),
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
        self.struck["edit"] += 1
        name = self.random.choice(list(CHAIN))
        self.versions[name] = max(0, self.versions[name] + self.random.choice([1, 1, -1]))
        self._write(name)

    def kill(self, victim: str, after: float, over: threading.Event) -> None:
        """Kill a process of the runs, or all of them, some seconds from now, or as soon as there is one."""
        over.wait(after)
        while not over.wait(PAUSE):
            found = processes_of(self.home)
            if pids := sorted(pid for pid, kind in found.items() if victim in ("all", kind)):
                self.struck[victim] += 1
                kill_at_once(*(pids if victim == "all" else [self.random.choice(pids)]))
                return

    def apply(self, *arguments: str, kill_at: int = 0, specs: str = "abcde") -> int:
        environment = {**environment_in(self.folder), "KILL_AT": f"{kill_at}", "PYTHONPATH": str(commands.ROOT)}
        called = ["apply", *(str(self.folder / name / "job.yaml") for name in specs), "--quiet", *arguments]
        try:
            done = commands.run(called, self.folder, environment, "local", PATIENCE, "tests.faults.killing")
        except subprocess.TimeoutExpired as error:
            runs = {one.name: (state.observe(one), state.held(one)) for one in self.runs()}
            raise AssertionError(f"{error}: {error.stderr}{processes_of(self.home)} {runs}\n{self.where}") from error
        self.said.append(f"--- {arguments} {specs} {kill_at}: {done.returncode}\n{done.stdout}{done.stderr}")
        assert "Traceback" not in self.said[-1], self.where
        assert done.returncode in ENDS, self.where
        self.struck["apply"] += done.returncode == -signal.SIGKILL
        self.struck["stale"] += done.returncode == STALE
        return int(done.returncode)

    def to_the_end(self) -> None:
        """Apply until all has succeeded; what has failed is run again by itself."""
        for _ in range(TRIES):
            if self.apply() == 0:
                return
            left = [name for name in CHAIN if self.made(name) not in self.all_made(name)]
            if left:
                self.apply("--rerun", specs=left[0])
        raise AssertionError(f"it does not come to an end\n{self.where}")

    @property
    def where(self) -> str:
        return f"{self.folder} {self.versions} {dict(self.struck)}\n" + "\n".join(self.said)

    def made(self, name: str) -> str:
        """What the run of a spec writes now."""
        return f"{name}{self.versions[name]}\n" + "".join(self.made(one) for one in CHAIN[name])

    def runs(self) -> list[Path]:
        """Those that were started: one that was killed before that, and then edited away, nobody asks for any more."""
        return [one for one in (self.home / "runs").iterdir() if state.read(one).status != state.PREPARED]

    def has_succeeded(self, run: Path) -> bool:
        return state.read(run).status == state.SUCCEEDED

    def made_by(self, run: Path) -> str:
        return (run / "outputs" / "f" / "made").read_text()

    def all_made(self, name: str) -> list[str]:
        """What runs of a spec have made that have succeeded."""
        return [self.made_by(one) for one in self.runs() if one.name.startswith(f"{name}-") and self.has_succeeded(one)]

    def check(self) -> None:
        runs = {one.name: one for one in self.runs()}
        records = {name: json.loads((one / "run.json").read_text()) for name, one in runs.items()}
        succeeded = {name: self.made_by(one) for name, one in runs.items() if self.has_succeeded(one)}
        once = Counter(records[name]["fingerprint"] for name in succeeded)
        assert set(once.values()) == {1}, f"{once}\n{self.where}"
        self._check_counted(runs, succeeded)
        for name in runs:
            upstream = records[name].get("upstream") or {}
            assert set(upstream) == set(CHAIN[name.partition("-")[0]]), self.where
            assert set(upstream.values()) <= succeeded.keys(), self.where
            identity = json.loads((runs[name] / "identity.json").read_text())
            for entry, read in upstream.items():
                assert identity["inputs"][entry]["run"] == records[read]["fingerprint"], self.where
            if name in succeeded:
                own = succeeded[name].partition("\n")[0] + "\n"
                assert succeeded[name] == own + "".join(succeeded[upstream[one]] for one in upstream), self.where
            Run(runs[name]).nothing_left()
        for name in CHAIN:
            assert self.all_made(name).count(self.made(name)) == 1, self.where
        self._check_models(succeeded)

    def _check_counted(self, runs: dict[str, Path], succeeded: dict[str, str]) -> None:
        """Each run's script was begun once at most, that of each that has succeeded came to its end, and no two were at
        work for the same.
        """
        counted = Counter((self.folder / "count").read_text().splitlines())
        assert set(counted.values()) == {1}, f"{counted}\n{self.where}"
        told: dict[str, set[str]] = {"begun": set(), "done": set()}
        for word, output in map(str.split, counted):
            told[word].add(Path(output).parts[-3])
        assert told["begun"] <= runs.keys(), f"{told} {sorted(runs)}\n{self.where}"
        assert succeeded.keys() <= told["done"] <= told["begun"], f"{told}\n{self.where}"
        assert not (self.folder / "overlapping").exists(), self.where

    def _check_models(self, succeeded: dict[str, str]) -> None:
        """The output that is asked for now is a model, and none is one twice, or of what has not succeeded."""
        versions = [json.loads(one.read_text()) for one in (self.home / "models").rglob("*.json")]
        of = Counter(one["tags"]["specrun-run"] for one in versions if "tags" in one)
        (now,) = (name for name, made in succeeded.items() if name[0] == MODEL and made == self.made(MODEL))
        assert of[now] == 1, f"{of}\n{self.where}"
        assert set(of.values()) == {1}, f"{of}\n{self.where}"
        assert of.keys() <= succeeded.keys(), f"{of}\n{self.where}"


def befallen(folder: Path, random: Random) -> Counter[str]:
    """What befell a chain, which has been checked at its end."""
    chain = Chain(folder, random)
    try:
        while chain.struck.total() - chain.struck["stale"] - chain.struck["two"] < EVENTS:
            befall(chain, random)
        chain.to_the_end()
        chain.check()
        before = (folder / "count").read_text()
        assert (chain.apply(), (folder / "count").read_text()) == (0, before), chain.where
    finally:
        kill_at_once(*processes_of(chain.home))
    return chain.struck


def befall(chain: Chain, random: Random) -> None:
    """An apply, or two, and what happens meanwhile."""
    if random.random() < 0.5:
        chain.edit()
    kills = [random.randint(1, random.choice(WRITES)) if random.random() < 0.5 else 0]
    if random.random() < 0.3:
        chain.struck["two"] += 1
        kills.append(random.randint(1, random.choice(WRITES)) if random.random() < 0.5 else 0)
    over = threading.Event()
    meanwhile = [threading.Timer(random.uniform(0, 0.8), chain.edit)] if random.random() < 0.3 else []
    victims = random.choices(list(VICTIMS), list(VICTIMS.values()), k=random.choice([0, 1, 1, 2]))
    meanwhile += [threading.Timer(0, chain.kill, [one, random.uniform(0, LONGEST), over]) for one in victims]
    for one in meanwhile:
        one.start()  # any moment will do
    try:
        with ThreadPoolExecutor(len(kills)) as pool:
            list(pool.map(lambda kill_at: chain.apply(kill_at=kill_at), kills))
    finally:
        over.set()
        for one in meanwhile:
            one.cancel()
            one.join()


def test_after_any_kills_and_edits_each_run_was_there_once(tmp_path: Path, search: Search) -> None:
    randoms = [Random(f"{search.seed} {number}") for number in range(search.rounds(2, 250))]
    struck: Counter[str] = Counter()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for one in pool.map(befallen, [tmp_path / f"{number}" for number in range(len(randoms))], randoms):
            struck += one
    kills = sum(struck[one] for one in ("apply", *VICTIMS))
    print(f"{kills} kills and {struck['edit']} edits in {len(randoms)} chains: {dict(struck)}")
    assert kills or os.environ.get("SPECRUN_LONG"), "nothing was killed"
