"""What a connection that did not come about, or broke, means to the one who reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specrun.engines.base import EngineError, Transient

_CAUSES = (
    (("CERTIFICATE_VERIFY_FAILED", "certificate verify failed", "SSLCertVerificationError"), "certificate"),
    # It was reached by then: that is nothing to look for a firewall for.
    (("Read timed out", "read timeout", "read operation timed out", "ReadTimeout"), "slow"),
    # Before the proxy: what breaks behind a proxy is told as the proxy's, too.
    (("reset by peer", "ConnectionResetError", "RemoteDisconnected", "Connection aborted", "Broken pipe"), ""),
    (("proxy", "Proxy", "Tunnel"), "proxy"),
    (("getaddrinfo", "Name or service not known", "name resolution", "resolve", "nodename nor servname"), "name"),
    (("timed out", "timeout", "Timeout"), "silence"),
)

_WORDS = {
    "certificate": "its certificate is not trusted here. Where a proxy opens TLS, name its CA in REQUESTS_CA_BUNDLE",
    "proxy": "the proxy that HTTPS_PROXY names does not let us through. Correct it, or put the host into NO_PROXY",
    "name": "its name cannot be resolved. Is this machine online, and does it use the right DNS?",
    "slow": "it was reached, and did not answer in time: it is busy or has trouble. Try again",
    "silence": "there was no answer in time. Is this machine online, and does a firewall let HTTPS through?",
    "": "the connection failed or broke. Is this machine online, and does a firewall or proxy let HTTPS through?",
}


class Unreachable(Transient):
    """No connection came about, or none held: nobody there has been heard."""


def retry_after(response: Any) -> float | None:
    """The seconds that an answer of requests or azure-core asks to wait for; None where it does not."""
    asked = str(getattr(response, "headers", {}).get("Retry-After", ""))
    return float(asked) if asked.isdigit() else None


def unreachable(host: str, error: BaseException | str, what: str = "") -> EngineError:
    """The error for a host that could not be reached, or whose answer broke off; `what` was being tried.

    Transient, Unreachable where nobody was heard, except where trying again cannot help: a certificate that is not
    trusted.
    """
    text = str(error)
    cause = next((name for marks, name in _CAUSES if any(mark in text for mark in marks)), "")
    message = (
        f"{f'cannot {what}: ' if what else ''}{host} {'gave no answer' if cause == 'slow' else 'cannot be reached'}"
    )
    kinds: Mapping[str, type[EngineError]] = {"certificate": EngineError, "slow": Transient}
    return kinds.get(cause, Unreachable)(f"{message}: {_WORDS[cause]}")
