from __future__ import annotations

import json

import pytest

from specrun.cli.main import run
from specrun.spec.codes import CODES


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert run(["explain", *arguments]) == status
    out, err = capsys.readouterr()
    return err if status else out


def test_an_entry(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert printed(capsys, "duplicate-target").splitlines() == [
        "error[duplicate-target]: Two data entries have the same target.",
        "  A target mirrors one source. With two, each would take the files of the",
        "  other for extra ones.",
        "",
        "  For example, with `specrun validate`:",
        "    data:",
        "      digits: {path: data, target: digits}",
        "      more: {path: src, target: digits}",
        "",
        "  Instead:",
        "    data:",
        "      digits: {path: data, target: digits}",
        "      more: {path: src, target: more}",
    ]


def test_an_entry_without_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "replace")
    assert text.startswith("error[replace]: Replacing needs --allow-replace.\n")
    assert "For example" not in text
    assert "say `--allow-replace`" in text


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("code", ["", *CODES])
def test_words_fit_the_terminal_and_links_are_words(
    code: str, columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = printed(capsys, *filter(None, [code]))
    # An example is copied, so that its lines stay as they are.
    assert all(len(line) <= columns for line in text.splitlines() if not line.startswith("    ") or not code)
    assert "](" not in text


def test_all_codes_stand_below_the_headings_of_their_groups(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    lines = printed(capsys).splitlines()
    assert [line.split()[0] for line in lines if line.startswith("  ")] == list(CODES)
    assert lines[0] == "The file"
    assert [line for line in lines if "unused-input " in line] == [
        "  unused-input                     An input is never used. (note)"
    ]


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    entry = json.loads(printed(capsys, "needs-workspace", "-o", "json"))
    assert list(entry) == ["code", "severity", "group", "summary", "why", "command", "wrong", "instead", "right"]
    assert (entry["severity"], entry["group"]) == ("error", "workspace")
    assert entry["command"] == "validate --engine azureml"
    assert [each["code"] for each in json.loads(printed(capsys, "-o", "json"))] == list(CODES)


@pytest.mark.parametrize(
    ("code", "hint"),
    [("unknwon-key", "Did you mean `unknown-key`?"), ("ORA-00942", "`specrun explain` lists all codes.")],
)
def test_a_code_that_does_not_exist(code: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, code, status=64) == f"specrun has no code `{code}`. {hint}\n"
