"""What plans say of sweeps on this machine, and that applies do no more than that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_sweep_real import SPEC
from tests.engine_double import write_spec
from tests.event_writing import scalar


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = write_spec(tmp_path, SPEC.replace("[1, 2, 3, 4]", "[1, 4]"))
    (tmp_path / ".git").mkdir()
    (tmp_path / "src").mkdir()
    for number in (1, 2):  # the script of the fourth fails
        (tmp_path / "src" / f"events.{number}").write_bytes(scalar("accuracy", number / 4))
    return path


def trials(specrun: Any, *options: str) -> dict[str, int]:
    (change,) = json.loads(specrun("plan", *options, "-o", "json", "job.yaml").out)["resource_changes"]
    return {name: change["run"]["sweep"][name] for name in ("trials", "there", "failed", "to_run")}


def test_a_sweep_that_is_widened_runs_what_is_missing(specrun: Any, spec: Path) -> None:
    text = spec.read_text()
    plain = text[: text.index("sweep:")].replace("${{ search_space.n }}", "2")
    (spec.parent / "plain.yaml").write_text(plain)
    assert specrun("apply", "plain.yaml").code == 0, "a plain run is a trial, too"
    assert trials(specrun) == {"trials": 2, "there": 0, "failed": 0, "to_run": 2}
    assert specrun("apply", "job.yaml").code == 0

    done = specrun("plan", "job.yaml")
    assert (done.code, "has succeeded for exactly this" in done.out) == (0, True)
    assert trials(specrun, "--rerun") == {"trials": 2, "there": 1, "failed": 1, "to_run": 1}

    spec.write_text(text.replace("[1, 4]", "[1, 2, 4]"))
    said = " ".join(specrun("plan", "job.yaml").out.split())
    assert (
        "sweep: 3 trials, 2 are there already, 1 failed before and is not run again without --rerun, none to run"
        in said
    )
    assert "~ sweep: search_space.n.values 1, 4 → 1, 2, 4" in said
    assert specrun("plan", "--out", "job.plan", "job.yaml").code == 0
    assert "sweep: 3 trials, 2 are there already" in specrun("show", "job.plan").out
    assert specrun("apply", "job.plan", "--yes").code == 0
    begun = json.loads(specrun("runs", "--tree", "-o", "json").out)
    (newest,) = (one for one in begun if len(one.get("trials", ())) == 3)
    best = newest["trials"][0]
    assert best["parameters"] == {"n": 2}
    assert json.loads(specrun("status", "-o", "json", best["run"]).out)["parent"] is None, "it is the plain run"
    assert specrun("plan", "--check", "job.plan").code == 5, "it is spent"
