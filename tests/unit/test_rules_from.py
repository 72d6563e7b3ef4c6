"""`--rules-from REF`: a branch cannot relax the rule that it breaks, nor read variables that nobody has allowed it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from specrun.cli.main import run
from specrun.plan.at_ref import AtRef
from specrun.spec.load import load

SPEC = (
    "apiVersion: specrun/v1\nname: big\n"
    "compute: {name: cluster, size: D4S_V5, max_instances: 9}\njob: {command: 'true'}\n"
)
STRICT = "env: [TEAM]\nrules:\n  max_instances: 8\n"
CODES = ("rule-max-instances", "rules-from-elsewhere")


def git(*arguments: str) -> None:
    named = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *named, *arguments], check=True, capture_output=True)


def commit(text: str | None) -> None:
    if text is not None:
        Path(".specrun.yaml").write_text(text)
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", "a")


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPECRUN_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("SPECRUN_ENGINE", raising=False)
    git("init", "-q", "-b", "main")
    Path(".gitignore").write_text("state\n")
    Path("job.yaml").write_text(SPEC)
    return tmp_path


def codes_of(place: str) -> tuple[list[str], list[str]]:
    loaded = load(["job.yaml"], with_specs=False, under_rules=True, rules_from=AtRef(place))
    return [one.code for one in loaded.broken], [f"{one.code} {one.location}" for one in loaded.diagnostics]


def test_a_branch_cannot_relax_the_rule_that_it_breaks(capsys: pytest.CaptureFixture[str]) -> None:
    commit(STRICT)
    git("checkout", "-q", "-b", "change")
    commit("env: [TEAM]\nrules:\n  max_instances: 100\n")
    assert run(["validate", "job.yaml"]) == 0
    assert run(["plan", "job.yaml"]) == 0
    capsys.readouterr()
    assert run(["validate", "job.yaml", "--rules-from", "main", "-o", "json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert (told["valid"], told["allowed"]) == (True, False)
    broken, note = (next(one for one in told["diagnostics"] if one["code"] == code) for code in CODES)
    assert (broken["file"], broken["line"]) == ("job.yaml", 3)
    assert [(one["file"], one["line"]) for one in broken["related"]] == [("main:.specrun.yaml", 3)]
    assert (note["file"], note["line"]) == (".specrun.yaml", 3)
    assert note["detail"].endswith("What this branch changes of them counts once it is there: `rules.max_instances`.")
    for verb in ("plan", "apply"):
        assert run([verb, "job.yaml", "--rules-from", "main"]) == 4
    assert "main:.specrun.yaml:3" in capsys.readouterr().err
    assert not list(Path("state").glob("runs/*"))
    assert run(["plan", "job.yaml", "--out", "p.plan"]) == 0
    assert run(["apply", "p.plan", "--rules-from", "main"]) == 4


@pytest.mark.parametrize("loosened", ["rules: {}\n", "", None, "rules: {max_instances: 100}\n"])
def test_nor_by_taking_it_out_moving_it_or_a_link(loosened: str | None, tmp_path: Path) -> None:
    commit(STRICT)
    if loosened is None:
        Path(".specrun.yaml").unlink()
    else:
        Path(".specrun.yaml").write_text(loosened)
    Path("jobs").mkdir()
    Path("jobs/.specrun.yaml").write_text("rules: {max_instances: 100}\n")
    Path("job.yaml").rename("jobs/job.yaml")
    loaded = load(["jobs/job.yaml"], with_specs=False, under_rules=True, rules_from=AtRef("main"))
    assert [one.code for one in loaded.broken] == ["rule-max-instances"]


def test_nor_read_a_variable_that_nobody_has_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    commit(STRICT)
    Path(".specrun.yaml").write_text("env: [TEAM, CLOUD_PASS]\n")
    Path("job.yaml").write_text(SPEC.replace("'true'", "'echo ${{ env.CLOUD_PASS }}'"))
    monkeypatch.setenv("CLOUD_PASS", "hush")
    found = codes_of("main")[1]
    assert "unlisted-env job.yaml:4:22" in found
    assert "unlisted-env job.yaml:4:22" not in [f"{one.code} {one.location}" for one in load(["job.yaml"]).diagnostics]


def test_where_there_is_no_file_there_are_no_rules_and_env_is_as_without(monkeypatch: pytest.MonkeyPatch) -> None:
    commit(None)
    Path(".specrun.yaml").write_text("env: [SOME]\nrules: {max_instances: 8}\n")
    Path("job.yaml").write_text(SPEC.replace("'true'", "'echo ${{ env.SOME }}'"))
    monkeypatch.setenv("SOME", "thing")
    assert codes_of("main") == ([], ["rules-from-elsewhere .specrun.yaml:2:9"])
    monkeypatch.setenv("CI", "true")
    assert "unlisted-env job.yaml:4:22" in codes_of("main")[1]


def test_where_nothing_differs_nothing_is_said() -> None:
    commit(STRICT)
    assert codes_of("HEAD") == (["rule-max-instances"], [])


def test_a_link_leads_to_what_the_ref_has_there() -> None:
    Path("rules").mkdir()
    Path("rules/all.yaml").write_text(STRICT)
    Path(".specrun.yaml").symlink_to("rules/all.yaml")
    commit(None)
    Path("rules/all.yaml").write_text("rules: {max_instances: 100}\n")
    assert codes_of("main")[0] == ["rule-max-instances"]
    for target in ("../outside.yaml", "/etc/hosts", "gone.yaml", ".specrun.yaml", "rules"):
        Path(".specrun.yaml").unlink(missing_ok=True)
        Path(".specrun.yaml").symlink_to(target)
        commit(None)
        Path(".specrun.yaml").unlink()
        broken, found = codes_of("main")
        assert (broken, found) == ([], ["unreadable main:.specrun.yaml:1:1"])


def test_mistakes_of_the_ref_are_told_and_stop() -> None:
    commit("rules: {max_instances: many}\n")
    Path(".specrun.yaml").write_text(STRICT)
    assert codes_of("main") == ([], ["wrong-type main:.specrun.yaml:1:24"])


@pytest.mark.parametrize(
    ("ref", "words"), [("origin/main", "fetch it"), ("", "is it empty"), ("--all", "an option"), ("a..b", "are two")]
)
def test_a_ref_that_is_not_there_is_an_error(ref: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    commit(STRICT)
    assert run(["validate", "job.yaml", f"--rules-from={ref}"]) == 64
    told = capsys.readouterr().err
    assert "--rules-from" in told
    assert words in told or ref == ""


def test_outside_of_a_repository_there_is_no_ref(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("elsewhere") / "job.yaml"
    file.write_text(SPEC)
    assert run(["validate", str(file), "--rules-from", "main"]) == 64


def test_prices_are_those_of_the_ref_with_the_files_that_it_names() -> None:
    list_of = "currency: EUR\nupdated: 2026-11-01\nmax_age: 9999d\nSTANDARD_D4S_V5: {{dedicated: {}}}\n".format
    Path("job.yaml").write_text(SPEC.replace("'true'", "'true', limits: {timeout: 7200}"))
    Path("prices.yaml").write_text(list_of("0.51"))
    commit("prices: prices.yaml\nrules: {budget_per_run: 1}\n")
    Path("prices.yaml").write_text(list_of("0.01"))
    assert codes_of("main") == (["rule-budget-per-run"], [])
    assert load(["job.yaml"], with_specs=False, under_rules=True).broken == ()
    Path("prices.yaml").unlink()
    Path(".specrun.yaml").write_text("rules: {budget_per_run: 1}\n")
    assert codes_of("main") == (["rule-budget-per-run"], ["rules-from-elsewhere .specrun.yaml:1:1"])
