"""An emulator of Azure ML that the unmodified SDKs talk to: `with Emulator(folder) as azure:`. See docs/emulator.md."""

from __future__ import annotations

import sys

# jsonschema would import it to know IRIs, which no contract has: a second, where Jupyter has brought it.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from emulator.emulator import Emulator, Recorded  # noqa: E402
from emulator.router import Failure, Refused, Request, Response, Routes  # noqa: E402

__all__ = ["Emulator", "Failure", "Recorded", "Refused", "Request", "Response", "Routes"]
