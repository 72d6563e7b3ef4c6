"""What an address of data on the web has to be, so that something can be fetched from it."""

from __future__ import annotations

_KEPT = "%/:@!$&'()*+,;=~?"
"""What stays as it is where the rest of an address is encoded: it means something there, or is encoded already."""


def address_problem(address: str) -> str | None:
    """Why nothing can be fetched from an address with `https://` or `http://`; None where something may."""
    from urllib.parse import urlsplit  # late: few specs have an address

    if any(character.isspace() or not character.isprintable() for character in address):
        return "It has a blank or a control character in it. Write a blank as `%20`."
    try:
        parts = urlsplit(address)
        host, _ = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:  # which an encoding's error is, too
        return "Its host or its port is none. Write `https://HOST/PATH`."
    if not host:
        return "It names no host. Write `https://HOST/PATH`."
    if parts.username is not None:
        return "A name and a password in an address are not sent. Fetch the file yourself, and name where it lies."
    if not address.isascii():
        return f"It has letters that no server is asked for. Write `{_encoded(address)}`."
    return None


def _encoded(address: str) -> str:
    from urllib.parse import quote, urlsplit, urlunsplit

    parts = urlsplit(address)
    host = (parts.hostname or "").encode("idna").decode()
    netloc = host if parts.port is None else f"{host}:{parts.port}"
    return urlunsplit((parts.scheme, netloc, quote(parts.path, _KEPT), quote(parts.query, _KEPT), parts.fragment))
