"""One window of Chromium for all tests of the page, which one worker does; left out, with the reason, without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import chromium as programs
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.ui.served import Served, serving
from tests.ui.watched import LOOK, Watched, leave

PageOf = Callable[..., Watched]
WAIT = 60_000
"""Milliseconds after which a test gives up on what is to come."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in a browser are slow ones."""
    for item in items:
        if item.nodeid.startswith("tests/ui/"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def window() -> Iterator[Page]:
    """One window of one browser, for a test at a time: a profile and a process for each take half a second of CPU."""
    program = programs.browser()
    if program is None:
        pytest.skip(programs.ABSENT)
    expect.set_options(timeout=WAIT)  # a machine that is busy with other tests is slow
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(programs.OPTIONS))
        context = browser.new_context(accept_downloads=True)
        context.set_default_timeout(WAIT)
        context.add_init_script(path=LOOK / "shifts.js")
        yield context.new_page()
        browser.close()


@pytest.fixture
def blank(window: Page) -> Iterator[Page]:
    """The window as a new one is: empty, and nothing that a page has kept is there any more."""
    window.set_viewport_size({"width": 1280, "height": 900})
    window.emulate_media(color_scheme="light")
    yield window
    window.unroute_all(behavior="ignoreErrors")
    leave(window)
    window.mouse.move(0, 0)


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """`serve(folder, *arguments, engine="local", environment=None)` starts `specrun ui` there; none is left."""
    with serving() as begin:
        yield begin


@pytest.fixture
def page_of(blank: Page, serve: Callable[..., Served]) -> Iterator[PageOf]:
    """`page_of(where, at="", width=1280, height=800, dark=False)` opens the page of a folder, or of a server that is
    there already, logged in; the one before it is closed. The test fails on what any of its pages should not do
    (`Watched.trouble`).
    """
    opened: list[Watched] = []

    def open_page(
        where: Path | Served, at: str = "", *, width: int = 1280, height: int = 800, dark: bool = False
    ) -> Watched:
        served = where if isinstance(where, Served) else serve(where)
        for one in opened:
            one.close()
        blank.set_viewport_size({"width": width, "height": height})
        blank.emulate_media(color_scheme="dark" if dark else "light")
        watched = Watched(blank, served)
        opened.append(watched)
        watched.open(at)
        return watched

    yield open_page
    for one in opened:
        one.close()
    trouble = [line for one in opened for line in one.trouble]
    assert not trouble, "\n".join(trouble)
