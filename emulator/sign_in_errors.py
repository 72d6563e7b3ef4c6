"""How Microsoft's sign-in says no."""

from __future__ import annotations

import datetime
import uuid

from emulator.router import Response


class Rejected(Exception):
    """A sign-in that failed, with the number that people search for."""

    def __init__(self, number: int, error: str, message: str, status: int = 401) -> None:
        super().__init__(f"AADSTS{number}: {message}")
        self.number, self.error, self.status = number, error, status

    def answer(self) -> Response:
        """In the form of the OAuth standard, with Microsoft's additions."""
        when = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        return Response(
            self.status,
            {
                "error": self.error,
                "error_description": f"{self} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {when}",
                "error_codes": [self.number],
                "timestamp": when,
                "trace_id": trace,
                "correlation_id": correlation,
                "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
            },
        )
