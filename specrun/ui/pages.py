"""What every answer says of itself to a browser, and the page before somebody is let in."""

from __future__ import annotations

from html import escape
from importlib import import_module

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""What the page may do: nothing that does not come from here."""

# With `no-referrer` browsers would not say either from which page of ours a form came.
HEADERS = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def asset(path: str) -> tuple[bytes, str] | None:
    """Body and type of one of the page's files, "" for the page itself; None where there is none."""
    try:
        found = import_module("specrun.ui.module").asset
    except ImportError:
        return None if path else (b"<!doctype html><title>specrun</title><p>specrun ui", "text/html; charset=utf-8")
    one = found(path)
    return (one.body, one.type) if one is not None else None


def login_page(problem: str = "") -> bytes:
    """A form that asks for the token."""
    said = f"<p role=alert>{escape(problem)}</p>" if problem else ""
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>specrun: log in</title>"
        '<meta name=viewport content="width=device-width,initial-scale=1"><link rel=icon href="data:,">'
        "<link rel=stylesheet href=login.css>"
        f"<main><h1>specrun</h1>{said}<p>The address that <code>specrun ui</code> has printed lets you in. Or paste "
        "the token from it:</p><form method=post action=login><label>Token <input name=token type=password "
        "autocomplete=current-password required autofocus></label> <button>Log in</button></form></main></html>"
    ).encode()
