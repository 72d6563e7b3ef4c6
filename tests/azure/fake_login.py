"""Entra ID, and whoever else is asked for a token, in this process."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

TENANT = "11111111-1111-1111-1111-111111111111"
CLIENT = "22222222-2222-2222-2222-222222222222"
LOGIN = "login.microsoftonline.com"


@dataclass(frozen=True)
class Sent:
    """One request that reached the fake: `form` is its body's and its query's fields."""

    method: str
    host: str
    path: str
    form: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    status: int
    content: object
    headers: dict[str, str] = field(default_factory=dict)


class Fake(BaseAdapter):
    """The hosts of a sign-in: who is asked for what, and what each answers."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Sent] = []
        self.answers: dict[str, Callable[[Sent], Answer]] = {LOGIN: self._login}
        self.refusal: Answer | None = None
        self.waits: list[float] = []

    @property
    def transport(self) -> Any:
        """An azure-core transport that leads here and does not really wait."""
        session = requests.Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, self)
        transport = RequestsTransport(session=session, session_owner=False, use_env_settings=False)
        transport.sleep = self.waits.append  # type: ignore[method-assign]
        return transport

    @property
    def exchanges(self) -> list[Sent]:
        """The requests for a token of Entra ID."""
        return [sent for sent in self.sent if sent.host == LOGIN and sent.method == "POST"]

    def refuse(self, code: int, text: str = "Something is wrong.", error: str = "invalid_client") -> None:
        """From now on Entra ID answers with this error."""
        words = f"AADSTS{code}: {text} Trace ID: 0000 Correlation ID: 0001 Timestamp: 2026-01-01 00:00:00Z"
        self.refusal = Answer(401, {"error": error, "error_description": words, "error_codes": [code]})

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        url = urlsplit(str(request.url))
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
        headers = {str(name).lower(): str(value) for name, value in request.headers.items()}
        form = dict(parse_qsl(url.query)) | dict(parse_qsl(body))
        sent = Sent(str(request.method), str(url.hostname), url.path, form, headers)
        self.sent.append(sent)
        if sent.host not in self.answers:
            raise requests.ConnectionError(f"HTTPSConnectionPool(host='{sent.host}'): Name or service not known")
        return _response(request, self.answers[sent.host](sent))

    def close(self) -> None:
        """Nothing is open."""

    def _login(self, sent: Sent) -> Answer:
        if sent.path.endswith("/openid-configuration"):
            return _discovered(sent)
        if sent.path.startswith("/common/discovery"):
            return Answer(200, {"metadata": []})
        if self.refusal:
            return self.refusal
        return Answer(200, {"access_token": f"token-{len(self.exchanges)}", "expires_in": 3600, "token_type": "Bearer"})


def _discovered(sent: Sent) -> Answer:
    if TENANT not in sent.path:
        return Answer(400, {"error": "invalid_tenant", "error_description": "AADSTS90002: Tenant not found."})
    places = {
        "authorization_endpoint": "authorize",
        "token_endpoint": "token",
        "device_authorization_endpoint": "devicecode",
        "issuer": "v2.0",
    }
    return Answer(200, {name: f"https://{LOGIN}/{TENANT}/oauth2/v2.0/{path}" for name, path in places.items()})


def _response(request: requests.PreparedRequest, answer: Answer) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    text = answer.content if isinstance(answer.content, str) else json.dumps(answer.content)
    kind = "text/plain" if isinstance(answer.content, str) else "application/json"
    response.headers = CaseInsensitiveDict({"Content-Type": kind, **answer.headers})
    response.raw = io.BytesIO(text.encode())
    response.request = request
    response.url = str(request.url)
    response.encoding = "utf-8"
    return response
