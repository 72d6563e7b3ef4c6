"""The rows of `names` that are about sweeps: words of HyperDrive, the CLI v2 and tools that people tuned with before."""

from __future__ import annotations

from specrun.spec.names import V1, V2, Row

OTHER, OTHERS = "another tool", "other tools"

# ruff: noqa: E501 - a table is read by its rows
# fmt: off
KEYS: tuple[Row, ...] = (
    ("sweep", "sampling method algorithm sampling_method hyperparameter_sampling", f"{V1} and {OTHERS}", "sampling_algorithm", ""),
    ("sweep", "hyperparameters parameters params parameter_space hyperparameter_space space", f"{V1} and {OTHERS}", "search_space", ""),
    ("sweep", "primary_metric primary_metric_name metric", f"{V1} and {OTHERS}", "objective.primary_metric", ""),
    ("sweep", "goal primary_metric_goal direction", f"{V1} and {OTHERS}", "objective.goal", ""),
    ("sweep", "policy early_termination_policy early_stopping early_terminate termination_policy", f"{V1} and {OTHERS}", "early_termination", ""),
    ("sweep", "max_total_runs max_total_jobs max_trials max_total_trials run_cap n_trials num_trials", f"{V1} and {OTHERS}", "limits.max_total_trials", ""),
    ("sweep", "max_concurrent_runs max_concurrent_jobs max_concurrent_trials parallel_trials n_jobs", f"{V1} and {OTHERS}", "limits.max_concurrent_trials", ""),
    ("sweep", "max_duration_minutes timeout_minutes", f"{V1} and {V2}", None, "Write `timeout` in `sweep.limits`, in seconds."),
    ("sweep", "trial_timeout_minutes", V2, None, "Write `trial_timeout` in `sweep.limits`, in seconds."),
    ("sweep", "max_failed_trial_count", OTHER, "limits.max_failed_trials", ""),
    ("sweep", "trial", V2, "/job", ""),
    ("sweep", "type", V2, None, "Leave it out: whatever stands in `sweep` is one."),
    ("sweep", "resume_from resume_child_runs", V1, None, "Trials that have succeeded are never run again here: leave it out."),
    ("sweep.limits", "max_total_runs max_total_jobs max_trials run_cap n_trials num_trials", f"{V1} and {OTHERS}", "max_total_trials", ""),
    ("sweep.limits", "max_concurrent_runs max_concurrent_jobs max_concurrent parallel_trials n_jobs", f"{V1} and {OTHERS}", "max_concurrent_trials", ""),
    ("sweep.limits", "max_duration_minutes timeout_minutes", f"{V1} and {V2}", None, "Write `timeout`, in seconds."),
    ("sweep.limits", "trial_timeout_minutes", V2, None, "Write `trial_timeout`, in seconds."),
    ("sweep.limits", "max_failed_trial_count max_failures", OTHER, "max_failed_trials", ""),
    ("sweep.objective", "metric name metric_name primary_metric_name objective_metric_name", f"{V1} and {OTHERS}", "primary_metric", ""),
    ("sweep.objective", "direction type primary_metric_goal mode", f"{V1} and {OTHERS}", "goal", ""),
    ("sweep.early_termination", "policy policy_type name kind", f"{V1} and {OTHERS}", "type", ""),
    ("sweep.early_termination", "exclude_finished_jobs", "the REST API", None, "The CLI v2 has no such field, and the service its own default: leave it out."),
    ("sweep.search_space.*", "distribution kind parameter_type", OTHER, "type", ""),
    ("sweep.search_space.*", "value options choices categories list", OTHER, "values", ""),
    ("sweep.search_space.*", "min low minimum lower_bound", f"{V1} and {OTHERS}", "min_value", ""),
    ("sweep.search_space.*", "lower", OTHER, None, "A `randint` begins at 0, and any other range at its `min_value`."),
    ("sweep.search_space.*", "max high maximum upper_bound", f"{V1} and {OTHERS}", "max_value", ""),
    ("sweep.search_space.*", "step quantum quantization", OTHER, "q", ""),
    ("sweep.search_space.*", "mean loc", OTHER, "mu", ""),
    ("sweep.search_space.*", "std stddev stdev scale", OTHER, "sigma", ""),
    ("sweep.search_space.*", "log log_scale", OTHER, None, "Write `type: loguniform`, with the logarithms of the ends as `min_value` and `max_value`."),
    ("", "search_space hyperparameters parameter_space", f"{V1} and {V2}", "sweep.search_space", ""),
    ("", "limits", V2, None, "Those of a job stand in `job.limits`, those of a sweep in `sweep.limits`."),
    ("", "sampling_algorithm", V2, "sweep.sampling_algorithm", ""),
    ("", "objective", V2, "sweep.objective", ""),
    ("", "early_termination", V2, "sweep.early_termination", ""),
    ("", "tune tuning hyperdrive sweep_job", f"{V1} and {OTHERS}", "sweep", ""),
)

VALUES: tuple[tuple[str, str, str], ...] = (
    ("sweep.sampling_algorithm", "random", "random-search randomsampling random-sampling"),
    ("sweep.sampling_algorithm", "grid", "grid-search gridsampling grid-sampling exhaustive"),
    ("sweep.sampling_algorithm", "bayesian", "bayes bayesian-optimization tpe bayesiansampling optuna"),
    ("sweep.objective.goal", "maximize", "max maximise greatest highest higher"),
    ("sweep.objective.goal", "minimize", "min minimise least lowest lower"),
    ("sweep.early_termination.type", "bandit", "bandit-policy"),
    ("sweep.early_termination.type", "median_stopping", "median median-stopping-policy medianstop"),
    ("sweep.early_termination.type", "truncation_selection", "truncation truncation-selection-policy"),
    ("sweep.search_space.*.type", "choice", "categorical list values discrete"),
    ("sweep.search_space.*.type", "uniform", "float real double range continuous"),
    ("sweep.search_space.*.type", "randint", "int integer int-uniform"),
    ("sweep.search_space.*.type", "quniform", "q-uniform"),
    ("sweep.search_space.*.type", "loguniform", "log log-uniform"),
    ("sweep.search_space.*.type", "normal", "gaussian"),
)
# fmt: on
