"""`prices:` of a repository: what an hour costs, and each mistake at its place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from specrun.cli.main import run
from specrun.spec import load as loading
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.load import check, load
from specrun.spec.prices import Prices
from specrun.spec.repository_file import RepositoryFiles

SPEC = """\
apiVersion: specrun/v1
name: a
compute: {name: cluster, size: STANDARD_D4S_V3, max_instances: 2}
job: {command: 'true'}
"""
LIST = "currency: EUR\nupdated: 2026-11-01\n"
D4S = "STANDARD_D4S_V3: {dedicated: 0.5, low_priority: 0.1}\n"


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "job.yaml").write_text(SPEC)
    monkeypatch.chdir(root)
    monkeypatch.setattr(loading, "_today", lambda: "2026-11-30")
    return root


def told(found: Sequence[Diagnostic]) -> list[tuple[str, int, int, str]]:
    return [(one.location.file, one.location.line, one.location.column, one.code) for one in found]


def prices(text: str, **files: str) -> Prices:
    Path(".specrun.yaml").write_text(text)
    for name, content in files.items():
        Path(f"{name}.yaml").write_text(content)
    assert told(load(["job.yaml"]).diagnostics) == []
    found = RepositoryFiles().at(".specrun.yaml").prices
    assert found is not None
    return found


def below(text: str) -> str:
    return "prices:\n" + "".join(f"  {line}\n" for line in text.splitlines())


def test_an_hour_is_what_is_typed_to_the_last_digit() -> None:
    found = prices(below(LIST + "d4s_v3: {dedicated: 0.1, low_priority: 1e-2}\nSTANDARD_NC6S_V3: {dedicated: 3}\n"))
    assert (found.currency, found.updated) == ("EUR", date(2026, 11, 1))
    assert found.hour("STANDARD_D4S_V3", "dedicated", "westeurope") == Decimal("0.1")
    assert found.hour("Standard_D4s_v3", "low_priority", "") == Decimal("0.01")
    assert found.hour("NC6s_v3", "dedicated", "eastus") == 3
    assert found.hour("NC6s_v3", "low_priority", "eastus") is None
    assert found.hour("STANDARD_D8S_V3", "dedicated", "eastus") is None


@pytest.mark.parametrize(
    ("typed", "price"),
    [
        ("0.1", "0.1"), ("12", "12"), (".5", "0.5"), ("0.1234567890123456789", "0.1234567890123456789"),
        ("1e-20", "1e-20"), ("!!float '0.12345678901234567'", "0.12345678901234567"), ("0x10", "16"),
    ],
)  # fmt: skip
def test_no_digit_is_lost(typed: str, price: str) -> None:
    found = prices(below(LIST + f"STANDARD_D4S_V3: {{dedicated: {typed}}}\n")).hour("D4S_V3", "dedicated", "")
    assert found is not None
    assert abs(found - Decimal(price)) <= (Decimal("1e-16") if "!!" in typed else 0)


def test_a_region_has_its_own_list_before_that_of_all() -> None:
    found = prices(
        "prices: [all.yaml, west.yaml]\n",
        all=LIST + D4S + "STANDARD_D8S_V3: {dedicated: 1}\n",
        west="currency: EUR\nupdated: 2026-11-20\nregion: West Europe\nSTANDARD_D4S_V3: {dedicated: 0.6}\n",
    )
    assert found.updated == date(2026, 11, 1)
    assert found.hour("STANDARD_D4S_V3", "dedicated", "westeurope") == Decimal("0.6")
    assert found.hour("STANDARD_D8S_V3", "dedicated", "WestEurope") == 1, "what it lacks is in that of all"
    assert found.hour("STANDARD_D4S_V3", "dedicated", "eastus") == Decimal("0.5")
    assert found.hour("STANDARD_D4S_V3", "dedicated", "") == Decimal("0.6"), "where nobody knows: the most"


def test_what_is_reserved_costs_nothing() -> None:
    assert prices(below(LIST + "STANDARD_D4S_V3: {dedicated: 0}\n")).hour("D4S_V3", "dedicated", "") == 0


@pytest.mark.parametrize(
    ("text", "line", "column", "code", "words"),
    [
        ("updated: 2026-11-01\n", 1, 1, "missing-key", "`currency: EUR`"),
        ("currency: EUR\n", 1, 1, "missing-key", "`updated: 2026-11-01`"),
        ("curency: EUR\nupdated: 2026-11-01\n", 1, 1, "unknown-key", "Did you mean `currency`?"),
        ("currency: eur\nupdated: 2026-11-01\n", 1, 11, "bad-value", "`currency: EUR`"),
        ("currency: $\nupdated: 2026-11-01\n", 1, 11, "bad-value", "`currency: USD`"),
        ("currency: EURO\nupdated: 2026-11-01\n", 1, 11, "bad-value", "three capital letters"),
        ("currency: [EUR]\nupdated: 2026-11-01\n", 1, 11, "wrong-type", "text"),
        ("currency: EUR\nupdated: 1.11.2026\n", 2, 10, "bad-value", "is no date"),
        ("currency: EUR\nupdated: 2026-02-30\n", 2, 10, "bad-value", "is no date"),
        ("currency: EUR\nupdated: 2026\n", 2, 10, "wrong-type", "text"),
        ("currency: EUR\nupdated: 2026-12-02\n", 2, 10, "out-of-range", "today is 2026-11-30"),
        (LIST + "region: west-europe\n", 3, 9, "bad-value", "`region: westeurope`"),
        (LIST + "max_age: 90\n", 3, 10, "wrong-type", "`max_age: 90d`"),
        (LIST + "max_age: 0d\n", 3, 10, "bad-value", "`max_age: 90d`"),
        (LIST + "note: ours\n", 3, 1, "unknown-key", "There is no `note`"),
        (LIST + "regions: eastus\n", 3, 1, "unknown-key", "Did you mean `region`?"),
        (LIST + "eastus2: {D4S_V3: {dedicated: 1}}\n", 3, 1, "unknown-key", "with `region: eastus2` in it"),
        (LIST + "eastus: {D4S_V3: {dedicated: 1}}\n", 3, 1, "unknown-key", "with `region: eastus` in it"),
        (LIST + "STANDARD_D4S_V3: 0.5\n", 3, 18, "wrong-type", "`STANDARD_D4S_V3: {dedicated: 0.5}`"),
        (LIST + "STANDARD_D4S_V3: {}\n", 3, 18, "wrong-type", "the price of each tier"),
        (LIST + "STANDARD_D4S_V3:\n", 3, 1, "wrong-type", "the price of each tier"),
        (LIST + "STANDARD_D4S_V3: {dedicated: -0.5}\n", 3, 30, "out-of-range", "this is -0.5"),
        (LIST + "STANDARD_D4S_V3: {dedicated: .nan}\n", 3, 30, "out-of-range", "one instance for an hour"),
        (LIST + "STANDARD_D4S_V3: {dedicated: 1e400}\n", 3, 30, "out-of-range", "less than 1,000,000"),
        (LIST + "STANDARD_D4S_V3: {dedicated: true}\n", 3, 30, "wrong-type", "this is true"),
        (LIST + "STANDARD_D4S_V3: {dedicated: '0,5'}\n", 3, 30, "wrong-type", "`dedicated: 0.5`"),
        (LIST + "STANDARD_D4S_V3: {dedicated: 0.5 EUR}\n", 3, 30, "wrong-type", "A price is a number"),
        (LIST + "STANDARD_D4S_V3: {dedicated: }\n", 3, 19, "wrong-type", "this is empty"),
        (LIST + "STANDARD_D4S_V3: {spot: 0.1}\n", 3, 19, "unknown-key", "Did you mean `low_priority`?"),
        (LIST + "STANDARD_D4S_V3: {lowpriority: 0.1}\n", 3, 19, "unknown-key", "Did you mean `low_priority`?"),
        (LIST + "STANDARD_D4S_V3: {on_demand: 0.1}\n", 3, 19, "unknown-key", "Did you mean `dedicated`?"),
        (LIST + "STANDARD_D4S_V3: {zone: 0.1}\n", 3, 19, "unknown-key", "`dedicated` and `low_priority`"),
        (LIST + D4S + "d4s_v3: {dedicated: 0.4}\n", 4, 1, "duplicate-key", "as `STANDARD_D4S_V3`: take one"),
        (LIST + D4S + D4S, 4, 1, "duplicate-key", "stands on line"),
        (LIST + "STANDARD_D4SV3: {dedicated: 0.4}\n", 3, 1, "unknown-size", "Did you mean `STANDARD_D4S_V3`?"),
        (LIST + "NC4as-T4-v3: {dedicated: 0.4}\n", 3, 1, "unknown-size", "Did you mean `STANDARD_NC4AS_T4_V3`?"),
    ],
)
def test_a_mistake_is_told_where_it_is_and_the_same_of_a_file(
    text: str, line: int, column: int, code: str, words: str
) -> None:
    Path(".specrun.yaml").write_text(below(text))
    (found,) = load(["job.yaml"]).diagnostics
    place = (1, 1) if code == "missing-key" else (line + 1, column + 2)
    assert told([found]) == [(".specrun.yaml", *place, code)]
    assert words in found.detail
    Path(".specrun.yaml").write_text("prices: prices.yaml\n")
    Path("prices.yaml").write_text(text)
    (of_file,) = load(["job.yaml"]).diagnostics
    assert told([of_file]) == [("prices.yaml", line, column, code)]


def test_all_mistakes_are_told_at_once() -> None:
    Path(".specrun.yaml").write_text("prices: [a.yaml, gone.yaml, ../b.yaml, c.yaml]\n")
    Path("a.yaml").write_text("currency: euro\nupdated: soon\nSTANDARD_D4S_V3: {dedicated: x, spot: 1}\n")
    Path("c.yaml").write_text("- STANDARD_D4S_V3\n")
    assert sorted(told(load(["job.yaml"]).diagnostics)) == [
        (".specrun.yaml", 1, 18, "missing-prices"),
        (".specrun.yaml", 1, 29, "outside-repository"),
        ("a.yaml", 1, 11, "bad-value"),
        ("a.yaml", 2, 10, "bad-value"),
        ("a.yaml", 3, 30, "wrong-type"),
        ("a.yaml", 3, 33, "unknown-key"),
        ("c.yaml", 1, 1, "not-a-mapping"),
    ]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("prices: ''\n", "wrong-type", "a file of prices"),
        ("prices: 3\n", "wrong-type", "a mapping, text or a list"),
        ("prices: [3]\n", "wrong-type", "the number 3"),
        ("prices: [{currency: EUR}]\n", "wrong-type", "a mapping"),
        ("prices: /etc/prices.yaml\n", "outside-repository", "seen from the repository's root"),
        ("prices: .git/prices.yaml\n", "outside-repository", "inside of it"),
        ("prices: '${{ env.PRICES }}'\n", "outside-repository", "inside of it"),
        ("prices: gone.yaml\n", "missing-prices", "`specrun prices --region REGION --out gone.yaml`"),
    ],
)
def test_a_file_that_cannot_be_one_is_told_where_it_is_named(text: str, code: str, words: str) -> None:
    Path(".specrun.yaml").write_text(text)
    (found,) = load(["job.yaml"]).diagnostics
    assert (found.code, found.location.file) == (code, ".specrun.yaml")
    assert words in found.detail


def test_a_link_that_leaves_the_repository_is_not_read(repository: Path) -> None:
    (repository.parent / "secret.yaml").write_text("password: canary\n")
    Path("prices.yaml").symlink_to("../secret.yaml")
    Path(".specrun.yaml").write_text("prices: prices.yaml\n")
    (found,) = load(["job.yaml"]).diagnostics
    assert (found.code, "canary" in f"{found}") == ("outside-repository", False)
    Path("prices.yaml").unlink()
    Path("list.yaml").write_text(LIST + D4S)
    Path("prices.yaml").symlink_to("list.yaml")
    assert load(["job.yaml"]).diagnostics == ()


def test_two_lists_of_one_region_and_two_currencies_are_told() -> None:
    Path("a.yaml").write_text(LIST + "region: westeurope\n")
    Path("b.yaml").write_text(LIST + "region: West Europe\n")
    Path("c.yaml").write_text(LIST.replace("EUR", "USD") + "region: eastus\n")
    Path(".specrun.yaml").write_text("prices: [a.yaml, b.yaml, c.yaml, c.yaml]\n")
    found = sorted(load(["job.yaml"]).diagnostics, key=lambda one: one.location)
    assert told(found) == [
        (".specrun.yaml", 1, 34, "conflicting-prices"),
        ("b.yaml", 3, 9, "conflicting-prices"),
        ("c.yaml", 1, 11, "conflicting-prices"),
    ]
    assert "a.yaml" in found[1].detail


OLD = LIST.replace("2026-11-01", "2026-08-31")


@pytest.mark.parametrize(
    ("spec", "text", "noted"),
    [
        (SPEC, OLD + D4S, True),
        (SPEC, OLD + D4S + "max_age: 91d\n", False),
        (SPEC, LIST + D4S + "max_age: 28d\n", True),
        (SPEC, LIST.replace("2026-11-01", "2026-09-01") + D4S, False),
        ("apiVersion: specrun/v1\nname: a\njob: {command: 'true'}\n", OLD + D4S, False),
        (SPEC + "workspace: {name: team, location: eastus}\n", OLD + "region: westeurope\n", False),
        (SPEC + "workspace: {name: team, location: West Europe}\n", OLD + "region: westeurope\n", True),
    ],
)
def test_old_prices_are_noted_once_where_they_count(spec: str, text: str, *, noted: bool) -> None:
    Path("job.yaml").write_text(spec)
    Path("other.yaml").write_text(spec)
    Path(".specrun.yaml").write_text("prices: prices.yaml\n")
    Path("prices.yaml").write_text(text)
    loaded = load(["job.yaml", "other.yaml"])
    assert [one.code for one in loaded.diagnostics if one.code == "old-prices"] == ["old-prices"] * noted
    assert loaded.ok


def test_a_list_is_validated_by_itself_and_is_no_spec() -> None:
    Path("prices.yaml").write_text(LIST + D4S)
    Path("wrong.yaml").write_text(LIST + "STANDARD_D4S_V3: 1\n")
    assert check(["prices.yaml"]) == ()
    assert told(check(["wrong.yaml"])) == [("wrong.yaml", 3, 18, "wrong-type")]
    assert told(load(["prices.yaml"]).diagnostics) == [("prices.yaml", 1, 1, "not-a-spec")]
    Path(".specrun.yaml").write_text("prices: wrong.yaml\n")
    assert told(check(["wrong.yaml", "job.yaml"])) == [("wrong.yaml", 3, 18, "wrong-type")]


def test_a_list_that_the_repository_names_is_checked_among_other_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    Path("others.yaml").write_text("currency: EUR\nupdated: today\n")
    Path("wrong.yaml").write_text("updated: 2026-11-01\nSTANDARD_D4S_V3: {dedicated: -1}\n")
    assert run(["validate", "--specs-only", "others.yaml", "wrong.yaml"]) == 0
    Path(".specrun.yaml").write_text("prices: [wrong.yaml]\n")
    assert run(["validate", "--specs-only", "others.yaml", "wrong.yaml"]) == 65
    said = capsys.readouterr().out
    assert "wrong.yaml:2:30: error[out-of-range]" in said
    assert "Prices need `currency`" in said
    assert "2 errors in 1 file" in said


def test_its_schema_says_of_a_list_what_specrun_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "prices"]) == 0
    fits = Draft202012Validator(json.loads(capsys.readouterr().out)).is_valid
    hours = {"STANDARD_D4S_V3": {"dedicated": 0.5}, "d4s_v3": {"low_priority": 0}}
    assert fits({"currency": "EUR", "updated": "2026-11-01", "region": "westeurope", "max_age": "30d", **hours})
    for wrong in ({"note": "x"}, {"STANDARD_D4S_V3": 1}, {"STANDARD_D4S_V3": {"spot": 1}}, {"max_age": 30}):
        assert not fits({"currency": "EUR", "updated": "2026-11-01", **wrong}), wrong
    assert not fits({"currency": "EUR"})
