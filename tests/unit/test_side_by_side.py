"""Many files checked on several cores say what they say on one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from specrun.spec import secrets, side_by_side
from specrun.spec.load import load
from specrun.spec.loaded import Loaded, together

BASE = "apiVersion: specrun/v1\nextends: none.yaml\nabstract: true\nexperimnt: all\njob: {script: train.py}\n"
SPEC = """\
apiVersion: specrun/v1
name: spec-{0}
extends: base.yaml
datastores:
  training:
    type: azure_blob
    account_name: mlstore
    container_name: training
    credentials: {{account_key: "${{{{ secrets.KEY_{0} }}}}"}}
job: {{command: ls, cod: src{0}}}
"""


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "FEW", 2)
    monkeypatch.setattr(side_by_side, "_cores", lambda: 2)


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".specrun.yaml").write_text("envv: [A]\n")
    (tmp_path / "base.yaml").write_text(BASE)
    for number in range(9):
        (tmp_path / f"{number}.yaml").write_text(SPEC.format(number))
        monkeypatch.setenv(f"KEY_{number}", f"a secret of spec {number}")
    return [f"{number}.yaml" for number in range(9)]


def test_findings_are_those_of_one_process_each_once_and_in_order(specs: list[str]) -> None:
    parts = side_by_side.side_by_side(partial(load, given=specs), specs)
    whole = load(specs)
    assert [found for found in whole.diagnostics if found.location.file == "base.yaml"]
    assert len(whole.diagnostics) > len(specs)
    assert len(parts) > 1
    merged = together(parts, specs)
    assert merged == whole
    assert [found.specs for found in merged.diagnostics] == [found.specs for found in whole.diagnostics]


def test_secrets_that_the_other_processes_met_are_known(specs: list[str]) -> None:
    side_by_side.side_by_side(partial(load, given=specs), specs)
    assert secrets.hide("a secret of spec 8") == secrets.MASK


def _ends_elsewhere(here: int, files: Sequence[str]) -> Loaded:
    if os.getpid() != here:
        os._exit(9)
    return load(files)


def test_a_process_that_is_ended_leaves_the_work_to_this_one(specs: list[str]) -> None:
    assert side_by_side.side_by_side(partial(_ends_elsewhere, os.getpid()), specs) == [load(specs)]
