"""A sweep job, and a script that submits a sweep, say what becomes of them by import and export; the SDK reads all."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.convert.meaning.said import Said, exported, job_of, plain, said_of_job, words_of

pytestmark = pytest.mark.slow
SCHEMA = "$schema: https://azuremlschemas.azureedge.net/latest/sweepJob.schema.json\ntype: sweep\n"
SPACE = """
search_space:
  lr: {type: loguniform, min_value: -6, max_value: -1}
  units: {type: choice, values: [16, 32]}
"""
REST = """
objective: {goal: maximize, primary_metric: accuracy}
limits: {max_total_trials: 20, max_concurrent_trials: 4, timeout: 7200}
compute: azureml:cpu-cluster
"""
TRIAL = """
trial:
  code: ../src
  command: python train.py --lr ${{search_space.lr}} --units "${{search_space.units}}"
  environment: azureml:base:3
"""
RANDOM = "sampling_algorithm: random\n"

JOBS = {
    "bare": RANDOM + TRIAL + SPACE + REST,
    "seed and rule": "sampling_algorithm: {type: random, seed: 3, rule: sobol, logbase: 2.5}\n" + TRIAL + SPACE + REST,
    "a grid": """
        sampling_algorithm: grid
        search_space:
          lr: {type: choice, values: [0.1, 1, 1.0e-05]}
          units: {type: choice, values: [adam, two words, "16"]}
        """
    + TRIAL
    + REST.replace("20", "5"),
    "every distribution": """
        sampling_algorithm: random
        trial:
          command: >-
            python train.py ${{search_space.a}} ${{search_space.b}} ${{search_space.c}} ${{search_space.d}}
            ${{search_space.e}} ${{search_space.f}} ${{search_space.g}} ${{search_space.h}}
          environment: azureml:base:3
        search_space:
          a: {type: uniform, min_value: 0, max_value: 0.5}
          b: {type: quniform, min_value: 0, max_value: 1, q: 0.1}
          c: {type: qloguniform, min_value: -3, max_value: 3, q: 2}
          d: {type: normal, mu: 0, sigma: 1}
          e: {type: qnormal, mu: 0.5, sigma: 1, q: 0.5}
          f: {type: lognormal, mu: 0, sigma: 0.25}
          g: {type: qlognormal, mu: 0, sigma: 1, q: 1}
          h: {type: randint, upper: 7}
        """
    + REST,
    "bayesian": """
        sampling_algorithm: bayesian
        search_space:
          lr: {type: uniform, min_value: 0.1, max_value: 0.9}
          units: {type: quniform, min_value: 16, max_value: 64, q: 16}
        """
    + TRIAL
    + REST,
    "a bandit": RANDOM
    + TRIAL
    + SPACE
    + REST
    + "early_termination: {type: bandit, slack_factor: 0.1, evaluation_interval: 2, delay_evaluation: 5}\n",
    "a bandit by an amount": RANDOM
    + TRIAL
    + SPACE
    + REST
    + "early_termination: {type: bandit, slack_amount: 0.2, evaluation_interval: 1}\n",
    "the median": RANDOM
    + TRIAL
    + SPACE
    + REST
    + "early_termination: {type: median_stopping, evaluation_interval: 3}\n",
    "truncation": RANDOM
    + TRIAL
    + SPACE
    + REST
    + "early_termination: {type: truncation_selection, truncation_percentage: 20, evaluation_interval: 1}\n",
    "data and machines": """
        trial:
          command: >-
            python train.py ${{inputs.leaves}} ${{inputs.depth}} ${{search_space.lr}} ${{search_space.units}}
            ${{outputs.model}}
          environment: azureml:base:3
          environment_variables: {LEVEL: info}
          distribution: {type: pytorch, process_count_per_instance: 2}
        resources: {instance_count: 2, shm_size: 8g}
        inputs:
          leaves: {type: uri_folder, path: azureml://datastores/sets/paths/leaves, mode: download}
          depth: 3
        outputs:
          model: {type: uri_folder, mode: upload}
        identity: {type: user_identity}
        queue_settings: {job_tier: spot}
        tags: {team: vision}
        description: All ways
        """
    + RANDOM
    + SPACE
    + REST,
}
V2 = """
from azure.ai.ml import command, Input
from azure.ai.ml.sweep import *

job = command(
    code="src", environment="azureml:base:3", compute="cpu-cluster", inputs={"lr": 0.1, "units": 16},
    command="python train.py --lr ${{inputs.lr}} --units ${{inputs.units}}",
)
"""
V1 = """
from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.train.hyperdrive import *

ws = Workspace.from_config()
base = Environment.get(ws, "base", version="3")
src = ScriptRunConfig("src", "train.py", compute_target="cpu-cluster", environment=base)
"""
SCRIPT_JOB = RANDOM + TRIAL.replace("../src", "src").replace('"', "") + SPACE + REST
SCRIPTS = {
    "sweep of SDK v2": V2
    + """
sweep = job(lr=LogUniform(min_value=-6, max_value=-1), units=Choice([16, 32])).sweep(
    sampling_algorithm="random", primary_metric="accuracy", goal="Maximize")
sweep.set_limits(max_total_trials=20, max_concurrent_trials=4, timeout=7200)
client.create_or_update(sweep)
""",
    "SweepJob": V2
    + """
trial = command(code="src", environment="azureml:base:3",
                command="python train.py --lr ${{search_space.lr}} --units ${{search_space.units}}")
sweep = SweepJob(
    trial=trial, compute="cpu-cluster", sampling_algorithm="random",
    search_space={"lr": LogUniform(-6, -1), "units": Choice([2**n for n in (4, 5)])},
    objective=Objective("maximize", "accuracy"),
    limits=SweepJobLimits(max_total_trials=20, max_concurrent_trials=4, timeout=7200),
)
client.create_or_update(sweep)
""",
    "HyperDriveConfig": V1
    + """
space = {"--lr": loguniform(-6, -1), "units": choice(16, 32)}
config = HyperDriveConfig(
    run_config=src, hyperparameter_sampling=RandomParameterSampling(space), primary_metric_name="accuracy",
    primary_metric_goal=PrimaryMetricGoal.MAXIMIZE, max_total_runs=20, max_concurrent_runs=4, max_duration_minutes=120)
Experiment(ws, "leaves").submit(config)
""",
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = '{"subscription_id": "s", "resource_group": "g", "workspace_name": "w"}'
    for name, text in {"src/train.py": "", "jobs/train.py": "", "config.json": config}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)


def swept(file: Path) -> Said:
    """What a sweep job's file says: of the job that is run, with a value for each parameter, and of the sweep."""
    job: Any = job_of(file)
    values = {f"search_space.{name}": f"value-of-{name}" for name in job.search_space}
    trial = job.trial
    trial.resources = trial.resources or job.resources
    for name in ("inputs", "outputs", "compute", "tags", "description", "identity", "queue_settings", "services"):
        setattr(trial, name, getattr(job, name, None))
    trial.limits = None
    policy = plain(job.early_termination)
    return said_of_job(trial, file.parent, {**words_of(job, file.parent), **values}) | {
        "sampling": job.sampling_algorithm
        if isinstance(job.sampling_algorithm, str)
        else plain(job.sampling_algorithm),
        "space": {name: one._to_rest_object() for name, one in job.search_space.items()},
        "objective": plain(job.objective),
        "limits": {name: value for name, value in vars(job.limits).items() if value is not None},
        "policy": {name: value for name, value in policy.items() if value != 0},
    }


@pytest.mark.parametrize("job", JOBS)
def test_a_sweep_job_says_the_same(job: str) -> None:
    source = Path("jobs/leaves.yml")
    source.write_text(SCHEMA + "\n".join(textwrap.dedent(part) for part in _parts(JOBS[job])))
    assert swept(exported("azureml", source)) == swept(source)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_says_what_a_sweep_job_does(script: str) -> None:
    source = Path("submit.py")
    source.write_text(SCRIPTS[script])
    found = swept(exported("script", source))
    Path("job.yml").write_text(SCHEMA + SCRIPT_JOB)
    assert found == swept(Path("job.yml"))


def _parts(text: str) -> list[str]:
    """Fields in the margin, and those that are indented as the table is."""
    found: list[str] = []
    for line in text.splitlines(keepends=True):
        indented = line.startswith("        ")
        if not found or (bool(line.strip()) and indented != found[-1].startswith("        ")):
            found.append("")
        found[-1] += line
    return found
