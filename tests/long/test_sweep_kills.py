"""SIGKILL at random moments of a sweep: its supervisor, the apply, trials, all at once as when the machine restarts;
and another sweep of the same trials that takes its place.

Then `apply` until it ends: each parameter set has exactly one success, the best trial is the right one, and nothing is
left.
"""

from __future__ import annotations

import contextlib
import os
import random as chance
import signal
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from specrun.engines.local import state
from specrun.engines.local.sweeps.record import read_trials
from specrun.plan.trials import Trial
from tests import commands
from tests.faults.test_apply_kills import environment_in
from tests.local.runs import needs_proc, wait_until
from tests.local.sweeps import Place
from tests.searching import Search

pytestmark = [needs_proc, pytest.mark.long, pytest.mark.slow]

VALUES = range(10)
KILLS = 5
"""In one sweep, one after the other."""

MOMENTS = 100
"""At most: when a trial has failed, and all others are through, there may be nobody left to kill."""

VICTIMS = {"sweep": 4, "apply": 2, "trial": 4, "guard": 1, "role": 1, "machine": 2}
CANCELS = 0.3
"""Of applies: how many take the place of what goes on."""

SIDE_BY_SIDE = 2
PATIENCE = 90.0
"""Seconds after which an apply waits for ever."""

ENDS = {0, 1, 5, 100, 102, 103, -signal.SIGKILL}
"""Of applies: by the kill, or since the run is lost, has failed or has changed."""


class Killed(Place):
    """A sweep, and who can be killed of it."""

    def __init__(self, folder: Path, random: chance.Random) -> None:
        super().__init__(folder)
        self.random = random
        self.said: list[str] = []
        self.files: list[str] = []
        """Two sweeps of the same trials, in another order."""
        for number, values in enumerate((VALUES, VALUES[::-1])):
            self.spec(
                "sleep 0.0${{ search_space.x }}; log accuracy $(( (${{ search_space.x }} * 7) % 10 ))",
                values,
                compute={"name": "two", "max_instances": 2},
            )
            file = (folder / "spec" / "job.yaml").rename(folder / f"job-{number}.yaml")
            self.files.append(str(file))

    def begin(self, file: str, *arguments: str) -> commands.Command:
        called = ["apply", file, "--quiet", *arguments]
        environment = {**environment_in(self.folder), "PYTHONPATH": str(commands.ROOT)}
        return commands.start(called, self.folder, environment, "local")

    def begin_any(self) -> commands.Command:
        """One of the two, which now and then takes the other's place, with the trials that go on."""
        previous = ["--cancel-previous"] if self.random.random() < CANCELS else []
        return self.begin(self.random.choice(self.files), *previous)

    def end(self, command: commands.Command) -> int:
        try:
            code = command.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            runs = (self.machine.home / "runs").iterdir()
            print({folder.name: (state.observe(folder), state.held(folder)) for folder in runs}, self.supervisors())
            commands.tell_where(command)
            print(command.stderr.read() if command.stderr is not None else "")
            raise
        assert command.stdout is not None
        assert command.stderr is not None
        with command.stdout, command.stderr:
            self.said.append(f"{code}: {command.stdout.read()}{command.stderr.read()}")
        assert code in ENDS, self.said
        assert "Traceback" not in self.said[-1], self.said
        return code

    def kill(self, victim: str, command: commands.Command) -> bool:
        """Kill one, if there is any; false: there is none now."""
        found = self.supervisors()
        kinds = {"sweep": "specrun sweep", "trial": "specrun run", "guard": "guard"}
        if victim == "machine":
            for number in (signal.SIGSTOP, signal.SIGKILL):  # none of them gets to see another one's end
                command.send_signal(number)
                for pid in found.values():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
            return bool(found)
        if victim == "apply":
            command.kill()
            return command.poll() is None
        if victim == "role":
            pids = [child for child, parent in _parents().items() if parent in _guards(found)]
        else:
            pids = [pid for name, pid in found.items() if name.startswith(kinds[victim])]
        if not pids:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.random.choice(sorted(pids)), signal.SIGKILL)
        return True

    def trials_of_all(self) -> list[Trial]:
        return [trial for folder in self.sweeps() for trial in read_trials(folder)]


def _guards(found: dict[str, int]) -> set[int]:
    return {pid for name, pid in found.items() if name.startswith("guard")}


def _parents() -> dict[int, int]:
    from tests.local.runs import _parents as parents

    return parents()


def killed(folder: Path, random: chance.Random) -> Counter[str]:
    """What was killed of a sweep, which has been checked at its end."""
    place = Killed(folder, random)
    struck: Counter[str] = Counter()
    try:
        command = place.begin_any()
        for _ in range(MOMENTS):
            if struck.total() >= KILLS:
                break
            time.sleep(random.uniform(0, 0.25))  # any moment will do
            victim = random.choices(list(VICTIMS), list(VICTIMS.values()))[0]
            struck[victim] += place.kill(victim, command)
            if command.poll() is not None:
                place.end(command)
                command = place.begin_any()
                if len(place.successes()) == len(VALUES):
                    break
        place.end(command)
        for file in place.files:
            for _ in range(6):  # a guard or a role that was killed is a trial that has failed
                code = place.end(place.begin(file))
                if code == 0 and len(place.successes()) == len(VALUES):
                    break
                if code in (0, 100, 103):
                    place.end(place.begin(file, "--rerun"))
        check(place, struck)
    except BaseException:
        print(f"{folder}: {dict(struck)}\n" + "\n".join(dict.fromkeys(place.said)))
        raise
    finally:
        place.end_all()
    return struck


def check(place: Killed, struck: Counter[str]) -> None:
    where = f"{dict(struck)}"
    wait_until(lambda: not place.supervisors(), "nobody to be left", place.supervisors)
    assert place.successes() == dict.fromkeys(VALUES, 1), where
    last = max(place.sweeps(), key=lambda folder: state.read(folder).submitted or 0)
    assert state.read(last).status == state.SUCCEEDED, where
    assert place.best(last.name) == 7, where
    trials = read_trials(last)
    assert sorted(trial.parameters["x"] for trial in trials) == list(VALUES), where  # type: ignore[type-var]
    assert {trial.status.value for trial in trials} == {"succeeded"}, where
    home = place.machine.home
    assert [path.name for path in (home / "slots").iterdir()] == ["lock"], where
    assert not list((home / "staging").iterdir()), where
    for folder in (home / "runs").iterdir():
        assert not state.held(folder), where


def test_after_any_kills_each_trial_has_succeeded_once(tmp_path: Path, search: Search) -> None:
    randoms = [chance.Random(f"{search.seed} {number}") for number in range(search.rounds(2, 40))]
    struck: Counter[str] = Counter()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for one in pool.map(killed, [tmp_path / f"{number}" for number in range(len(randoms))], randoms):
            struck += one
    print(f"killed: {struck.total()} in {len(randoms)} sweeps: {dict(struck)}")
    assert struck.total() >= len(randoms), "hardly anything was killed"
