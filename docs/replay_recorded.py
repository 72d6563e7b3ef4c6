"""Makes the pictures of docs/images, and what the README shows, from the terminals recorded in docs/recorded.

Those that a moment on this machine gives are recorded anew, in a terminal as wide, and compared without what differs
each time; `demo`, a training with TensorFlow, is kept as it was recorded, and a test compares its plan.
`--check` only says (exit 1) what is not as it should be.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

from pages import deliver
from record import picture, recording, run

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT / "docs" / "recorded"
README = ROOT / "README.md"
COLUMNS = {"validate": 100, "failure": 80, "demo": 100}
BEFORE = {"failure": ["specrun", "apply"]}
"""What is run first, and shows nothing."""
COLOUR = re.compile(r"\x1b\[[\d;]*m")
VOLATILE = re.compile(r"\b\d+(?:\.\d)? (?:s|min)\b|\b\d+:\d\d\b")
"""How long something took."""
CARETS = re.compile(r"^.*\| +[~^]+\n", re.MULTILINE)
"""What some versions of Python draw below a line of a traceback."""
SHOWN = re.compile(r"(<!-- docs/recorded/(\w+)\.txt -->\n+```console\n).*?(```\n)", re.DOTALL)


def replayed(name: str) -> str:
    """A recording as it comes out now; the very text that is kept where nothing but times differs."""
    kept = (RECORDED / f"{name}.txt").read_text(encoding="utf-8")
    command = shlex.split(kept.split("\n", 1)[0].removeprefix("$ "))
    with tempfile.TemporaryDirectory() as folder:
        now = _recorded(name, command, Path(folder) / name)
    return kept if _lasting(now) == _lasting(kept) else now


def _recorded(name: str, command: list[str], folder: Path) -> str:
    """What a command prints in a copy of a recording's folder, with a state folder of its own."""
    columns = COLUMNS[name]
    shutil.copytree(RECORDED / name, folder)
    before, environment = Path.cwd(), dict(os.environ)
    for known in [known for known in os.environ if known.startswith(("SPECRUN_", "AZURE_")) or known == "VIRTUAL_ENV"]:
        del os.environ[known]
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.environ["SPECRUN_HOME"] = str(folder / ".specrun")
    os.chdir(folder)
    try:
        if name in BEFORE:
            run(BEFORE[name], columns)
        return recording(command, run(command, columns)[0], columns)
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(environment)


def _lasting(text: str) -> str:
    return VOLATILE.sub("TIME", CARETS.sub("", COLOUR.sub("", text)))


def _readme(text: str) -> str:
    """The README with each recording below the comment that names it."""
    return SHOWN.sub(lambda found: f"{found[1]}{_plain(found[2])}{found[3]}", text)


def _plain(name: str) -> str:
    return COLOUR.sub("", (RECORDED / f"{name}.txt").read_text(encoding="utf-8"))


def main(arguments: list[str]) -> int:
    """Writes or checks the recordings, then what is made of them."""
    status = 0
    for file in sorted(RECORDED.glob("*.txt")):
        if (RECORDED / file.stem).is_dir():
            status |= deliver(file, replayed(file.stem), __file__, arguments)
        svg = ROOT / "docs" / "images" / f"{file.stem}.svg"
        if svg.exists():
            drawn = picture(file.read_text(encoding="utf-8"), COLUMNS[file.stem])
            status |= deliver(svg, drawn, __file__, arguments)
    return status | deliver(README, _readme(README.read_text(encoding="utf-8")), __file__, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
