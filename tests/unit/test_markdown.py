"""What a reviewer sees of a plan: its structure, its bounds, and that nothing in it is read as anything but text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from specrun.plan.changes import Action, FieldChange, Plan, ResourceChange
from specrun.plan.digest import digest_of
from specrun.plan.kinds.compute import Cluster
from specrun.plan.kinds.data import DataTarget
from specrun.plan.makers import Maker
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.resources import Place, Resource
from specrun.plan.saved import contents
from specrun.plan.shown import Shown, ShownChange, shown
from specrun.plan.shown_again import shown_again
from specrun.spec.diagnostics import Diagnostic, Location, Severity
from specrun.spec.masking import mask
from specrun.views.changed import changed_markdown
from specrun.views.comment import LIMIT, Sticky
from specrun.views.markdown import plan_markdown
from specrun.views.plan_text import plan_text
from specrun.views.text import Paint
from tests.engine_double import Double, plan_for, read_specs, write_spec

WEST, EAST = Place("azureml", "west", "workspace west"), Place("azureml", "east", "workspace east")
SPEC = """\
name: mnist-ps
compute: {name: gpu-cluster, size: STANDARD_DS3_V2, max_instances: 4, tags: {team: vision}}
data:
  digits: {path: data, target: datasets/digits, prune: true}
job:
  code: src
  command: cat ${{ inputs.digits }}
  inputs: {digits: {data: digits}}
"""
REQUEST: Mapping[str, object] = {}


def planned(folder: Path, engine: Double, *files: Path, **options: object) -> Plan:
    return plan_for(engine, read_specs(*files), folder / "home", **{"allow_replace": True, **options})


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A cluster made again, data overwritten and removed, a run cancelled and one submitted."""
    spec = write_spec(tmp_path, SPEC, src__a_py="", data__same_csv="1", data__changed_csv="22", data__new_csv="3")
    engine = Double()
    properties = {"name": "gpu-cluster", "size": "STANDARD_NC6", "max_instances": 2}
    engine.there["compute/gpu-cluster"] = Observed(Status.READY, properties, maker=Maker("mnist-ps"))
    stored = {name: StoredFile(1, "x", Maker("mnist-ps")) for name in ("changed.csv", "mine.csv")}
    engine.there["data/default/datasets/digits"] = Observed(Status.READY, files=stored)
    engine.identities["mnist-ps-0123456789"] = {"fp": 1, "command": "old command"}
    engine.all_runs = [Run("mnist-ps-0123456789", "mnist-ps", "0123456789", 1, RunStatus.RUNNING)]
    return planned(tmp_path, engine, spec, cancel_previous=True)


def mistake(detail: str, code: str = "in-use", severity: Severity = Severity.ERROR, line: int = 3) -> Diagnostic:
    at = Location("job.yaml", line, 1, 7, "compute: {name: gpu}")
    return Diagnostic(severity, code, "An unfinished run uses it.", detail, (), at)


def in_sight(text: str) -> str:
    return re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)


def blocks(text: str, language: str) -> list[str]:
    """The contents of fences, as a reader of Markdown finds them."""
    return [one.content for one in MarkdownIt("gfm-like", {"linkify": False}).parse(text) if one.info == language]


def check_structure(text: str) -> None:
    """It fits; one title; fences and folds are closed; each row of a table has as many cells as its head."""
    assert len(text.encode()) < 65_536
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(text)
    assert [token.tag for token in tokens if token.type == "heading_open"].count("h3") == 1
    html = [token.content for token in tokens if token.type == "html_block"]
    opened = sum(one.count("<details>") for one in html)
    assert opened == sum(one.count("</details>") for one in html) == text.count("\n<details><summary>")
    assert not [token for token in tokens if token.type == "fence" and "<details>" in token.content]
    lines = text.splitlines()
    for token in tokens:
        if token.type == "fence" and token.map is not None:
            lines[slice(*token.map)] = [""] * (token.map[1] - token.map[0])
    for table in re.findall(r"(?:^\|.*\n?)+", "\n".join(lines), re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1, table


def test_what_hurts_comes_first_then_a_row_for_each_spec(plan: Plan) -> None:
    text = plan_markdown(replace(plan, refusals=(mistake("first line\nsecond `line`"),)), Sticky("plan", "a/b", "cafe"))
    check_structure(text)
    name = plan.fingerprints["mnist-ps"][:10]
    assert (
        in_sight(text).rstrip()
        == f"""\
<!-- specrun plan a/b -->
<!-- specrun digest cafe -->
### ⛔ specrun plan: refused; 1 to update, 1 to replace, 1 to submit · a double (double)

⛔ **An unfinished run uses it.** `job.yaml:3:1`

```text
    3 | compute: {{name: gpu}}
      | ^^^^^^^
```

first `line\\nsecond` `line`

- ❌ `compute/gpu-cluster` is **deleted and made again**: `size` `STANDARD_NC6` → `STANDARD_DS3_V2`
- ⚠️ `data/default/datasets/digits`: 1 file removed, 1 file overwritten
- ⚠️ `mnist-ps-0123456789` is cancelled

| spec | what would be done, and why |
| --- | --- |
| `mnist-ps` | ± `compute/gpu-cluster`: size cannot change in place<br>\
▶ `mnist-ps-{name}`: something changed since the last run; cancels `mnist-ps-0123456789`<br>\
command: old command → cat `${{{{ inputs.digits }}}}`<br>inputs: digits is new<br>code: a.py is new<br>\
~ `data/default/datasets/digits`: the source differs from the target |"""
    )


def test_fields_are_a_diff_and_all_of_it_is_folded_away(plan: Plan) -> None:
    text = plan_markdown(plan)
    (diff,) = blocks(text, "diff")
    assert diff.splitlines() == [
        "@@ ± compute/gpu-cluster: size cannot change in place @@",
        "- size: STANDARD_NC6",
        "+ size: STANDARD_DS3_V2  # forces replacement",
        "- max_instances: 2",
        "+ max_instances: 4",
        "+ tags.team: vision",
        "@@ ~ data/default/datasets/digits: the source differs from the target @@",
        "- mine.csv  (removed)",
        "! changed.csv  (overwritten)",
        "+ new.csv  (new)",
        "+ same.csv  (new)",
        "@@ ▶ run/mnist-ps: something changed since the last run @@",
        "- command: old command",
        "+ command: cat ${{ inputs.digits }}",
        "! inputs: digits is new",
        "! code: a.py is new",
        "- mnist-ps-0123456789  (cancelled)",
        f"+ mnist-ps-{plan.fingerprints['mnist-ps'][:10]}",
    ]
    assert plan_text(plan, Paint(False), 120) + "\n" in blocks(text, "text")
    (graph,) = blocks(text, "mermaid")
    assert graph.splitlines()[:2] == ["flowchart LR", '  n0["#177; compute/gpu-cluster"]']
    assert graph.count("-->") == 2


def test_a_value_of_several_lines_has_as_many_in_the_diff(plan: Plan) -> None:
    first = plan.changes[0]
    assert isinstance(first, ResourceChange)
    many = FieldChange("description", "one\ntwo", "one\n```\nthree")
    text = plan_markdown(replace(plan, changes=(replace(first, fields=(many,)),)))
    assert blocks(text, "diff")[0].splitlines()[1:] == [
        *("- description: |", "-   one", "-   two", "+ description: |", "+   one", "+   ```", "+   three")
    ]
    check_structure(text)


def test_what_specs_share_has_a_row_of_its_own_also_when_the_plan_is_shown_again(tmp_path: Path) -> None:
    cluster = "compute: {name: shared, size: STANDARD_D4S_V3, max_instances: 2}\n"
    specs = [write_spec(tmp_path / name, f"name: {name}\n{cluster}job: {{command: ls}}\n") for name in "abc"]
    engine = Double()
    made = planned(tmp_path, engine, *specs)
    for plan in (made, shown_again(contents(made, REQUEST, str(tmp_path), mask))):
        lines = plan_markdown(plan).splitlines()
        rows = [line.split("|")[1].strip() for line in lines if line.startswith("| `")]
        assert rows == ["`a` and 2 more", "`a`", "`b`", "`c`"]
        assert "\n  n0 --> n1\n" in plan_markdown(plan)
    names = [change.submission.name for change in made.changes if hasattr(change, "submission")]
    engine.all_runs = [Run(name, name[0], made.fingerprints[name[0]], 1, RunStatus.SUCCEEDED) for name in names[:2]]
    assert "\nNothing is to be done for 2 other specs.\n" not in plan_markdown(made)
    engine.there["compute/shared"] = Observed(
        Status.READY, {"name": "shared", "size": "STANDARD_D4S_V3", "max_instances": 2}, maker=Maker("a")
    )
    assert "\nNothing is to be done for 2 other specs.\n" in plan_markdown(planned(tmp_path, engine, *specs))


def test_nothing_to_do_is_said_in_a_line(plan: Plan) -> None:
    assert plan_markdown(replace(plan, changes=())).splitlines()[1:] == [
        "### specrun plan: no changes · a double (double)"
    ]
    chosen = changed_markdown({"since": "origin/main", "of": 500, "specs": [], "deleted": []})
    text = plan_markdown(Plan((), (), {}), Sticky("plan"), chosen)
    assert text == "<!-- specrun plan -->\n### specrun plan: no changes\n\n0 of 500 specs changed since `origin/main`."


def test_why_specs_were_chosen_is_folded_away(plan: Plan) -> None:
    reasons = [{"what": "code", "paths": [{"path": f"src/{n}.py", "how": ""} for n in range(4)], "count": 9}]
    data = {"since": "main", "of": 5, "specs": [{"file": "job.yaml", "reasons": reasons}], "deleted": ["old.yaml"]}
    text = plan_markdown(plan, Sticky("plan"), changed_markdown(data))
    assert "\n1 of 5 specs changed since `main`.\n" in in_sight(text)
    told = "job.yaml: its code changed: src/0.py, src/1.py, src/2.py and 6 more\ndeleted: old.yaml\n"
    assert told in blocks(text, "text")


def test_what_else_is_known_of_the_specs_is_told_at_its_line(plan: Plan) -> None:
    text = plan_markdown(replace(plan, warnings=(mistake("Look.", severity=Severity.WARNING),)))
    assert "⚠️ **An unfinished run uses it.** `job.yaml:3:1`" in in_sight(text)
    folded = plan_markdown(replace(plan, notes=(mistake("Look.", severity=Severity.NOTE),)))
    assert "<details><summary>1 note</summary>\n\nℹ️ **An unfinished run uses it.** `job.yaml:3:1`" in folded


def renamed(resource: Resource, end: str) -> Resource:
    """The same resource at another address, which ends so."""
    if isinstance(resource, DataTarget):
        return replace(resource, target=resource.target + end)
    return replace(resource, name=resource.name + end, maker=Maker(resource.maker.spec + end))


def test_it_fits_a_comment_whatever_the_plan(plan: Plan) -> None:
    many = tuple(
        replace(change, reason="why | " * 200, resource=renamed(change.resource, f"|{n}"))
        for n in range(300)
        for change in plan.changes
    )
    wrong = tuple(mistake(f"{n}" + "x" * 5000, line=n) for n in range(100))
    text = plan_markdown(replace(plan, changes=many, refusals=wrong), Sticky("plan", more_at="https://ci/1#x"))
    check_structure(text)
    assert re.search(r"\n… and \d\d more errors\n", text)
    assert re.search(r"\n- … and 2\d\d more replaced, 300 more overwritten, 300 more cancelled\n", text), (
        "destroys first"
    )
    assert re.search(r"\| … and \d+ more rows, \d+ of them destroy something \| \|", text)
    assert "[all of it](https://ci/1#x), or `specrun plan` shows all of it" in text
    assert in_sight(text).index("is **deleted") < in_sight(text).index("| spec |")
    rows = [line for line in text.splitlines() if line.startswith("| `mnist")]
    assert "±" in rows[0]


HOSTILE = st.text(st.sampled_from("|`~<>!-[]()@#\\\n\u202e\0& a*_$%:{}é漢👩"), max_size=300) | st.sampled_from(
    ["</details>", "<!-- -->", "```\n# x", "| a | b", "x" * 5000, "漢" * 3000, "@@ a @@", "- x", "![a](b)", "$$x$$"]
)


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.tuples(HOSTILE, HOSTILE, st.sampled_from(Action)), max_size=6), st.integers(1, 15), st.text(max_size=40)
)
def test_any_plan_is_a_comment(words: list[tuple[str, str, Action]], times: int, reason: str) -> None:
    """Names, values and reasons of any kind, of many specs in two places."""
    changes = []
    for number, (name, value, action) in enumerate(words * times):
        place = (WEST, EAST)[number % 2]
        changes.append(
            ShownChange(
                cluster(f"{name}{number}", place).key,
                action,
                f"{reason} {value}",
                name,
                True,
                "job.yaml:1:1",
                {name: value},
                {name: {name: value}, "min_instances": 1},
                (FieldChange(name, value, [value], forces_replace=True), FieldChange("x", None, value)),
                owners=[name, "b"] if number % 3 else [f"{name}{number % 7}"],
                needs=[f"compute/{name}{number - 2}"],
            )
        )
    text = plan_markdown(Shown((WEST, EAST), {WEST: (reason,)}, changes, {}, {}, refusals=[mistake(reason)]))
    check_structure(text)
    assert len(text.encode()) <= LIMIT


def cluster(name: str, place: Place) -> Cluster:
    return Cluster(place=place, name=name, maker=Maker("a"), origin=None, properties={})  # type: ignore[arg-type]


def test_a_digest_is_of_what_would_be_done_alone(tmp_path: Path, plan: Plan) -> None:
    def digest(made: Plan, root: Path = tmp_path) -> str:
        return digest_of(contents(made, REQUEST, str(root), mask))

    same = digest(plan)
    assert re.fullmatch("[0-9a-f]{64}", same)
    first, *others = plan.changes
    assert isinstance(first, ResourceChange)
    idle = replace(first, action=Action.NO_OP, resource=renamed(first.resource, "-idle"))
    elsewhere = replace(first, resource=replace(first.resource, maker=Maker("mnist-ps", "github.com/a/b")), reason="x")
    for alike in (
        replace(plan, changes=tuple(reversed(plan.changes))),
        replace(plan, changes=(*plan.changes, idle), spec_digests={"a": "b"}),
        replace(plan, changes=(elsewhere, *others)),
    ):
        assert digest(alike) == same
    assert digest(plan, Path("/")) == same, "wherever the clone is"
    seen = replace(first.before, properties={**first.before.properties, "max_instances": 3})
    for other in (
        replace(plan, changes=tuple(others)),
        replace(plan, changes=(replace(first, before=seen), *others)),
        replace(plan, left_out="left out by --only"),
        replace(plan, targets={plan.places[0]: ("prod",)}),
    ):
        assert digest(other) != same
    assert shown(plan).changes
