"""Bayesian sampling with the real Optuna: what it tries, what it learns, and what of it is the same again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from specrun.engines.local.sweeps.proposals import CannotPropose, Proposals, proposals
from specrun.plan.observed import RunStatus
from specrun.plan.sampling import is_within
from specrun.plan.trials import STOPPED_EARLY, Trial, best
from specrun.spec.expressions import scalar_text
from specrun.spec.sweep import Objective, Sweep
from tests.engine_double import read_specs, write_spec
from tests.local.machine import Machine

SPACE: Mapping[str, Mapping[str, Any]] = {
    "lr": {"type": "uniform", "min_value": -2, "max_value": 3.0},
    "drop": {"type": "quniform", "min_value": 0.1, "max_value": 0.7, "q": 0.1},
    "act": {"type": "choice", "values": ["relu", True, "true", 1, 0.5]},
}
SWEEP = Sweep("bayesian", SPACE, Objective("minimize", "loss"), seed=7, max_total_trials=30)
SMALL = replace(
    SWEEP, search_space={"a": {"type": "choice", "values": [1, 2, 3, 4]}, "b": {"type": "randint", "upper": 4}}
)


def loss(values: Mapping[str, Any]) -> float:
    return (values["lr"] - 1) ** 2 + abs(values["drop"] - 0.3) + (values["act"] != "relu")


def ended(number: int, values: Mapping[str, Any], value: float | None, **others: Any) -> Trial:
    return Trial(number, values, f"job-{number:010}", others.pop("status", RunStatus.SUCCEEDED), value, **others)


def one_by_one(ahead: Proposals, count: int | None = None, of: Any = loss) -> list[Trial]:
    """Trials tried one after another, as many or all of them."""
    found: list[Trial] = []
    while not ahead.done and len(found) != count:
        values = ahead.next()
        if values is None:
            break
        found.append(ended(len(found), values, of(values)))
        ahead.tell(found[-1])
    return found


def spelled(trials: Sequence[Trial]) -> list[tuple[str, ...]]:
    return [tuple(scalar_text(value) for _, value in sorted(trial.parameters.items())) for trial in trials]


def test_what_is_tried_is_of_the_space_and_none_twice() -> None:
    trials = one_by_one(proposals(SWEEP, ()))
    assert len(trials) == len(set(spelled(trials))) == 30
    for trial in trials:
        assert trial.parameters.keys() == SPACE.keys()
        assert all(is_within(SPACE[name], value) for name, value in trial.parameters.items())
    assert {str(trial.parameters["drop"]) for trial in trials} <= {"0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"}


def test_it_learns() -> None:
    """The last ten are better than the first ten, which are drawn by chance."""
    values = [trial.value or 0.0 for trial in one_by_one(proposals(SWEEP, ()))]
    assert sum(values[-10:]) < 0.5 * sum(values[:10])
    worse = replace(SWEEP, objective=Objective("maximize", "loss"))
    values = [trial.value or 0.0 for trial in one_by_one(proposals(worse, ()))]
    assert sum(values[-10:]) > 1.5 * sum(values[:10])


def test_one_after_another_they_are_the_same_again_by_the_seed() -> None:
    first, again = (spelled(one_by_one(proposals(SWEEP, ()), 15)) for _ in range(2))
    assert first == again
    assert spelled(one_by_one(proposals(replace(SWEEP, seed=8), ()), 3)) != first[:3]
    unseeded = replace(SWEEP, seed=None)
    assert spelled(one_by_one(proposals(unseeded, ()), 3)) == spelled(
        one_by_one(proposals(replace(SWEEP, seed=0), ()), 3)
    )
    widened = replace(SWEEP, max_total_trials=40)
    assert spelled(one_by_one(proposals(widened, ()), 15)) == first


def product_of(values: Mapping[str, Any]) -> float:
    return float(values["a"] * values["b"])


@pytest.mark.parametrize(("sweep", "value", "known"), [(SWEEP, loss, 1), (SWEEP, loss, 12), (SMALL, product_of, 13)])
def test_another_attempt_goes_on_as_the_one_before_would_have(sweep: Sweep, value: Any, known: int) -> None:
    whole = one_by_one(proposals(sweep, ()), of=value)
    assert spelled(one_by_one(proposals(sweep, whole[:known]), of=value)) == spelled(whole)


def test_what_another_attempt_has_left_comes_first_and_what_is_none_of_the_space_does_not() -> None:
    before = one_by_one(proposals(replace(SWEEP, seed=99), ()), 3)
    lost = replace(before[1], status=RunStatus.LOST, value=None)
    strange = [ended(3, {"lr": 9.0, "drop": 0.1, "act": 1}, 1.0), ended(4, {"lr": 1.0}, 1.0)]
    ahead = proposals(SWEEP, [before[0], lost, before[0], *strange, before[2]])
    assert [ahead.next() for _ in range(3)] == [trial.parameters for trial in before]
    following = ahead.next()
    assert following is not None
    assert following not in [trial.parameters for trial in (*before, *strange)]


def test_several_at_once_are_different_and_each_is_told_when_it_has_ended() -> None:
    ahead = proposals(SWEEP, ())
    sets = [ahead.next() for _ in range(30)]
    assert ahead.done
    assert ahead.next() is None
    trials = [ended(number, values, loss(values)) for number, values in enumerate(sets) if values is not None]
    assert len(set(spelled(trials))) == 30
    for trial in reversed(trials):
        ahead.tell(trial)
        ahead.tell(trial)  # told again, it changes nothing
    ahead.tell(ended(99, {"lr": 0.0, "drop": 0.1, "act": 1}, 1.0))  # nobody has asked for it


def test_a_small_space_is_tried_whole() -> None:
    trials = one_by_one(proposals(SMALL, ()), of=product_of)
    assert sorted(spelled(trials)) == [(a, b) for a in "1234" for b in "0123"]
    at_once = proposals(SMALL, ())
    sets = [at_once.next() for _ in range(16)]
    assert len({tuple(sorted((values or {}).items())) for values in sets}) == 16
    assert at_once.done


def test_a_space_of_one_point_that_nobody_can_count_ends() -> None:
    point = replace(SWEEP, search_space={"lr": {"type": "uniform", "min_value": 1, "max_value": 1}})
    trials = one_by_one(proposals(point, ()), of=lambda values: 1.0)
    assert [trial.parameters for trial in trials] == [{"lr": 1.0}]


@pytest.mark.parametrize("number", [nan, inf, -inf])
def test_what_is_no_number_teaches_as_little_as_a_failure(number: float) -> None:
    def tried(end: Mapping[str, Any]) -> list[tuple[str, ...]]:
        ahead, found = proposals(SWEEP, ()), list[Trial]()
        for count in range(18):
            values = ahead.next()
            assert values is not None
            found.append(ended(count, values, loss(values)) if count % 3 else ended(count, values, **end))
            ahead.tell(found[-1])
        return spelled(found)

    assert tried({"value": number}) == tried({"value": None, "status": RunStatus.FAILED})


def test_whatever_trials_end_with_others_follow() -> None:
    ahead = proposals(SWEEP, ())
    ends: list[dict[str, Any]] = [
        {"value": nan},
        {"value": inf},
        {"value": None, "status": RunStatus.FAILED, "reason": "exit 1"},
        {"value": None, "status": RunStatus.LOST},
        {"value": 0.1, "status": RunStatus.CANCELLED, "reason": f"{STOPPED_EARLY} (bandit)"},
        {"value": 0.1, "status": RunStatus.CANCELLED, "reason": "cancelled"},
    ]
    for number in range(24):
        values = ahead.next()
        assert values is not None
        ahead.tell(ended(number, values, **ends[number % len(ends)]))


def test_what_it_cannot_sample_is_told() -> None:
    space = {"lr": {"type": "loguniform", "min_value": -9, "max_value": -1}}
    with pytest.raises(CannotPropose, match="choice, uniform and quniform alone, and lr is loguniform"):
        proposals(replace(SWEEP, search_space=space), ())


def test_without_optuna_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(CannotPropose, match=r"bayesian sampling needs Optuna, which .* cannot import"):
        proposals(SWEEP, ())


def test_a_failure_of_optunas_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = proposals(SWEEP, ())
    monkeypatch.setattr("optuna.samplers.TPESampler", None)
    with pytest.raises(CannotPropose, match="Optuna could not suggest a trial: TypeError"):
        ahead.next()


def test_a_supervisor_finds_optuna_where_the_interpreter_has_its_packages() -> None:
    """It is started without them, with nothing but specrun on its path; and nothing is printed."""
    code = (
        "from specrun.engines.local.sweeps.proposals import proposals\n"
        "from specrun.spec.sweep import Objective, Sweep\n"
        "space = {'a': {'type': 'choice', 'values': [1, 2]}}\n"
        "ahead = proposals(Sweep('bayesian', space, Objective('minimize', 'loss')), ())\n"
        "print(sorted(ahead.next()['a'] for _ in range(2)), ahead.done)\n"
    )
    package = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-S", "-s", "-c", code],
        env={"PYTHONPATH": package},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("[1, 2] True\n", "", 0)


def test_a_sweep_here_is_bayesian(tmp_path: Path, machine: Machine) -> None:
    """In a supervisor, which is started without packages; and an attempt at it again takes what there is."""
    text = """name: tune
job:
  command: |
    store="${MLFLOW_TRACKING_URI#file://}/0/a1" && mkdir -p "$store/metrics"
    echo "start_time: 1" > "$store/meta.yaml"
    echo "1000 ${{ search_space.a }}.${{ search_space.b }} 0" > "$store/metrics/loss"
sweep:
  sampling_algorithm: bayesian
  search_space: {a: {type: choice, values: [1, 2]}, b: {type: quniform, min_value: 0, max_value: 2, q: 1}}
  objective: {goal: minimize, primary_metric: loss}
  limits: {max_concurrent_trials: 2}
"""
    (spec,) = read_specs(write_spec(tmp_path / "spec", text), engine="local")
    (run,) = machine.apply(spec).ended
    trials = machine.engine.sweeps.trials(run.name) if machine.engine.sweeps else ()
    assert (run.status, run.most_trials, run.objective) == (RunStatus.SUCCEEDED, 6, Objective("minimize", "loss"))
    assert sorted(spelled(trials)) == [(a, b) for a in "12" for b in "012"]
    found = best(trials, Objective("minimize", "loss"))
    assert found is not None
    assert (found.parameters, found.value) == ({"a": 1, "b": 0}, 1.0)
    assert [one.name for one in machine.engine.runs.list().runs] == [run.name]
    assert {machine.engine.runs.get(trial.run).parent for trial in trials} == {run.name}
    assert {log.read_text() for log in (machine.home / "runs").glob("*/supervisor.log")} == {""}, "one thread forks"
    machine.destroy(spec, "run")
    assert list((machine.home / "runs").iterdir()) == []
