"""docs/diagnostics.md is what its generator writes now, and shows what specrun prints."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from specrun.cli.main import run
from specrun.spec.codes import CODES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    specification = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate_diagnostics.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_page_is_up_to_date(generator: ModuleType) -> None:
    assert generator.main(["--check"]) == 0, "run python docs/generate_diagnostics.py"


def test_a_page_that_is_not_up_to_date_is_noticed(
    generator: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generator, "PAGE", tmp_path / "diagnostics.md")
    assert generator.main(["--check"]) == 1
    assert "run python docs/generate_diagnostics.py" in capsys.readouterr().err
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0


def test_every_code_has_a_heading_of_its_own(generator: ModuleType) -> None:
    assert re.findall(r"^### (.*)$", generator.page(), re.MULTILINE) == list(CODES)


def test_the_page_begins_with_what_specrun_prints(
    generator: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    text = "apiVersion: specrun/v1\nname: digits\njob:\n  command: python train.py\n  resources: {node_count: 2}\n"
    Path("job.yaml").write_text(text, encoding="utf-8")
    assert run(["validate"]) == 65
    shown = re.search(r"```text\n(.*?)```", generator.page(), re.DOTALL)
    assert shown is not None
    assert capsys.readouterr().out.startswith(shown[1])
