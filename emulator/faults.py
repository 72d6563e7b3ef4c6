"""What can go wrong on the way, on demand: `emulator.faults.add("GET management.azure.com /…", Status(429))`."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from emulator.router import Failure, Request
from emulator.wire import Dropped, Outgoing

Proceed = Callable[[Request], Outgoing]
Fault = Callable[["Faults", Request, Proceed], Outgoing]
Where = str | Callable[[Request, str], bool]


@dataclass(frozen=True)
class Status:
    """The service answers so instead of doing anything. `retry_after` in seconds becomes the header."""

    status: int
    code: str = "EmulatedFault"
    message: str = "A fault that the test asked for."
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def __call__(self, faults: Faults, request: Request, proceed: Proceed) -> Outgoing:
        headers = {"Content-Type": "application/json; charset=utf-8", **self.headers}
        if self.retry_after is not None:
            headers["Retry-After"] = f"{self.retry_after:g}"
        error = {"error": {"code": self.code, "message": self.message, "details": []}}
        return Outgoing(self.status, headers, json.dumps(error).encode() if self.body is None else self.body)


def missing(code: str = "ResourceNotFound", message: str = "The resource was not found.") -> Status:
    """What a replica says that has not heard of a new resource yet."""
    return Status(404, code, message)


def quota(code: str = "QuotaExceeded", message: str = "The specified subscription has exceeded its quota.") -> Status:
    """A refusal for want of quota, whatever is really left."""
    return Status(400, code, message)


@dataclass(frozen=True)
class Delay:
    """The service takes so many seconds before it does what it was asked for."""

    seconds: float

    def __call__(self, faults: Faults, request: Request, proceed: Proceed) -> Outgoing:
        faults.released.wait(self.seconds)
        return proceed(request)


@dataclass(frozen=True)
class Reset:
    """The connection is reset before anything was done."""

    def __call__(self, faults: Faults, request: Request, proceed: Proceed) -> Outgoing:
        raise Dropped


@dataclass(frozen=True)
class BlackHole:
    """Nothing is done and no answer comes, until `faults.release()` or the emulator's end."""

    def __call__(self, faults: Faults, request: Request, proceed: Proceed) -> Outgoing:
        faults.released.wait()
        raise Dropped


@dataclass(frozen=True)
class Truncated:
    """It is done, and the answer breaks off after so many bytes of its body."""

    after: int = 1

    def __call__(self, faults: Faults, request: Request, proceed: Proceed) -> Outgoing:
        outgoing = proceed(request)
        outgoing.cut_after = self.after
        return outgoing


@dataclass(frozen=True)
class LostAnswer:
    """It is done, and the answer is lost: a reset, or (`never`) silence until the faults are released."""

    never: bool = False

    def __call__(self, faults: Faults, request: Request, proceed: Proceed) -> Outgoing:
        outgoing = proceed(request)
        for _ in () if isinstance(outgoing.body, bytes) else outgoing.body:
            pass
        if self.never:
            faults.released.wait()
        raise Dropped


@dataclass(frozen=True)
class FailedOperation:
    """The deployment or the change of a compute that this request begins is accepted and ends Failed."""

    code: str = "InternalServerError"
    message: str = "The operation failed."

    def __call__(self, faults: Faults, request: Request, proceed: Proceed) -> Outgoing:
        return proceed(dataclasses.replace(request, failure=Failure(self.code, self.message)))


@dataclass
class Rule:
    """`fault` at the `nth` matching request and at those after it, `times` in all (None: always). With `after`, the
    name of a route, requests count only once that route has answered without an error. `hit` counts its strikes.
    """

    where: Where
    fault: Fault
    nth: int = 1
    times: int | None = 1
    after: str | None = None
    seen: int = 0
    hit: int = 0

    def strikes(self, request: Request, route: str) -> bool:
        """Counts the request if it matches; whether the fault is due."""
        if self.after or not (self.where == route if isinstance(self.where, str) else self.where(request, route)):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times is not None and self.hit >= self.times):
            return False
        self.hit += 1
        return True


class Faults:
    """The rules in force. The first that is due strikes; one at a time for each request."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.released = threading.Event()
        self._lock = threading.Lock()

    def add(self, where: Where, fault: Fault, *, nth: int = 1, times: int | None = 1, after: str | None = None) -> Rule:
        """A new rule. `where`: the name of a route, or `(request, route name) -> bool`."""
        rule = Rule(where, fault, nth, times, after)
        with self._lock:
            self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """No rule any more, and nobody is held."""
        with self._lock:
            self.rules.clear()
        self.release()

    def release(self) -> None:
        """Whoever is held by a delay or a black hole goes on; later ones are held again."""
        with self._lock:
            released, self.released = self.released, threading.Event()
        released.set()

    def apply(self, request: Request, route: str, proceed: Proceed) -> Outgoing:
        """The answer to a request: what `proceed` says, or what the fault that is due makes of it."""
        with self._lock:
            rule = next((rule for rule in self.rules if rule.strikes(request, route)), None)
        outgoing = rule.fault(self, request, proceed) if rule else proceed(request)
        if outgoing.status < 400:
            with self._lock:
                for waiting in self.rules:
                    waiting.after = None if waiting.after == route else waiting.after
        return outgoing
