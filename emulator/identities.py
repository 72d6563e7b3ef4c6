"""Who there is and what they may do: tenants, principals, tokens and role assignments. No HTTP."""

from __future__ import annotations

import base64
import json
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from emulator.sign_in_errors import Rejected

OWNER = "*"
READER = "*/read"


@dataclass
class Principal:
    """A service principal, a managed identity or a person. `secret` None: it has none; `federated`: the (issuer,
    subject) pairs whose assertions it takes; `secret_expired`: the secret was right once.
    """

    name: str
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    object_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    secret: str | None = None
    secret_expired: bool = False
    federated: list[tuple[str, str]] = field(default_factory=list)
    thumbprints: list[str] = field(default_factory=list)


@dataclass
class Tenant:
    """A directory: its principals by client id."""

    id: str
    principals: dict[str, Principal] = field(default_factory=dict)


class Roles:
    """Who may do what. An assignment is a pattern of actions ("*", "*/read", "Microsoft…/computes/*") in a scope, a
    prefix of resource ids ("/" for everything).
    """

    def __init__(self) -> None:
        self._assigned: list[tuple[str, str, str]] = []

    def assign(self, principal: Principal, actions: str = OWNER, scope: str = "/") -> None:
        """The principal may from now on do these actions in this scope."""
        self._assigned.append((principal.object_id, actions.lower(), scope.lower()))

    def revoke(self, principal: Principal) -> None:
        """The principal may do nothing any more."""
        self._assigned = [entry for entry in self._assigned if entry[0] != principal.object_id]

    def sees(self, principal: Principal) -> bool:
        """Whether the principal has any role at all."""
        return any(who == principal.object_id for who, _, _ in self._assigned)

    def allow(self, principal: Principal, action: str, scope: str) -> bool:
        """Whether an assignment covers the action there."""
        return any(
            who == principal.object_id and _covers(actions, action.lower()) and scope.lower().startswith(where)
            for who, actions, where in self._assigned
        )


def _covers(pattern: str, action: str) -> bool:
    before, star, after = pattern.partition("*")
    if not star:
        return pattern == action
    return len(action) >= len(before) + len(after) and action.startswith(before) and action.endswith(after)


@dataclass
class Grant:
    """A token that was issued here: for whom, for which audience, until when (seconds since 1970)."""

    principal: Principal
    audience: str
    expires: float


@dataclass(frozen=True)
class Assertion:
    """What a trusted issuer says about somebody."""

    issuer: str
    subject: str
    expires: float = 0.0


class Directory:
    """Tenants and the tokens they issued. `lifetime`: seconds that a token lasts, `assertion_lifetime` that an
    assertion lasts; `now`: the clock, to be turned; `device_polls`: so many times a device code is pending first.
    """

    def __init__(self) -> None:
        self.tenants: dict[str, Tenant] = {}
        self.lifetime = 3600.0
        self.now: Callable[[], float] = time.time
        self.assertion_lifetime = 300.0
        self.assertions: dict[str, Assertion] = {}
        self.device_interval = 1
        self.device_polls = 1
        self.device_pending: dict[str, int] = {}
        self._grants: dict[str, Grant] = {}
        self._refresh: dict[str, Principal] = {}

    def issue(self, tenant: str, principal: Principal, audience: str, identity: str = "") -> tuple[str, int]:
        """A token that looks signed, and the seconds it lasts; `identity` is the resource id of a managed one."""
        now = self.now()
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{tenant}/",
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now + self.lifetime),
            "tid": tenant,
            "oid": principal.object_id,
            "sub": principal.object_id,
            "appid": principal.client_id,
            "idtyp": "app",
            "idp": f"https://sts.windows.net/{tenant}/",
            "ver": "1.0",
            "uti": secrets.token_urlsafe(16),
        }
        if "@" in principal.name:
            claims |= {
                "idtyp": "user",
                "upn": principal.name,
                "unique_name": principal.name,
                "scp": "user_impersonation",
            }
        if identity:
            claims["xms_mirid"] = identity
        token = jwt(claims)
        self._grants[token] = Grant(principal, audience, now + self.lifetime)
        return token, int(self.lifetime)

    def attest(self, assertion: Assertion, audience: str) -> str:
        """A token in which an issuer that is trusted says who somebody is."""
        expires = self.now() + self.assertion_lifetime
        claims = {"iss": assertion.issuer, "sub": assertion.subject, "aud": audience, "exp": int(expires)}
        token = jwt({**claims, "jti": secrets.token_urlsafe(16)})
        self.assertions[token] = Assertion(assertion.issuer, assertion.subject, expires)
        return token

    def begin_device_code(self, scope: str) -> str:
        """A code that somebody is to type in."""
        code = secrets.token_urlsafe(24)
        self.device_pending[code] = self.device_polls
        return code

    def refresh_token(self, principal: Principal) -> str:
        """A token with which tokens can be had later."""
        token = secrets.token_urlsafe(32)
        self._refresh[token] = principal
        return token

    def refreshed(self, token: str) -> Principal:
        """Whose refresh token it is. Raises Rejected."""
        if token not in self._refresh:
            raise Rejected(700082, "invalid_grant", "The refresh token has expired due to inactivity.", 400)
        return self._refresh[token]

    def signed(self, claims: dict[str, Any]) -> str:
        """Claims as a token that lasts as long as others."""
        now = int(self.now())
        return jwt({**claims, "iat": now, "nbf": now, "exp": now + int(self.lifetime)})

    def principal_of(self, token: str) -> Principal | None:
        """Whose token it is; None when it was not issued here or has expired."""
        grant = self._grants.get(token)
        return grant.principal if grant and grant.expires > self.now() else None

    def audience_of(self, token: str) -> str:
        """What a token issued here is for."""
        return self._grants[token].audience

    def expire_tokens(self) -> None:
        """Every token issued so far is worth nothing any more."""
        self._grants.clear()


def jwt(claims: dict[str, Any]) -> str:
    """A token in the form of a signed one; its signature is noise."""
    header = {"typ": "JWT", "alg": "RS256", "kid": "specrun-emulator", "x5t": "specrun-emulator"}
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), b"not a signature"]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
