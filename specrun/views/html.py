"""Plans, diagnostics and runs as HTML for a notebook: whatever is in them is escaped, and no script is needed.

It reads as text where a viewer takes the style away, as GitHub does. Colours follow the theme of JupyterLab and VS
Code, else that of the system.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from specrun.engines.base import LogLine
from specrun.plan.observed import Run, RunStatus
from specrun.spec.secrets import hide
from specrun.spec.visible import visible, visible_log
from specrun.views.endings import ENDS, LONGEST
from specrun.views.runs import local_moment
from specrun.views.text import CODES, duration, is_link

_SGR = re.compile("\x1b\\[([0-9;]*)m")
_NAMES = {code: name for name, code in CODES.items()}

_COLOURS = ("red", "green", "yellow", "blue", "magenta", "cyan")
_LIGHT = dict(zip(_COLOURS, ("b3261e", "1a7431", "7d5200", "1f5fbf", "9a2c91", "0b6e75"), strict=True))
_DARK = dict(zip(_COLOURS, ("ff8a80", "7ddc8f", "e8c268", "8ab8ff", "f0a0e8", "6fd6dd"), strict=True))


def _set(colours: Mapping[str, str]) -> str:
    return ";".join(f"--sr-{name}:#{value}" for name, value in colours.items())


STYLE = (
    "<style>"
    f".specrun-html{{{_set(_LIGHT)};line-height:1.45;overflow-x:auto}}"
    f"@media (prefers-color-scheme:dark){{.specrun-html{{{_set(_DARK)}}}}}"
    f"[data-jp-theme-light=true] .specrun-html,.vscode-light .specrun-html{{{_set(_LIGHT)}}}"
    f"[data-jp-theme-light=false] .specrun-html,.vscode-dark .specrun-html{{{_set(_DARK)}}}"
    ".specrun-html pre{font-size:.92em;line-height:1.4;margin:.4em 0;white-space:pre;background:none;color:inherit}"
    ".specrun-html table{border-collapse:collapse;margin:.4em 0;font-variant-numeric:tabular-nums}"
    "div.specrun-html th,div.specrun-html td{text-align:left;padding:.15em .9em .15em 0;vertical-align:top}"
    ".specrun-html thead th{border-bottom:1px solid rgba(128,128,128,.5)}"
    "div.specrun-html td.number{text-align:right}"
    ".specrun-html .bold{font-weight:600}.specrun-html .dim{opacity:.75}"
    + "".join(f".specrun-html .{name}{{color:var(--sr-{name})}}" for name in _LIGHT)
    + "</style>"
)

_SIGNS = {RunStatus.QUEUED: ("…", "yellow"), RunStatus.RUNNING: ("▶", "cyan"), **ENDS}


def text_html(text: str) -> str:
    """What a view has painted for a terminal, colours and all."""
    parts, open_spans, at = list[str](), 0, 0
    for found in _SGR.finditer(text):
        parts.append(escape(text[at : found.start()]))
        at = found.end()
        names = [_NAMES[code] for code in found[1].split(";") if code in _NAMES]
        parts.append("".join(f'<span class="{name}">' for name in names) or "</span>" * open_spans)
        open_spans = open_spans + len(names) if names else 0
    return _whole(f"<pre>{''.join(parts)}{escape(text[at:])}{'</span>' * open_spans}</pre>")


def runs_html(columns: Sequence[str], rows: Sequence[Mapping[str, object]], notes: Iterable[str] = ()) -> str:
    """A table of runs: a row for each, with the columns that there are."""
    head = "".join(f"<th>{_said(name)}</th>" for name in columns)
    body = "".join(f"<tr>{''.join(_cell(name, row.get(name)) for name in columns)}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if rows else "<div>no runs yet</div>"
    return _whole(table + "".join(f'<div class="dim">{_said(note)}</div>' for note in notes))


def run_html(
    run: Run,
    now: float,
    facts: Mapping[str, object],
    values: Mapping[str, Mapping[str, object]],
    lines: Sequence[LogLine] = (),
    hint: str = "",
    notes: Iterable[str] = (),
) -> str:
    """One run: where it is and why, `facts` about it, tables of `values` under their headings, lines that it wrote.

    `now` in Unix seconds. Of several roles each line says whose it is.
    """
    sign, colour = _SIGNS[run.status]
    lasted = f" after {duration(run.elapsed(now))}" if run.elapsed(now) is not None else ""
    why = f": {_said(run.why)}" if run.why else ""
    parts = [
        f'<div><span class="{colour}">{sign}</span> <b>{_said(run.name)}</b> '
        f'<span class="{colour}">{run.status.value}</span>{lasted}{why}</div>'
    ]
    moments = {"submitted": run.submitted, "started": run.started, "ended": run.ended}
    told = {**facts, **{word: local_moment(moment) for word, moment in moments.items() if moment is not None}}
    parts.append(_table(told))
    parts += [f"<div><b>{_said(head)}</b></div>{_table(table)}" for head, table in values.items() if table]
    if lines:
        several = len({line.role for line in lines}) > 1
        text = "\n".join(f"{line.role} | {_line(line)}" if several else _line(line) for line in lines)
        parts.append(f"<div><b>Last lines</b></div><pre>{escape(text)}</pre>")
    if hint:
        parts.append(f'<div><span class="cyan">hint:</span> {_said(hint)}</div>')
    parts += [f'<div class="dim">{_said(note)}</div>' for note in notes if note]
    return _whole("".join(parts))


def _table(values: Mapping[str, object]) -> str:
    rows = (f'<tr><td class="dim">{_said(name)}</td>{_cell(name, value)}</tr>' for name, value in values.items())
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def _cell(name: str, value: object) -> str:
    if isinstance(value, float):
        return f'<td class="number">{value:.6g}</td>'
    if isinstance(value, int) and not isinstance(value, bool):
        return f'<td class="number">{value}</td>'
    text = "" if value is None else str(value)
    if name == "status" and (found := next((s for s in RunStatus if s.value == text), None)):
        sign, colour = _SIGNS[found]
        return f'<td><span class="{colour}">{sign} {text}</span></td>'
    if is_link(text):
        return f'<td><a href="{escape(hide(text))}" rel="noopener" target="_blank">{_said(text)}</a></td>'
    return f"<td>{_said(text)}</td>"


def _line(line: LogLine) -> str:
    return visible_log(hide(line.text)[:LONGEST], colours=False)


def _said(text: str) -> str:
    return escape(visible(hide(text)))


def _whole(inner: str) -> str:
    return f'{STYLE}<div class="specrun-html">{inner}</div>'
