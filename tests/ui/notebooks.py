"""JupyterLab in the browser of the tests: opens a notebook, runs all its cells, and says what they show."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.ui.served import PATIENCE, free_port

TOKEN = "for-tests"
QUIET = (
    "--no-browser",
    "--allow-root",
    "--expose-app-in-browser",  # so that commands are run, whatever the menus look like
    "--ServerApp.answer_yes=True",
    "--ServerApp.port_retries=0",
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)
"""Options with which it asks nobody and opens nothing."""

OPENED = "() => window.jupyterapp?.shell.currentWidget?.context?.isReady"
RUN_ALL = """async () => {
  const app = window.jupyterapp, notebook = app.shell.currentWidget;
  await notebook.context.ready;
  await notebook.sessionContext.ready;
  await app.commands.execute("notebook:run-all-cells");
  return [...notebook.content.model.cells].filter(cell => cell.type === "code").map(cell => cell.executionCount);
}"""


@dataclass(frozen=True)
class Jupyter:
    """A server of notebooks in a folder."""

    folder: Path
    port: int

    def open(self, page: Page, notebook: str) -> None:
        """Open one of the folder's notebooks, and wait until it is there."""
        page.goto(f"http://127.0.0.1:{self.port}/lab/tree/{notebook}?token={TOKEN}&reset")
        page.wait_for_function(OPENED)

    def run(self, page: Page, notebook: str) -> Locator:
        """Open a notebook and run its cells to their end; its code cells."""
        self.open(page, notebook)
        counts: list[int | None] = page.evaluate(RUN_ALL)
        said = page.locator(".jp-OutputArea-output[data-mime-type*=error]").all_inner_texts()
        assert all(counts), said
        assert not said, said
        return page.locator(".jp-Notebook .jp-CodeCell")


@contextlib.contextmanager
def jupyter_in(folder: Path, state: Path) -> Iterator[Jupyter]:
    """JupyterLab of this Python as a process; all that it keeps is below `state`."""
    port = free_port()
    places = {f"JUPYTER_{name}_DIR": str(state / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPECRUN_", "JUPYTER_"))}
    environment = {**kept, **places, "IPYTHONDIR": str(state / "ipython"), "JUPYTER_PREFER_ENV_PATH": "1"}
    given = [f"--ServerApp.root_dir={folder}", f"--port={port}", f"--IdentityProvider.token={TOKEN}"]
    log = state / "jupyter.log"
    state.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *QUIET, *given],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        try:
            give_up = time.monotonic() + PATIENCE
            while _asked(port, "GET", "/api") is None:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < give_up, log.read_text()
                time.sleep(0.05)
            try:
                yield Jupyter(folder, port)
            finally:
                for kernel in json.loads(_asked(port, "GET", "/api/kernels") or "[]"):
                    _asked(port, "DELETE", f"/api/kernels/{kernel['id']}")
        finally:
            process.kill()  # which does not wait for pages that are still open, as it would when asked to end
            process.wait(PATIENCE)


def _asked(port: int, method: str, path: str) -> str | None:
    """What the server answers; None where it does not yet."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, headers={"Authorization": f"token {TOKEN}"})
        answer = connection.getresponse()
        return answer.read().decode() if answer.status < 400 else None
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
