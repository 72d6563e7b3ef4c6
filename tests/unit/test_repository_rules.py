"""`rules:` of a repository: what each allows, what breaks it and where that is said, what a run may cost, plans."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from specrun.cli.main import run
from specrun.spec.diagnostics import Severity
from specrun.spec.load import load
from specrun.spec.repository_file import RepositoryFiles
from specrun.spec.repository_rules.case import Case, Seen
from specrun.spec.repository_rules.judge import judged_by_plan
from tests.unit.ruled import BIG, HEAD, JOB, PLACE, TODAY, cluster, exception, image, judged, notes, places, repository

__all__ = ["repository"]

SIZES = "sizes: [STANDARD_D*_V5, nc4as_t4_v3]"
IMAGES = "images: ['mcr.microsoft.com/azureml/*', 'python', 'ghcr.io/team/train:1.*']"
REGISTRIES = "registries: [myteam.azurecr.io, docker.io, 'registry.local:5000']"
TAGS = "required_tags: [team, cost-center]"
SWEEP = (
    "sweep:\n  sampling_algorithm: grid\n  search_space: {x: {type: choice, values: [1, 2, 3]}}\n"
    "  objective: {goal: maximize, primary_metric: m}\n"
)
SEARCHED = JOB.replace("'true'", "'true ${{ search_space.x }}'") + SWEEP


@pytest.mark.parametrize(
    ("rules", "spec"),
    [
        (SIZES, cluster("size: standard_d4s_v5, max_instances: 2")),
        (SIZES, cluster("size: D16AS_V5, max_instances: 2")),
        (SIZES, cluster("size: Standard_NC4as_T4_v3, max_instances: 2")),
        (SIZES, JOB),  # on this machine nothing is rented
        (SIZES, "compute: cluster\n" + JOB),  # a bare name stands for the machine
        (SIZES, PLACE + "compute: cluster\n" + JOB),  # the plan sees it
        ("regions: [westeurope]", PLACE.replace("{name", "{location: West Europe, name") + JOB),
        ("regions: [West Europe]", PLACE.replace("{name", "{location: westeurope, name") + JOB),
        ("regions: [westeurope]", PLACE + "compute: cluster\n" + JOB),  # the plan sees it
        ("tiers: [low_priority]", cluster("size: D4S_V5, max_instances: 2, tier: low_priority")),
        ("tiers: [dedicated]", cluster("size: D4S_V5, max_instances: 2")),
        ("tiers: [low_priority]", "compute: cluster\n" + JOB),
        (IMAGES, image("mcr.microsoft.com/azureml/openmpi:1")),
        (IMAGES, image("python:3.12")),
        (IMAGES, image("docker.io/library/python:3.12@sha256:0")),
        (IMAGES, image("ghcr.io/team/train:1.4")),
        (IMAGES, "job: {command: 'true', environment: {pip: [numpy]}}\n"),  # no image is used here
        (IMAGES, PLACE + "compute: c1x\njob: {command: 'true', environment: {pip: [numpy]}}\n"),
        (REGISTRIES, image("myteam.azurecr.io/a/b:1")),
        (REGISTRIES, image("MyTeam.azurecr.io/a/b:1")),
        (REGISTRIES, image("python")),
        (REGISTRIES, image("team/image")),
        (REGISTRIES, image("index.docker.io/team/image")),
        (REGISTRIES, image("registry.local:5000/image")),
        ("max_instances: 8", cluster("size: D4S_V5, max_instances: 8")),
        ("max_instances: 8", JOB.replace("'true'", "'true', resources: {instance_count: 9}")),
        ("min_instances: 0", cluster("size: D4S_V5, max_instances: 8")),
        ("min_instances: 1", cluster("size: D4S_V5, max_instances: 8, min_instances: 1")),
        (TAGS, "job: {command: 'true', tags: {Team: a, cost-center: b, x: y}}\n"),
        (TAGS, cluster("size: D4S_V5, max_instances: 8, tags: {team: a, cost-center: b}")),
        ("max_timeout: 8h", JOB.replace("'true'", "'true', limits: {timeout: 28800}")),
        ("max_timeout: 1d12h30m5s", JOB.replace("'true'", "'true', limits: {timeout: 131405}")),
        ("max_timeout: 60", JOB.replace("'true'", "'true', limits: {timeout: 60}")),
        ("max_timeout: 8h", cluster("size: D4S_V5, max_instances: 8")),  # no job
        ("max_timeout: 60", SEARCHED + "  limits: {trial_timeout: 60}\n"),
        ("lock: required", JOB),
    ],
)
def test_what_keeps_to_a_rule_is_not_spoken_of(rules: str, spec: str) -> None:
    loaded = judged(spec, rules)
    assert notes(loaded) == []
    assert loaded.broken == ()


@pytest.mark.parametrize(
    ("rules", "spec", "place", "words"),
    [
        (SIZES, cluster("size: D4S_V3, max_instances: 2"), "rule-sizes 3:32", "`STANDARD_D*_V5` and `STANDARD_NC4AS"),
        (
            SIZES,
            "job: {command: 'true', resources: {instance_type: D4S_V3}}\n",
            "rule-sizes 3:51",
            "none of the sizes",
        ),
        (
            "regions: [westeurope, northeurope]",
            PLACE.replace("{name", "{location: eastus, name") + JOB,
            "rule-regions 4:23",
            "allowed: `westeurope` and `northeurope`",
        ),
        (
            "regions: [westeurope]",
            "job: {command: 'true', resources: {locations: [westeurope, eastus]}}\n",
            "rule-regions 3:60",
            "`eastus` is none",
        ),
        ("tiers: [low_priority]", cluster("size: D4S_V5"), "rule-tiers 3:1", "write `tier: low_priority`"),
        ("tiers: [dedicated]", cluster("tier: low_priority"), "rule-tiers 3:32", "write `tier: dedicated`"),
        (
            "tiers: [dedicated]",
            "job: {command: 'true', queue_settings: {job_tier: spot}}\n",
            "rule-tiers 3:51",
            "`job_tier: spot`",
        ),
        (IMAGES, image("pythonx:3"), "rule-images 5:24", "none of the images"),
        (IMAGES, image("ghcr.io/team/train:2.0"), "rule-images 5:24", "`ghcr.io/team/train:1.*`"),
        (IMAGES, image("evil.io/mcr.microsoft.com/azureml/x"), "rule-images 5:24", ""),
        (REGISTRIES, image("mcr.microsoft.com/a"), "rule-registries 5:24", "is of mcr.microsoft.com"),
        (REGISTRIES, image("myteam.azurecr.io.evil.io/a"), "rule-registries 5:24", ""),
        ("registries: [myteam.azurecr.io]", image("myteam/azurecr.io"), "rule-registries 5:24", "is of docker.io"),
        (
            "registries: [myteam.azurecr.io]",
            PLACE + "compute: cluster\njob: {command: 'true', environment: {pip: [a]}}\n",
            "rule-registries 6:24",
            "names no image",
        ),
        (
            "max_instances: 8",
            cluster("size: D4S_V5, max_instances: 9"),
            "rule-max-instances 3:55",
            "write `max_instances: 8`",
        ),
        (
            "max_instances: 1",
            PLACE + "job: {command: 'true', resources: {instance_count: 2}}\n",
            "rule-max-instances 5:52",
            "At most 1 instance is allowed",
        ),
        (
            "min_instances: 0",
            cluster("size: D4S_V5, max_instances: 9, min_instances: 1"),
            "rule-min-instances 3:73",
            "No instance may be always on",
        ),
        (TAGS, "job: {command: 'true', tags: {team: a}}\n", "rule-required-tags 3:24", "no `cost-center`:"),
        (TAGS, "job: {command: 'true', tags: {team: ' ', cost-center: b}}\n", "rule-required-tags 3:24", "no value"),
        (TAGS, cluster("max_instances: 3"), "rule-required-tags 3:1", "in `compute`"),
        ("max_timeout: 8h", JOB, "rule-max-timeout 3:1", "At most 28,800 s (8h) are allowed"),
        (
            "max_timeout: 60",
            SEARCHED + "  limits: {trial_timeout: 90}\n",
            "rule-max-timeout 8:27",
            "and a trial may take 90 s (1m 30s): write `trial_timeout: 60`, or less",
        ),
        (
            "max_timeout: 90m",
            JOB.replace("'true'", "'true', limits: {timeout: 5401}"),
            "rule-max-timeout 3:42",
            "write `limits: {timeout: 5400}`",
        ),
    ],
)
def test_what_breaks_a_rule_is_told_at_its_place_with_the_rule(rules: str, spec: str, place: str, words: str) -> None:
    loaded = judged(spec, rules)
    assert places(loaded.broken) == [place]
    assert words in loaded.broken[0].detail
    assert loaded.broken[0].severity is Severity.ERROR
    assert [str(other) for other in loaded.broken[0].others] == [".specrun.yaml:2:3"]
    assert "The rule is .specrun.yaml:2. An exception" in loaded.broken[0].detail
    assert loaded.ok
    assert places(judged(spec, rules, engine=None).broken) == [place]


@pytest.mark.parametrize(
    ("dockerfile", "of"),
    [
        ("FROM mcr.microsoft.com/a\n", []),
        ("FROM scratch\n", []),
        ("ARG BASE=mcr.microsoft.com/a:1\nFROM --platform=linux/amd64 ${BASE} AS build\nFROM build\n", []),
        ("FROM mcr.microsoft.com/a AS one\nCOPY --from=one /a /a\nCOPY --from=0 /a /a\n", []),
        ("FROM python:3.12\n", ["rule-registries"]),
        ("from \\\n  python\n", ["rule-registries"]),
        ("FROM mcr.microsoft.com/a\nCOPY --from=ghcr.io/tool /a /a\n", ["rule-registries"]),
        ("FROM mcr.microsoft.com/a\nRUN --mount=type=bind,from=ghcr.io/tool true\n", ["rule-registries"]),
        ("# syntax=ghcr.io/frontend\nFROM mcr.microsoft.com/a\n", ["rule-registries"]),
        ("ARG BASE\nFROM ${BASE}\n", ["rule-not-judged"]),
    ],
)
def test_a_dockerfile_is_read_for_what_it_builds_on(dockerfile: str, of: list[str]) -> None:
    Path("docker/Dockerfile").write_text(dockerfile)
    spec = "job:\n  command: 'true'\n  environment: {build: {path: docker}}\n"
    loaded = judged(spec, "registries: [mcr.microsoft.com]")
    assert [*(one.code for one in loaded.broken), *notes(loaded)] == of


@pytest.mark.parametrize(
    ("rules", "spec"),
    [
        (SIZES, PLACE + JOB),
        (IMAGES, PLACE + "compute: c1x\njob: {command: 'true', environment: 'azureml:tf:3'}\n"),
        (REGISTRIES, "job: {command: 'true', environment: {framework: tensorflow, version: '2.3'}}\n"),
    ],
)
def test_what_nobody_can_judge_is_said(rules: str, spec: str) -> None:
    loaded = judged(spec, rules)
    assert notes(loaded) == ["rule-not-judged"]
    assert loaded.broken == ()


# money

PRICES = "prices: {currency: EUR, updated: 2026-11-01, STANDARD_D4S_V5: {dedicated: 0.5, low_priority: 0.1}}"
TIMED = (
    "job: {command: 'true', limits: {timeout: 7200}, resources: {instance_count: 2}, distribution: {type: pytorch}}\n"
)
TWO = cluster("size: D4S_V5, max_instances: 2")
TRIALS = TIMED.replace("'true'", "'true ${{ search_space.x }}'") + SWEEP


@pytest.mark.parametrize(
    ("budget", "spec"),
    [
        ("2", TWO + TIMED),  # 2 instances, 2 hours, 0.5 an hour
        ("2 EUR", TWO + TIMED),
        ("0.4", TWO.replace("}", ", tier: low_priority}") + TIMED),
        ("6", TWO + TRIALS),  # three times as much
        ("1", TWO + TRIALS + "  limits: {trial_timeout: 1200}\n"),
        ("1", TWO + TRIALS.replace("limits: {timeout: 7200}, ", "") + "  limits: {timeout: 3600}\n"),  # one at once
        ("1.5", JOB),  # on this machine nothing is rented
        ("1.5", TWO),  # nothing runs
        ("1.5", PLACE + "compute: cluster\n" + TIMED),  # the plan sees the size
    ],
)
def test_what_a_run_may_cost(budget: str, spec: str) -> None:
    loaded = judged(spec, f"budget_per_run: {budget}", more=PRICES)
    assert (loaded.broken, notes(loaded), loaded.ok) == ((), [], True)


@pytest.mark.parametrize(
    ("spec", "place", "words", "prices"),
    [
        (TWO + TIMED, "4:42", "1.99 EUR at most, and this may cost 2.00 EUR: 2 × D4S_V5 (dedicated) for", PRICES),
        (TWO + TRIALS, "4:64", "6.00 EUR: 2 × D4S_V5 (dedicated), 3 trials for 21,600 s (6h) together", PRICES),
        (TWO + TRIALS + "  limits: {trial_timeout: 7000}\n", "9:11", "3 trials for 21,000 s (5h 50m) together", PRICES),
        (TWO + TRIALS.replace("limits: {timeout: 7200}, ", ""), "4:1", "this is unbounded", PRICES),
        (TWO + JOB, "4:1", "1.99 EUR at most, and this is unbounded", PRICES),
        (TWO.replace("D4S", "D8S") + TIMED, "3:32", "as `D8S_V5: {dedicated: 0.50}`", PRICES),
        (TWO + TIMED, "3:32", "there is no price of D4S_V5 (dedicated)", ""),
        (PLACE + TIMED, "5:1", "write `job.resources.instance_type`", PRICES),
        (PLACE + "compute: cluster\n" + JOB, "6:1", "unbounded", PRICES),
    ],
)
def test_what_costs_more_or_nobody_knows_what_is_too_much(spec: str, place: str, words: str, prices: str) -> None:
    found = judged(spec, "budget_per_run: 1.99", more=prices).broken
    assert places(found) == [f"rule-budget-per-run {place}"]
    assert words.lower() in found[0].detail.lower()


def test_a_budget_in_another_currency_than_the_prices_is_a_mistake() -> None:
    loaded = judged(TWO + TIMED, "budget_per_run: 50 USD", more=PRICES)
    assert [(one.code, str(one.location)) for one in loaded.diagnostics] == [("bad-value", ".specrun.yaml:2:19")]


# plans


def test_a_plan_is_refused_shown_and_says_what_is_excepted(capsys: pytest.CaptureFixture[str]) -> None:
    judged(BIG + JOB, exception("digits", "2099-06-01") + "  min_instances: 0\n  targets: {prod: {lock: required}}\n")
    assert run(["plan", "job.yaml", "-o", "markdown"]) == 0
    assert "the yearly retraining" in capsys.readouterr().out
    Path("job.yaml").write_text(HEAD + BIG.replace("}}", "}, min_instances: 1}") + JOB)
    assert run(["plan", "job.yaml", "-o", "json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in told["refusals"]] == ["rule-min-instances"]
    assert not told["applyable"]
    assert len(told["resource_changes"]) == 2
    assert run(["apply", "job.yaml"]) == 4
    assert not list(Path(".specrun").glob("runs/*"))
    Path("wrong.yaml").write_text(HEAD.replace("digits", "b") + "job: {}\n")
    for verb in ("validate", "plan", "apply"):
        assert run([verb, "job.yaml", "wrong.yaml"]) == 65
        assert "error[rule-min-instances]" in "".join(capsys.readouterr())


def test_a_lock_may_be_wanted_for_one_target_alone() -> None:
    spec = BIG + "targets: {dev: {}, prod: {}}\n"
    judged(spec, "targets: {prod: {lock: required}}")
    for target in ("dev", "prod"):
        (found,) = load(["job.yaml"], target=target).specs
        rules = RepositoryFiles().of("job.yaml").rules
        assert rules is not None
        assert rules.want_locks(found.target) is (target == "prod")


def test_a_repository_without_rules_reads_nothing_of_them() -> None:
    loaded = "import sys; from specrun.cli.main import run; run(['validate', 'job.yaml']); print(*sys.modules)"
    Path("job.yaml").write_text(HEAD + TWO)
    said = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout
    assert "specrun.spec.repository_file" in said
    assert "repository_rules" not in said
    assert "specrun.spec.elsewhere" not in said


GPU: dict[str, object] = {"size": "STANDARD_D4S_V5", "tier": "dedicated", "min_instances": 1, "max_instances": 4}
WEST: dict[str, object] = {"location": "westeurope"}


@pytest.mark.parametrize(
    ("rules", "spec", "seen", "found"),
    [
        ("sizes: [D*_V3]", "compute: gpu\n", Seen(GPU, WEST), ["rule-sizes 5:1"]),
        ("sizes: [D*_V5]", "compute: gpu\n", Seen(GPU, WEST), []),
        ("sizes: [D*_V5]", "compute: gpu\n", Seen({}, WEST), ["rule-not-judged 5:1"]),  # a cluster of Kubernetes
        ("regions: [northeurope]", "compute: gpu\n", Seen(GPU, WEST), ["rule-regions 4:1"]),
        ("regions: [West Europe]", "compute: gpu\n", Seen(GPU, WEST), []),
        ("regions: [westeurope]", "compute: gpu\n", Seen(GPU), ["rule-not-judged 4:1"]),
        ("tiers: [low_priority]", "compute: gpu\n", Seen(GPU), ["rule-tiers 5:1"]),
        ("max_instances: 1", "compute: gpu\n", Seen(GPU), []),  # it is somebody else's
        ("max_instances: 1", "compute: {name: gpu}\n", Seen(GPU), ["rule-max-instances 5:1"]),
        ("min_instances: 0", "compute: {name: gpu}\n", Seen(GPU), ["rule-min-instances 5:1"]),
        ("min_instances: 0", "compute: {name: gpu}\n", Seen(), []),
        ("budget_per_run: 1.99", "compute: gpu\n", Seen(GPU), ["rule-budget-per-run 6:42"]),
        ("budget_per_run: 2", "compute: gpu\n", Seen(GPU), []),
        ("budget_per_run: 2", "compute: gpu\n", Seen({}), ["rule-budget-per-run 6:1"]),  # nobody knows
        ("max_timeout: 1h", "compute: gpu\n", Seen(GPU), []),  # which is said of the spec already
    ],
)
def test_a_plan_judges_what_the_spec_does_not_say(rules: str, spec: str, seen: Seen, found: list[str]) -> None:
    judged(PLACE + spec + TIMED, rules, more=PRICES)
    (one,) = load(["job.yaml"]).specs
    repository = RepositoryFiles().of("job.yaml")
    assert repository.rules is not None
    verdict = judged_by_plan(Case(one, "azureml", repository.prices, seen), repository.rules, TODAY)
    assert places((*verdict.broken, *verdict.notes)) == found
