"""The notebook of the documents, run in JupyterLab from its first cell to its last."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import Page

from tests.ui.notebooks import jupyter_in

PATIENCE = 60_000
"""Milliseconds."""

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook"


def test_the_notebook_of_the_documents_shows_a_run_live(blank: Page, tmp_path: Path) -> None:
    folder = tmp_path / "notebook"
    shutil.copytree(NOTEBOOK, folder)
    (folder / ".git").mkdir()
    with jupyter_in(folder, tmp_path / "state") as jupyter:
        cells = jupyter.run(blank, "training.ipynb")
        mistakes, plan, live, metrics, history, difference, table, output = (
            cells.nth(number).locator(".jp-OutputArea-output") for number in range(8)
        )
        mistakes.get_by_text("no mistakes").wait_for(timeout=PATIENCE)
        plan.get_by_text("1 to submit").wait_for(timeout=PATIENCE)
        page = live.locator(".specrun")
        page.get_by_text("succeeded").first.wait_for(timeout=PATIENCE)
        page.get_by_text("loss").first.wait_for(timeout=PATIENCE)
        page.get_by_text("Logs", exact=True).first.click()
        page.get_by_text("step  29").first.wait_for(timeout=PATIENCE)
        metrics.get_by_text("'loss'").wait_for(timeout=PATIENCE)
        history.get_by_text("step").wait_for(timeout=PATIENCE)
        difference.get_by_text("0.1 → 0.5").wait_for(timeout=PATIENCE)
        assert table.locator("tbody tr").count() == 2
        output.get_by_text("'slope'").wait_for(timeout=PATIENCE)
