"""What `-o markdown` prints, whatever way a command ends: never nothing, and under the marker that was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_changed import commit, repository, run

__all__ = ["repository"]
RATE = "apiVersion: specrun/v1\nname: job\nvars: {rate: 0.10}\njob:\n  command: echo ${{ vars.rate }}\n"
RATE += "  environment: {pip: [six]}\n"


@pytest.mark.parametrize("verb", ["validate", "plan", "drift"])
def test_an_invalid_spec_is_a_comment_under_the_marker_that_was_asked_for(specrun: Command, verb: str) -> None:
    Path("job.yaml").write_text("apiVersion: specrun/v1\nname: job\njob: {comand: ls}\n")
    said = specrun(verb, "-o", "markdown", "--comment-key", "prod")
    first, title, *rest = said.out.splitlines()
    assert (said.code, first, title.startswith("### ⛔ specrun")) == (65, f"<!-- specrun {verb} prod -->", True)
    assert rest[1:6] == ["⛔ **There is no such key.** `job.yaml:3:7`", "", "```text", *rest[4:6]]
    assert "write `command: ls`" in said.out


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--comment-key", key) for key in ("a--b", "a b", "-->", "", "-a", "ä", "x" * 101, "a>b")),
        *(("--more-at", url) for url in ("javascript:x", "https://a) [b](c", "ftp://a", "https://", "https://a b")),
    ],
)
def test_nothing_ends_the_marker_or_a_link(specrun: Command, option: str, value: str) -> None:
    said = specrun("plan", "-o", "markdown", option, value)
    assert (said.code, said.out.splitlines()[0]) == (64, "<!-- specrun plan -->")
    assert f"Invalid value for '{option}'" in said.err
    assert "](c" not in said.out.replace("`https://a) [b](c`", "")


def test_options_of_comments_go_with_comments(specrun: Command) -> None:
    for verb in ("validate", "plan", "drift", "show"):
        said = specrun(verb, "--comment-key=a")
        assert (said.code, "--comment-key goes with -o markdown." in said.err) == (64, True)


def test_where_nothing_changed_the_comment_says_so(repository: Path, specrun: Command) -> None:
    for verb in ("plan", "drift"):
        said = specrun(verb, "jobs", "--changed-since", "main", "-o", "markdown")
        assert (said.code, said.out.startswith(f"<!-- specrun {verb} -->\n"), "<details>" in said.out) == (
            0,
            True,
            False,
        )
        assert said.out.endswith("\n\n0 of 3 specs changed since `main`.\n")


def test_two_clones_plan_the_same_digest_and_a_saved_plan_is_the_same_comment(
    specrun: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = []
    for name in ("ada", "ben"):
        clone = tmp_path / name
        clone.mkdir()
        monkeypatch.chdir(clone)
        run(clone, "init", "-q", "-b", "main", ".")
        commit(clone, **{"job.yaml": RATE})
        texts.append(specrun("plan", "-o", "markdown", "--out", "the.plan").out)
        (clone / "job.yaml").unlink()
        assert specrun("show", "the.plan", "-o", "markdown").out == texts[-1]
        monkeypatch.setenv("SPECRUN_HOME", str(tmp_path / "elsewhere"))
    assert texts[0] == texts[1]
    assert texts[0].splitlines()[1].startswith("<!-- specrun digest ")
    assert "⚠️ **A number reaches the job in another spelling.** `job.yaml:3:14`" in texts[0].partition("<details>")[0]


def test_costs_by_old_prices_are_told_with_their_age(repository: Path, specrun: Command) -> None:
    Path("prices.yaml").write_text("currency: EUR\nupdated: 2020-01-31\nregion: westeurope\nD4S_V5: {dedicated: 0.5}\n")
    Path(".specrun.yaml").write_text("prices: prices.yaml\n")
    Path("job.yaml").write_text(
        "apiVersion: specrun/v1\nname: job\ncompute: {name: cpu, size: STANDARD_D4S_V5, max_instances: 1}\n"
        "job: {command: 'true', environment: {pip: [six]}, limits: {timeout: 3600}}\n"
    )
    commit(repository)
    for options in ((), ("--rules-from", "HEAD")):
        said = specrun("plan", "job.yaml", "-o", "markdown", *options)
        assert "at most 0.50 EUR" in said.out
        assert "**Prices are old.**" in said.out
        assert "They are of 2020-01-31" in said.out
        assert "`specrun prices --region westeurope --out prices.yaml`" in said.out
    said = specrun("validate", "job.yaml", "-o", "github", "--rules-from", "HEAD")
    assert "::notice file=prices.yaml,line=2," in said.out
