"""Links in the documents lead somewhere, and what the README shows is what specrun prints."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from specrun.cli.main import run

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("specs/**/*.md"))
    if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
)
FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def prose(page: Path) -> str:
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()).replace(" ", "-")
        found.add(next(name for n in range(99) if (name := f"{plain}-{n}" if n else plain) not in found))
    return found


def test_tests_that_pages_name_are_there() -> None:
    named = {found for page in PAGES for found in re.findall(r"`(?:tests/)?([\w/]+\.py)::(test_\w+)`", prose(page))}
    assert len(named) > 15
    source = {file: (ROOT / "tests" / file).read_text(encoding="utf-8") for file, _ in named}
    assert [f"{file}::{test}" for file, test in sorted(named) if f"\ndef {test}(" not in source[file]] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        assert linked.is_relative_to(ROOT), f"{target} leaves the repository"
        assert linked.exists(), f"{target} is not there"
        if anchor:
            assert linked.suffix == ".md"
            assert anchor in anchors(linked), f"{target}: {linked.name} has no such heading"


def test_there_are_pages_and_links() -> None:
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} <= {page.name for page in PAGES}
    assert len(LINK.findall(prose(ROOT / "README.md"))) > 10


def test_pictures_fetch_nothing() -> None:
    pictures = sorted((ROOT / "docs" / "images").glob("*.svg"))
    assert pictures
    for picture in pictures:
        addresses = re.findall(r"[a-z]+://[^\"' )<]+", picture.read_text(encoding="utf-8"))
        assert addresses == ["http://www.w3.org/2000/svg"], picture.name


def shown(language: str, start: str) -> str:
    """The fenced block of the README that begins so."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
    return next(block for block in blocks if block.startswith(start))


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The README's spec beside the code and data of the example that it shortens."""
    folder = tmp_path / "digits"
    shutil.copytree(ROOT / "specs" / "examples" / "digits-ps", folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    (folder / "job.yaml").write_text(shown("yaml", "apiVersion"), encoding="utf-8")
    return folder / "job.yaml"


def test_the_spec_in_the_readme_is_valid(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate"]) == 0
    assert capsys.readouterr().out == "no mistakes in 1 file\n"


def test_the_mistakes_in_the_readme_are_reported_like_that(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = example.read_text(encoding="utf-8")
    for right, wrong in (
        ("  size:", "  vm_size:"),
        ("vars.steps", "vars.step"),
        ("instance_count: 2", "instance_count: 3"),
    ):
        assert text.count(right) == 1
        text = text.replace(right, wrong)
    example.write_text(text, encoding="utf-8")

    assert run(["validate"]) == 65

    assert "$ specrun validate\n" + capsys.readouterr().out == shown("console", "$ specrun validate")
