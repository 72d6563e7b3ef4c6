"""The ledger loses nothing, and the report says everything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specrun.convert import kinds
from specrun.convert.imported import Found
from specrun.convert.kinds import Recognized, Taken
from specrun.convert.report import Ledger, Report, Verdict, dotted, leaves
from specrun.spec.visible import json_lines
from specrun.views.report import Account, Told, report_data, report_markdown, report_text
from specrun.views.text import Paint

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(values=JSON, data=st.data())
def test_every_leaf_has_an_entry(values: Any, data: st.DataObject) -> None:
    ledger = Ledger("file.json", values)
    paths = list(leaves(values))
    for path in data.draw(st.lists(st.sampled_from(paths), max_size=3)):
        ledger.carry(path[: data.draw(st.integers(0, len(path)))], "job")
    entries = ledger.close("nobody knows it").entries
    for path in paths:
        assert any(path[: len(entry.path)] == entry.path for entry in entries)


def report() -> Report:
    ledger = Ledger("job.json", {"a": 1, "b": {"c": 2, "d": [3]}, "e": None, "f": "x"})
    ledger.ask((), "job.environment", "It names no image.", "--image IMAGE")
    ledger.rewrite(("b", "c"), "job.resources", "A total became a count for each instance.")
    ledger.carry(("a",), "name")
    ledger.carry(("a",), "name")
    ledger.drop(("b", "d"), "Azure ML | has none.")
    return ledger.close("Unknown field.")


def test_entries_stand_in_the_files_order() -> None:
    assert [(entry.source, entry.verdict) for entry in report().entries] == [
        ("", Verdict.NEEDS_YOU),
        ("a", Verdict.CARRIED),
        ("b.c", Verdict.REWRITTEN),
        ("b.d", Verdict.DROPPED),
        ("e", Verdict.DROPPED),
        ("f", Verdict.DROPPED),
    ]
    assert [entry.to for entry in report().todos] == ["job.environment"]


@pytest.mark.parametrize(("path", "text"), [((), ""), (("a", 0, "b"), "a[0].b"), ((0,), "[0]")])
def test_paths_are_shown_as_people_write_them(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text


def test_a_report_on_a_terminal() -> None:
    assert report_text(Account([Told("a", report())]), Paint(False), 60) == (
        "job.json: 1 carried over, 1 rewritten, 3 dropped, 1 needs you\n"
        "  ! (the whole file) → job.environment\n"
        "      It names no image. (--image IMAGE)\n"
        "  ~ b.c → job.resources\n"
        "      A total became a count for each instance.\n"
        "  - b.d\n"
        "      Azure ML | has none.\n"
        "  - e\n"
        "      Unknown field.\n"
        "  - f\n"
        "      Unknown field."
    )


def test_a_report_as_markdown_and_as_data() -> None:
    lines = report_markdown(Account([Told("a", report())])).splitlines()
    assert lines[0] == "### job.json"
    assert "| `b.d` | dropped |  | Azure ML `\\|` has none. |" in lines
    assert json.loads(json.dumps(report_data(Account([Told("a", report())]))))[1] == {
        "file": "job.json",
        "path": ["a"],
        "field": "a",
        "verdict": "carried over",
        "to": "name",
        "note": "",
        "flag": "",
        "place": "",
        "spec": "a",
    }


def an_account() -> Account:
    looks = [
        Recognized("job.json", Taken(kinds.BATCHAI_JOB, "its field nodeCount")),
        *(Recognized(f"train-{n}.py", Taken(kinds.NO_SDK, ""), imported=False) for n in range(8)),
        Recognized("pod.yml", Taken(kinds.Kind("a Kubernetes manifest"), "its fields apiVersion and kind"), False),
    ]
    jobs = (
        Found(1, "prep", "line 3", "ScriptRunConfig", "prep.py"),
        Found(2, "train", "cell 3, line 9", "TensorFlow", "train.py", chosen=True),
        Found(3, "tune", "line 20", "HyperDriveConfig", why="a sweep over parameters has no place in a spec"),
    )
    other = Ledger("second.json", {"a": 1})
    other.carry(("a",), "name")
    long = ("properties", "mountVolumes", "azureFileShares", "accountName")
    ledger = Ledger("job.json", {"a": 1, "properties": {"mountVolumes": {}}}, lambda path: "line 4")
    ledger.ask(("a",), "compute", "which cluster?")
    ledger.rewrite(long, "datastores.training.credentials.account_key", "a secret is not copied")
    return Account([Told("b", other.close("")), Told("a", ledger.close(""), jobs)], looks)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_what_files_were_taken_for_and_what_jobs_there_are(width: int) -> None:
    lines = report_text(an_account(), Paint(False), width).splitlines()
    assert all(len(line) <= width for line in lines), lines
    text = " ".join(" ".join(lines).split())
    assert lines[0] == "job.json: a Batch AI job (its field nodeCount)"
    assert (
        "not imported: train-0.py, train-1.py, train-2.py, train-3.py, train-4.py and 3 more: Python that uses no SDK"
    ) in text
    assert "not imported: pod.yml: a Kubernetes manifest (its fields apiVersion and kind)" in text
    assert "1 prep, line 3: ScriptRunConfig * 2 train, cell 3, line 9: TensorFlow 3 tune, line 20:" in text
    assert "tune, line 20: HyperDriveConfig: a sweep over parameters has no place in a spec" in text
    assert "azureFileShares.accountName → datastores.training.credentials.account_key a secret" in text
    assert text.index("! a → compute line 4: which cluster?") < text.index("second.json: 1 carried over")


def test_the_same_for_programs_and_as_markdown() -> None:
    data = report_data(an_account())
    assert [(one["verdict"], one["place"]) for one in data if str(one["verdict"]).startswith("job")] == [
        ("job", "line 3"),
        ("job imported", "cell 3, line 9"),
        ("job", "line 20"),
    ]
    assert [one["file"] for one in data if one["verdict"] == "passed by"][-1] == "pod.yml"
    assert len(data) == 10 + 3 + 4
    assert [one["place"] for one in data if one["verdict"] == "needs you"] == ["line 4"]
    text = report_markdown(an_account())
    assert "| 2 | `train` | cell 3, line 9 | TensorFlow |" in text
    assert text.index("### job.json") < text.index("### second.json")
    assert json.loads(json_lines(data)) == data


def test_a_file_of_several_specs_is_told_for_each() -> None:
    def told(name: str, number: int) -> Told:
        ledger = Ledger("many.py", {"a": 1})
        ledger.carry(("a",), "name")
        found = [Found(n, f"job-{n}", f"line {n}", "command", chosen=n == number) for n in (1, 2)]
        return Told(name, ledger.close(""), found)

    account = Account([told("one", 1), told("two", 2)])
    lines = report_text(account, Paint(False), 80).splitlines()
    assert lines[0] == "many.py, for one: 1 carried over"
    assert [line for line in lines if line.startswith("  * ")] == [
        "  * 1 job-1, line 1: command",
        "  * 2 job-2, line 2: command",
    ]
    assert [(one["spec"], one["job"]) for one in report_data(account) if one["verdict"] == "job imported"] == [
        ("one", 1),
        ("two", 2),
    ]
