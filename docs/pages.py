"""What the generators of documents share: each writes a page, or only says whether it is what it would write."""

from __future__ import annotations

import sys
from pathlib import Path


def deliver(page: Path, text: str, script: str, arguments: list[str]) -> int:
    """The exit status: with `--check` 1 where the page is another text, else 0 and the page is written."""
    if arguments != ["--check"]:
        page.write_text(text, encoding="utf-8")
        return 0
    if page.exists() and page.read_text(encoding="utf-8") == text:
        return 0
    name = Path(script).name
    print(f"docs/{page.name} is not what docs/{name} writes now: run python docs/{name}", file=sys.stderr)
    return 1
