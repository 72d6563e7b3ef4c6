"""Sweeps in scripts, of both SDKs: the job that is run, the search space, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import Verdict
from specrun.convert.scripts import import_script

V1 = """
from azureml.core import Experiment, ScriptRunConfig, Workspace
from azureml.train.hyperdrive import *
src = ScriptRunConfig("src", "train.py", arguments=["--steps", 3], compute_target="cpu", environment=env)
"""
V2 = """
from azure.ai.ml import command, Input
from azure.ai.ml.sweep import *
job = command(command="python train.py --lr ${{inputs.lr}}", inputs={"lr": 0.1}, environment="e@latest", compute="cpu")
"""
HYPERDRIVE = "hd = HyperDriveConfig(run_config=src, hyperparameter_sampling={}, primary_metric_name='acc', {})\n"
GOAL = "primary_metric_goal=PrimaryMetricGoal.MINIMIZE, max_total_runs=4"
SPACE = "RandomParameterSampling({'--lr': uniform(0, 1)})"


def imported(text: str, **options: object) -> Imported:
    return import_script("tune.py", text, ImportOptions(**options))[0]  # type: ignore[arg-type]


def spec_of(text: str, **options: object) -> Any:
    return imported(text, **options).draft.values()


def space_of(text: str) -> Any:
    return spec_of(V2 + text)["sweep"]["search_space"]


def told(found: Imported, source: str) -> str:
    return next(one.note for one in found.report.entries if one.source == source)


def hyperdrive(space: str = SPACE, more: str = GOAL) -> str:
    return V1 + HYPERDRIVE.format(space, more) + "Experiment(ws, 'leaves').submit(hd)\n"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Choice([1, 2])", {"type": "choice", "values": [1, 2]}),
        ("Choice(values=range(2, 8, 2))", {"type": "choice", "values": [2, 4, 6]}),
        ("Choice([0.5 * i for i in range(3)])", {"type": "choice", "values": [0.0, 0.5, 1.0]}),
        ("Choice([2**i for i in range(3)])", {"type": "choice", "values": [1, 2, 4]}),
        ("LogUniform(-6, -1)", {"type": "loguniform", "min_value": -6, "max_value": -1}),
        ("QLogNormal(mu=0, sigma=1, q=2)", {"type": "qlognormal", "mu": 0, "sigma": 1, "q": 2}),
        ("Randint(upper=5)", {"type": "randint", "upper": 5}),
    ],
)
def test_a_distribution_in_place_of_an_input_is_a_parameter(expression: str, expected: object) -> None:
    text = f"sweep = job(lr={expression}).sweep(primary_metric='loss', goal='minimize')\n"
    spec = spec_of(V2 + text)
    assert spec["sweep"]["search_space"] == {"lr": expected}
    assert spec["job"]["command"] == "python train.py --lr ${{ search_space.lr }}"
    assert "inputs" not in spec["job"]


@pytest.mark.parametrize(
    "text",
    [
        "sweep = job.sweep(search_space={'lr': Choice([1])}, primary_metric='x', goal='minimize')",
        "sweep = job.sweep(primary_metric='x', goal='minimize')\nsweep.inputs['lr'] = Choice([1])",
        "sweep = job.sweep(primary_metric='x', goal='minimize')\nsweep.search_space = {'lr': Choice([1])}",
        "trial = command(command='python t.py ${{inputs.lr}}', inputs={'lr': Choice([1])}, environment='e@latest')\n"
        "sweep = trial.sweep(primary_metric='x', goal='minimize')",
        "trial = command(command='python t.py ${{search_space.lr}}', environment='e@latest')\n"
        "sweep = SweepJob(trial=trial, sampling_algorithm='random', search_space={'lr': Choice([1])},"
        " objective=Objective(goal='minimize', primary_metric='x'))",
    ],
)
def test_a_search_space_may_stand_anywhere(text: str) -> None:
    spec = spec_of(V2 + text + "\nclient.jobs.create_or_update(sweep)\n")
    assert spec["sweep"]["search_space"] == {"lr": {"type": "choice", "values": [1]}}
    assert spec["sweep"]["objective"] == {"goal": "minimize", "primary_metric": "x"}
    assert "${{ search_space.lr }}" in spec["job"]["command"]


def test_what_the_sweep_says_counts_before_what_the_job_says() -> None:
    text = (
        "sweep = job(lr=Choice([1])).sweep(primary_metric='x', goal='minimize', compute='gpu', timeout=60)\n"
        "sweep.experiment_name = 'leaves'\nsweep.limits.timeout = 90\nsweep.set_limits(max_total_trials=3)\n"
        "sweep.early_termination = MedianStoppingPolicy(delay_evaluation=2, evaluation_interval=1)\n"
    )
    found = imported(V2 + text)
    spec: Any = found.draft.values()
    assert (spec["compute"], spec["experiment"]) == ("gpu", "leaves")
    assert spec["sweep"]["limits"] == {"timeout": 90, "max_total_trials": 3}
    assert spec["sweep"]["early_termination"] == {
        "type": "median_stopping", "delay_evaluation": 2, "evaluation_interval": 1,
    }  # fmt: skip
    assert [told(found, f"command{end}") for end in (".compute", ".sweep.timeout")] == ["what is said later counts"] * 2
    assert found.report.todos == ()


def test_a_job_and_its_sweep_are_both_offered() -> None:
    text = V2 + "sweep = job(lr=Choice([1])).sweep(primary_metric='x', goal='minimize')\n"
    submits = "client.jobs.create_or_update({})\n"
    both = text + submits.format("job") + submits.format("sweep")
    assert [(one.name, one.chosen) for one in imported(both).jobs] == [("job", False), ("sweep", True)]
    assert "sweep" not in spec_of(both, job="job")
    assert len(import_script("tune.py", both, ImportOptions(all_jobs=True))) == 2
    alone = text + submits.format("sweep")
    assert len(import_script("tune.py", alone, ImportOptions(all_jobs=True))) == 1
    assert spec_of(alone, job="1")["job"]["inputs"] == {"lr": 0.1}
    found = imported(both, job="job")
    assert told(found, "Choice.values[0]") == "it is of a sweep, and not of the job that was imported"
    assert [one.source for one in found.report.todos] == ["command.sweep"]


def test_a_job_that_is_submitted_with_other_inputs_is_the_job() -> None:
    found = imported(V2 + "client.jobs.create_or_update(job(lr=3))\n")
    assert "sweep" not in found.draft.values()
    assert found.jobs == ()
    (asked,) = found.report.todos
    assert (asked.source, "lr=3" in asked.note) == ("command.with_inputs", True)


def test_a_sweep_has_no_services() -> None:
    text = "job.services = {'lab': JobService(type='jupyter_lab')}\n"
    found = imported(V2 + text + "sweep = job(lr=Choice([1])).sweep(primary_metric='x', goal='minimize')\n")
    assert "services" not in found.draft.values()["job"]  # type: ignore[operator]
    assert told(found, "command.services") == "trials of a sweep have no services"


@pytest.mark.parametrize(
    ("name", "flag", "own"),
    [("--lr", "--lr", "lr"), ("lr", "--lr", "lr"), ("--drop-out", "--drop-out", "drop_out"), ("-C", "-C", "C")],
)
def test_hyperdrive_hands_each_parameter_over_as_an_argument(name: str, flag: str, own: str) -> None:
    spec = spec_of(hyperdrive(f"GridParameterSampling({{{name!r}: choice(1, 2)}})"))
    assert spec["job"]["arguments"] == ["--steps", 3, flag, f"${{{{ search_space.{own} }}}}"]
    assert spec["sweep"]["search_space"] == {own: {"type": "choice", "values": [1, 2]}}
    assert spec["sweep"]["sampling_algorithm"] == "grid"
    assert spec["sweep"]["objective"] == {"goal": "minimize", "primary_metric": "acc"}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("BanditPolicy(1, 0.2)", {"type": "bandit", "evaluation_interval": 1, "slack_factor": 0.2}),
        (
            "TruncationSelectionPolicy(20, evaluation_interval=2)",
            {"type": "truncation_selection", "evaluation_interval": 2, "truncation_percentage": 20},
        ),
        ("MedianStoppingPolicy()", {"type": "median_stopping"}),
        ("NoTerminationPolicy()", None),
        ("None", None),
    ],
)
def test_a_policy_of_hyperdrive(policy: str, expected: object) -> None:
    spec = spec_of(hyperdrive(more=f"{GOAL}, policy={policy}, max_duration_minutes=30, max_concurrent_runs=2"))
    assert spec["sweep"].get("early_termination") == expected
    assert spec["sweep"]["limits"] == {"max_total_trials": 4, "max_concurrent_trials": 2, "timeout": 1800}


@pytest.mark.parametrize(
    ("text", "source", "to"),
    [
        (hyperdrive("sampling"), "HyperDriveConfig.hyperparameter_sampling", "sweep.sampling_algorithm"),
        (hyperdrive("RandomParameterSampling(space)"), "RandomParameterSampling.parameter_space", "sweep.search_space"),
        (hyperdrive(more=f"{GOAL}, max_duration_minutes=hours * 60"), "HyperDriveConfig.max_duration_minutes",
         "sweep.limits.timeout"),
        (hyperdrive().replace("run_config=src", "run_config=made()"), "HyperDriveConfig.run_config", "job.script"),
        (hyperdrive().replace('arguments=["--steps", 3]', "arguments=words()"), "ScriptRunConfig.arguments",
         "job.arguments"),
        (hyperdrive("RandomParameterSampling({'a': choice(settings())})"), "choice.argument 1",
         "sweep.search_space.a.values"),
        (V2 + "job(lr=Choice([1])).sweep(primary_metric='x')", "", "sweep.objective.goal"),
        (V2 + "job(lr=Choice(values=found)).sweep(primary_metric='x', goal='minimize')", "Choice.values",
         "sweep.search_space.lr.values"),
        (V2 + "job.sweep(primary_metric='x', goal='minimize')", "", "sweep.search_space"),
    ],
)  # fmt: skip
def test_what_only_a_run_would_know_is_asked_for(text: str, source: str, to: str) -> None:
    found = imported(text)
    assert any(to.startswith(one.to) and one.source == source for one in found.report.todos if one.to), [
        (one.source, one.to) for one in found.report.todos
    ]


def test_the_parameters_of_a_command_stand_at_its_end() -> None:
    text = hyperdrive().replace('"train.py", arguments=["--steps", 3]', 'command=["python", "t.py"]')
    found = imported(text)
    job: Any = found.draft.values()["job"]
    assert job["command"] == "python t.py --lr ${{ search_space.lr }}"
    assert any("HyperDrive hands the parameters over" in one.note for one in found.report.todos)


def test_what_the_command_names_itself_is_no_further_argument() -> None:
    text = hyperdrive().replace('"--steps", 3', '"--rate", "${{search_space.lr}}"')
    assert spec_of(text)["job"]["arguments"] == ["--rate", "${{ search_space.lr }}"]


def test_arguments_that_are_not_known_are_asked_for() -> None:
    text = V2 + "job = command(command='python t.py', environment='e@latest', **more)\n"
    found = imported(text + "sweep = job.sweep(primary_metric='x', goal='minimize', **settings)\n")
    assert {"command#2.**", "command.sweep.**"} <= {one.source for one in found.report.todos}


def test_a_sweep_over_a_pipeline_is_refused_with_the_way_out() -> None:
    text = V1 + "hd = HyperDriveConfig(pipeline=steps, hyperparameter_sampling=ps)\nExperiment(ws, 'a').submit(hd)\n"
    found = imported(text)
    assert "sweep" not in found.draft.values()
    (one,) = [entry for entry in found.report.todos if entry.source == "HyperDriveConfig"]
    assert (one.verdict, "import the step" in one.note) == (Verdict.NEEDS_YOU, True)


def test_distributions_of_others_are_not_the_sdks() -> None:
    text = (
        "import random\nimport numpy as np\nfrom torch.distributions import Normal\n"
        "a = random.choice([1])\nb = np.random.normal(0, 1)\nc = Normal(0, 1)\nd = rng.uniform(0, 1)\n"
    )
    found = imported(V2 + text)
    assert not [one.source for one in found.report.entries if one.source.split(".")[0] not in ("command",)]


def test_a_workspace_that_a_script_does_not_name_is_asked_for_and_what_it_says_of_it_is_kept() -> None:
    client = "ml = MLClient(credential, resource_group_name='ml-rg', subscription_id=os.getenv('SUB'))\n"
    found = imported(client + V2 + "ml.create_or_update(job)\n")
    told = {"name": "TODO", "resource_group": "ml-rg", "subscription_id": "${{ env.SUB }}"}
    assert found.draft.values()["workspace"] == told
    (asked,) = (one for one in found.report.entries if one.to == "workspace.name")
    assert (asked.verdict, asked.source) == (Verdict.NEEDS_YOU, "MLClient.workspace_name")
