"""What the machine learning SDKs do not show or do, asked of Azure Resource Manager and the workspace's services."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from specrun.engines.azure.arm_errors import translate
from specrun.engines.azure.credentials import SignIn
from specrun.engines.azure.network import unreachable
from specrun.engines.azure.refusals import refusal_in
from specrun.engines.base import EngineError

ENDPOINT = "https://management.azure.com"
AUDIENCE = "https://management.core.windows.net/"
"""What azureml-core asks a token for, too: so there is one for both."""


class Arm:
    """A client for single requests. It repeats nothing: what may be tried again is told as Transient."""

    def __init__(
        self, credential: SignIn, transport: Any = None, endpoint: str = ENDPOINT, audience: str = AUDIENCE
    ) -> None:
        from azure.core import PipelineClient
        from azure.core.pipeline.policies import RequestIdPolicy

        policies = [RequestIdPolicy()]
        self._client: Any = PipelineClient(
            endpoint, transport=transport, policies=policies, connection_timeout=10, read_timeout=30
        )
        self._credential = credential
        self._endpoint = endpoint
        self._audience = audience

    def items(self, path: str, query: Mapping[str, str], what: str, pages: int | None = None) -> Iterator[Any]:
        """The members of a list, page after page, no more than so many `pages`; `what` is being tried. Raises
        EngineError's kinds.
        """
        page = self.get(path, query, what)
        seen: set[str] = set()
        yield from page.get("value", ())
        while link := page.get("nextLink"):
            if pages is not None and len(seen) + 1 >= pages:
                raise EngineError(f"cannot {what}: the list that came has more than {pages} pages")
            if link in seen:
                raise EngineError(f"cannot {what}: the list that came has no end: {link} leads back to itself")
            seen.add(link)
            page = self.get(link, {}, what)
            yield from page.get("value", ())

    def get(self, path: str, query: Mapping[str, str], what: str) -> Any:
        """What stands at a path (or a whole URL), read as JSON. Raises EngineError's kinds."""
        answer = self._send("GET", path, query, None, what)
        try:
            return answer.json()
        except ValueError as error:
            raise EngineError(
                f"cannot {what}: what came is not what Azure answers ({error}). Is a proxy in between?"
            ) from error

    def post(self, path: str, query: Mapping[str, str], what: str, method: str = "POST", body: object = None) -> Any:
        """What a request is answered with whose work may take a while (202). Raises EngineError's kinds."""
        answer = self._send(method, path, query, body, what, (200, 202))
        try:
            return answer.json()
        except ValueError as error:
            raise EngineError(f"cannot {what}: what came is not what Azure answers ({error})") from error

    def put(self, path: str, query: Mapping[str, str], body: object, what: str) -> bool:
        """Write a JSON body to a path; whether that is new there. Raises EngineError's kinds."""
        return bool(self._send("PUT", path, query, body, what).status_code == 201)

    def patch(self, path: str, query: Mapping[str, str], body: object, what: str) -> None:
        """Change a part of what stands at a path. Raises EngineError's kinds."""
        self._send("PATCH", path, query, body, what)

    def delete(self, path: str, query: Mapping[str, str], what: str) -> Any:
        """Delete what is at a path: azure-core's answer, 202 while that is under way. Raises EngineError's kinds."""
        return self._send("DELETE", path, query, None, what, (200, 202, 204))

    def look(self, address: str, what: str) -> Any:
        """How far an operation is: azure-core's answer. Raises EngineError's kinds."""
        return self._send("GET", address, {}, None, what, (200, 202, 204))

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: object,
        what: str,
        accepted: Collection[int] = (200, 201),
    ) -> Any:
        from azure.core.exceptions import IncompleteReadError, ServiceRequestError, ServiceResponseError
        from azure.core.rest import HttpRequest

        headers = {
            "Authorization": f"Bearer {self._credential.token_for(self._audience)}",
            "Accept": "application/json",
        }
        url = path if path.startswith("https:") else self._endpoint + path
        request = HttpRequest(method, url, params=dict(query), headers=headers, json=body)
        try:
            answer = self._client.send_request(request)
        except (ServiceRequestError, ServiceResponseError, IncompleteReadError) as error:
            raise unreachable(urlsplit(url).hostname or url, error, what) from error
        if answer.status_code not in accepted:
            refusal = refusal_in(answer)
            raise translate(answer.status_code, refusal.code, refusal.message, what, refusal.after)
        return answer
