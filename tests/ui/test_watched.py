"""What tests of the page rest on: whatever a page should not do is noticed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.loopback import LoopbackServer
from tests.ui.served import Served
from tests.ui.watched import Watched

GOOD = "<!doctype html><title>t</title><main><p>words</p></main>"
BAD = """<!doctype html><title>t</title>
<meta http-equiv="Content-Security-Policy" content="img-src 'self'">
<style>.grey { color: #bbb } .wide { width: 3000px } button { color: #ccc }</style>
<main>
  <p class="grey">pale</p><div class="wide">wide</div><h1 style="color: #888; font-size: 30px">large</h1>
  <p style="background: #000"><span style="color: rgba(255, 255, 255, 0.3)">veiled</span></p>
  <button disabled>off</button>
</main>
<script>
  console.error("an error"); alert(1); setTimeout(() => { throw new Error("thrown") });
  fetch("http://192.0.2.1/elsewhere").catch(() => 0);
  document.body.append(Object.assign(new Image(), {src: "http://192.0.2.1/picture"}));
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.querySelector("main").prepend(Object.assign(document.createElement("div"), {style: "height: 300px"}));
    requestAnimationFrame(() => setTimeout(() => document.body.dataset.done = "1"));
  }));
</script>
"""


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[str]:
    """The address of two pages."""
    (tmp_path / "good.html").write_text(GOOD)
    (tmp_path / "bad.html").write_text(BAD)

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *arguments: Any) -> None:
            pass

    with LoopbackServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def watched(page: Page, address: str) -> Iterator[Watched]:
    one = Watched(page, Served(Path(), (), "local", {}, port=1, address=address))
    one.open()
    yield one
    one.close()


def test_whatever_a_page_should_not_do_is_noticed(blank: Page, pages: str) -> None:
    with watched(blank, f"{pages}/bad.html") as bad:
        blank.locator("body[data-done]").wait_for()
        blank.wait_for_function("() => window.shifted.length")
        for words in ("an error", "dialog: 1", "exception: thrown", "request: http://192.0.2.1/elsewhere", "img-src"):
            assert any(words in line for line in bad.trouble), (words, bad.trouble)
        assert bad.shift() > 0.1
        told = bad.hard_to_read()
        assert len(told) == 2, told
        assert all(any(words in line for line in told) for words in ("pale", "veiled"))
        assert bad.sticks_out() == ["DIV.wide"]


def test_of_a_good_page_nothing_is_told(blank: Page, pages: str) -> None:
    with watched(blank, f"{pages}/good.html") as good:
        good.allow("favicon")
        assert (good.trouble, good.shift(), good.hard_to_read(), good.sticks_out()) == ([], 0, [], [])
