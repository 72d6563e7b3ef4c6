"""What the page draws of numbers, and where: functions that know nothing of a page, run by one process of node."""

from __future__ import annotations

import itertools
import json
import math
import re
import shutil
import subprocess
from importlib import resources

import pytest

ASSETS = resources.files("specrun.ui") / "assets"
PARTS = (
    *("core", "routes", "format", "series", "charts", "chart_drawing", "chart_card", "metrics", "scatter"),
    *("compare", "difference", "layout", "timeline"),
)

NODE = shutil.which("node")
RUN = """
const fs = require("fs");
const [parts, cases] = JSON.parse(fs.readFileSync(0, "utf8"));
const scope = new Function(`${parts}; return (text) => eval(text);`)();
const plain = (key, value) =>
  typeof value === "number" && !Number.isFinite(value) ? String(value)
  : ArrayBuffer.isView(value) ? Array.from(value) : value instanceof Map ? Object.fromEntries(value)
  : value === undefined ? "undefined" : value;
console.log(JSON.stringify(cases.map((text) => scope(text)), plain));
"""

U = "undefined"
LOGGED = "(() => { const s = emptySeries(); append(s, {from: 0, step: %s, time: %s, value: %s}); return s; })()"
ABC = "['a', 'b', 'c', 'd']"
DIAMOND = "[['a', 'b'], ['a', 'c'], ['b', 'd'], ['c', 'd']]"
BOX = "{width: 10, height: 2, across: 5, down: 1}"
BETWEEN = "{run: {name: 'r', status: 'running', submitted: 100, started: 130}, roles: [{name: 'worker/0', status: 'running', started: 140, ended: null}, {name: 'ps/0', status: 'starting', started: null, ended: null}]}"  # noqa: E501
SIDES = "{runs: ['p', 'q', 'r'], status: ['failed', 'failed', 'running'], specs: [], columns: {x: ['b', 'a', null], y: [1, -1, 2]}}"  # noqa: E501

CASES: list[tuple[str, object]] = [
    # points: overlapping ones are passed over, missing ones awaited; JSON's words for what is no number
    ("(() => { const s = emptySeries(); return [append(s, {from: 0, step: [0, 1], time: [5, 6], value: [1, 'NaN']}), append(s, {from: 1, step: [1, 2], time: [6, 7], value: [8, '-Infinity']}), append(s, {from: 9, step: [9], time: [9], value: [9]}), append(s, {from: 0, step: [0], time: [5], value: [1]}), s.length, s.value.subarray(0, 3)]; })()", [True, True, False, False, 3, [1, "NaN", "-Infinity"]]),  # noqa: E501
    (f"(() => {{ const s = {LOGGED % ('[0]', '[0]', '[0]')}; for (let i = 1; i < 500; i++) append(s, {{from: i, step: [i], time: [i], value: [i]}}); return [s.length, s.value[499], s.step[64]]; }})()", [500, 499, 64]),  # noqa: E501
    # axes: steps that are all alike are counted; a run that began again at a checkpoint is put in order
    (f"along({LOGGED % ('[0, 0, 0]', '[1, 2, 3]', '[7, 8, 9]')}, 'step')", {"x": [0, 1, 2], "y": [7, 8, 9], "counted": True}),  # noqa: E501
    (f"along({LOGGED % ('[1, 2, 1]', '[1, 2, 3]', '[7, 8, 9]')}, 'step')", {"x": [1, 1, 2], "y": [7, 9, 8], "counted": False}),  # noqa: E501
    (f"along({LOGGED % ('[1, 2, 3]', '[100, 110, null]', '[7, 8, 9]')}, 'elapsed', 90).x", [10, 20]),
    (f"along({LOGGED % ('[1, 2]', '[100, 110]', '[7, 8]')}, 'elapsed').x", [0, 10]),
    # smoothing: without the pull of the beginning, constants as they are, gaps as gaps
    ("Array.from(smoothed([1, 3], 0.5), (v) => v.toFixed(4))", ["1.0000", "2.3333"]),
    ("smoothed([0.1, 0.1, 0.1], 0.99)", [0.1, 0.1, 0.1]),
    ("smoothed([2, NaN, 2, Infinity], 0.9)", [2, "NaN", 2, "Infinity"]),
    ("smoothed([1, 2], 0)", [1, 2]),
    # what is drawn: the least and the greatest of each pixel, in their order
    ("sampled([0, 1, 2, 3, 4, 5, 6, 7], [5, 9, 1, 4, 2, 2, 8, 3], 0, 7, 2).values", [U, 9, 1, 2, 8, U]),
    ("(() => { const n = 100000, x = Float64Array.from({length: n}, (_, i) => i), y = new Float64Array(n); y[77777] = 1e9; y[33333] = -1e9; const {values, isDense} = sampled(x, y, 0, n - 1, 300); return [values.length, Math.max(...values.filter(Number.isFinite)), Math.min(...values.filter(Number.isFinite)), isDense]; })()", [602, 1e9, -1e9, True]),  # noqa: E501
    ("sampled([0, 1, 2], [5, NaN, 6], 0, 2, 4).values.filter((v) => v !== undefined)", [5, None, 6]),
    ("sampled([0, 1, 2], [5, NaN, 6], 0, 2, 40).dots.length", 2),
    ("sampled([0, 1, 2, 3], [1, 0, -1, 10], 0, 3, 40, true).left", 2),
    ("sampled([0, 10], [0, 10], 2, 3, 4).values", [2, U, U, U, U, U, U, U, U, 3]),
    ("sampled([0, 2], [1, 100], 1, 2, 4, true).values[0].toFixed(3)", "10.000"),
    ("sampled([], [], 0, 1, 2).values.length", 6),
    ("sampled([1, 1, 1], [3, 4, 5], 0.5, 1.5, 2).values.filter((v) => v !== undefined)", [3, 5]),
    ("grid(0, 4, 2)", [0, 0.5, 1.5, 2.5, 3.5, 4]),
    ("[nearest([1, 5, 9], 4), nearest([1, 5, 9], 100), nearest([], 1), lowerBound([1, 5, 9], 5)]", [1, 2, -1, 1]),
    ("extent([3, NaN, 1])", {"count": 2, "least": 1, "greatest": 3, "last": 1, "gaps": 1}),
    # what is in view
    ("[limited([-5, 5], [0, 100]), limited([95, 120], [0, 100]), limited([-50, 150], [0, 100])]", [[0, 10], [75, 100], None]),  # noqa: E501
    ("[valueRange(0, 100, {floor: 0, ceiling: 100, isLog: false})[0], valueRange(5, 5, {isLog: false}), valueRange(Infinity, -Infinity, {isLog: true})]", [0, [4.5, 5.5], [0.1, 1]]),  # noqa: E501
    # texts
    ("tickTexts([0, 0.25, 0.5], 0.25)", ["0.00", "0.25", "0.50"]),
    ("tickTexts([0, 20000, 40000], 20000)", ["0", "20,000", "40,000"]),
    ("tickTexts([0, 2e-5, 4e-5], 2e-5)", ["0", "2e-5", "4e-5"]),
    ("tickTexts([0, 5e8], 5e8, 'bytes')", ["0 B", "500 MB"]),
    ("durationTexts([0, 30, 90], 30)", ["0:00", "0:30", "1:30"]),
    ("durationTexts([0, 3600, 5400], 1800)", ["0:00 h", "1:00 h", "1:30 h"]),
    ("logTicks(null, [0.0135, 0.02, 0.1, 0.2, 1, 2, 3])", [None, None, 0.1, None, 1, None, None]),
    ("summaryOf({axis: 'step', lines: [{label: 'r', isShown: true, x: [0, 9], y: [2, NaN]}]})", "2 points from step 0 to step 9, 1 of them no number; least 2, greatest 2, last 2"),  # noqa: E501
    ("pointsCsv({lines: [{label: '=1+2,\"x\"', x: [1], y: [2], series: {length: 1, step: [3], time: [4.5], value: [0.1]}}]})", "line,step,time,value\n\"'=1+2,\"\"x\"\"\",3,4.5,0.1\n"),  # noqa: E501
    ("groupsOf(['worker/1/loss', 'loss', 'train/a/b', 'train/c', 'val'])", [["", ["loss", "val"]], ["train", ["train/a/b", "train/c"]], ["worker/1", ["worker/1/loss"]]]),  # noqa: E501
    # the graph
    (f"layersOf({ABC}, {DIAMOND})", {"a": 0, "b": 1, "c": 1, "d": 2}),
    ("layersOf(['a', 'b'], [['a', 'b'], ['b', 'a'], ['x', 'a']]).size", 2),
    ("layersOf(Array.from({length: 20000}, (_, i) => 19999 - i), Array.from({length: 19999}, (_, i) => [i, i + 1])).get(19999)", 19999),  # noqa: E501
    ("(() => { const ids = ['a', 'b', 'x', 'y'], edges = [['a', 'y'], ['b', 'x']]; return crossings(edges, layered(ids, edges, " + BOX + ").places); })()", 0),  # noqa: E501
    (f"layered({ABC}, {DIAMOND}, {BOX}).height", 5),
    (f"layered({ABC}, {DIAMOND}, {BOX}).places", {"a": {"x": 0, "y": 1.5, "layer": 0}, "b": {"x": 15, "y": 0, "layer": 1}, "c": {"x": 15, "y": 3, "layer": 1}, "d": {"x": 30, "y": 1.5, "layer": 2}}),  # noqa: E501
    ("spread([5, 5, 5], 2)", [3, 5, 7]),
    ("layered([], [], " + BOX + ").height", 2),
    # differences
    ("diffLines('@@ -3,2 +3,2 @@ def f():\\n a\\n-b\\n+c\\n\\\\ No newline at end of file').map(({kind, before, after, text}) => [kind, before, after, text])", [["hunk", None, None, "def f():"], ["same", 3, 3, "a"], ["gone", 4, None, "b"], ["added", None, 4, "c"], ["note", None, None, "No newline at end of file"]]),  # noqa: E501
    ("visibleText('a\\u202eb\\u0007')", "a⟨202E⟩b⟨0007⟩"),
    # runs as points
    (f"(({{runs, x, y, groups, xWords, left}}) => [runs, x, y, groups.length, xWords, left])(scatterPoints({SIDES}, {{x: 'x', y: 'y', colour: 'status'}}))", [["p", "q"], [1, 0], [1, -1], 1, ["a", "b"], 0]),  # noqa: E501
    (f"scatterPoints({SIDES}, {{x: 'x', y: 'y', colour: 'status', yLog: true, xLog: true}}).left", 1),
    # the timeline
    (f"timelineRows({BETWEEN}, 200, 'r').map(({{label, bars}}) => [label, bars.map(({{phase, from, to, isOpen}}) => [phase, from, to, isOpen])])", [["Run", [["waiting", 100, 130, False], ["running", 130, 200, True]]], ["worker/0", [["starting", 130, 140, False], ["running", 140, 200, True]]], ["ps/0", [["starting", 130, 200, True]]]]),  # noqa: E501
]  # fmt: skip


@pytest.fixture(scope="module")
def found() -> list[object]:
    """What all cases give, in their order."""
    if NODE is None:
        pytest.skip("node is not there; the page itself is tested in a browser")
    parts = "\n".join((ASSETS / f"{part}.js").read_text(encoding="utf-8") for part in PARTS)
    asked = json.dumps([parts, [text for text, _ in CASES]])
    done = subprocess.run([NODE, "-e", RUN], input=asked, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    answers: list[object] = json.loads(done.stdout)
    return answers


@pytest.mark.parametrize("number", range(len(CASES)), ids=[text[:40] for text, _ in CASES])
def test_what_is_drawn(number: int, found: list[object]) -> None:
    assert found[number] == CASES[number][1]


def _properties(text: str, theme: str) -> dict[str, str]:
    return {
        name: colour
        for selector, body in re.findall(
            r"(\.specrun[^{}]*)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        )
        if selector.strip() == theme
        for name, colour in re.findall(r"(--[\w-]+):\s*(#[0-9a-f]{6})", body)
    }


Light = tuple[float, ...]

SEEN = {
    "by most": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "without red": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "without green": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "without blue": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}
"""What Machado, Oliveira and Fernandes (2009) give for how colours are seen."""
TO_XYZ = ((0.4124 / 0.95047, 0.3576 / 0.95047, 0.1805 / 0.95047), (0.2126, 0.7152, 0.0722), (0.0177, 0.1095, 0.8728))


def _light(colour: str) -> Light:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return tuple(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)


def _times(matrix: tuple[Light, ...], light: Light) -> Light:
    return tuple(max(0.0, sum(a * b for a, b in zip(row, light, strict=True))) for row in matrix)


def _luminance(colour: str) -> float:
    return _times(TO_XYZ, _light(colour))[1]


def _lab(colour: str, seen: str) -> Light:
    x, y, z = (part ** (1 / 3) for part in _times(TO_XYZ, _times(SEEN[seen], _light(colour))))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("theme", [".specrun", '.specrun[data-theme="dark"]'])
def test_each_line_can_be_told_from_the_background_and_from_the_others(theme: str) -> None:
    page, charts = ((ASSETS / name).read_text(encoding="utf-8") for name in ("page.css", "charts.css"))
    behind = _luminance(_properties(page, theme)["--bg"])
    lines = {name: colour for name, colour in _properties(charts, theme).items() if name.startswith("--series-")}
    assert len(set(lines.values())) == 10
    for name, colour in lines.items():
        light, dark = sorted((_luminance(colour), behind), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, (name, colour)
    in_order = [lines[f"--series-{number}"] for number in range(1, 11)]
    for seen, five in itertools.product(SEEN, (in_order[:5], in_order[5:])):
        for one, other in itertools.combinations(five, 2):
            assert math.dist(_lab(one, seen), _lab(other, seen)) > 18, (seen, one, other)
