"""One Chromium for all tests of the page, which one worker does; left out, with the reason, where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import chromium as programs
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.ui.served import Served, serving
from tests.ui.watched import Watched

HERE = Path(__file__).parent
PageOf = Callable[..., Watched]
WAIT = 60_000
"""Milliseconds after which a test gives up on what is to come."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests in a browser are slow ones."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser; each page has a profile of its own in it."""
    program = programs.browser()
    if program is None:
        pytest.skip(programs.ABSENT)
    expect.set_options(timeout=WAIT)  # a machine that is busy with other tests is slow
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(programs.OPTIONS))
        yield browser
        browser.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """`serve(folder, *arguments, engine="local", environment=None)` starts `specrun ui` there; none is left."""
    with serving() as begin:
        yield begin


@pytest.fixture
def page_of(chromium: Browser, serve: Callable[..., Served]) -> Iterator[PageOf]:
    """`page_of(where, at="", width=1280, height=800, dark=False)` opens the page of a folder, or of a server that is
    there already, logged in. The test fails on what any of its pages should not do (`Watched.trouble`).
    """
    opened: list[Watched] = []

    def open_page(
        where: Path | Served, at: str = "", *, width: int = 1280, height: int = 800, dark: bool = False
    ) -> Watched:
        served = where if isinstance(where, Served) else serve(where)
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", accept_downloads=True
        )
        context.set_default_timeout(WAIT)
        watched = Watched(context.new_page(), served)
        opened.append(watched)
        watched.open(at)
        return watched

    yield open_page
    trouble = [line for one in opened for line in one.trouble]
    for one in opened:
        one.page.context.close()
    assert not trouble, "\n".join(trouble)


@pytest.fixture
def blank(chromium: Browser) -> Iterator[Page]:
    """An empty page, for what is no page of `specrun ui`."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(WAIT)
    yield context.new_page()
    context.close()
