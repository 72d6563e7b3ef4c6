"""Notebooks in JupyterLab: what the objects of `import specrun` show there."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from tests.ui.notebooks import jupyter_in, write_notebook


def test_a_notebook_runs(blank: Page, tmp_path: Path) -> None:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    cells = [
        "import specrun",
        "class Shown:\n    def _repr_html_(self):\n        return '<b class=shown>bold</b>'\nShown()",
        "import anywidget\nclass W(anywidget.AnyWidget):\n    _esm = 'export default {render({el}) {"
        ' el.innerHTML = "<i class=widget>w</i>" }}\'\nW()',
    ]
    write_notebook(folder / "first.ipynb", cells)
    with jupyter_in(folder, tmp_path / "state") as jupyter:
        found = jupyter.run(blank, "first.ipynb")
        found.nth(1).locator("b.shown").wait_for()
        found.nth(2).locator("i.widget").wait_for()
