"""A secret's value is in its role's environment and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.engines.local import state, supervisor
from tests.local.runs import Runs, needs_proc

CANARY = "canary-7f3a9c51-do-not-sing"


def files_with(needle: str, folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and needle.encode() in path.read_bytes()]


def arguments_with(needle: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if needle.encode() in (entry / "cmdline").read_bytes():
                    found.append(entry.name)
            except OSError:
                continue
    return found


@needs_proc
def test_value_is_in_no_file_and_no_argument(runs: Runs) -> None:
    run = runs.prepare(f"[[ $TOKEN == {CANARY[:10]}*sing ]] && echo ready; sleep 600; true", secret_names=("TOKEN",))
    run.start({"TOKEN": CANARY}).running()
    assert not arguments_with(CANARY)
    assert arguments_with(CANARY[:10]), "the check itself finds what is there"
    assert not files_with(CANARY, runs.home)
    own = Path(f"/proc/{run.supervisor()}/environ").read_bytes()
    assert CANARY.encode() not in own
    state.cancel(run.folder)
    run.ended()
    assert not files_with(CANARY, runs.home)
    assert files_with(CANARY[:10], runs.home), "the check itself finds what is there"


def test_secrets_that_did_not_arrive(runs: Runs) -> None:
    run = runs.prepare("true", secret_names=("TOKEN", "KEY"))
    with pytest.raises(supervisor.NotStarted, match="TOKEN") as error:
        run.start({"KEY": CANARY})
    assert CANARY not in str(error.value)
    assert run.state().status == state.PREPARED
    assert run.start({"KEY": CANARY, "TOKEN": CANARY}).ended().status == state.SUCCEEDED


def test_the_starters_environment_does_not_reach_the_script(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", CANARY)
    monkeypatch.setenv("LC_TIME", "C")
    run = runs.start("env")
    run.ended()
    assert CANARY not in run.log("main/0")
    assert "LC_TIME=C" in run.log("main/0")
