"""The version, which is that of the tag; what builds specrun loads this file alone (`tool.hatch.version`)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TAG = re.compile(r"v(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)")
UNKNOWN = "0.dev0"


def version(root: Path = ROOT) -> str:
    """0.1.0 at the tag v0.1.0; 0.1.1.dev5+gCOMMIT five commits later, 0.dev5+gCOMMIT without a tag, and `.dirty` where
    something has changed. A source distribution has the version that it was made as; elsewhere nobody knows one.
    """
    made = root / "PKG-INFO"
    if made.is_file():
        found = re.search(r"^Version: (\S+)$", made.read_text(encoding="utf-8"), re.MULTILINE)
        return found[1] if found else UNKNOWN
    if Path(_git(root, "rev-parse", "--show-toplevel") or "/").resolve() != root.resolve():
        return UNKNOWN  # of the repository around it
    commit = _git(root, "rev-parse", "--short=9", "HEAD")
    if not commit:
        return UNKNOWN
    described = _git(root, "describe", "--tags", "--match", "v[0-9]*.[0-9]*.[0-9]*", "--long", "--abbrev=9")
    tag, since = described.rsplit("-", 2)[:2] if described else ("", "")
    dirty = ".dirty" if _git(root, "status", "--porcelain", "--untracked-files=no") else ""
    if (named := TAG.fullmatch(tag)) is None:
        return f"0.dev{_git(root, 'rev-list', '--count', 'HEAD')}+g{commit}{dirty}"
    if since == "0" and not dirty:
        return named[1]
    return re.sub(r"\d+$", lambda last: str(int(last[0]) + 1), named[1]) + f".dev{since}+g{commit}{dirty}"


def _git(root: Path, *arguments: str) -> str:
    """What git says; nothing where it is not installed, or says no."""
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
