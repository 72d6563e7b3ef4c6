"""An emulator of Azure ML that the unmodified SDKs talk to: `with Emulator(folder) as azure:`. See docs/emulator.md."""

from __future__ import annotations

from emulator.emulator import Emulator, Recorded
from emulator.router import Failure, Refused, Request, Response, Routes

__all__ = ["Emulator", "Failure", "Recorded", "Refused", "Request", "Response", "Routes"]
