"""A page that is watched: what it complains of, what it asks for, whether it jumps, and whether it can be read."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Dialog, Error, Page, Request

from tests.ui.served import Served

LOOPBACK = ("127.0.0.1", "localhost")
OWN = ("data", "blob", "about")
"""Schemes of addresses that ask nobody."""

LOOK = Path(__file__).parent / "look"
"""What is asked in the page."""


class Watched:
    """A page, and in `trouble` all that it did and should not: errors and warnings in the console (Chromium tells of
    what the content security policy refused there), exceptions, dialogs, requests to other than this machine.
    """

    def __init__(self, page: Page, served: Served) -> None:
        self.page = page
        self.served = served
        self.requests: list[str] = []
        self._trouble: list[str] = []
        self._allowed: list[str] = []
        self._closed = False
        page.on("console", self._on_console)
        page.on("pageerror", self._on_error)
        page.on("dialog", self._on_dialog)
        page.context.on("request", self._on_request)

    def close(self) -> None:
        """No longer watch the page, and leave it. Nothing, where that has been done."""
        if not self._closed:
            self._closed = True
            self.page.remove_listener("console", self._on_console)
            self.page.remove_listener("pageerror", self._on_error)
            self.page.remove_listener("dialog", self._on_dialog)
            self.page.context.remove_listener("request", self._on_request)
            leave(self.page)

    @property
    def trouble(self) -> list[str]:
        return [line for line in self._trouble if not any(words in line for words in self._allowed)]

    def allow(self, *words: str) -> None:
        """What a test brings about itself is no trouble: a server that it kills refuses connections."""
        self._allowed += words

    def open(self, at: str = "") -> None:
        """Log in with the address that was printed, and go to a path of the page (`#/…`)."""
        self.page.goto(self.served.address)
        self.page.locator("[data-ready], main *").first.wait_for()
        if at:
            self.go(at)

    def go(self, at: str) -> None:
        """To another path of the page, as one who clicks a link."""
        self.page.evaluate("at => { location.hash = at }", at)

    def settle(self) -> None:
        """Wait until the view is there that is shown, and nothing is asked any more."""
        self.page.locator("main *").first.wait_for(state="attached")
        self.page.wait_for_function((LOOK / "settled.js").read_text())

    def shift(self) -> float:
        """How much the page has jumped (cumulative layout shift)."""
        return float(sum(value for value, _ in self.shifts()))

    def shifts(self) -> list[Any]:
        """Each jump, and what of."""
        found: list[Any] = self.page.evaluate("() => window.shifted")
        return found

    def hard_to_read(self) -> list[str]:
        """Each text with too little contrast."""
        found: list[str] = self.page.evaluate((LOOK / "contrasts.js").read_text())
        return found

    def sticks_out(self) -> list[str]:
        """What makes the page scroll sideways."""
        found: list[str] = self.page.evaluate((LOOK / "wide.js").read_text())
        return found

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._trouble.append(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def _on_error(self, error: Error) -> None:
        self._trouble.append(f"exception: {error}\n{error.stack}")

    def _on_dialog(self, dialog: Dialog) -> None:
        self._trouble.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _on_request(self, request: Request) -> None:
        self.requests.append(request.url)
        parts = urlsplit(request.url)
        if parts.scheme not in OWN and parts.hostname not in LOOPBACK:
            self._trouble.append(f"request: {request.url}")


def leave(page: Page) -> None:
    """Make it empty; nothing is left of what it has kept for its address."""
    with suppress(Error):  # an empty one keeps nothing
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")
    page.goto("about:blank")
    page.context.clear_cookies()
