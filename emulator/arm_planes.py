"""How routes of Azure Resource Manager get at what a workspace keeps, and how they answer with long lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from emulator.arm import ARM
from emulator.planes import WORKSPACE, PlaneHandler, page
from emulator.router import Answer, Request, Routes

if TYPE_CHECKING:
    from emulator.state import Service


def on(routes: Routes, method: str, rest: str) -> Callable[[PlaneHandler], PlaneHandler]:
    """Declares `handler(plane, request, **names)` for `{workspace}{rest}` of Azure Resource Manager."""

    def declare(handler: PlaneHandler) -> PlaneHandler:
        def handle(service: Service, request: Request, sub: str, group: str, ws: str, **names: str) -> Answer:
            from emulator.dataplane import data_of

            service.group(group)
            service.workspace(sub, group, ws, nested=True)
            return handler(data_of(service).plane(sub, group, ws), request, **names)

        routes.on(method, ARM, WORKSPACE + rest)(handle)
        return handler

    return declare


def sealed(version: str) -> str:
    """What stands at the end of an operation's address in newer versions: a certificate and a signature, by length."""
    return f"&t=638701094496749588&c={'M' * 2600}&s={'q' * 340}&h={'h' * 43}" if version >= "2023-08" else ""


def listed(
    request: Request, items: Sequence[Any], size: int, view: Callable[[Any], Any] = lambda item: item
) -> dict[str, Any]:
    """One page of views, from where the query's `$skip` says, and the address of the next page if there is one."""
    part, token = page(items, request.query.get("$skip"), size)
    shown = [view(item) for item in part]
    if token is None:
        return {"value": shown}
    query = urlencode({**request.query, "$skip": token})
    return {"value": shown, "nextLink": f"https://{request.host}{request.path}?{query}"}
