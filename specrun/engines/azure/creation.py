"""A workspace made once, whatever was killed before and whatever answers are lost: the way there of both SDKs.

Making one is a deployment that goes on by itself for minutes; the SDK that began it may lose sight of it, or hang.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait

from specrun.engines.azure.coordinates import Coordinates
from specrun.engines.azure.credentials import SignIn
from specrun.engines.azure.deployments import running_deployments
from specrun.engines.base import EngineError, Missing, Progress, Report

APPEARS = 60.0
"""Seconds within which what was made is to be seen, also where the service answers from an older copy."""


def deploy_workspace(
    at: Coordinates,
    credential: SignIn,
    deploy: Callable[[], None],
    is_there: Callable[[], bool],
    lost: Callable[[EngineError], None],
    report: Report,
    look: float,
) -> None:
    """Have the SDK `deploy` a workspace, and return once it can be seen.

    `lost` is told of an error: it returns when the workspace comes about all the same, and else raises. Every `look`
    seconds Azure is asked whether the deployment goes on, since the SDK gives no sign of life. Raises EngineError.
    """
    made = _in_background(deploy)
    while not wait([made], look).done:
        with contextlib.suppress(EngineError):
            names = running_deployments(credential, at.subscription_id, at.resource_group)
            if names:
                report(Progress(text=f"deployment {names[0]} is under way"))
    try:
        made.result()
    except Missing:
        # The SDK ends with a look, and who answers may not have heard of it yet.
        if not appears(is_there, report):
            raise
    except EngineError as error:
        lost(error)
    else:
        if not appears(is_there, report):
            raise EngineError(f"the workspace {at.workspace_name} was made and is not seen: plan again in some minutes")


def appears(is_there: Callable[[], bool], report: Report) -> bool:
    """Look until something is there, for `APPEARS` seconds at most; whether it is."""
    deadline = time.monotonic() + APPEARS
    while not is_there():
        if time.monotonic() > deadline:
            return False
        report(Progress(text="waiting until it is seen"))
        time.sleep(1.0)
    return True


def await_absence(is_there: Callable[[], bool], report: Report) -> None:
    """Look until something is gone, as long as Azure answers: it takes what it takes."""
    begun = time.monotonic()
    while is_there():
        report(Progress(text="waiting until it is gone"))
        time.sleep(min(5.0, 0.2 + (time.monotonic() - begun) / 5))


def _in_background(work: Callable[[], None]) -> Future[None]:
    """Do what blocks for minutes in a daemon thread, which keeps no exit waiting."""
    future: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            future.set_exception(error)
        else:
            future.set_result(None)

    threading.Thread(target=run, daemon=True).start()
    return future
