"""Parts of the page by themselves, in a real browser: lines as a terminal shows them, rows without an end, colours."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from specrun.ui.module import module_text, style_text

Part = Callable[..., Any]

LOAD = """async ([text, style]) => {
  const url = URL.createObjectURL(new Blob([text], {type: "text/javascript"}));
  window.parts = await import(url);
  document.head.append(Object.assign(document.createElement("style"), {textContent: style}));
}"""
NAMES = """spansOf plainText standingOut contrast spanElement endlessRows filterOf withTerm termOf shownNumber
    shownDuration shownSize pathOf parsedPath isSafeAddress h matchesIn cutAt"""


@pytest.fixture
def part(blank: Page) -> Part:
    """`part("name", …)` calls a function of the module; `part.page` is the page."""
    text = f"{module_text()}\nexport {{ {', '.join(NAMES.split())} }};"
    blank.evaluate(LOAD, [text, style_text()])

    def call(name: str, *given: object) -> Any:
        return blank.evaluate("([name, given]) => parts[name](...given)", [name, list(given)])

    return call


LINES = [
    ("plain", [("plain", {})]),
    ("\x1b[32mok\x1b[0m done", [("ok", {"fg": 2}), (" done", {})]),
    ("\x1b[1;91mbad\x1b[22m still", [("bad", {"bold": True, "fg": 9}), (" still", {"fg": 9})]),
    ("\x1b[38;5;208morange", [("orange", {"fg": 208})]),
    ("\x1b[38;2;1;2;3mdeep\x1b[48:5:17m", [("deep", {"fg": [1, 2, 3]})]),
    ("\x1b[38;5;999mno colour", [("no colour", {})]),
    ("\x1b]0;title\x07\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\", [("link", {})]),
    ("a\x1b[2Jb\x1b[?25lc\x1b(Bd\x1b", [("abcd", {})]),
    ("\x1bPq#0\x1b\\after\x00\x07", [("after", {})]),
    (" 10%|#   |\r 50%|##  |\r100%|####|", [("100%|####|", {})]),
    ("longer text\rshort", [("shortr text", {})]),
    ("longer text\r\x1b[Kshort", [("short", {})]),
    ("abc\b\bX", [("aXc", {})]),
    ("ab\x1b[2DX\x1b[5CY", [("Xb    Y", {})]),
    ("e\u0301\r\x1b[1Cx", [("e\u0301x", {})]),
    ("\x1b[999999999Gfar", None),
    ("done\r", [("done", {})]),
    ("<script>alert(1)</script>", [("<script>alert(1)</script>", {})]),
]


def test_a_line_is_shown_as_a_terminal_does(part: Part) -> None:
    for line, wanted in LINES:
        spans = [(span["text"], span["look"]) for span in part("spansOf", line)]
        if wanted is None:
            assert len("".join(text for text, _ in spans)) <= 1003
        elif line.startswith("a\x1b[2J"):
            assert "".join(text for text, _ in spans)[-3:] == "bcd"
        else:
            assert [(text, look) for text, look in spans if text] == wanted, repr(line)


def test_a_long_line_takes_no_time(part: Part) -> None:
    assert len(part("plainText", "\r".join(["x" * 80] * 200))) == 80
    assert part("plainText", "\x1b[" * 8000) is not None
    assert part("plainText", "\x1b]" * 8000) is not None


def test_every_colour_can_be_read(part: Part) -> None:
    for ground in ([245, 246, 248], [26, 30, 37]):
        for rgb in ([20, 20, 90], [255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255], [128, 128, 128], [255, 255, 0]):
            assert part("contrast", part("standingOut", rgb, ground), ground) >= 4.5


TEXTS = "text muted accent ok bad warn going wait off"
PAIRS = [
    *((text, ground) for text in TEXTS.split() for ground in ("bg", "surface", "raised", "hover")),
    *((text, ground) for text in ("text", "muted", "accent") for ground in ("soft",)),
    *(("text", ground) for ground in ("mark", "mark-now", "added", "removed", "bad-soft", "warn-soft", "ok-soft")),
    *(("bad", "bad-soft"), ("accent", "bad-soft"), ("accent", "warn-soft"), ("on-accent", "accent"), ("bg", "bad")),
    *((f"ansi-{n}", "surface") for n in range(16)),
    *((f"role-{n}", "surface") for n in range(1, 9)),
]
LINES_OF_THEM = [("edge", "bg"), ("edge", "surface")]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_stand_out(blank: Page, theme: str) -> None:
    blank.set_content(f'<style>{style_text()}</style><div class="specrun" data-theme="{theme}"></div>')
    values = blank.evaluate("""() => {
      const style = getComputedStyle(document.querySelector(".specrun"));
      return Object.fromEntries([...document.styleSheets[0].cssRules].flatMap(rule => [...(rule.style ?? [])])
        .filter(name => name.startsWith("--")).map(name => [name.slice(2), style.getPropertyValue(name)]));
    }""")
    low = [
        f"{one} on {other}: {ratio:.2f}"
        for pairs, least in ((PAIRS, 4.5), (LINES_OF_THEM, 3.0))
        for one, other in pairs
        if (ratio := _contrast(values[one], values[other])) < least
    ]
    assert low == []


def _contrast(one: str, other: str) -> float:
    lights = sorted(_luminance(colour) for colour in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(colour: str) -> float:
    assert re.fullmatch("#[0-9a-f]{6}", colour.strip()), colour
    parts = [int(colour.strip()[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


ROWS = """({total, wrapped}) => {
  const root = Object.assign(document.createElement("div"), {className: "specrun"});
  root.style.height = "400px";
  document.body.replaceChildren(root);
  const text = n => parts.h("span", {class: "sr-line-text"}, `row ${n} ${"word ".repeat(wrapped ? (n * 7) % 60 : 3)}`);
  const draw = n => parts.h("div", {class: "sr-line"}, text(n));
  window.rows = parts.endlessRows({rowHeight: 19, label: "Rows", moved() {}, draw});
  root.append(rows.element);
  rows.setTotal(total);
  rows.setWrapped(wrapped);
}"""
SEEN = """() => new Promise(done => setTimeout(() => {
  const {element, block} = rows;
  const {top, bottom} = element.getBoundingClientRect();
  const box = row => row.getBoundingClientRect();
  const all = [...block.children].filter(row => box(row).bottom > top + 1 && box(row).top < bottom - 1);
  const [first, last] = [all[0], all.at(-1)];
  const bar = element.scrollTop / (element.scrollHeight - element.clientHeight);
  const drawn = block.children.length;
  const [y, rest] = [box(first).top - top, bottom - box(last).bottom];
  done({first: +first.dataset.row, last: +last.dataset.row, drawn, bar, y, rest});
}, 60))"""


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("total", [40, 100_000, 3_000_000])
def test_rows_have_no_end(part: Part, blank: Page, total: int, wrapped: bool) -> None:
    blank.evaluate(ROWS, {"total": total, "wrapped": wrapped})
    assert (seen := blank.evaluate(SEEN))["first"] == 0
    assert seen["drawn"] < 100

    blank.evaluate("() => rows.toEnd()")
    seen = blank.evaluate(SEEN)
    assert seen["last"] == total - 1
    assert abs(seen["rest"]) <= 1, "the last row stands at the lower edge"
    assert seen["bar"] > 0.99
    assert seen["drawn"] < 100

    blank.evaluate("n => rows.goTo(n)", total // 2)
    seen = blank.evaluate(SEEN)
    assert seen["first"] <= total // 2 <= seen["last"]
    assert total == 40 or seen["bar"] == pytest.approx(0.5, abs=0.05)

    if total > 40:  # a bar that is drawn
        blank.evaluate(
            "() => { rows.element.scrollTop = 0.25 * (rows.element.scrollHeight - rows.element.clientHeight) }"
        )
        seen = blank.evaluate(SEEN)
        assert seen["first"] == pytest.approx(total / 4, rel=0.05)


def test_a_wheel_moves_by_what_it_says(part: Part, blank: Page) -> None:
    blank.evaluate(ROWS, {"total": 3_000_000, "wrapped": False})
    blank.evaluate("() => rows.goTo(1000000, 0)")
    before = blank.evaluate(SEEN)
    blank.mouse.move(100, 100)
    blank.mouse.wheel(0, 190)
    blank.wait_for_function("() => rows.window()[0] === 1000010")
    assert blank.evaluate(SEEN)["first"] == before["first"] + 10


def test_rows_that_come_move_nothing_but_for_who_follows(part: Part, blank: Page) -> None:
    blank.evaluate(ROWS, {"total": 2_000_000, "wrapped": True})
    blank.evaluate("() => rows.goTo(1000, 0)")
    before = blank.evaluate(SEEN)
    blank.evaluate("() => rows.setTotal(2500000)")
    after = blank.evaluate(SEEN)
    assert (after["first"], after["y"]) == (before["first"], before["y"])
    blank.evaluate("() => rows.setTotal(2600000, {follow: true})")
    assert blank.evaluate(SEEN)["last"] == 2_599_999


def test_what_is_selected_is_kept_out_of_sight(part: Part, blank: Page) -> None:
    blank.evaluate(ROWS, {"total": 5000, "wrapped": False})
    blank.evaluate("""() => { const rows = document.querySelectorAll(".sr-line-text");
      getSelection().setBaseAndExtent(rows[2].firstChild, 4, rows[5].firstChild, 3); }""")
    blank.evaluate("() => rows.goTo(4000)")
    blank.evaluate(SEEN)
    assert blank.evaluate("() => [rows.rowOf(getSelection().anchorNode), rows.rowOf(getSelection().focusNode)]") == [
        2,
        5,
    ]


def test_a_filter_keeps_what_was_typed(part: Part) -> None:
    assert part("filterOf", " mnist ") == "name~mnist"
    assert part("filterOf", "accuracy>0.9") == "accuracy>0.9"
    assert part("filterOf", "") is None
    assert part("withTerm", "accuracy>0.9", "status", "failed") == "accuracy>0.9 status=failed"
    assert part("withTerm", "status=failed accuracy>0.9", "status", "running") == "accuracy>0.9 status=running"
    assert part("withTerm", "place='azureml ml-ws'", "place", "") == ""
    assert part("withTerm", "mnist", "place", "azureml ml-ws") == 'name~mnist place="azureml ml-ws"'
    assert part("termOf", 'place="azureml ml-ws" status=failed', "place") == "azureml ml-ws"
    assert part("termOf", "name~status=", "status") is None


def test_matches_are_cut_out_of_spans(part: Part) -> None:
    assert part("matchesIn", "Loss loss", "LOSS") == [[0, 4], [5, 9]]
    assert part("matchesIn", "step 12", r"/\d+/") == [[5, 7]]
    assert part("matchesIn", "a", "/(/") == []
    assert part("matchesIn", "aaa", "/x*/") == []
    assert part("cutAt", "abcdef", 10, [[8, 12], [14, 99]]) == [["ab", True], ["cd", False], ["ef", True]]


def test_numbers_times_and_sizes(part: Part) -> None:
    numbers = [0, 0.1, 1 / 3, 123456, 12345678, 0.00001234, -2.5, 1e300, True, "text", None]
    assert [part("shownNumber", one) for one in numbers] == [
        *("0", "0.1", "0.33333", "123456", "1.235e7", "1.234e-5", "-2.5", "1e300", "true", "text", "")
    ]
    assert [part("shownDuration", one) for one in (0.14, 12.7, 200, 7500, 100000, None)] == [
        *("0.1 s", "12 s", "3 min 20 s", "2 h 05 min", "1 d 3 h", "")
    ]
    assert [part("shownSize", one) for one in (0, 999, 3400, 1_250_000, 999_700)] == [
        "0 B",
        "999 B",
        "3.4 kB",
        "1.3 MB",
        "1.0 MB",
    ]


def test_addresses_and_paths(part: Part) -> None:
    safe = ["https://ml.azure.com/x", "#/runs", "api/x", "blob:y"]
    unsafe = ["javascript:alert(1)", " java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc"]
    assert [one for one in safe + unsafe if part("isSafeAddress", one)] == safe
    path = part("pathOf", ["runs", "../a b"], {"filter": "accuracy>0.9 & x=1", "sort": "", "q": "ä/b,c"})
    assert part("parsedPath", path) == {
        "parts": ["runs", "../a b"],
        "query": {"filter": "accuracy>0.9 & x=1", "q": "ä/b,c"},
    }
    assert part("parsedPath", "/runs?filter=%") == {"parts": ["runs"], "query": {"filter": "%"}}
