from __future__ import annotations

from dataclasses import replace

import pytest

from specrun.spec.diagnostics import Diagnostic, Location, Severity
from specrun.views.diagnostics import diagnostic_data, diagnostic_text, diagnostics_summary, findings, findings_text
from specrun.views.text import Paint

PLAIN = Paint(False)


def diagnostic(text: str, column: int, length: int = 1, detail: str = "Write it so.") -> Diagnostic:
    location = Location("job.yaml", 12, column, length, text)
    return Diagnostic(Severity.ERROR, "unknown-key", "An unknown key.", detail, ("job", "x"), location)


def shown(text: str, column: int, length: int = 1, width: int = 80) -> tuple[str, str]:
    """The source line and the line with the caret."""
    lines = diagnostic_text(diagnostic(text, column, length), PLAIN, width).splitlines()
    return lines[1], lines[2]


def test_the_whole() -> None:
    detail = "Why it is wrong. Of a file called `a\n\n## No changes`."
    text = diagnostic_text(diagnostic("  vm_size: big", 3, 7, detail), PLAIN)
    assert text == (
        "job.yaml:12:3: error[unknown-key]: An unknown key.\n"
        "   12 |   vm_size: big\n"
        "      |   ^^^^^^^\n"
        "  Why it is wrong. Of a file called `a\\n\\n## No changes`."
    )


@pytest.mark.parametrize(
    ("text", "column", "length", "excerpt", "carets"),
    [
        ("名前: x", 5, 1, "   12 | 名前: x", "      |       ^"),
        ("a: 名前", 4, 2, "   12 | a: 名前", "      |    ^^^^"),
        ("a\u0301: x", 5, 1, "   12 | a\u0301: x", "      |    ^"),
        ("\tkey: x", 2, 3, "   12 |  key: x", "      |  ^^^"),
        ("a: \x1b[31mred", 4, 1, "   12 | a: \\x1b[31mred", "      |    ^^^^"),
        ("a: \u202ereversed", 4, 1, "   12 | a: \\u202ereversed", "      |    ^^^^^^"),
        ("a:", 3, 1, "   12 | a:", "      |   ^"),
    ],
)
def test_the_caret_stands_under_the_place(text: str, column: int, length: int, excerpt: str, carets: str) -> None:
    assert shown(text, column, length) == (excerpt, carets)


@pytest.mark.parametrize("column", [1, 40, 5000, 9996])
def test_a_long_line_is_cut_around_the_place(column: int) -> None:
    line = "a" * (column - 1) + "HERE" + "b" * (9996 - column)
    excerpt, carets = shown(line, column, 4)
    assert len(excerpt) <= 80
    assert excerpt[carets.index("^") : carets.rindex("^") + 1] == "HERE"


def test_without_a_source_line_there_is_no_excerpt() -> None:
    assert len(diagnostic_text(diagnostic("", 1), PLAIN).splitlines()) == 2


def test_options_and_paths_stay_whole() -> None:
    detail = "word " * 12 + "--allow-replace and /a/very-long/path/" + "x" * 90 + " end"
    text = diagnostic_text(diagnostic("a", 1, detail=detail), PLAIN, 76)
    assert "--allow-replace" in text
    assert "/a/very-long/path/" + "x" * 90 in text


def test_what_stands_between_backticks_stays_on_one_line() -> None:
    detail = "word " * 12 + "write `size: STANDARD_DS3_V2` or `${{ vars.size }}`; plain ${{ vars.other }} " + "x" * 40
    for width in range(40, 100):
        text = diagnostic_text(diagnostic("a", 1, detail=detail), PLAIN, width)
        for whole in ("`size: STANDARD_DS3_V2`", "`${{ vars.size }}`", "${{ vars.other }}"):
            assert whole in text
        assert "\0" not in text


def test_what_is_wider_than_the_terminal_is_broken_all_the_same() -> None:
    text = diagnostic_text(diagnostic("a", 1, detail="`" + "word " * 40 + "`"), PLAIN, 60)
    assert max(map(len, text.splitlines())) <= 60


def test_the_summary_counts() -> None:
    errors = [diagnostic("a", 1), diagnostic("b", 2)]
    assert diagnostics_summary(errors, 3) == "2 errors in 3 files"
    assert diagnostics_summary([], 1) == "no mistakes in 1 file"


def test_as_data() -> None:
    data = diagnostic_data(diagnostic("  x: 1", 3, 1))
    assert (data["file"], data["line"], data["column"], data["length"]) == ("job.yaml", 12, 3, 1)
    assert (data["severity"], data["code"], data["path"]) == ("error", "unknown-key", ["job", "x"])


def test_other_places_are_shown_with_their_lines() -> None:
    other = Location("base.yaml", 3, 5, 4, "    size: small")
    text = diagnostic_text(replace(diagnostic("  size: big", 3, 4), others=(other,)), PLAIN)
    assert text == (
        "job.yaml:12:3: error[unknown-key]: An unknown key.\n"
        "   12 |   size: big\n"
        "      |   ^^^^\n"
        "base.yaml:3:5:\n"
        "    3 |     size: small\n"
        "      |     ^^^^\n"
        "  Write it so."
    )
    data = diagnostic_data(replace(diagnostic("a", 1), others=(other,)))
    place = {"file": "base.yaml", "line": 3, "column": 5, "length": 4, "source": "    size: small"}
    assert data["related"] == [place]
    assert "related" not in diagnostic_data(diagnostic("a", 1))


def in_file(file: str, line: int, detail: str = "Write it so.") -> Diagnostic:
    return replace(diagnostic("x: 1", 1, detail=detail), location=Location(file, line, 1, 1, "x: 1"))


def test_what_is_found_in_many_files_is_said_once() -> None:
    found = [in_file(f"{number}.yaml", number) for number in range(1, 201)]
    (text,) = findings_text([*found[:50], *found[50:]], PLAIN, 100)
    assert text.splitlines()[-1] == "  in 200 files: 1.yaml:1, 2.yaml:2, 3.yaml:3, … and 197 more"
    assert text.startswith("1.yaml:1:1: error[unknown-key]")
    assert diagnostics_summary(found, 200) == "200 errors in 200 files"
    other = in_file("7.yaml", 9, "Something else.")
    assert [one.diagnostic for one in findings([*found, other])] == [found[0], other]


def test_of_one_file_each_place_is_shown() -> None:
    twice = [in_file("a.yaml", 3), replace(in_file("a.yaml", 4), path=("job", "y"))]
    assert [text.count("\n") for text in findings_text(twice, PLAIN, 100)] == [3, 3]


def test_what_specs_share_is_at_one_place_and_counts_once() -> None:
    shared = [in_file("base.yaml", 3)] * 40
    (text,) = findings_text(shared, PLAIN, 100)
    assert text.splitlines()[-1] == "  it counts for 40 files"
    assert diagnostics_summary(shared, 41) == "1 error in 41 files"
