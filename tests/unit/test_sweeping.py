"""What a plan says of a sweep: how many trials there are, and how many of them are there already."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.base import EngineError
from specrun.plan.changes import Action, Plan
from specrun.plan.comparison import differences
from specrun.plan.fingerprint import fingerprint
from specrun.plan.observed import Loss, Run, RunStatus
from specrun.plan.sampling import draws
from specrun.plan.shown import shown
from specrun.plan.shown_again import shown_again
from specrun.plan.sweeping import TrialCounts, fingerprints
from specrun.plan.trials import STOPPED_EARLY, Trial, identity_of_trial
from specrun.spec.sweep import Objective
from specrun.views.data import plan_data
from specrun.views.markdown import plan_markdown
from specrun.views.plan_text import plan_text
from specrun.views.text import Paint
from specrun.views.trials import planned_text
from tests.engine_double import Double, change_of, plan_for, read_specs, write_spec
from tests.unit.test_saved import content_of as saved

GRID = """\
name: digits
job: {code: src, command: 'python train.py ${{ search_space.lr }} ${{ search_space.units }}'}
sweep:
  sampling_algorithm: grid
  search_space:
    lr: {type: choice, values: [0.1, 0.01]}
    units: {type: choice, values: [16, 32, 64]}
  objective: {goal: maximize, primary_metric: accuracy}
  early_termination: {type: median_stopping}
"""
EARLY = "  early_termination: {type: median_stopping}\n"
RANDOM = (
    GRID.replace("grid", "random")
    .replace("units }}", "units }} ${{ search_space.x }}")
    .replace("[0.1, 0.01]}", "[0.1, 0.01]}\n    x: {type: uniform, min_value: 0, max_value: 1}")
)
BAYESIAN = RANDOM.replace("random", "bayesian").replace(EARLY, "")
OBJECTIVE = Objective("maximize", "accuracy")


@dataclass
class Sweeps:
    """Trials by their sweep, and the runs that there are by fingerprint. `asked` is what was looked up."""

    of: dict[str, Sequence[Trial]] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)
    fault: EngineError | None = None

    def trials(self, name: str) -> Sequence[Trial]:
        self.asked.append((name, 0))
        if self.fault is not None:
            raise self.fault
        return self.of[name]

    def there(self, spec: str, fingerprints: Collection[str]) -> Mapping[str, Run]:
        self.asked.append((spec, len(fingerprints)))
        if self.fault is not None:
            raise self.fault
        return {digest: self.runs[digest] for digest in fingerprints if digest in self.runs}


def planned(folder: Path, text: str, engine: Double | None = None, **options: object) -> Plan:
    path = write_spec(folder, text, src__train_py="pass\n")
    return plan_for(engine or double(), read_specs(path), folder / "home", **options)


def double(sweeps: Sweeps | None = None, **fields: Any) -> Double:
    engine = Double(**fields)
    engine.sweeps = sweeps or Sweeps()
    return engine


def trial_runs(plan: Plan, *ends: tuple[RunStatus, str]) -> dict[str, Run]:
    """Runs with these ends of the first trials of a plan's sweep."""
    submission = change_of(plan, "run/digits").submission
    digests = fingerprints(submission.content, draws(submission.sweep))
    return {
        digest: Run(f"digits-{digest[:10]}", "digits", digest, 1, status, reason)
        for digest, (status, reason) in zip(digests, ends, strict=False)
    }


ENDS = [
    (RunStatus.SUCCEEDED, ""),
    (RunStatus.RUNNING, ""),
    (RunStatus.FAILED, "exit status 1"),
    (RunStatus.CANCELLED, f"{STOPPED_EARLY}: bandit"),
]


def test_the_fingerprints_are_those_of_plain_runs(tmp_path: Path) -> None:
    submission = change_of(planned(tmp_path / "sweep", GRID), "run/digits").submission
    found = list(fingerprints(submission.content, draws(submission.sweep)))
    assert found == [fingerprint(identity_of_trial(submission.content, one)) for one in draws(submission.sweep)]
    plain = "name: plain\njob: {code: src, command: python train.py 0.1 32}\n"
    assert found[1] == change_of(planned(tmp_path / "plain", plain), "run/plain").submission.fingerprint


def test_a_sweep_is_one_run_and_says_how_many_trials_it_has(tmp_path: Path) -> None:
    engine = double(Sweeps())
    plan = planned(tmp_path, GRID, engine, max_runs=1)
    change = change_of(plan, "run/digits")
    assert plan.refusals == ()
    assert change.action is Action.SUBMIT
    assert change.trials == TrialCounts(6, 6)
    assert engine.sweeps.asked == [("digits", 6)], "one look for all trials"  # type: ignore[union-attr]


def test_trials_that_are_there_are_not_to_be_run(tmp_path: Path) -> None:
    sweeps = Sweeps(runs=trial_runs(planned(tmp_path, GRID), *ENDS))
    plan = planned(tmp_path, GRID, double(sweeps))
    assert change_of(plan, "run/digits").trials == TrialCounts(6, 2, there=3, running=1, failed=1)
    patient = planned(tmp_path, GRID.replace(EARLY, ""), double(sweeps))
    assert change_of(patient, "run/digits").trials == TrialCounts(6, 3, there=2, running=1, failed=1)
    wider = planned(tmp_path, GRID.replace("64]", "64, 128]"), double(sweeps))
    assert change_of(wider, "run/digits").trials == TrialCounts(8, 4, there=3, running=1, failed=1)


def test_rerun_runs_what_failed_again_and_nothing_that_has_succeeded(tmp_path: Path) -> None:
    first = planned(tmp_path, GRID)
    submission = change_of(first, "run/digits").submission
    ended = Run(submission.name, "digits", submission.fingerprint, 1, RunStatus.SUCCEEDED, objective=OBJECTIVE)
    engine = double(Sweeps(runs=trial_runs(first, *ENDS)), all_runs=[ended])
    assert change_of(planned(tmp_path, GRID, engine), "run/digits").action is Action.NO_OP
    assert engine.sweeps.asked == [], "where nothing is to be done, nothing is looked up"  # type: ignore[union-attr]
    change = change_of(planned(tmp_path, GRID, engine, rerun=True), "run/digits")
    assert change.trials == TrialCounts(6, 3, there=3, running=1, failed=1)
    assert change.submission.rerun
    assert change.submission.attempt == 2


def test_a_sweep_that_ended_at_a_limit_says_what_is_missing(tmp_path: Path) -> None:
    submission = change_of(planned(tmp_path, GRID), "run/digits").submission
    why = "4 of 6 trials ran (limits.timeout): --rerun runs what is missing"
    ended = Run(submission.name, "digits", submission.fingerprint, 1, RunStatus.SUCCEEDED, why, objective=OBJECTIVE)
    plan = planned(tmp_path, GRID, double(all_runs=[ended]))
    assert change_of(plan, "run/digits").reason == f"{submission.name} has succeeded for exactly this: {why}"


def test_random_trials_are_those_that_are_drawn(tmp_path: Path) -> None:
    text = RANDOM + "  limits: {max_total_trials: 10}\n"
    sweeps = Sweeps(runs=trial_runs(planned(tmp_path, text), *ENDS))
    assert change_of(planned(tmp_path, text, double(sweeps)), "run/digits").trials.there == 3
    seeded = planned(tmp_path, text.replace("random", "random\n  seed: 7"), double(sweeps))
    assert change_of(seeded, "run/digits").trials == TrialCounts(10, 10)


def test_bayesian_trials_are_those_of_earlier_attempts(tmp_path: Path) -> None:
    text = BAYESIAN + "  limits: {max_total_trials: 10}\n"
    submission = change_of(planned(tmp_path, text), "run/digits").submission
    assert change_of(planned(tmp_path, text), "run/digits").trials == TrialCounts(10, 10)
    lost = Run(submission.name, "digits", submission.fingerprint, 1, RunStatus.LOST, objective=OBJECTIVE)
    trials = [Trial(number, {}, f"t{number}", status, reason=why) for number, (status, why) in enumerate(ENDS)]
    plan = planned(tmp_path, text, double(Sweeps({lost.name: trials}), all_runs=[lost]))
    counts = change_of(plan, "run/digits").trials
    assert counts == TrialCounts(10, 7, there=2, running=1, failed=1), "it stops none early: one that was is run"


def test_a_sweep_that_was_lost_does_not_begin_anew(tmp_path: Path) -> None:
    submission = change_of(planned(tmp_path, GRID), "run/digits").submission
    lost = Run(submission.name, "digits", submission.fingerprint, 1, RunStatus.LOST, loss=Loss.PREEMPTED)
    for takes_trials, notes in ((True, []), (False, ["begins-anew"])):
        plan = planned(tmp_path, GRID, double(all_runs=[lost], takes_trials=takes_trials))
        assert change_of(plan, "run/digits").submission.attempt == 2
        assert [note.code for note in plan.notes] == notes


def service(folder: Path, before: str, trials: Sequence[Trial], **fields: Any) -> Double:
    """A service that has run a sweep, with these trials."""
    submission = change_of(planned(folder, before), "run/digits").submission
    ended = Run(submission.name, "digits", submission.fingerprint, 1, RunStatus.SUCCEEDED, objective=OBJECTIVE)
    engine = double(Sweeps({ended.name: trials}, **fields), all_runs=[ended], takes_trials=False)
    engine.identities[ended.name] = submission.identity
    return engine


DONE = [
    Trial(0, {"lr": 0.1, "units": 16}, status=RunStatus.SUCCEEDED, value=0.5),
    Trial(1, {"lr": "0.01", "units": "32"}, status=RunStatus.SUCCEEDED, value=0.6),  # a service may say all as text
    Trial(2, {"lr": 0.1, "units": 64}, status=RunStatus.SUCCEEDED, value=0.7),
    Trial(3, {"lr": 0.01, "units": 16}, status=RunStatus.FAILED),
]


def test_a_service_runs_again_what_has_succeeded(tmp_path: Path) -> None:
    changed = GRID.replace("[16, 32, 64]", "[16, 32]")
    engine = service(tmp_path, GRID, DONE)
    counts = change_of(planned(tmp_path, changed, engine), "run/digits").trials
    assert counts == TrialCounts(4, 4, again=2)
    assert engine.sweeps.asked == [(engine.all_runs[0].name, 0)], "one look at the sweep before"  # type: ignore[union-attr]
    said = "4 trials, of which 2 have succeeded before and will be run again by the service"
    assert planned_text(counts) == said


def test_what_another_job_has_done_is_not_run_again(tmp_path: Path) -> None:
    engine = service(tmp_path, GRID, DONE)
    other = change_of(planned(tmp_path, GRID.replace("train.py", "train.py --fast"), engine), "run/digits")
    assert other.trials == TrialCounts(6, 6)
    assert engine.sweeps.asked == []  # type: ignore[union-attr]


def test_a_first_sweep_on_a_service_asks_nothing(tmp_path: Path) -> None:
    engine = double(takes_trials=False)
    assert change_of(planned(tmp_path, GRID, engine), "run/digits").trials == TrialCounts(6, 6)
    assert engine.sweeps.asked == []  # type: ignore[union-attr]


def test_trials_that_cannot_be_read_are_told_of(tmp_path: Path) -> None:
    engine = service(tmp_path, GRID, DONE, fault=EngineError("no answer"))
    counts = change_of(planned(tmp_path, GRID.replace(", 64", ""), engine), "run/digits").trials
    assert planned_text(counts) == "4 trials; whether any has been run before could not be read: no answer"


def test_where_runs_cannot_be_read_nothing_is_planned(tmp_path: Path) -> None:
    plan = planned(tmp_path, GRID, double(Sweeps(fault=EngineError("no answer"))))
    assert [list(errors.values()) for errors in plan.unseen.values()] == [["no answer"]]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (TrialCounts(1, 1), "1 trial"),
        (TrialCounts(20, 20), "20 trials"),
        (TrialCounts(20, 8, there=12), "20 trials, 12 are there already, 8 to run"),
        (TrialCounts(20, 19, there=1, running=1), "20 trials, 1 is there already (1 of them runs now), 19 to run"),
        (TrialCounts(20, 0, there=20), "20 trials, all are there already, none to run"),
        (
            TrialCounts(20, 6, there=12, failed=2),
            "20 trials, 12 are there already, 2 failed before and are not run again without --rerun, 6 to run",
        ),
        (TrialCounts(20, 8, 12, failed=2), "20 trials, 12 are there already, 8 to run (2 of them failed before)"),
        (
            TrialCounts(20, 20, again=1),
            "20 trials, of which 1 has succeeded before and will be run again by the service",
        ),
    ],
)
def test_in_words(counts: TrialCounts, said: str) -> None:
    assert planned_text(counts) == said


def test_all_views_say_it(tmp_path: Path) -> None:
    sweeps = Sweeps(runs=trial_runs(planned(tmp_path, GRID), *ENDS))
    plan = planned(tmp_path, GRID, double(sweeps))
    line = "sweep: 6 trials, 3 are there already (1 of them runs now), 1 failed before"
    assert f"      {line}" in plan_text(plan, Paint(False), 200)
    assert max(map(len, plan_text(plan, Paint(False), 80).splitlines())) <= 80
    assert line in plan_markdown(plan)
    (change,) = plan_data(plan)["resource_changes"]  # type: ignore[misc]
    assert {"trials": 6, "there": 3, "to_run": 2}.items() <= change["run"]["sweep"].items()


def test_what_changed_is_told_value_by_value(tmp_path: Path) -> None:
    before = change_of(planned(tmp_path, GRID), "run/digits").submission
    ended = Run(before.name, "digits", before.fingerprint, 1, RunStatus.SUCCEEDED, objective=OBJECTIVE)
    engine = double(all_runs=[ended], identities={ended.name: before.identity})
    plan = planned(tmp_path, GRID.replace("0.1, 0.01", "0.1").replace("maximize", "minimize"), engine)
    told = ("search_space.lr.values 0.1, 0.01 → 0.1", "goal maximize → minimize", "max_total_trials 6 → 3")
    assert change_of(plan, "run/digits").differences == tuple(f"sweep: {line}" for line in told)
    assert "\n- sweep.search_space.lr.values: 0.1, 0.01\n+ sweep.search_space.lr.values: 0.1\n" in plan_markdown(plan)


def test_a_saved_plan_has_it_and_does_not_run_more_than_it_says(tmp_path: Path) -> None:
    first = planned(tmp_path, GRID)
    found = trial_runs(first, *ENDS)
    before, after = planned(tmp_path, GRID, double(Sweeps(runs=found))), saved(first)
    again = shown_again(saved(before))
    assert [one.run.trials for one in again.changes if one.run] == [
        one.run.trials for one in shown(before).changes if one.run
    ]
    assert differences(after, saved(before)) == [], "what has been done since is no difference"
    (said,) = differences(saved(before), after)
    assert "2 of its trials were to be run, and now 6 would be" in said


PRICED = GRID + "compute: {name: cpu, size: STANDARD_D4S_V3, max_instances: 6}\n"


@pytest.mark.parametrize(
    ("limits", "job", "seconds", "at_once"),
    [
        ("", "", None, 3),
        ("trial_timeout: 600", "", 3600, 3),
        ("", "timeout: 600", 3600, 3),
        ("trial_timeout: 600", "timeout: 60", 3600, 3),
        ("max_concurrent_trials: 2", "timeout: 600", 3600, 2),
        ("max_concurrent_trials: 9", "timeout: 600", 3600, 3),
        ("max_concurrent_trials: 2, timeout: 900", "timeout: 600", 1800, 2),
        ("max_concurrent_trials: 2, timeout: 900", "", 1800, 2),
        ("max_total_trials: 2, timeout: 900", "", 1800, 2),
    ],
)
def test_it_costs_what_its_trials_do(tmp_path: Path, limits: str, job: str, seconds: int | None, at_once: int) -> None:
    text = PRICED.replace("job: {", f"job: {{resources: {{instance_count: 2}}, limits: {{{job}}}, ")
    text = text.replace("compute:", f"  limits: {{{limits}}}\ncompute:")
    (tmp_path / ".specrun.yaml").write_text(
        "prices: {currency: EUR, updated: 2026-11-01, STANDARD_D4S_V3: {dedicated: 0.5}}\n"
    )
    plan = planned(tmp_path, text)
    (cost,) = plan.costs.runs.values()
    assert (cost.seconds, cost.at_once) == (seconds, at_once)
    assert cost.at_most == (None if seconds is None else Decimal(seconds * 2) / 3600 * Decimal("0.5"))
    assert cost.per_hour == Decimal("0.5") * 2 * at_once
    assert [one.run.cost for one in shown_again(saved(plan)).changes if one.run is not None] == [cost]


def test_what_is_there_costs_nothing_more(tmp_path: Path) -> None:
    text = PRICED + "  # no timeout\n"
    (tmp_path / ".specrun.yaml").write_text(
        "prices: {currency: EUR, updated: 2026-11-01, STANDARD_D4S_V3: {dedicated: 0.5}}\n"
    )
    succeeded = [(RunStatus.SUCCEEDED, "")] * 6
    plan = planned(tmp_path, text, double(Sweeps(runs=trial_runs(planned(tmp_path, text), *succeeded))))
    (cost,) = plan.costs.runs.values()
    assert (cost.trials, cost.at_most) == (0, 0)


def test_a_run_that_a_sweep_did_is_followed_by_a_plain_one(tmp_path: Path) -> None:
    plain = "name: digits\njob: {code: src, command: python train.py 0.1 32}\n"
    submission = change_of(planned(tmp_path, plain), "run/digits").submission
    trial = Run(submission.name, "digits", submission.fingerprint, 1, RunStatus.SUCCEEDED, parent="digits-0123456789")
    change = change_of(planned(tmp_path, plain, double(all_runs=[trial])), "run/digits")
    assert change.action is Action.NO_OP
    assert change.reason == f"{trial.name} has succeeded for exactly this, as a trial of digits-0123456789"
