"""What a browser is given: the page, its style, and one ES module without imports that a notebook's widget takes, too.

The parts in `assets/` are plain functions in one scope, so that nothing has to be built: joined in a fixed order behind
the vendored uPlot they are the module. It exports `mount(element, source, options)`, `httpSource()`, and as its default
what anywidget asks for (`render`).
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from specrun.spec.frozen import dataclass

_HERE = Path(__file__).parent

PARTS = (
    *("core.js", "routes.js", "source.js", "format.js", "keys.js", "terminal.js", "rows.js", "controls.js"),
    *(
        "series.js",
        "charts.js",
        "chart_drawing.js",
        "chart_card.js",
        "metrics.js",
        "scatter.js",
        "compare.js",
        "difference.js",
    ),
    *("layout.js", "plan.js", "plan_change.js", "timeline.js", "table.js", "run_columns.js", "runs.js", "trials.js"),
    *("log_lines.js", "logs.js", "files.js", "run.js", "shell.js", "widget.js"),
)
"""In the order in which they are joined; what is run as a part is read may use those before it."""

STYLES = ("page.css", "runs.css", "logs.css", "run.css", "charts.css", "trials.css")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that a browser may ask for; `etag` is a hash of its content, quoted as HTTP has it."""

    body: bytes
    type: str
    etag: str


@functools.cache
def module_text() -> str:
    """The ES module: the vendored chart library, the parts, and what they export."""
    parts = [_read("vendor/uPlot.iife.min.js"), *(f"// {part}\n{_read(f'assets/{part}')}" for part in PARTS)]
    return "\n".join([*parts, "export { mount, httpSource };\nexport default { render };\n"])


@functools.cache
def style_text() -> str:
    """The style of page and widget; all of it is under the class `specrun`, so that a notebook stays as it is."""
    return "\n".join([_read("vendor/uPlot.min.css"), *(_read(f"assets/{style}") for style in STYLES)])


@functools.cache
def asset(name: str) -> Asset | None:
    """The file of that name below the page's address, `""` for the page itself; None if there is none."""
    if name == "":
        return _asset(_read("assets/index.html"), "text/html; charset=utf-8")
    if name == "start.js":
        return _asset(_read("assets/start.js"), "text/javascript; charset=utf-8")
    if name == "specrun.js":
        return _asset(module_text(), "text/javascript; charset=utf-8")
    if name == "specrun.css":
        return _asset(style_text(), "text/css; charset=utf-8")
    if name == "login.css":
        return _asset(_read("assets/login.css"), "text/css; charset=utf-8")
    return None


def _asset(text: str, kind: str) -> Asset:
    body = text.encode()
    return Asset(body, kind, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _read(path: str) -> str:
    return (_HERE / path).read_text(encoding="utf-8")
