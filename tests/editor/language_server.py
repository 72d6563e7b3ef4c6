"""yaml-language-server as a child process that an editor's requests are sent to: completions, hovers, diagnostics."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from emulator.azurite.server import Unavailable, install

FOLDER = Path(__file__).parent
SERVER = FOLDER / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
SCHEMA = FOLDER.parents[1] / "schemas" / "specrun.v1.schema.json"

CURSOR = "▮"
"""Where in a text the cursor stands."""


class LanguageServer:
    """`with LanguageServer() as server:`, one process for as many documents as one likes. Raises Unavailable.

    Every document is a spec: its schema is the published file, as a setting says it.
    """

    def __enter__(self) -> LanguageServer:
        install(FOLDER)
        node = shutil.which("node")
        if node is None:
            raise Unavailable("yaml-language-server needs Node.js, and there is no `node` on the PATH")
        self._process = subprocess.Popen(
            [node, str(SERVER), "--stdio"], cwd=FOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._sent = 0
        self._opened = 0
        self._notified: dict[str, list[dict[str, Any]]] = {}
        snippets = {"completion": {"completionItem": {"snippetSupport": True}}}
        capabilities = {"textDocument": snippets, "workspace": {"configuration": True}}
        self._ask("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})
        self._tell("initialized", {})
        while self._receive().get("method") != "workspace/configuration":
            pass  # before it has the settings, it knows of no schema
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()  # nothing is kept: there is nothing to close
        self._process.wait(60)
        self._process.stdin.close()
        self._process.stdout.close()

    def completions(self, text: str) -> dict[str, str]:
        """What is offered at the cursor: what each choice is called, and what it writes."""
        found = self._at_cursor("textDocument/completion", text)
        items = found["items"] if isinstance(found, dict) else found or []
        return {item["label"]: item.get("textEdit", {}).get("newText", item.get("insertText")) for item in items}

    def hover(self, text: str) -> str:
        """What is said about the word under the cursor; empty where nothing is."""
        found = self._at_cursor("textDocument/hover", text)
        return str(found["contents"]["value"]) if found else ""

    def diagnostics(self, text: str) -> list[str]:
        """What is underlined in a text, as "LINE: MESSAGE"."""
        uri = self._open(text)
        while uri not in self._notified:
            self._receive()
        return [f"{found['range']['start']['line'] + 1}: {found['message']}" for found in self._notified[uri]]

    def _at_cursor(self, method: str, text: str) -> Any:
        before, _, after = text.partition(CURSOR)
        lines = before.split("\n")
        position = {"line": len(lines) - 1, "character": len(lines[-1])}
        return self._ask(method, {"textDocument": {"uri": self._open(before + after)}, "position": position})

    def _open(self, text: str) -> str:
        self._opened += 1
        uri = f"file:///specs/{self._opened}.yaml"
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def _tell(self, method: str, params: object) -> None:
        self._send({"method": method, "params": params})

    def _ask(self, method: str, params: object) -> Any:
        self._sent += 1
        self._send({"id": self._sent, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._sent and "method" not in message:
                assert "error" not in message, message["error"]
                return message["result"]

    def _send(self, message: Mapping[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        """The next message; what the server itself asks is answered."""
        assert self._process.stdout is not None
        length = 0
        while (line := self._process.stdout.readline().strip()) or not length:
            assert line or self._process.poll() is None, "the server has ended"
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self._notified[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            asked = message["params"].get("items", ()) if isinstance(message["params"], dict) else ()
            result = [self._setting(item["section"]) for item in asked] or None
            self._send({"id": message["id"], "result": result})
        return message

    @staticmethod
    def _setting(section: str) -> object:
        if section != "yaml":
            return {}
        return {
            "schemas": {SCHEMA.as_uri(): "/specs/*.yaml"},
            "schemaStore": {"enable": False},
            "completion": True,
            "hover": True,
            "validate": True,
        }
