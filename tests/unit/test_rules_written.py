"""How rules are written: exceptions, rules of targets, layers that they judge, and mistakes in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from specrun.cli.main import run
from specrun.spec.load import load
from specrun.spec.repository_rules.judge import CHECKS
from specrun.spec.schema import REPOSITORY, schema_text
from tests.unit.ruled import BIG, HEAD, JOB, TODAY, cluster, exception, judged, places, repository

__all__ = ["repository"]


@pytest.mark.parametrize(
    "specs", ["digits", "'d*'", "other, digits", "'name:digits'", "'tag:team=vision'", "'folder:.'"]
)
@pytest.mark.parametrize("expires", [TODAY, "2027-06-01"])
def test_an_exception_is_said_where_it_counts(specs: str, expires: str) -> None:
    loaded = judged(BIG, exception(specs, expires))
    assert loaded.broken == ()
    found = [one for one in loaded.diagnostics if one.code == "rule-excepted"]
    assert places(tuple(found)) == ["rule-excepted 3:55"]
    assert f"until {expires} (.specrun.yaml:4): the yearly retraining." in found[0].detail


@pytest.mark.parametrize("specs", ["other", "Digits", "'folder:jobs'", "'tag:team=nlp'"])
def test_an_exception_for_others_does_not_count(specs: str) -> None:
    assert places(judged(BIG, exception(specs, "2027-06-01")).broken) == ["rule-max-instances 3:55"]


def test_each_rule_has_a_code_and_stands_in_the_schema() -> None:
    assert {check.code for check in CHECKS.values()} == {
        *("rule-sizes", "rule-regions", "rule-tiers", "rule-images", "rule-registries", "rule-max-instances"),
        *("rule-min-instances", "rule-required-tags", "rule-max-timeout", "rule-budget-per-run"),
    }
    rules = json.loads(schema_text(REPOSITORY))["properties"]["rules"]["properties"]
    assert rules.keys() - {"exceptions", "targets"} == rules["targets"]["additionalProperties"]["properties"].keys()
    assert rules.keys() - {"exceptions", "targets", "lock"} == CHECKS.keys()
    assert set(rules["exceptions"]["items"]["properties"]["rule"]["enum"]) == CHECKS.keys()


def test_an_exception_for_another_rule_does_not_count() -> None:
    assert judged(BIG, exception("digits", "2027-06-01", "min_instances")).broken


def test_an_exception_that_has_expired_is_a_warning_and_does_not_count() -> None:
    loaded = judged(BIG, exception("digits", "2026-11-29"))
    alone = load([".specrun.yaml"], with_specs=False, under_rules=True)
    assert alone.diagnostics == loaded.diagnostics
    assert [(one.code, str(one.location)) for one in loaded.diagnostics] == [
        ("exception-expired", ".specrun.yaml:4:11")
    ]
    assert "The exception of .specrun.yaml:4 has expired on 2026-11-29" in loaded.broken[0].detail


@pytest.mark.parametrize(("expires", "said"), [("2026-12-14", True), ("2026-12-15", False)])
def test_an_exception_that_expires_within_two_weeks_is_noted(expires: str, said: bool) -> None:
    loaded = judged(BIG, exception("digits", expires))
    assert ("exception-expires" in [one.code for one in loaded.diagnostics]) is said


def test_of_exceptions_nothing_is_said_where_nothing_is_judged() -> None:
    judged(BIG, exception("digits", "2026-11-29"))
    loaded = load(["job.yaml"])
    assert (loaded.diagnostics, loaded.broken) == ((), ())


# targets and layers


def test_rules_of_a_target_replace_those_above() -> None:
    rules = "max_instances: 8\n  min_instances: 0\n  targets:\n    dev: {max_instances: 2}"
    spec = cluster("size: D4S_V5, max_instances: 4, min_instances: 1") + "targets: {dev: {}, prod: {}}\n"
    assert places(judged(spec, rules, target="prod").broken) == ["rule-min-instances 3:73"]
    found = judged(spec, rules, target="dev").broken
    assert places(found) == ["rule-max-instances 3:55", "rule-min-instances 3:73"]
    assert str(found[0].others[0]) == ".specrun.yaml:5:11"
    both = judged(spec, rules).broken  # as `validate` looks at a spec
    assert places(both) == places(found)
    assert both[0].detail.endswith("This is so for the target `dev`.")
    without = spec.replace("targets: {dev: {}, prod: {}}\n", "")
    assert places(judged(without, rules, target="dev").broken) == ["rule-min-instances 3:73"]


def test_a_value_is_told_where_its_layer_has_it() -> None:
    Path("base.yaml").write_text(
        "apiVersion: specrun/v1\nabstract: true\nvars: {most: 3}\n"
        "compute: {name: cluster, size: D4S_V5, max_instances: '${{ vars.most }}'}\n"
    )
    spec = "extends: base.yaml\n" + JOB
    assert judged(spec, "max_instances: 3").broken == ()
    found = judged(spec, "max_instances: 2").broken
    assert str(found[0].location) == "base.yaml:4:55"
    assert judged(spec, "max_instances: 3", variables={"most": "4"}).broken
    Path("most.yaml").write_text("most: 5\n")
    assert judged(spec, "max_instances: 4", var_files=["most.yaml"]).broken
    assert load(["base.yaml"], with_specs=False, under_rules=True).broken == ()


def test_of_specs_with_mistakes_nothing_is_judged_and_of_others_it_is() -> None:
    judged(BIG, "max_instances: 8")
    Path("wrong.yaml").write_text(HEAD + "compute: {name: cluster, max_instances: 9, sise: D4S_V5}\n")
    loaded = load(["job.yaml", "wrong.yaml"], with_specs=False, under_rules=True)
    assert not loaded.ok
    assert [one.location.file for one in loaded.broken] == ["job.yaml"]


# mistakes in the rules


@pytest.mark.parametrize(
    ("rules", "line", "column", "code", "words"),
    [
        ("sizes: []", 2, 10, "out-of-range", "must not be empty"),
        ("sizes: STANDARD_D4S_V5", 2, 10, "wrong-type", "[STANDARD_D4S_V5]"),
        ("sizes: [D4S V5]", 2, 11, "bad-value", "STANDARD_D*_V5"),
        ("size: [D4S_V5]", 2, 3, "unknown-key", "`sizes`"),
        ("regions: [west-europe]", 2, 13, "bad-value", "`westeurope`"),
        ("tiers: [spot]", 2, 11, "not-allowed", "low_priority"),
        ("images: [https://mcr.microsoft.com/a]", 2, 12, "bad-value", "without a scheme"),
        ("images: ['${{ vars.a }}']", 2, 12, "bad-value", ""),
        ("registries: [myteam.azurecr.io/team]", 2, 16, "bad-value", "a host alone"),
        ("max_instances: 0", 2, 18, "out-of-range", "at least 1"),
        ("max_instances: eight", 2, 18, "wrong-type", "a whole number"),
        ("min_instances: -1", 2, 18, "out-of-range", "at least 0"),
        ("max_timeout: 8 hours", 2, 16, "bad-value", "`8h`"),
        ("max_timeout: 0h", 2, 16, "out-of-range", ""),
        ("max_timeout: 0", 2, 16, "out-of-range", ""),
        ("budget_per_run: 0", 2, 19, "out-of-range", "No run costs that little"),
        ("budget_per_run: cheap", 2, 19, "bad-value", "`50 EUR`"),
        ("lock: maybe", 2, 9, "not-allowed", "`required`"),
        ("targets: {}", 2, 12, "out-of-range", ""),
        ("targets: {dev: {max_instance: 2}}", 2, 19, "unknown-key", "max_instances"),
        ("targets: {dev: {exceptions: []}}", 2, 19, "unknown-key", ""),
        ("exceptions: [{rule: max_instances, specs: [a], expires: 2027-01-31}]", 2, 16, "missing-key", "`reason`"),
        ("exceptions: [{rule: max_instances, specs: [a], reason: b}]", 2, 16, "missing-key", "`expires`"),
        (
            "exceptions: [{rule: max_instance, specs: [a], reason: b, expires: 2027-01-31}]",
            2,
            23,
            "not-allowed",
            "`rule: max_instances`",
        ),
        (
            "exceptions: [{rule: sizes, specs: [a], reason: b, expires: 2027-02-30}]",
            2,
            62,
            "bad-value",
            "no such day",
        ),
        ("exceptions: [{rule: sizes, specs: [a], reason: b, expires: soon}]", 2, 62, "bad-value", "2027-01-31"),
        ("exceptions: [{rule: sizes, specs: [a], reason: '', expires: 2027-01-31}]", 2, 50, "bad-value", "reason"),
    ],
)
def test_a_mistake_in_the_rules_is_never_no_rule(rules: str, line: int, column: int, code: str, words: str) -> None:
    loaded = judged(JOB, rules)
    found = [one for one in loaded.diagnostics if one.location.file == ".specrun.yaml"]
    assert [(one.location.line, one.location.column, one.code) for one in found] == [(line, column, code)]
    assert words in found[0].detail
    assert not loaded.ok


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ("sizes: [STANDARD_D4S_V55]", "Did you mean `STANDARD_D4S_V5`?"),
        ("sizes: ['STANDARD_Q*']", "If Azure has it, all is well."),
        ("images: [ghcr.io/a/b]\n  registries: [mcr.microsoft.com]", "Add the registry"),
        ("registries: [mcr.microsoft.com]\n  targets: {dev: {images: [python]}}", "is of docker.io"),
    ],
)
def test_a_rule_that_allows_nothing_there_is_is_noted(rules: str, words: str) -> None:
    found = [one for one in judged(BIG, rules).diagnostics if one.code == "rule-fits-nothing"]
    assert len(found) == 1
    assert words in found[0].detail
    assert found[0].location.file == ".specrun.yaml"


def test_rules_of_a_target_that_no_spec_has_are_noted_where_all_specs_are_looked_at(
    capsys: pytest.CaptureFixture[str],
) -> None:
    spec = HEAD + JOB + "targets: {dev: {}}\n"
    Path("job.yaml").write_text(spec)
    Path(".specrun.yaml").write_text("rules:\n  targets:\n    dve: {max_instances: 2}\n    dev: {max_instances: 2}\n")
    for files, said in (["job.yaml"], []), (["."], ["rules-of-no-target"]):
        assert run(["validate", *files, "-o", "json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert [one["code"] for one in told["diagnostics"] if one["file"] == ".specrun.yaml"] == said
        assert told["allowed"]
