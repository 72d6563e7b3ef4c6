"""Requests, answers and the table of routes: what a route module needs to know of HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from emulator.identities import Principal

_SEGMENT = re.compile(r"\{(\w+)(\+?)\}")
_SLASHES = re.compile(r"/{2,}")


@dataclass(frozen=True)
class Failure:
    """How a long operation that was accepted is to end: the service's error code and words."""

    code: str
    message: str


@dataclass(frozen=True)
class Request:
    """One request as a route sees it. `path` is as sent (still quoted), header names are lower case."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    principal: Principal | None = None  # who signed in; None where no token is asked for
    failure: Failure | None = None  # set by a fault: the operation that this request begins ends so

    @property
    def address(self) -> str:
        """Where it was sent, without what is secret: a client gets it back as the place of what it made."""
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"https://{self.host}{self.path}" + (f"?{query}" if query else "")

    @property
    def version(self) -> str:
        """The `api-version` that was asked for."""
        return self.query.get("api-version", "")

    @cached_property
    def json(self) -> Any:
        """The body read as JSON; `{}` when it is empty. Raises Refused(400) when it is something else."""
        if not self.body:
            return {}
        try:
            return json.loads(self.body)
        except ValueError as wrong:
            raise Refused(400, "InvalidRequestContent", f"The request content was invalid: {wrong}") from None


@dataclass
class Response:
    """An answer: `json` or `body`."""

    status: int = 200
    json: object = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def encode(self) -> tuple[bytes, dict[str, str]]:
        """The bytes to send, and the headers with a content type."""
        if self.body is not None:
            return self.body, {"Content-Type": "application/octet-stream", **self.headers}
        if self.json is None:
            return b"", dict(self.headers)
        return json.dumps(self.json).encode(), {"Content-Type": "application/json; charset=utf-8", **self.headers}


class Refused(Exception):
    """A route's refusal; becomes the error body of the service that answers.

    `inner` are the codes inside the error, the outermost first; `pattern` and `parameters` say the message once more
    for programs; `empty`: nothing but the status is answered.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        details: Sequence[Mapping[str, str]] = (),
        inner: Sequence[str] = (),
        pattern: str | None = None,
        parameters: Mapping[str, str] | None = None,
        empty: bool = False,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.headers, self.details, self.inner = dict(headers or {}), list(details), list(inner)
        self.pattern, self.parameters, self.empty = pattern, dict(parameters or {}), empty


Answer = Response | dict[str, Any] | list[Any]
Handler = Callable[..., Answer]


@dataclass(frozen=True)
class Route:
    """`name` is "METHOD host /path/{with}/{names}", as it was declared."""

    method: str
    host: str
    path: str
    handler: Handler
    pattern: re.Pattern[str]

    @property
    def name(self) -> str:
        return f"{self.method} {self.host} {self.path}"

    def __call__(self, service: Any, request: Request, parameters: Mapping[str, str]) -> Response:
        answer = self.handler(service, request, **parameters)
        return answer if isinstance(answer, Response) else Response(json=answer)


class Routes:
    """A table of routes. The most literal of those that match wins, so the order of declaration says nothing."""

    def __init__(self, parts: Iterable[Routes] = ()) -> None:
        self._routes: list[Route] = []
        for part in parts:
            self._routes += part._routes
        self._routes.sort(key=_openness)

    def on(self, method: str, host: str, path: str) -> Callable[[Handler], Handler]:
        """Declares `handler(service, request, **names)`. `host` is matched at the end; `{name}` is one segment,
        `{name+}` all the rest; literal segments match in any case. Names reach the handler unquoted.
        """

        def declare(handler: Handler) -> Handler:
            self._routes.append(Route(method, host, path, handler, _pattern(path)))
            self._routes.sort(key=_openness)
            return handler

        return declare

    def find(self, method: str, host: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route for a request, with the unquoted values of its names."""
        path = _SLASHES.sub("/", path)
        for route in self._routes:
            if route.method != method or not (host == route.host or host.endswith("." + route.host)):
                continue
            if match := route.pattern.fullmatch(path):
                return route, {name: unquote(value) for name, value in match.groupdict().items()}
        return None

    def serves(self, host: str) -> bool:
        """Whether any route is on this host."""
        return any(host == route.host or host.endswith("." + route.host) for route in self._routes)

    @property
    def names(self) -> list[str]:
        """Every route's name."""
        return [route.name for route in self._routes]


def _pattern(path: str) -> re.Pattern[str]:
    parts = []
    end = 0
    for match in _SEGMENT.finditer(path):
        parts.append(f"(?i:{re.escape(path[end : match.start()])})")
        parts.append(f"(?P<{match[1]}>.+)" if match[2] else f"(?P<{match[1]}>[^/]+)")
        end = match.end()
    parts.append(f"(?i:{re.escape(path[end:])})/?")
    return re.compile("".join(parts))


def _openness(route: Route) -> list[int]:
    """Per segment 0 for a literal, 1 for a name, 2 for all the rest: the smallest is the most literal."""
    return [2 if "+}" in part else 1 if "{" in part else 0 for part in route.path.split("/")]
