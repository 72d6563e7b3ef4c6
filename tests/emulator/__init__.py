"""An emulator of Azure ML that the unmodified SDKs talk to: `with Emulator(folder) as emulator:`."""

from __future__ import annotations

from tests.emulator.emulator import Emulator, Recorded
from tests.emulator.router import Failure, Refused, Request, Response, Routes

__all__ = ["Emulator", "Failure", "Recorded", "Refused", "Request", "Response", "Routes"]
