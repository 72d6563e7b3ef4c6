"""A spec's sweep as the SDK submits one: the service samples, and runs the trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specrun.spec.expressions import scalar_text
from specrun.spec.model import Job, Scalar
from specrun.spec.sweep import RANDOM, Parameter, Sweep

SHORTEST = 60
"""Seconds: the SDK sends as many where a limit is shorter, which the service would take for 60 days."""

MOST_TRIALS = 1_000
"""What the service takes at most, at once and in all."""


def sweep_of(sweep: Sweep, job: Job, shared: Mapping[str, Any], trial: Mapping[str, Any], resources: Any) -> Any:
    """The SDK's SweepJob. `shared` is what any job says of itself, `trial` what each trial runs.

    What the trials take stands beside the trial: the service copies it in. Raises the SDK's errors.
    """
    from azure.ai.ml import sweep as sdk
    from azure.ai.ml.entities import CommandJob

    return sdk.SweepJob(
        **shared,
        trial=CommandJob(**trial),
        resources=resources,
        sampling_algorithm=_sampling(sweep),
        search_space={name: _distribution(parameter) for name, parameter in sweep.search_space.items()},
        objective=sdk.Objective(goal=sweep.objective.goal, primary_metric=sweep.objective.primary_metric),
        early_termination=_policy(sweep.early_termination),
        limits=sdk.SweepJobLimits(
            # Where nothing is said, too: the service's own number is not what the plan says.
            max_total_trials=sweep.most_trials,
            max_concurrent_trials=sweep.max_concurrent_trials,
            timeout=sweep.timeout,
            trial_timeout=trial_timeout(sweep, job),
        ),
    )


def trial_timeout(sweep: Sweep, job: Job) -> int | None:
    """After how many seconds a trial is ended."""
    return sweep.trial_timeout if sweep.trial_timeout is not None else job.timeout


def _sampling(sweep: Sweep) -> Any:
    from azure.ai.ml.sweep import BayesianSamplingAlgorithm, GridSamplingAlgorithm, RandomSamplingAlgorithm

    if sweep.sampling_algorithm == RANDOM:
        return RandomSamplingAlgorithm(rule=sweep.rule, seed=sweep.seed, logbase=sweep.logbase)
    return GridSamplingAlgorithm() if sweep.sampling_algorithm == "grid" else BayesianSamplingAlgorithm()


def _distribution(parameter: Parameter) -> Any:
    from azure.ai.ml import sweep as sdk

    known = {
        "choice": sdk.Choice,
        "randint": sdk.Randint,
        "uniform": sdk.Uniform,
        "quniform": sdk.QUniform,
        "loguniform": sdk.LogUniform,
        "qloguniform": sdk.QLogUniform,
        "normal": sdk.Normal,
        "qnormal": sdk.QNormal,
        "lognormal": sdk.LogNormal,
        "qlognormal": sdk.QLogNormal,
    }
    words = {name: value for name, value in parameter.items() if name != "type"}
    if "values" in words:
        words["values"] = [_choice(value) for value in words["values"]]
    return known[parameter["type"]](**words)


def _choice(value: Scalar) -> Scalar:
    """A value to choose, so that a trial gets it as a spec spells it: Python and C# spell true and null otherwise."""
    return scalar_text(value) if value is None or isinstance(value, bool) else value


def _policy(policy: Parameter | None) -> Any:
    from azure.ai.ml import sweep as sdk

    if policy is None:
        return None
    known = {
        "bandit": sdk.BanditPolicy,
        "median_stopping": sdk.MedianStoppingPolicy,
        "truncation_selection": sdk.TruncationSelectionPolicy,
    }
    # What a spec leaves out, where the SDK's own default is another: an interval of 0, and both slacks.
    words = {"evaluation_interval": 1, "delay_evaluation": 0, **policy}
    if policy["type"] == "bandit":
        words = {"slack_factor": None, "slack_amount": None, **words}
    return known[str(words.pop("type"))](**words)
