"""Records what a command prints in a terminal, as text with its colours; `replay_recorded.py` makes pictures of it.

`python docs/record.py docs/recorded/demo.txt -- specrun apply specs/examples/digits-ps/job.yaml`

The command runs in a pseudo-terminal, so it shows what it shows to people: colours, and bars that are drawn over. What
is recorded is the screen as it was left at the end, all of it, below a prompt with the command. No fonts are fetched to
show its picture; rich draws it.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import shlex
import struct
import sys
import termios
from collections.abc import Iterator
from html import unescape
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

THEME = TerminalTheme(
    (22, 27, 34),
    (220, 227, 234),
    [
        (72, 79, 88),
        (255, 123, 114),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (220, 227, 234),
    ],
)
"""A dark screen that stands out from a white page and from a black one. Black, red, green, yellow, blue, …, white."""

SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px;
  line-height: {line_height}px;
}}
.{unique_id}-title {{ font: bold 18px system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""

TOKEN = re.compile(r"\x1b\[(?P<numbers>[?\d;]*)(?P<final>[A-Za-z])|(?P<control>[\r\n\b\t])|(?P<text>[^\x00-\x1f\x7f])")


CUT = re.compile(r"\x1b(\[[?\d;]*)?$")
"""A sequence of which the rest is yet to come."""

BLANK = "\xa0"
"""A blank that XML keeps."""

WORDS = re.compile(
    r'<text class="(?P<style>[^"]+)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" textLength="(?P<length>[\d.]+)"'
    r' clip-path="[^"]+">(?P<text>[^<]*)</text>'
)


class Screen:
    """The part of a terminal that programs use to draw over what they wrote. Its rows grow; nothing scrolls away, but
    the cursor gets no further up than the last `height` rows.
    """

    def __init__(self, columns: int, height: int | None = None) -> None:
        self.columns = columns
        self.height = height
        self.rows: list[list[tuple[str, str]]] = [[]]  # characters, each with the styles that held when it came
        self.row = 0
        self.column = 0
        self.style = ""
        self.cursor_hidden = False
        self._cut = ""

    def feed(self, text: str) -> None:
        """Take in what a program wrote, in whatever pieces."""
        text = self._cut + text
        whole = CUT.search(text)
        self._cut, text = (whole[0], text[: whole.start()]) if whole else ("", text)
        for token in TOKEN.finditer(text):
            if token["final"]:
                self._sequence(token["final"], token["numbers"])
            elif token["control"]:
                self._control(token["control"])
            else:
                self._put(token["text"])

    def lines(self) -> Iterator[str]:
        """Each row with its styles as ANSI sequences."""
        for row in self.rows:
            runs = groupby(row, key=itemgetter(1))
            yield "".join(f"\x1b[0m{style}{''.join(char for char, _ in cells)}" for style, cells in runs)

    def _put(self, char: str) -> None:
        if self.column == self.columns:
            self._control("\n")
            self.column = 0
        row = self.rows[self.row]
        row.extend([(" ", "")] * (self.column + 1 - len(row)))
        row[self.column] = (char, self.style)
        self.column += 1

    def _control(self, char: str) -> None:
        if char == "\r":
            self.column = 0
        elif char == "\b":
            self.column = max(0, self.column - 1)
        elif char == "\t":
            self.column = min(self.columns - 1, self.column // 8 * 8 + 8)
        else:
            self.row += 1
            self.rows.extend([[]] * (self.row + 1 - len(self.rows)))

    def _sequence(self, final: str, numbers: str) -> None:
        first = int(numbers) if numbers.isdigit() else 0
        row = self.rows[self.row]
        if final == "m":
            self.style = "" if numbers in ("", "0") else f"{self.style}\x1b[{numbers}m"
        elif final == "A":
            top = max(0, len(self.rows) - self.height) if self.height else 0
            self.row = max(top, self.row - max(1, first))
        elif final == "K":
            self.rows[self.row] = [] if first == 2 else row[: self.column] if first == 0 else row
        elif final == "J" and first == 0:
            self.rows[self.row :] = [row[: self.column]]
        elif numbers == "?25":
            self.cursor_hidden = final == "l"


def set_size(terminal: int, columns: int, rows: int) -> None:
    """How large the programs in a pseudo-terminal find it."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def read_terminal(terminal: int) -> bytes:
    """What came next from the programs in a pseudo-terminal; nothing once all have ended."""
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that nobody has the other end any more
        return b""


def run(command: list[str], columns: int) -> tuple[str, int]:
    """What a command wrote to a terminal that is so wide, and its exit status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        for name in ("COLUMNS", "LINES", "NO_COLOR", "CI"):
            os.environ.pop(name, None)
        set_size(0, columns, 40)
        os.execvp(command[0], command)
    written = b""
    while chunk := read_terminal(terminal):
        written += chunk
    _, status = os.waitpid(pid, 0)
    return written.decode("utf-8", "replace"), os.waitstatus_to_exitcode(status)


def recording(command: list[str], written: str, columns: int) -> str:
    """A prompt with the command, and the screen after it: its lines with their colours as ANSI sequences."""
    screen = Screen(columns)
    screen.feed(written)
    lines = (line if line.count("\x1b") < 2 else f"{line}\x1b[0m" for line in screen.lines())
    lines = (line.removeprefix("\x1b[0m") for line in lines)
    return "\n".join([f"$ {shlex.join(command)}", *lines]).rstrip() + "\n"


def picture(recorded: str, columns: int = 100) -> str:
    """A recording as the text of an SVG."""
    command, _, screen = recorded.rstrip("\n").partition("\n")
    command = command.removeprefix("$ ")
    shown = Text("\n").join(Text.from_ansi(line) for line in screen.split("\n"))
    with Path(os.devnull).open("w") as nowhere:
        console = Console(file=nowhere, record=True, width=columns, force_terminal=True, color_system="truecolor")
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")), soft_wrap=True)
        console.print(shown, soft_wrap=True)
        svg = console.export_svg(title=Path(command.split()[0]).name, theme=THEME, code_format=SVG, unique_id="t")
    svg = WORDS.sub(_trimmed, svg.replace("&#160;", BLANK))
    return "\n".join(line.strip() for line in svg.splitlines() if line.strip()) + "\n"


def _trimmed(words: re.Match[str]) -> str:
    """A piece of text without the blanks around it, which not everything that shows an SVG keeps."""
    text = words["text"].strip(f"{BLANK}\n")
    if not text:
        return ""
    before = len(words["text"]) - len(words["text"].lstrip(BLANK))
    each = float(words["length"]) / len(unescape(words["text"]))
    x, length = float(words["x"]) + before * each, len(unescape(text)) * each
    return f'<text class="{words["style"]}" x="{x:g}" y="{words["y"]}" textLength="{length:g}">{text}</text>\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("command", nargs="+", metavar="-- COMMAND")
    args = parser.parse_args()
    written, status = run(args.command, args.columns)
    args.text.write_text(recording(args.command, written, args.columns), encoding="utf-8")
    print(f"{args.text}: exit status {status}", file=sys.stderr)


if __name__ == "__main__":
    main()
