"""The whole subscription is throttled: for a while, which is waited for, and without end, which is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.faults import Status
from emulator.router import Request
from tests.faults.cloud import Azure, azure_in, check_whole

pytestmark = pytest.mark.slow

WAIT = 1.0
"""Seconds of Retry-After."""

FIRST = 12
"""So many requests are refused."""

HASTE = {f"AZUREML_DEFAULT_{kind}BACKOFF": "1" for kind in ("", "500_", "503_")}
"""SDK v1 does not look at Retry-After everywhere."""


def throttle(azure: Azure, times: int | None) -> None:
    """Everything but the sign-in is refused, so many times or for ever."""
    azure.variables |= HASTE

    def theirs(request: Request, route: str) -> bool:
        return not request.host.startswith("login.")

    azure.emulator.faults.add(theirs, Status(429, "TooManyRequests", "Slow down.", retry_after=WAIT), times=times)


def test_a_subscription_that_is_busy_for_a_while(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine, made=True) as azure:
        throttle(azure, FIRST)
        planned = azure.specrun("plan")
        assert planned.code == 0, planned
        assert "Plan: 2 to create, 1 to submit." in planned.out
        azure.emulator.faults.clear()
        throttle(azure, FIRST)
        said = azure.apply()
        assert said.code == 0, said
        assert len([one for one in azure.emulator.requests if one.status == 429]) == 2 * FIRST
        check_whole(azure)


def test_a_subscription_that_is_busy_without_end(tmp_path: Path, engine: str) -> None:
    with azure_in(tmp_path, engine=engine, made=True) as azure:
        azure.variables["SPECRUN_PATIENCE"] = "30"
        throttle(azure, None)
        for verb in (["plan"], ["apply", "--yes"]):
            said = azure.specrun(*verb)
            assert said.code == 1, said
            assert "Traceback" not in said.err
            (line,) = [line for line in said.err.splitlines() if line.startswith("error: workspace/ws-faults: ")]
            assert "Azure is busy or has trouble (HTTP 429). Try again" in line
            assert "Slow down." in line
        assert not azure.runs
