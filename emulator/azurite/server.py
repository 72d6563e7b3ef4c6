"""Azurite as a child process: `with Azurite() as azurite:`. `python emulator/azurite/server.py` installs it.

With folders behind it this has npm install what their package.json names.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

FOLDER = Path(__file__).parent
MAIN = FOLDER / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"

DEVELOPMENT = "devstoreaccount1"
"""The account that every storage emulator has; its key stands in Microsoft's documentation and is no secret."""

POOL = tuple(f"specrunstore{number:02}" for number in range(60))
"""Accounts without a meaning of their own: an emulated workspace takes one as its storage account."""

NAMED = ("mlstore", "trainingstore")
"""Accounts that specs in tests and documents name."""

PATIENCE = 60.0
"""Seconds for Azurite to start, and to end."""

_LISTENS = re.compile(r"successfully listens on (https?)://127\.0\.0\.1:(\d+)")


class Unavailable(Exception):
    """Azurite cannot be had on this machine; the message says what is missing."""


def account_key(account: str) -> str:
    """An account's key in base64, the same in every process."""
    if account == DEVELOPMENT:
        return "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    return base64.b64encode(hashlib.sha512(f"specrun's tests: {account}".encode()).digest()).decode()


ACCOUNTS: Mapping[str, str] = {name: account_key(name) for name in (DEVELOPMENT, *NAMED, *POOL)}
"""Every account that Azurite has here, with its key."""


def install(folder: Path = FOLDER) -> None:
    """Have npm install the one package of a folder's package-lock.json, unless it is there. Raises Unavailable."""
    package, wanted = next(iter(json.loads((folder / "package.json").read_text())["dependencies"].items()))
    with (folder / "package.json").open() as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if _installed(folder, package) == wanted:
            return
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            raise Unavailable(f"{package} needs Node.js with npm, and there is none on the PATH")
        call = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(
            call, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode != 0 or _installed(folder, package) != wanted:
            said = done.stdout.decode(errors="replace").strip()[-1000:]
            raise Unavailable(f"`npm ci` for {package} in {folder} exited with {done.returncode}: {said}")


def _installed(folder: Path, package: str) -> str | None:
    try:
        return str(json.loads((folder / "node_modules" / package / "package.json").read_text())["version"])
    except FileNotFoundError:
        return None


class Azurite:
    """A blob service on a free port of 127.0.0.1, in memory, with `ACCOUNTS`; it ends with the `with`, or with us.

    Accounts are addressed by path (`account_url`) or, when the Host header is ACCOUNT.blob.core.windows.net, by host.
    `certificate` are the PEM files of certificate and key: then it speaks HTTPS, without which Azurite takes no bearer
    tokens. `log` keeps one line for each request, see `requests`.
    """

    def __init__(self, certificate: tuple[Path, Path] | None = None, *, log: bool = False) -> None:
        self._certificate = certificate
        self._log = log
        self.port = 0

    def __enter__(self) -> Azurite:
        install()
        self._folder = Path(tempfile.mkdtemp(prefix="specrun-azurite-"))
        self._output = self._folder / "output"
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self._folder,
                env={**os.environ, "AZURITE_ACCOUNTS": ";".join(f"{name}:{key}" for name, key in ACCOUNTS.items())},
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self.port = self._await_port()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # nothing is kept: there is nothing to close
        self._process.wait(PATIENCE)
        assert self._process.stdin is not None
        self._process.stdin.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self.port}"

    def account_url(self, account: str = DEVELOPMENT) -> str:
        """An account addressed by path, as needed without a proxy."""
        return f"{self.url}/{account}"

    def requests(self) -> list[str]:
        """The requests answered so far, such as "PUT /devstoreaccount1/c/blob?timeout=30 201"; with `log` only.

        A line may come a little after its response.
        """
        found = re.findall(r'"([A-Z]+) (\S+) HTTP/1\.1" (\d+)', self._output.read_text(errors="replace"))
        return [" ".join(parts) for parts in found]

    def _command(self) -> list[str]:
        node = shutil.which("node")
        if node is None:
            raise Unavailable("Azurite needs Node.js, and there is no `node` on the PATH")
        command = [node, "--require", str(FOLDER / "before.js"), str(MAIN)]
        command += ["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence"]
        command += ["--disableTelemetry", "--skipApiVersionCheck", "--loose", *([] if self._log else ["--silent"])]
        if self._certificate is not None:
            certificate, key = self._certificate
            command += ["--cert", str(certificate), "--key", str(key), "--oauth", "basic"]
        return command

    def _await_port(self) -> int:
        deadline = time.monotonic() + PATIENCE
        while (found := _LISTENS.search(self._output.read_text(errors="replace"))) is None:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(f"Azurite did not start: {self._output.read_text(errors='replace')[-1000:]}")
            time.sleep(0.02)
        return int(found[2])


def main() -> int:
    """Install; exit 1 and say why when that does not work."""
    try:
        for folder in map(Path, sys.argv[1:] or [FOLDER]):
            install(folder)
    except Unavailable as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
