"""A chain on the page: what waits for what, wide and narrow, and what a run is registered as."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

import specrun
from tests.ui.conftest import PageOf
from tests.ui.served import Served

PREP = """\
apiVersion: specrun/v1
name: prep
job:
  command: echo 1 > ${{ outputs.x }}/f
  outputs: {x: {register: {name: digits}}}
"""
NEXT = """\
apiVersion: specrun/v1
name: NAME
job:
  command: ls ${{ inputs.x }}
  inputs: {x: {run: OF, output: x}}
  outputs: {x: {}}
"""


def test_a_chain_says_what_waits_for_what(tmp_path: Path, page_of: PageOf, serve: Callable[..., Served]) -> None:
    (tmp_path / "prep.yaml").write_text(PREP)
    for name, of in (("train", "prep"), ("last", "train")):
        (tmp_path / f"{name}.yaml").write_text(NEXT.replace("NAME", name).replace("OF", of))
    (run,) = specrun.load(tmp_path / "prep.yaml").apply()
    served = serve(tmp_path, ".")
    for width in (1280, 400):
        one = page_of(served, "#/plan", width=width)
        prep, last = (one.page.get_by_role("button", name=re.compile(f"^run.{name}")) for name in ("prep", "last"))
        expect(prep).to_contain_text("succeeded")
        expect(last).to_contain_text("waits for train" if width > 1000 else "needs run/train")
        last.click()
        expect(one.page.locator(".sr-plan-detail")).to_contain_text("Waits for x")
        assert (one.sticks_out(), one.hard_to_read()) == ([], [])
        one.go(f"#/runs/{run.name}")
        expect(one.page.get_by_role("main")).to_contain_text("digits:1")
        one.settle()
        assert (one.sticks_out(), one.hard_to_read(), one.trouble) == ([], [], [])


def test_a_plan_that_cannot_be_made_is_over(tmp_path: Path, page_of: PageOf, serve: Callable[..., Served]) -> None:
    (tmp_path / "prep.yaml").write_text(PREP)
    reads = "job: {command: ls, inputs: {x: {model: digits, version: latest}}}\n"
    (tmp_path / "use.yaml").write_text(f"apiVersion: specrun/v1\nname: use\n{reads}")
    one = page_of(serve(tmp_path, "."), "#/plan")
    expect(one.page.locator(".sr-plan-troubles")).to_contain_text("latest version is only being made")
    expect(one.page.get_by_role("main")).not_to_contain_text("Planning …")
