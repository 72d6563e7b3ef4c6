"""specrun as a program: how it is called here, and what is kept from it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_CREDENTIAL = re.compile(
    r"(?i)^(ACTIONS|AZURESUBSCRIPTION)_|TOKEN|SECRET|PASSW|CREDENTIAL|CERTIFICATE|KEY|SAS|CLIENT_ID"
)
"""Names of variables that could hold one, or say as whom to sign in."""

_SUBSCRIPTION, _NONE = "AZURE_SUBSCRIPTION_ID", "00000000-0000-0000-0000-000000000000"
"""Specs name it, and a plan for this machine makes nothing of it; jobs of forks are not told a repository's own."""

_KEPT = 400
"""Lines of a command that is followed which are kept."""


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said: on standard output, and on standard error."""

    code: int
    out: str
    err: str = ""


@dataclass(frozen=True)
class Specrun:
    """Calls specrun in a folder. `environment` is all that it is told of the variables here."""

    command: Sequence[str] = ("specrun",)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    folder: str | None = None

    def without_credentials(self) -> Specrun:
        """The same, told of no variable that could hold a credential: for what a stranger has written."""
        kept = {name: value for name, value in self.environment.items() if not _CREDENTIAL.search(name)}
        kept[_SUBSCRIPTION] = kept.get(_SUBSCRIPTION) or _NONE
        return Specrun(self.command, kept, self.folder)

    def __call__(self, *arguments: str, aloud: bool = True) -> Done:
        """Run it to its end. `aloud`: what it says to people is shown in this run's log as well."""
        done = subprocess.run(
            [*self.command, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env=self.environment,
            cwd=self.folder,
        )
        out, err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        if aloud:
            print(err, end="", file=sys.stderr, flush=True)
        return Done(done.returncode, out, err)

    def follow(self, *arguments: str) -> Done:
        """Run it to its end, and show each line as it comes; the last ones are kept. Who ends this asks it to end."""
        process = subprocess.Popen(
            [*self.command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment,
            cwd=self.folder,
            start_new_session=True,  # it hears of a signal once, and from here: a second one would end it at once
        )
        assert process.stdout is not None
        kept: deque[str] = deque(maxlen=_KEPT)
        signals = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(one, lambda *_: process.send_signal(signal.SIGINT)) for one in signals]
        try:
            for data in process.stdout:
                line = data.decode("utf-8", "replace")
                kept.append(line)
                print(line, end="", flush=True)
        finally:
            for one, handler in zip(signals, before, strict=True):
                signal.signal(one, handler)
        return Done(process.wait(), "".join(kept))
