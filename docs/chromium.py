"""Where the Chromium of this machine is: it draws the documents' pictures, and the tests of the page run in it."""

from __future__ import annotations

import shutil

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = ("--no-sandbox", "--disable-gpu")
"""A container's root has no sandbox, and hardly a graphics card."""

ABSENT = "there is no Chromium: no " + ", ".join(PROGRAMS[:-1]) + f" or {PROGRAMS[-1]} on the PATH"


def browser() -> str | None:
    """The program; None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)
