"""Who may ask: from which page, under which name of this machine, and with which token.

A page of another site that a user looks at can have their browser send requests here, and a name that it owns can be
made to lead to 127.0.0.1 (DNS rebinding). So Host and Origin have to be names of this machine, or allowed by the
command line, and what is not for everyone needs the token, which other users of this machine do not know.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from email.message import Message
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from specrun.spec.frozen import dataclass
from specrun.ui.wire import Refused

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Guard:
    """`allowed` are names of hosts besides those of this machine."""

    token: str
    allowed: Collection[str] = ()

    @property
    def cookie(self) -> str:
        """What the cookie is called: browsers give one host's to all its ports, and there may be several servers."""
        return f"specrun-{hashlib.sha256(self.token.encode()).hexdigest()[:12]}"

    def check_host(self, headers: Message) -> None:
        """Raise Refused where a request names another host, or comes from another site's page."""
        host = str(headers.get("Host", ""))
        named = _host_of(f"//{host}")
        if named is None or not self._is_allowed(named[0]):
            raise Refused(403, f"the host {host[:100]!r} is not this machine's: `--allow-host NAME` allows one")
        origin = headers.get("Origin")
        if origin is not None:
            came = _host_of(origin)
            if came is None or not self._is_allowed(came[0]):
                raise Refused(403, f"a page of {origin[:100]!r} may ask nothing here")
            if came[0] in LOOPBACK and named[0] in LOOPBACK and came != named:
                raise Refused(403, f"another program's page, of {origin[:100]!r}, may ask nothing here")

    def check_site(self, headers: Message) -> None:
        """Raise Refused where a browser says that another page than this server's has it ask."""
        if headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise Refused(403, "another site's page may ask nothing here")

    def check_post(self, headers: Message) -> None:
        """Raise Refused where what is to be done can have been asked by a form of another page."""
        if headers.get("X-Specrun") != "1":
            raise Refused(403, "a request that does something has the header `X-Specrun: 1`")
        if headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refused(415, "a request that does something is JSON")

    def knows(self, headers: Message) -> bool:
        """Whether a request carries the token: in the cookie, or as a bearer's."""
        bearer, _, told = headers.get("Authorization", "").partition(" ")
        return (bearer.lower() == "bearer" and self.is_token(told.strip())) or self.is_token(self._in_cookie(headers))

    def is_token(self, text: str) -> bool:
        """Whether it is the token; it takes as long for one that is nearly right."""
        return hmac.compare_digest(text.encode(errors="replace"), self.token.encode())

    def cookie_header(self) -> str:
        """What has a browser keep the token: for this host, and for no script."""
        return f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"

    def _in_cookie(self, headers: Message) -> str:
        try:
            found = SimpleCookie(headers.get("Cookie", "")).get(self.cookie)
        except CookieError:
            return ""
        return found.value if found is not None else ""

    def _is_allowed(self, host: str) -> bool:
        return host in LOOPBACK or host in self.allowed


def _host_of(address: str) -> tuple[str, int | None] | None:
    """The host in lower case, and the port, of an address; None where that is none."""
    try:
        parts = urlsplit(address)
        if parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment:
            return None
        port = parts.port or {"http": 80, "https": 443, "": 80}.get(parts.scheme)
        return ((parts.hostname or "").rstrip("."), port) if parts.hostname else None
    except ValueError:
        return None
