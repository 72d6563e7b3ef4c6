"""What a browser is given: one module of all parts, one style, and nothing that a strict policy would refuse."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from specrun.ui import module

ASSETS = Path(module.__file__).parent / "assets"
PAGE = {"index.html", "start.js", "login.css"}
OWN = {file.name: file.read_text(encoding="utf-8") for file in sorted(ASSETS.iterdir()) if file.name not in PAGE}


def test_every_file_is_part_of_it() -> None:
    assert set(module.PARTS) | set(module.STYLES) == set(OWN)


def test_it_is_one_module_without_imports() -> None:
    text = module.module_text()
    assert re.findall(r"^[ \t]*(?:import\b.*|.*\bimport\(.*|export\b.*)", text, re.MULTILINE) == [
        "export { mount, httpSource };",
        "export default { render };",
    ]


def test_its_syntax_is_right(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not there; the browser's tests load the module, too")
    (tmp_path / "module.mjs").write_text(module.module_text(), encoding="utf-8")
    checked = subprocess.run([node, "--check", tmp_path / "module.mjs"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    "forbidden",
    [
        r"\.(?:inner|outer)HTML\b",
        r"insertAdjacentHTML|createContextualFragment|document\.write|DOMParser",
        r"\beval\(|new Function\b",
        r"\.setAttribute\(\s*['\"](?:style|on\w+)",
        r"https?://(?!www\.w3\.org/)",
    ],
)
def test_no_part_takes_markup_or_goes_elsewhere(forbidden: str) -> None:
    assert [name for name, text in OWN.items() if re.search(forbidden, text)] == []


def test_the_page_has_neither_scripts_nor_styles_within() -> None:
    found = module.asset("")
    assert found is not None
    assert re.findall(rb"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", found.body) == []
    assert re.findall(rb'(?:src|href)="(?!data:)([^"]*)"', found.body) == [b"specrun.css", b"specrun.js", b"start.js"]


def test_styles_leave_a_notebook_as_it_is() -> None:
    text = re.sub(r"/\*.*?\*/", "", module.style_text(), flags=re.DOTALL)
    preludes = [found.strip() for found in re.findall(r"(?<=[{};])\s*([^{};@]+)\{", f";{text}")]
    selectors = [one.strip() for prelude in preludes for one in re.split(r",(?![^(]*\))", prelude)]
    keyframes = {"from", "to", "0%", "50%", "100%"}
    ours = re.compile(r"(?:\.specrun|\.sr-|\.u-|\.uplot|\[class\*=\"sr-|html.*\.sr-page)")
    assert [one for one in selectors if one not in keyframes and not ours.match(one)] == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "text/html"),
        ("start.js", "text/javascript"),
        ("specrun.js", "text/javascript"),
        ("specrun.css", "text/css"),
    ],
)
def test_what_may_be_asked_for(name: str, kind: str) -> None:
    found = module.asset(name)
    assert found is not None
    assert found.type == f"{kind}; charset=utf-8"
    assert re.fullmatch('"[0-9a-f]{32}"', found.etag)


@pytest.mark.parametrize("name", ["assets/core.js", "core.js", "../module.py", "index.html", "/", ".."])
def test_nothing_else_is_given(name: str) -> None:
    assert module.asset(name) is None
