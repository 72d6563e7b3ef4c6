"""Makes docs/images/pull-request.png: a pull request with the comment that `specrun plan -o markdown` writes.

The comment is what the command writes for docs/pictured/pull-request, in a repository of its own; Chromium draws it, as
GitHub would. The picture holds the SHA-256 of the comment that it shows: `--check` says (exit 1) where the command
writes another one, and needs no Chromium. Without one the picture is left as it is.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import chromium
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pictured" / "pull-request"
PICTURE = ROOT / "docs" / "images" / "pull-request.png"
KEYWORD = b"comment"
"""Of the chunk of the PNG that has the comment's SHA-256."""

HEADLESS = ("--headless", *chromium.OPTIONS)
WIDTH, HEIGHT = 900, 815
VOLATILE = re.compile(r"expires: \d{4}-\d\d-\d\d")
PAGE = """\
<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 20px 24px; background: #fff; color: #1f2328;
  font: 14px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { margin: 0 0 2px; font-size: 24px; font-weight: 400; } h1 span, .by { color: #59636e; }
.by { margin-bottom: 16px; } .by b { background: #1a7f37; color: #fff; border-radius: 12px; padding: 3px 10px; }
.box { border: 1px solid #d1d9e0; border-radius: 6px; margin-left: 52px; position: relative; }
.box:before { content: "s"; position: absolute; left: -52px; width: 36px; height: 36px; border-radius: 50%;
  background: #24292f; color: #fff; text-align: center; font: bold 20px/36px system-ui, sans-serif; }
.who { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; border-radius: 6px 6px 0 0; padding: 8px 16px;
  color: #59636e; }
.who b { color: #1f2328; } .text { padding: 12px 16px 2px; }
h3 { margin: 0 0 12px; font-size: 17px; } p, ul, table, pre, details { margin: 0 0 12px; } ul { padding-left: 26px; }
code { background: #eff1f3; border-radius: 5px; padding: 2px 5px;
  font: 12px ui-monospace, "DejaVu Sans Mono", monospace; }
pre { background: #f6f8fa; border-radius: 6px; padding: 12px; } pre code { background: none; padding: 0; }
table { border-collapse: collapse; } th, td { border: 1px solid #d1d9e0; padding: 5px 12px; text-align: left; }
</style>
<h1>Segment lungs on GPUs <span>#12</span></h1>
<div class="by"><b>Open</b> &nbsp; ada wants to merge 1 commit into <code>main</code> from
<code>segment-lungs</code></div>
<div class="box"><div class="who"><b>github-actions</b> commented</div><div class="text">COMMENT</div></div>
"""


def comment() -> str:
    """What the command writes for the example, with nothing of this machine around it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "repository")
        shutil.copytree(FOLDER, folder)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPECRUN_", "AZURE_"))}
        environment = {**kept, "SPECRUN_HOME": str(Path(temporary, "home"))}
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        program = Path(sys.executable).with_name("specrun")
        command = [str(program), "plan", "-o", "markdown", "--comment-key", "prod"]
        written = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    if written.returncode != 4:  # a rule refuses it
        raise SystemExit(f"specrun plan ended with {written.returncode}:\n{written.stderr}")
    return VOLATILE.sub("expires: 2026-12-30", written.stdout)


def page(text: str) -> str:
    """The comment as HTML, in a pull request."""
    markdown = MarkdownIt("gfm-like", {"linkify": False, "html": True})
    return PAGE.replace("COMMENT", markdown.render(text))


def digest_in(picture: bytes) -> str:
    """The SHA-256 of the comment that a PNG shows; "" where it does not say so."""
    found = re.search(rb"tEXt" + KEYWORD + rb"\0([0-9a-f]{64})", picture)
    return found[1].decode() if found else ""


def with_digest(picture: bytes, digest: str) -> bytes:
    """A PNG that says so, in a chunk behind its header."""
    data = b"tEXt" + KEYWORD + b"\0" + digest.encode()
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    return picture[:33] + chunk + picture[33:]


def drawn(source: str, width: int, height: int) -> bytes | None:
    """A page as a PNG; None where there is no Chromium."""
    program = chromium.browser()
    if program is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "page.html").write_text(source, encoding="utf-8")
        options = [*HEADLESS, "--hide-scrollbars", f"--window-size={width},{height}"]
        place = [f"--user-data-dir={folder}/profile", f"--screenshot={folder}/page.png", f"file://{folder}/page.html"]
        subprocess.run([program, *options, *place], check=True, capture_output=True, timeout=120)
        return Path(folder, "page.png").read_bytes()


def main(arguments: list[str]) -> int:
    """Draws the picture, or says whether it shows what the command writes."""
    text = comment()
    digest = hashlib.sha256(text.encode()).hexdigest()
    if PICTURE.exists() and digest_in(PICTURE.read_bytes()) == digest:
        return 0
    if arguments == ["--check"]:
        print("docs/images/pull-request.png shows another comment: run python docs/picture_comment.py", file=sys.stderr)
        return 1
    picture = drawn(page(text), WIDTH, HEIGHT)
    if picture is None:
        print("docs/images/pull-request.png is left as it is: it takes Chromium to draw it", file=sys.stderr)
        return 0
    PICTURE.write_bytes(with_digest(picture, digest))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
