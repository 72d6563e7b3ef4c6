"""Comments as a browser shows them, in the width of a phone: tables and folds are where a reader expects them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Status
from specrun.views.failure_markdown import failure_markdown
from specrun.views.markdown import plan_markdown
from tests.engine_double import Double, plan_for, read_specs, write_spec
from tests.unit.test_markdown import SPEC, mistake, renamed

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))
import chromium
import picture_comment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium.browser() is None, reason=chromium.ABSENT),
]
PHONE = 390
MEASURE = """
<style>.text { width: 350px } table, pre { display: block; overflow: auto }</style>
<script>
document.body.dataset.seen = JSON.stringify([...document.querySelectorAll(".text")].map(one => ({
  title: one.querySelectorAll("h3").length, tables: one.querySelectorAll("table").length,
  folds: one.querySelectorAll("details").length, nested: one.querySelectorAll("details details").length,
  raw: /\\|\\s*---|```|<.?details/.test(one.innerText), wide: Math.max(...[...one.children].map(it => it.offsetWidth)),
})))
</script>
"""


def situations(folder: Path) -> dict[str, str]:
    spec = write_spec(folder, SPEC, src__a_py="", data__a_csv="1")
    first = plan_for(Double(), read_specs(spec), folder / "home")
    engine = Double()
    seen = {"name": "gpu-cluster", "size": "STANDARD_NC6", "max_instances": 2}
    engine.there["compute/gpu-cluster"] = Observed(Status.READY, seen, maker=Maker("mnist-ps"))
    again = plan_for(engine, read_specs(spec), folder / "home", allow_replace=True)
    each = [replace(one, resource=renamed(one.resource, f"-{n}")) for n in range(500) for one in first.changes]
    many = replace(first, changes=tuple(each))
    return {
        "first plan": plan_markdown(first),
        "replace": plan_markdown(again),
        "refused": plan_markdown(replace(again, refusals=(mistake("Write `min_instances: 0`."),))),
        "invalid": failure_markdown("plan", [mistake("There is no such key."), mistake("no", line=9)], [], 65),
        "500 specs": plan_markdown(many),
    }


def test_comments_are_drawn_as_they_are_meant(tmp_path: Path) -> None:
    shown = situations(tmp_path)
    pages = "".join(picture_comment.page(text) for text in shown.values())
    source = tmp_path / "page.html"
    source.write_text(pages + MEASURE, encoding="utf-8")
    command = [str(chromium.browser()), *picture_comment.HEADLESS, f"--user-data-dir={tmp_path}/profile"]
    dumped = subprocess.run([*command, "--dump-dom", f"file://{source}"], capture_output=True, text=True, timeout=120)
    found = re.search(r'data-seen="([^"]*)"', dumped.stdout)
    assert found is not None, dumped.stderr[-500:]
    seen = dict(zip(shown, json.loads(found[1].replace("&quot;", '"')), strict=True))
    folds = {name: one["folds"] for name, one in seen.items()}
    assert folds == {"first plan": 3, "replace": 3, "refused": 3, "invalid": 0, "500 specs": 3}
    for name, one in seen.items():
        assert (one["title"], one["nested"], one["raw"]) == (1, 0, False), name
        assert one["wide"] <= PHONE, name
    assert [one["tables"] for one in seen.values()] == [1, 1, 1, 0, 2]
