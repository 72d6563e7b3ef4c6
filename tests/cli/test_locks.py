"""Locks on the command line: two that apply at once, what the rules want, and `specrun unlock`."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from specrun.apply import locks
from specrun.apply.events import LockAwaited
from specrun.apply.locks import told
from specrun.engines.base import Denied
from specrun.engines.local import resources
from specrun.engines.local.locks import LocalLocks
from specrun.engines.locks import Holder, Lock
from tests.engine_double import Double, addresses, graph_for, offer, read_specs, wait_until, write_spec

CLUSTER = "name: job\ncompute: {name: gpu, max_instances: 2}\n"
ADA = Holder("ada", "desk-3", "update compute/gpu (other)\x1b[2J", 1_000_000_000.0, 71)


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Double:
    made = Double(asks=False)
    offer(monkeypatch, "local", made)
    write_spec(Path.cwd(), CLUSTER)
    return made


def held_here(holder: Holder = ADA) -> tuple[LocalLocks, Lock]:
    """A lock on this machine that somebody has."""
    path = write_spec(Path.cwd(), CLUSTER)
    here = LocalLocks(Path.cwd() / ".specrun")
    return here, here.acquire(addresses(graph_for(read_specs(path), Path.cwd()))["compute/gpu"], holder)


def test_who_has_a_lock_is_told_and_waited_for_no_longer_than_asked(specrun: Any) -> None:
    _, lock = held_here()
    said = specrun("apply", "--lock-timeout", "0s")
    words = "ada at desk-3 (process 71), update compute/gpu (other)\\x1b[2J, since 2001-09-09 "
    assert (said.code, said.err.count(f"compute/gpu: locked by {words}")) == (5, 1)
    assert "specrun unlock" in said.err
    said = specrun("apply", "--lock-timeout", "0s", "-o", "json")
    (settled,) = [one for one in map(json.loads, said.out.splitlines()) if one["event"] == "operation_settled"]
    assert said.code == 5
    assert settled["error"].startswith("locked by ada at desk-3")
    assert specrun("destroy", "job.yaml", "--yes", "--lock-timeout", "0s").code == 0  # there is nothing to delete
    lock.release()
    said = specrun("apply", "--lock-timeout", "0s")
    assert (said.code, "lock" in said.out + said.err) == (0, False)
    assert not list(Path(".specrun/locks").iterdir())
    _, lock = held_here()
    assert specrun("destroy", "job.yaml", "--yes", "--lock-timeout", "0s").code == 5
    lock.release()


@pytest.mark.parametrize("given", ["soon", "10", "", "-1s", "1.5h", "10 m", "m"])
def test_a_time_that_is_none_is_wrong_usage(specrun: Any, double: Double, given: str) -> None:
    said = specrun("apply", "--lock-timeout", given)
    assert (said.code, "such as 10m or 0s" in said.err) == (64, True)
    assert double.calls == []


APPLIER = """
import time
from pathlib import Path
from specrun.cli.main import run
from specrun.engines.local import resources
real = resources._write_record
def write(home, change):
    Path("begun").touch()
    while not Path("go").exists(): time.sleep(0.01)
    real(home, change)
resources._write_record = write
raise SystemExit(run(["apply"]))
"""


@pytest.mark.parametrize("killed", [False, True])
def test_of_two_applies_at_once_one_waits(specrun: Any, monkeypatch: pytest.MonkeyPatch, killed: bool) -> None:
    """Each change is made once; that of one that is killed in the middle is made by the other, at once."""
    write_spec(Path.cwd(), CLUSTER)
    first = subprocess.Popen([sys.executable, "-c", APPLIER])
    wait_until(Path("begun").exists, "the first to begin")
    made: list[Any] = []
    real = resources._write_record
    monkeypatch.setattr(resources, "_write_record", lambda *given: (made.append(given), real(*given)))
    awaited: list[LockAwaited] = []

    def go_on(event: LockAwaited) -> None:
        awaited.append(event)
        if killed:
            first.kill()
        else:
            Path("go").touch()

    monkeypatch.setattr(locks, "LockAwaited", lambda *given: go_on(event := LockAwaited(*given)) or event)
    said = specrun("apply")
    assert [first.wait(20.0), said.code] == [-9 if killed else 0, 0]
    assert (len(made), len(awaited)) == (int(killed), 1)
    assert (awaited[0].holder.process, awaited[0].holder.doing) == (first.pid, "create compute/gpu (job)")
    assert f"compute/gpu: waiting for {told(awaited[0].holder)}\n" in said.err
    assert not list(Path(".specrun/locks").iterdir())


def denied(*_: object) -> Any:
    raise Denied("AuthorizationPermissionMismatch \x1b[31m")


@pytest.mark.parametrize("rule", [False, True])
def test_without_the_right_to_lock(specrun: Any, double: Double, monkeypatch: pytest.MonkeyPatch, rule: bool) -> None:
    """A warning, and it is done; with the rule it is refused before anything is done. A plan says nothing of either."""
    if rule:
        Path(".specrun.yaml").write_text("rules:\n  lock: required\n")
    monkeypatch.setattr(double.locks, "acquire", denied)
    assert (specrun("plan").code, specrun("plan").err) == (0, "")
    said = specrun("apply", "-q")
    assert said.err.count("AuthorizationPermissionMismatch \\x1b[31m") == 1
    if rule:
        assert said.code == 4
        assert "`rules: {lock: required}` in .specrun.yaml wants a lock" in said.err
        assert said.err.endswith("nothing was changed\n")
        assert not any(call.startswith("begin") for call in double.calls)
    else:
        assert said.code == 0
        assert "is changed without locks" in said.err
        assert "compute/gpu" in double.there


def test_the_rule_is_of_the_repositories_that_have_it(specrun: Any, double: Double, monkeypatch: Any) -> None:
    for name in ("strict", "free"):
        Path(name, ".git").mkdir(parents=True)
        write_spec(Path(name), CLUSTER.replace("job", name).replace("gpu", f"{name}-gpu"))
    Path("strict/.specrun.yaml").write_text("rules: {lock: required}\n")
    monkeypatch.setenv("SPECRUN_HOME", str(Path.cwd() / "home"))
    monkeypatch.setattr(double.locks, "acquire", denied)
    assert specrun("apply", "free/job.yaml").code == 0
    # In one command nothing is changed at all.
    Path("free/job.yaml").write_text(Path("free/job.yaml").read_text().replace("max_instances: 2", "max_instances: 3"))
    begun = [call for call in double.calls if call.startswith("begin")]
    assert specrun("apply", "free/job.yaml", "strict/job.yaml").code == 4
    assert [call for call in double.calls if call.startswith("begin")] == begun


def test_unlock_says_who_has_it_and_asks(specrun: Any) -> None:
    here, lock = held_here()
    said = specrun("unlock", "job.yaml")
    assert said.code == 1
    assert said.out.startswith("compute/gpu: locked by ada at desk-3 (process 71), update compute/gpu (other)\\x1b[2J")
    assert "The process 71 that holds compute/gpu is alive." in said.err
    assert "say --yes" in said.err
    lock.check()
    said = specrun("unlock", "job.yaml", "--yes")
    assert (said.code, said.err.splitlines()[-1]) == (0, "compute/gpu is free")
    assert here.holders() == {}
    lock.release()
    said = specrun("unlock", "job.yaml")
    assert (said.code, said.out, said.err) == (0, "no lock of these is held on this machine\n", "")
    assert json.loads(specrun("unlock", "job.yaml", "-o", "json").out) == {"locks": []}


def test_unlock_asks_a_person(specrun: Any, double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    double.locked["compute/gpu"] = ADA
    asked: list[str] = []
    answers = iter([False, True])

    def confirm(text: str, **_: object) -> bool:
        asked.append(text)
        return next(answers)

    monkeypatch.setattr("specrun.cli.unlock.is_somebody_here", lambda: True)
    monkeypatch.setattr("click.confirm", confirm)
    said = specrun("unlock", "job.yaml")
    assert (said.code, said.err.splitlines()[-1]) == (1, "nothing was freed")
    assert "within 60 s" in said.err
    said = specrun("unlock", "job.yaml")
    assert (said.code, double.locked, asked) == (0, {}, ["Free compute/gpu?"] * 2)


def test_unlock_frees_what_was_meant_and_nothing_else(specrun: Any, double: Double) -> None:
    other = Holder("bob", "desk-4", "delete compute/cpu", 5.0, 3)
    double.locked |= {"compute/gpu": ADA, "compute/cpu": other}
    said = specrun("unlock", "job.yaml", "--yes", "-o", "json")
    found = {one["name"]: one for one in json.loads(said.out)["locks"]}
    assert {name: one["freed"] for name, one in found.items()} == {"compute/gpu": True, "compute/cpu": False}
    assert found["compute/gpu"]["holder"]["who"] == "ada"
    assert (said.code, double.locked) == (0, {"compute/cpu": other})
    said = specrun("unlock", "job.yaml")
    assert (said.code, "other locks are held there (compute/cpu): --lock NAME frees one" in said.err) == (0, True)
    assert specrun("unlock", "job.yaml", "--lock", "compute/CPU", "--yes").code == 0
    assert double.locked == {}


def test_unlock_leaves_alone_what_another_has_by_now(specrun: Any, double: Double) -> None:
    double.locked["compute/gpu"] = ADA
    real, looks = double.locks.holders, iter([ADA, Holder("bob")])  # type: ignore[union-attr]
    double.locks.holders = lambda: {**real(), "compute/gpu": next(looks)}  # type: ignore[union-attr,method-assign]
    said = specrun("unlock", "job.yaml", "--yes")
    assert (said.code, double.locked) == (1, {"compute/gpu": ADA})
    assert "compute/gpu is by now locked by bob: left alone" in said.err


def test_unlock_says_what_it_may_not_free(specrun: Any, double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    double.locked["compute/gpu"] = ADA
    monkeypatch.setattr(double.locks, "free", denied)
    said = specrun("unlock", "job.yaml", "--yes")
    assert (said.code, "error: compute/gpu: AuthorizationPermissionMismatch" in said.err) == (1, True)


def test_unlock_takes_no_whole_repository(specrun: Any, double: Double) -> None:
    Path("job.yaml").rename("other.yaml")
    Path(".git").mkdir()
    Path(".specrun.yaml").write_text("specs: [.]\n")
    double.locked["compute/gpu"] = ADA
    assert specrun("unlock", "--yes").code == 64
    assert specrun("unlock", "--yes", "--all").code == 0
    assert double.locked == {}


def test_what_is_as_declared_costs_nothing(specrun: Any, double: Double) -> None:
    assert specrun("apply").code == 0
    double.calls.clear()
    assert specrun("apply").code == 0
    assert not any("lock" in call for call in double.calls)


def test_the_time_of_holders_is_not_that_of_this_machine(specrun: Any, double: Double) -> None:
    double.locked["compute/gpu"] = Holder("eve", since=time.time() + 1e6)
    assert "locked by eve, since 20" in specrun("unlock", "job.yaml").out
