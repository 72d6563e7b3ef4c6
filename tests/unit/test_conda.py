from __future__ import annotations

from pathlib import Path

import pytest

from specrun.engines.local.checks import check_spec
from specrun.engines.local.conda import NotServed, pip_requirements
from specrun.spec.load import load

SPEC = "apiVersion: specrun/v1\nname: conda\njob:\n  command: ls\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "env.yml").write_text("name: e\ndependencies:\n  - python\n  - numpy=1.26\n")
    return tmp_path


def test_a_conda_package_is_reported_in_the_conda_file_that_replaces_the_environment(folder: Path) -> None:
    (folder / "job.yaml").write_text(SPEC)
    (spec,) = load(["job.yaml"], environment="env.yml").specs
    (found,) = check_spec(spec, folder)
    assert (found.code, str(found.location)) == ("not-on-this-machine", "env.yml:4:5")
    assert found.location.text == "  - numpy=1.26"
    assert "`numpy=1.26` is a conda package" in found.detail


def test_and_in_the_one_that_the_spec_names_whose_path_starts_at_the_spec(folder: Path) -> None:
    (folder / "specs").mkdir()
    (folder / "specs" / "job.yaml").write_text(f"{SPEC}  environment: {{conda_file: ../env.yml}}\n")
    (spec,) = load(["specs/job.yaml"]).specs
    (found,) = check_spec(spec, folder)
    assert str(found.location) == "env.yml:4:5"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "1:1", "a list of `dependencies`"),
        ("- numpy\n", "1:1", "a list of `dependencies`"),
        ("name: e\ndependencies: numpy\n", "2:15", "a list of `dependencies`"),
        ("name: e\ndependencies: [numpy\n", "2:15", "not closed"),
        ("dependencies:\n  - python=2.7\n", "2:5", "`python=2.7`"),
        ("dependencies: " + "[" * 5000 + "]" * 5000, "1:114", "levels"),
    ],
)
def test_what_cannot_be_read_is_reported_at_its_place(folder: Path, text: str, place: str, words: str) -> None:
    (folder / "env.yml").write_text(text)
    with pytest.raises(NotServed, match=f"env.yml:{place}: ") as raised:
        pip_requirements(folder / "env.yml")
    assert words in raised.value.detail
