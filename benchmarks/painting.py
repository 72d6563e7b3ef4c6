"""What a browser makes of it: the first table beside TensorBoard's first charts, and charts that are moved."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import LeftOut, WentWrong, paired
from benchmarks.peer_programs import peer_program
from benchmarks.table import Row
from benchmarks.viewer import Viewer, peer_server, specrun_ui
from benchmarks.viewing import with_runs
from benchmarks.workplace import Workplace
from docs import chromium
from specrun.ui import module

ROUNDS = 5
RUNS = 250
CHARTS, POINTS, FRAMES = 10, 100_000, 180
STALL = 100
"""Milliseconds of a frame that a reader takes for a stall."""

PAGES = Path(__file__).parent / "pages"
ROWS = ".sr-row"
CHART = "line-chart-component canvas, line-chart-component svg path, card-view line-chart"
"""What shows runs: specrun's first row; a chart of TensorBoard's."""


def ui_paint(place: Workplace) -> Iterator[Row]:
    """From an address to the first table, or the first chart, on the screen; then charts that are moved."""
    with _browser() as browser:
        yield _panned(place, browser)
        yield _painted(place, browser)


def _painted(place: Workplace, browser: Any) -> Row:
    count = place.amount(RUNS, 20)
    folder, _ = with_runs(place, place.subfolder("ui-paint") / "runs", count)
    tensorboard = peer_program(place, "tensorboard")
    logs = folder / ".specrun" / "runs"

    def command(port: int) -> list[str]:
        return [str(tensorboard), "--logdir", str(logs), "--port", str(port), "--host", "127.0.0.1"]

    with (
        specrun_ui(place, folder, folder / ".specrun") as ours,
        peer_server(command, place.environment, folder, "/") as peer,
    ):
        _wait_for_runs(peer, count)
        pair = paired(
            lambda: _seen(browser, ours.address, ROWS),
            lambda: _seen(browser, peer.address, CHART),
            place.rounds(ROUNDS),
        )
    return Row(
        "ui-paint",
        f"{count} runs, until the first of them is seen",
        "s wall",
        pair.ours,
        pair.peer,
        "tensorboard",
        pair.ratio,
        "1",
        pair.ours <= pair.peer,
    )


def _wait_for_runs(peer: Viewer, count: int) -> None:
    """TensorBoard reads in the background: it is measured once it has read all."""
    give_up = time.monotonic() + 300
    while len(found := peer.get("data/runs")) < count:  # type: ignore[arg-type]
        if time.monotonic() > give_up:
            raise WentWrong(f"tensorboard has read {len(found)} of {count} runs")  # type: ignore[arg-type]
        time.sleep(0.2)


def _seen(browser: Any, address: str, what: str) -> float:
    """Seconds until it is on the screen, for a browser that has never been there."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(address)
    page.locator(what).first.wait_for(timeout=120_000)
    seconds = time.perf_counter() - begun
    context.close()
    return seconds


def _panned(place: Workplace, browser: Any) -> Row:
    """The frames of charts that are moved, against those of an empty page."""
    points, frames = place.amount(POINTS, 10_000), place.amount(FRAMES, 20)
    context = browser.new_context(viewport={"width": 1280, "height": 2000})
    page = context.new_page()
    style = f"<!doctype html><title>charts</title><style>{module.style_text()}</style>"
    page.route("http://127.0.0.1/**", lambda route: _give(route, f'{style}<div id="specrun"></div>'))
    page.goto("http://127.0.0.1/")
    page.add_script_tag(url="http://127.0.0.1/charts.js", type="module")
    page.wait_for_function("() => Boolean(window.show)")
    empty = page.evaluate("frames => window.frames_of(frames)", frames)
    page.evaluate("points => { window.show(points) }", points)
    page.wait_for_function(f"() => document.querySelectorAll('.u-over').length >= {CHARTS}", timeout=60_000)
    took = page.evaluate("frames => window.moved(frames)", frames)
    context.close()
    longest = sorted(took)[int(len(took) * 0.98)]
    what = f"{CHARTS} charts of {points:,} points moved: 49 of 50 frames (half of them {median(took):.0f}) within"
    peer = sorted(empty)[int(len(empty) * 0.98)]
    return Row("ui-paint", what, "ms", longest, peer, "an empty page", longest / peer, f"{STALL} ms", longest <= STALL)


def _give(route: Any, html: str) -> None:
    if route.request.url.endswith("/specrun.js"):
        route.fulfill(body=module.module_text(), content_type="text/javascript")
    elif route.request.url.endswith("/charts.js"):
        route.fulfill(path=PAGES / "charts.js")
    else:
        route.fulfill(body=html, content_type="text/html")


@contextmanager
def _browser() -> Iterator[Any]:
    program = chromium.browser()
    if program is None:
        raise LeftOut(chromium.ABSENT)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(chromium.OPTIONS))
        try:
            yield browser
        finally:
            browser.close()
