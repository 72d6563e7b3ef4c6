"""Every spec and base among the examples is valid; so is the starter of `specrun init`, as it is and filled out."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from specrun.engines.facts import unread
from specrun.spec.diagnostics import Severity
from specrun.spec.load import load
from specrun.spec.sizes import series_of

ROOT = Path(__file__).parents[2]
YAML = sorted((ROOT / "specs" / "examples").rglob("*.yaml"))
EXAMPLES = [file for file in YAML if "\napiVersion: specrun/v1\n" in file.read_text(encoding="utf-8")]
TEMPLATES = ROOT / "specrun" / "cli" / "templates"
NEED_NO_ACCOUNT = ("digits-ps", "digits-pytorch", "digits-single", "digits-resume", "digits-sweep")


def complaints(file: Path) -> list[str]:
    """Errors and warnings; notes are no complaints."""
    found = load([str(file)]).diagnostics
    return [f"{each.location}: {each.code}: {each.detail}" for each in found if each.severity is not Severity.NOTE]


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_SUBSCRIPTION_ID", "CLUSTER_ADMIN_PASSWORD", "TRAINING_STORE_KEY", "SPECRUN_ENGINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "file",
    [file for file in EXAMPLES if "team" not in file.parts],  # which is a repository of its own: see test_team.py
    ids=lambda file: f"{file.parent.name}/{file.name}",
)
def test_an_example_is_valid(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "00000000-0000-0000-0000-000000000000")
    assert complaints(file) == []


@pytest.mark.parametrize(
    "file", [*EXAMPLES, TEMPLATES / "job.yaml"], ids=lambda file: f"{file.parent.name}/{file.name}"
)
def test_no_size_of_an_example_will_be_retired(file: Path) -> None:
    sizes = re.findall(r"STANDARD_\w+", file.read_text(encoding="utf-8"))
    assert [size for size in sizes if (series := series_of(size)) is not None and series.retires] == []


@pytest.mark.parametrize("name", NEED_NO_ACCOUNT)
def test_a_local_example_needs_no_environment_variable(name: str) -> None:
    found = load([str(ROOT / "specs" / "examples" / name / "job.yaml")], engine="local", unread=unread()).diagnostics
    assert [each for each in found if each.severity is not Severity.NOTE] == []


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_first_line_leads_an_editor_to_the_schema(file: Path) -> None:
    first = file.read_text(encoding="utf-8").splitlines()[0]
    match = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert match
    assert (file.parent / match[1]).resolve() == ROOT / "schemas" / "specrun.v1.schema.json"


def test_the_digits_are_the_file_that_their_readme_describes() -> None:
    data = ROOT / "specs" / "examples" / "digits-ps" / "data"
    digest = hashlib.sha256((data / "digits.csv.gz").read_bytes()).hexdigest()
    assert digest in (data / "README.md").read_text(encoding="utf-8")


def starter(folder: Path, text: str) -> Path:
    (folder / "src").mkdir()
    (folder / "src" / "train.py").write_bytes((TEMPLATES / "src" / "train.py").read_bytes())
    file = folder / "job.yaml"
    file.write_text(text.replace("{name}", "2024"), encoding="utf-8")  # which YAML would take for a number
    return file


def test_the_starter_is_valid(tmp_path: Path) -> None:
    file = starter(tmp_path, (TEMPLATES / "job.yaml").read_text(encoding="utf-8"))
    assert load([str(file)]).diagnostics == ()


def test_the_starter_is_valid_with_every_next_step_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "00000000-0000-0000-0000-000000000000")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "examples.csv").write_text("1,2\n")
    text = (TEMPLATES / "job.yaml").read_text(encoding="utf-8")
    filled, blocks = re.subn(r"(?m)^( *)# ( *[a-z_]+:(?: .*)?)$", r"\1\2", text)
    assert blocks > 20
    file = starter(tmp_path, filled)
    assert complaints(file) == []
    (spec,) = load([str(file)]).specs
    assert spec.workspace
    assert spec.compute
    assert spec.job
    assert spec.job.distribution
