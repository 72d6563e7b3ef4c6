"""docs/spec.md is what its generator writes now, and leaves no field out."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from specrun.spec.keys import Keys
from specrun.spec.schema import schema

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator():
    specification = importlib.util.spec_from_file_location("generate_spec", ROOT / "docs" / "generate_spec.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_page_is_up_to_date(generator):
    assert generator.main(["--check"]) == 0, "run python docs/generate_spec.py"


def test_a_page_that_is_not_up_to_date_is_noticed(generator, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(generator, "PAGE", tmp_path / "spec.md")
    assert generator.main(["--check"]) == 1
    assert "generate_spec.py" in capsys.readouterr().err
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0


def test_every_field_of_the_schema_is_on_the_page(generator):
    page = generator.page()
    for name, sections in Keys(schema()).places.items():
        rows = re.findall(rf"^\| `{re.escape(name)}`", page, re.MULTILINE)
        assert len(rows) >= len(sections), name
