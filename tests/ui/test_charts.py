"""Charts, the graph and comparisons in a real browser, under the page's own policy, with data that a test gives."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from specrun.ui.module import module_text, style_text
from tests.ui.served import Served
from tests.ui.watched import LOOK, Watched

PARTS = "metricsPanel scatterPanel differencePanel compareView planView timelinePanel usagePanel trialsPanel h"
ADDRESS = "http://127.0.0.1:9/"
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data: blob:"
INDEX = """<!doctype html><html lang="en"><title>parts</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="specrun.css"><script type="module" src="drawn.js"></script>
<body><div id="specrun" class="specrun" data-theme="light"><main><p>ready</p></main></div></body></html>"""
HOSTILE = '<img src=x onerror="alert(1)">'
Shown = Callable[..., Watched]


@pytest.fixture
def shown(blank: Page) -> Iterator[Shown]:
    """`shown(answers, part, *given)` shows a part of the page; what it should not do fails the test at its end."""
    exported = f"{module_text()}\nexport {{ {', '.join(PARTS.split())} }};"
    files = {
        "": (INDEX, "text/html"),
        "specrun.css": (style_text(), "text/css"),
        "specrun.js": (exported, "text/javascript"),
        "drawn.js": ((LOOK / "drawn.js").read_text(), "text/javascript"),
    }

    def answer(route: Route) -> None:
        body, kind = files[route.request.url.removeprefix(ADDRESS)]
        route.fulfill(body=body, headers={"content-type": f"{kind}; charset=utf-8", "content-security-policy": POLICY})

    blank.route(f"{ADDRESS}**", answer)
    watched = Watched(blank, Served(Path(), (), "local", {}, port=1, address=ADDRESS))
    watched.open()

    def show(answers: dict[str, Any], part: str, *given: object) -> Watched:
        blank.evaluate("([answers, part, given]) => shown(answers, part, ...given)", [answers, part, list(given)])
        return watched

    yield show
    watched.close()
    assert watched.trouble == []


def run(name: str, status: str = "succeeded", **more: object) -> dict[str, Any]:
    facts = {"name": name, "spec": "digits", "status": status, "attempt": 1, "submitted": 1000, "started": 1010}
    return {"run": {**facts, "ended": None if status == "running" else 1110, "duration": 100}, "spec": "digits", **more}


def history(count: int, value: Callable[[int], object], start: int = 0) -> dict[str, Any]:
    steps = list(range(start, start + count))
    return {"from": start, "step": steps, "time": [1010 + step for step in steps], "value": [value(s) for s in steps]}


def logged(count: int) -> dict[str, Any]:
    names = ("loss", f"val/{HOSTILE}")
    return {"metrics": {name: {"count": count, "last": 0.5, "step": count} for name in names}, "notes": []}


METRICS = {
    "runs/a-1": run("a-1", "running", previous="a-0"),
    "runs/a-0": run("a-0"),
    "runs/a-1/metrics": logged(1000),
    "runs/a-0/metrics": logged(1000),
    "runs/a-1/metrics/history loss": history(1000, lambda step: "NaN" if step == 5 else 1 / (step + 1)),
    "runs/a-0/metrics/history loss": history(1000, lambda step: 2 / (step + 1)),
    f"runs/a-1/metrics/history val/{HOSTILE}": history(9, lambda step: step - 4),
}
PRESENT = "() => [...document.querySelectorAll('.sr-chart-area')].map((one) => one.getAttribute('aria-label'))"


def test_metrics_are_drawn_live_beside_another_run_and_zoomed_by_keys(shown: Shown) -> None:
    page = shown(METRICS, "metricsPanel", "a-1").page
    chart = page.get_by_role("img", name="loss:")
    expect(chart).to_have_attribute("aria-label", "loss: 1,000 points from step 0 to step 999, 1 of them no number; least 0.001, greatest 1, last 0.001")  # noqa: E501  # fmt: skip
    expect(page.get_by_role("img", name=f"val/{HOSTILE}:")).to_be_visible()
    assert page.locator("main img").count() == 0

    page.evaluate("points => tell('runs/a-1/metrics/history loss', points)", history(1, lambda _: 7.25, 1000))
    card = page.locator("article", has=page.get_by_role("heading", name="loss", exact=True))
    expect(card.locator(".sr-chart-where")).to_have_text("7.25")
    page.evaluate("points => tell('runs/a-1/metrics/history loss', points)", history(1001, lambda _: 0))  # came again
    expect(chart).to_have_attribute("aria-label", "loss: 1,001 points from step 0 to step 1,000, 1 of them no number; least 0.001, greatest 7.25, last 7.25")  # noqa: E501  # fmt: skip

    chart.focus()
    page.keyboard.press("ArrowRight")
    expect(card.locator(".sr-chart-where")).to_have_text("step 0: 1")
    page.keyboard.press("+")
    reset = card.get_by_role("button", name="Whole range")
    expect(reset).to_be_visible()
    page.keyboard.press("0")
    expect(reset).to_be_hidden()

    page.get_by_role("button", name="Previous run").click()
    entry = card.get_by_role("button", name="a-0")
    expect(entry).to_have_attribute("aria-pressed", "true")
    entry.press("Enter")
    expect(entry).to_have_attribute("aria-pressed", "false")
    page.get_by_label("Smoothing").fill("0.6")
    expect(card.locator(".sr-legend-value").first).to_contain_text("smoothed")
    page.get_by_role("button", name="Log scale").click()
    expect(page.get_by_text("5 points not above 0 are not shown on a logarithmic axis.")).to_be_visible()

    card.get_by_text("Table").click()
    expect(card.get_by_role("cell", name="7.25", exact=True)).to_be_visible()
    with page.expect_download() as saved:
        card.get_by_role("button", name="Download CSV").click()
    assert saved.value.path().read_text().splitlines()[:2] == ["line,step,time,value", "a-1,0,1010,1"]
    page.evaluate("dark()")
    page.get_by_label("Filter metrics").evaluate("one => (one.hidden = false)")
    page.get_by_label("Filter metrics").fill("nothing")
    expect(page.get_by_text("No metric has “nothing” in its name.")).to_be_visible()
    page.evaluate("panel.close()")
    assert page.evaluate("watchedPaths()") == []


def test_charts_are_drawn_and_followed_while_they_are_on_the_screen(shown: Shown) -> None:
    many = {f"m{number:03}": {"count": 50, "last": 1} for number in range(120)}
    answers = {"runs/a-1": run("a-1"), "runs/a-1/metrics": {"metrics": many, "notes": []}}
    page = shown(answers | {f"runs/a-1/metrics/history {name}": history(50, float) for name in many}, "metricsPanel", "a-1").page  # noqa: E501  # fmt: skip
    expect(page.get_by_role("img", name="m000:")).to_be_visible()
    assert page.locator("article").count() == 120
    assert page.locator("canvas").count() < 40
    page.locator("article").last.scroll_into_view_if_needed()
    expect(page.get_by_role("img", name="m119: 50 points")).to_be_visible()
    expect(page.get_by_role("img", name="m000:")).to_have_count(0)
    page.locator("article").first.scroll_into_view_if_needed()
    expect(page.get_by_role("img", name="m000: 50 points")).to_be_visible()
    assert ["runs/a-1/metrics/history m000", 50] in page.evaluate("watchedPaths()")


def plan(**states: str) -> dict[str, Any]:
    kinds = [("workspace/ws", "no-op"), ("compute/gpu", "update"), ("data/d", "create"), (f"run/{HOSTILE}", "submit")]
    nodes = [
        {"id": f"n{at}", "label": label, "kind": label.partition("/")[0], "action": action, "change": at, "place": None, "state": states.get(f"n{at}")}  # noqa: E501
        for at, (label, action) in enumerate(kinds)
    ]  # fmt: skip
    fields = [{"path": "max_instances", "before": 2, "after": 4, "reason": "as the spec has it"}]
    changes = [{"address": label, "specrun_reason": f"because of {label}", "fields": fields if at == 1 else []} for at, (label, _) in enumerate(kinds)]  # noqa: E501  # fmt: skip
    graph = {"nodes": nodes, "edges": [["n0", "n1"], ["n0", "n2"], ["n1", "n3"], ["n2", "n3"]]}
    return {"plan": {"resource_changes": changes}, "graph": graph, "making": False, "problems": [], "live": bool(states)}  # noqa: E501  # fmt: skip


def test_the_plan_is_a_graph_and_a_list_where_it_is_narrow(shown: Shown) -> None:
    page = shown({"plan": plan()}, "planView").page
    expect(page.get_by_role("status").filter(has_text="1 to create, 1 to update, 1 to run, 1 unchanged.")).to_be_visible()  # noqa: E501  # fmt: skip
    node = page.get_by_role("button", name="compute/gpu, update")
    node.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Changes", exact=True)).to_contain_text("max_instances: 2 → 4")
    assert page.evaluate("document.activeElement.dataset.node") == "n1", "the focus stays where it was"
    page.evaluate("value => tell('plan', value)", plan(n0="done", n1="going", n2="failed", n3="waiting"))
    expect(page.get_by_role("button", name="compute/gpu, update, going on")).to_be_visible()
    expect(page.get_by_text("An apply is going on: 2 of 4 done")).to_be_visible()
    page.get_by_role("button", name="Changes only").click()
    expect(page.locator("g.sr-node")).to_have_count(3)
    page.set_viewport_size({"width": 400, "height": 800})
    expect(page.get_by_role("listitem").filter(has_text=HOSTILE)).to_contain_text("needs compute/gpu, data/d")
    expect(page.locator("g.sr-node")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_runs_are_compared_side_by_side_and_line_by_line(shown: Shown) -> None:
    found = {
        "before": {"name": "a-0", "status": "succeeded"}, "after": {"name": "a-1", "status": "running"}, "same": False, "notes": [],  # noqa: E501
        "fields": [{"section": "parameters", "name": "lr", "before": 0.1, "after": 0.01}], "data": [], "results": [],
        "environment": {"files": []},
        "code": {"unchanged": 3, "counts": {"changed": 1}, "left_out": 0, "files": [
            {"path": HOSTILE, "change": "changed", "from": None, "before": {"size": 1}, "after": {"size": 1}, "note": None,  # noqa: E501
             "diff": "@@ -1,2 +1,2 @@\n same\n-lr = 0.1\n+lr = 0.01 # \u202eturned", "added": 1, "removed": 1}]},
    }  # fmt: skip
    runs = {
        "runs/a-0": run("a-0", params={"lr": 0.1, "batch": 64}), "runs/a-0/metrics": logged(1000),
        "runs/a-1": run("a-1", "running", params={"lr": 0.01, "batch": 64}), "runs/a-1/metrics": logged(1000), "diff": found,  # noqa: E501
    }  # fmt: skip
    page = shown(METRICS | runs, "compareView", {"runs": "a-0,a-1"}).page
    row = page.get_by_label("Runs side by side").get_by_role("row")
    expect(row.filter(has_text="lr")).to_have_class("sr-differs")
    expect(row.filter(has_text="batch")).not_to_have_class("sr-differs")
    page.get_by_role("button", name="Differences only").click()
    expect(row.filter(has_text="batch")).to_have_count(0)
    changes = page.get_by_label(f"Changes of {HOSTILE}")
    expect(changes.get_by_role("row").last).to_have_text("+lr = 0.01 # ⟨202E⟩turned")
    expect(changes.locator("mark").first).to_have_text("0.1")
    page.get_by_role("button", name="Leave out a-0").click()
    assert page.evaluate("went") == "/compare?runs=a-1"


def test_a_point_of_a_scatter_opens_its_run(shown: Shown) -> None:
    columns = {"runs": ["a-0", "a-1", "a-2"], "status": ["succeeded", "failed", "running"], "specs": ["x", "x", "y"], "columns": {"optimizer": ["adam", "sgd", None], "accuracy": [0.5, 0.9, 0.7]}}  # noqa: E501  # fmt: skip
    answers = {"runs": {"total": 3, "rows": [], "params": ["optimizer"], "metrics": ["accuracy"]}, "columns": columns}
    page = shown(answers, "scatterPanel", "").page
    expect(page.get_by_text("2 runs; 1 without one of the two")).to_be_visible()
    plot = page.get_by_role("img", name="accuracy against optimizer of 2 runs")
    expect(plot.locator("canvas")).to_be_visible()
    plot.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("a-1 · failed · optimizer sgd · accuracy 0.9")).to_be_visible()
    page.keyboard.press("Enter")
    assert page.evaluate("went") == "/runs/a-1"


def test_a_timeline_goes_on_and_usage_is_drawn(shown: Shown) -> None:
    roles = [{"name": "worker/0", "status": "failed", "exit": 3, "started": 1020, "ended": 1110}]
    attempts = [
        {"name": "a-1", "status": "preempted", "reason": "node lost", "submitted": 900, "started": 950, "ended": 990},
        {"name": "a-1-2", "status": "failed", "reason": "", "submitted": 1000, "started": 1010, "ended": 1110},
    ]
    told = {"runs/a-1-2": run("a-1-2", "failed", roles=roles, attempts=attempts)}
    page = shown(told, "timelinePanel", "a-1-2").page
    expect(page.get_by_role("listitem").first).to_contain_text("preempted in 40 s · waited 50 s · node lost")
    expect(page.get_by_role("listitem").last).to_contain_text("failed in 1 min 30 s · started in 10 s · exit 3")
    expect(page.get_by_role("link", name="Attempt 1")).to_be_visible()
    used = {"roles": {"worker/0": {"time": [1, 2, 3], "cpu": [0.5, 1, 2], "memory": [1e6, 2e6, 3e6], "gpu": None, "gpu_memory": None}}, "note": None}  # noqa: E501  # fmt: skip
    page = shown({"runs/a-1-2/usage": used}, "usagePanel", "a-1-2").page
    expect(page.get_by_role("img", name="CPU (cores): 3 points; least 0.5, greatest 2, last 2")).to_be_visible()
    expect(page.get_by_role("img", name="Memory:")).to_be_visible()
    expect(page.get_by_role("img", name="GPU")).to_have_count(0)


def trial(number: int, value: object, status: str = "succeeded", **more: object) -> dict[str, Any]:
    parameters = {"lr": 10.0 ** -(number + 1), HOSTILE: f"{HOSTILE}{number % 2}"}
    facts = {"number": number, "run": f"digits-{number}", "parameters": parameters, "status": status, "value": value}
    return {"reason": "", "started": 1000 + number, "ended": 1010 + number, **facts, **more}


@pytest.mark.parametrize("status", ["running", "cancelled"])
def test_a_sweep_without_trials(shown: Shown, status: str) -> None:
    sweep = {"objective": {"goal": "maximize", "primary_metric": "accuracy"}, "trials": 6, "counts": {}, "best": None}
    page = shown({"runs/a-1/trials": {**sweep, "status": status, "rows": []}}, "trialsPanel", "a-1").page
    expect(page.locator(".sr-trials-summary")).to_have_text("0 of 6 trials")
    expect(page.get_by_text("No trial has begun")).to_be_visible()
    expect(page.get_by_text("They stand here as they begin.")).to_have_count(int(status == "running"))
    expect(page.get_by_role("heading", name="Trials")).to_be_hidden()


def test_the_trials_of_a_sweep_are_drawn_as_they_come(shown: Shown) -> None:
    rows = [trial(0, 0.5), trial(1, 0.75), trial(2, None, "failed", reason=HOSTILE), trial(3, "NaN")]
    sweep = {"objective": {"goal": "maximize", "primary_metric": "accuracy"}, "trials": 6}
    counts = {"succeeded": 3, "failed": 1, "running": 1}
    page = shown(
        {"runs/a-1/trials": {**sweep, "counts": counts, "best": rows[1], "rows": rows}}, "trialsPanel", "a-1"
    ).page
    expect(page.locator(".sr-trials-summary")).to_have_text("4 of 6 trials: 3 succeeded, 1 failed, 1 running")
    expect(page.locator(".sr-trials-best")).to_contain_text("Best: accuracy 0.75 by digits-1")
    names = page.locator(".sr-row .sr-cell-name")
    expect(names).to_have_text(["digits-1", "digits-0", "digits-2", "digits-3"])
    expect(page.get_by_role("img", name="Best so far:")).to_have_attribute(
        "aria-label", re.compile("2 points .* last 0.75")
    )
    page.get_by_role("combobox", name="Parameter").select_option("lr")
    expect(page.get_by_role("img", name="accuracy against lr of 2 runs")).to_be_visible()
    expect(page.get_by_role("button", name="Logarithmic across")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".sr-parallel-line")).to_have_count(2)
    assert page.locator("main img").count() == 0

    # What comes later is what has changed, and it takes its place.
    fresh = [trial(4, 0.9), trial(2, None, "failed", reason="again")]
    page.evaluate(
        "value => tell('runs/a-1/trials', value)",
        {**sweep, "counts": {"succeeded": 4, "failed": 1}, "best": fresh[0], "rows": fresh},
    )
    expect(names.first).to_have_text("digits-4")
    expect(names).to_have_count(5)
    expect(page.locator(".sr-trials-best")).to_contain_text("0.9 by digits-4")
    page.get_by_role("button", name="lr", exact=True).click()
    expect(names.first).to_have_text("digits-0")
    page.locator(".sr-parallel-line.sr-best").dispatch_event("click")
    assert page.evaluate("went") == "/runs/digits-4"
