"""What this machine cannot do of a sweep, said before any trial runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.engines.installation import install_command
from specrun.engines.local.checks import check_spec
from specrun.spec.diagnostics import Diagnostic
from tests.engine_double import read_specs, write_spec

TEXT = """name: job
job:
  command: python train.py --lr ${{ search_space.lr }}
sweep:
  sampling_algorithm: bayesian
  search_space: {lr: {type: uniform, min_value: 0, max_value: 1}}
  objective: {goal: minimize, primary_metric: loss}
  limits: {max_total_trials: 20}
"""


def checked(folder: Path, text: str) -> list[Diagnostic]:
    """What is said of a spec."""
    (spec,) = read_specs(write_spec(folder, text), engine="local")
    return list(check_spec(spec, folder))


def place(found: Diagnostic) -> str:
    return f"{found.location.line}:{found.location.column}"


def test_where_optuna_is_missing_it_is_said_how_it_is_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked(tmp_path, TEXT) == []
    monkeypatch.setattr("specrun.engines.local.checks.find_spec", lambda name: None)
    (found,) = checked(tmp_path, TEXT)
    assert (found.code, place(found)) == ("not-on-this-machine", "6:23")
    assert f"`{install_command('bayesian')}`" in found.detail
    assert "[bayesian]" in found.detail
    assert checked(tmp_path, TEXT.replace("bayesian", "random")) == []


def test_a_metric_that_goes_elsewhere_is_told_at_the_variable(tmp_path: Path) -> None:
    variables = "  environment_variables: {MLFLOW_TRACKING_URI: 'http://127.0.0.1:5000'}\n"
    (found,) = checked(tmp_path, TEXT.replace("sweep:", f"{variables}sweep:", 1))
    assert (found.code, place(found)) == ("metric-elsewhere", "5:27")
    assert "Leave `MLFLOW_TRACKING_URI` out for this machine, or have the job log `loss`" in found.detail
    assert checked(tmp_path, f"name: job\njob:\n  command: ls\n{variables}") == [], "it is nothing for a plain run"


def test_an_mlflow_whose_files_nobody_can_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "venv" / "lib" / "python3.12" / "site-packages" / "mlflow"
    package.mkdir(parents=True)
    (package / "version.py").write_text('VERSION = "9.1"\n')
    program = tmp_path / "venv" / "bin" / "python"
    program.parent.mkdir()
    program.touch(0o755)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "venv"))
    (found,) = checked(tmp_path, TEXT)
    assert (found.code, place(found)) == ("metric-elsewhere", "3:1")
    assert found.detail.startswith("MLflow 9.1 no longer writes files")
    other = TEXT.replace("sweep:", "  environment: {pip: [mlflow-skinny]}\nsweep:", 1)
    assert checked(tmp_path, other) == [], "nobody knows what will be in it"
