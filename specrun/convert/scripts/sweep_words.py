"""What the SDKs call a sweep and its parts: calls with their parameters in order, and what a file has in `type`."""

from __future__ import annotations

from collections.abc import Mapping

HYPERDRIVE = ("HyperDriveConfig", "HyperDriveRunConfig")
SWEEPS = ("sweep", "v2:SweepJob", *HYPERDRIVE)
"""What makes a sweep of a job."""

OTHER_INPUTS = "with_inputs"
"""`job(lr=…)`: a job of SDK v2 with other inputs."""

_BETWEEN, _AROUND = "min_value max_value", "mu sigma"
DISTRIBUTIONS: Mapping[str, str] = {
    "choice": "",
    "randint": "upper",
    **dict.fromkeys(("uniform", "loguniform"), _BETWEEN),
    **dict.fromkeys(("quniform", "qloguniform"), f"{_BETWEEN} q"),
    **dict.fromkeys(("normal", "lognormal"), _AROUND),
    **dict.fromkeys(("qnormal", "qlognormal"), f"{_AROUND} q"),
}
"""The distributions of parameters, as SDK v1 calls them."""

_NAMES = "Randint Uniform LogUniform QUniform QLogUniform Normal LogNormal QNormal QLogNormal"
V2_DISTRIBUTIONS: Mapping[str, str] = {
    "Choice": "values",
    **{name: DISTRIBUTIONS[name.lower()] for name in _NAMES.split()},
}

_CONFIG = "primary_metric_name primary_metric_goal max_total_runs max_concurrent_runs max_duration_minutes policy"
V1_SWEEPS: Mapping[str, str] = {
    "HyperDriveConfig": (
        f"hyperparameter_sampling {_CONFIG} estimator run_config resume_from resume_child_runs pipeline debug_flag"
        " custom_run_id"
    ),
    "HyperDriveRunConfig": f"estimator hyperparameter_sampling {_CONFIG}",
    **dict.fromkeys(
        ("RandomParameterSampling", "GridParameterSampling", "BayesianParameterSampling"), "parameter_space properties"
    ),
    "BanditPolicy": "evaluation_interval slack_factor slack_amount delay_evaluation",
    "MedianStoppingPolicy": "evaluation_interval delay_evaluation",
    "TruncationSelectionPolicy": "truncation_percentage evaluation_interval delay_evaluation",
    "NoTerminationPolicy": "",
    **DISTRIBUTIONS,
}
_KEYWORDS_ONLY = (
    "SweepJob SweepJobLimits RandomSamplingAlgorithm GridSamplingAlgorithm BayesianSamplingAlgorithm BanditPolicy"
    " MedianStoppingPolicy TruncationSelectionPolicy"
)
V2_SWEEPS: Mapping[str, str] = {
    **dict.fromkeys(_KEYWORDS_ONLY.split(), ""),
    **dict.fromkeys(("RandomParameterSampling", "GridParameterSampling", "BayesianParameterSampling"), ""),
    "Objective": "goal primary_metric",
    **V2_DISTRIBUTIONS,
}

SWEEP_TYPES: Mapping[str, str] = {
    **{name: name.lower() for name in (*DISTRIBUTIONS, *V2_DISTRIBUTIONS)},
    **{f"{name.title()}ParameterSampling": name for name in ("random", "grid", "bayesian")},
    **{f"{name.title()}SamplingAlgorithm": name for name in ("random", "grid", "bayesian")},
    "BanditPolicy": "bandit",
    "MedianStoppingPolicy": "median_stopping",
    "TruncationSelectionPolicy": "truncation_selection",
}
"""Classes and functions whose name says what a file says in its field `type`."""
