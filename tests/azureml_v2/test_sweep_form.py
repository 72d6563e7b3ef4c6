"""The body that arrives at the service for a spec's sweep."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest
import yaml

from specrun.engines.azureml_v2 import sweep_form
from specrun.engines.azureml_v2.command import command_of
from specrun.spec.model import Job
from specrun.spec.sweep import Objective, Sweep, sweep_of
from tests.azureml_v2.place import Place
from tests.azureml_v2.plainly import open_client
from tests.azureml_v2.sweeping import JOB, starved, swept

WHOLE = """
sweep:
  sampling_algorithm: {type: random, seed: 7, rule: sobol, logbase: e}
  search_space:
    lr: {type: uniform, min_value: 0.001, max_value: 0.1}
    layers: {type: choice, values: [2, 5]}
  objective: {goal: minimize, primary_metric: loss}
  early_termination: {type: bandit, slack_factor: 0.1, delay_evaluation: 5}
  limits: {max_total_trials: 4, max_concurrent_trials: 2, timeout: 7200, trial_timeout: 600}
"""


def test_what_a_sweep_says(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TOKEN", "hush")
    starved(place)
    launched = swept(
        place,
        """
        code: src
        command: python train.py --lr ${{ search_space.lr }} ${{ inputs.digits }} ${{ search_space.layers }}
        display_name: Digits
        description: handwritten
        tags: {team: vision}
        inputs: {digits: {data: digits}, epochs: 3}
        outputs: {model: {}}
        environment: {image: "python:3.11"}
        environment_variables: {LEVEL: "2", HUB: "${{ secrets.HUB_TOKEN }}", LR: "lr-${{ search_space.lr }} a"}
        resources: {instance_count: 2, shm_size: 4g}
        distribution: {type: pytorch, process_count_per_instance: 2}
        identity: {type: user_identity}
        limits: {timeout: 300}
        """,
        sweep=WHOLE,
    )
    job = launched.run(launched.submit()).job
    assert job is not None
    assert (job["jobType"], job["displayName"], job["description"]) == ("Sweep", "Digits", "handwritten")
    assert job["objective"] == {"goal": "Minimize", "primaryMetric": "loss"}
    assert job["samplingAlgorithm"] == {
        "samplingAlgorithmType": "Random",
        "seed": 7,
        "rule": "Sobol",
        "logbase": "e",
    }
    assert job["searchSpace"] == {"lr": ["uniform", [0.001, 0.1]], "layers": ["choice", [[2, 5]]]}
    assert job["limits"] == {
        "jobLimitsType": "Sweep",
        "maxTotalTrials": 4,
        "maxConcurrentTrials": 2,
        "timeout": "PT2H",
        "trialTimeout": "PT10M",
    }
    assert job["earlyTermination"] == {
        "policyType": "Bandit",
        "slackFactor": 0.1,
        "evaluationInterval": 1,
        "delayEvaluation": 5,
    }
    assert (job["resources"]["instanceCount"], job["resources"]["shmSize"]) == (2, "4g")
    assert str(job["computeId"]).endswith("/computes/cpu-cluster")
    assert job["identity"] == {"identityType": "UserIdentity"}
    assert set(job["inputs"]) == {"digits", "epochs"}
    assert set(job["outputs"]) == {"model"}
    fingerprint = job["tags"]["specrun.fingerprint"]
    assert job["tags"] == {
        "team": "vision",
        "specrun": "job",
        "specrun.spec.job": fingerprint[:10],
        "specrun.fingerprint": fingerprint,
    }
    assert "specrun.record.0" in job["properties"]
    trial = job["trial"]
    assert trial["environmentVariables"] == {"LEVEL": "2", "HUB": "hush", "SPECRUN_FINGERPRINT": fingerprint}
    assert trial["distribution"] == {"distributionType": "PyTorch", "processCountPerInstance": 2}
    assert trial["command"].splitlines() == [
        "export LR=lr-\"${{search_space.lr}}\"' a'",
        'python train.py --lr "${{search_space.lr}}" "${{inputs.digits}}" "${{search_space.layers}}"',
    ]
    assert trial["codeId"]
    assert trial["environmentId"]


def test_it_is_what_the_sdk_makes_of_the_same_sweep(place: Place) -> None:
    """By its documented builder, `command(…).sweep(…)`."""
    from azure.ai.ml import Output, command
    from azure.ai.ml.entities import Environment
    from azure.ai.ml.sweep import BanditPolicy, Choice, Uniform

    starved(place)
    sweep = WHOLE.replace("{type: random, seed: 7, rule: sobol, logbase: e}", "random")
    launched = swept(place, JOB.replace("search_space.x", "search_space.lr"), "print(1)", sweep)
    ours = launched.run(launched.submit()).job
    made = command(
        code=str(place.folder / "src"),
        command="python train.py ${{inputs.lr}} ${{outputs.model}}",
        compute="cpu-cluster",
        environment=Environment(image="python:3.11"),
        inputs={"lr": 0.1, "layers": 2},
        outputs={"model": Output(type="uri_folder", mode="rw_mount")},
        shm_size="2g",
        instance_count=1,
    )(lr=Uniform(0.001, 0.1), layers=Choice([2, 5]))
    plain = made.sweep(primary_metric="loss", goal="minimize", max_total_trials=4, max_concurrent_trials=2)
    plain.name, plain.experiment_name = "by-hand", "digits"
    plain.set_limits(timeout=7200, trial_timeout=600)
    plain.early_termination = BanditPolicy(slack_factor=0.1, evaluation_interval=1, delay_evaluation=5)
    open_client(place).jobs.create_or_update(plain)
    theirs = launched.run("by-hand").job
    assert ours is not None
    assert theirs is not None
    own = {"displayName", "properties", "tags", "trial"}
    assert {name: ours[name] for name in ours.keys() - own} == {name: theirs[name] for name in theirs.keys() - own}
    assert ours["trial"].keys() == theirs["trial"].keys() | {"environmentVariables"}


def test_a_sweep_without_a_cluster(place: Place) -> None:
    """Its trials are serverless, and the queue is said beside them, as machines are."""
    starved(place)
    job = """
    command: echo ${{ search_space.lr }}
    environment: {image: "python:3.11"}
    resources: {instance_type: STANDARD_DS3_V2, instance_count: 2}
    queue_settings: {job_tier: spot, priority: low}
    """
    launched = swept(place, job, "", WHOLE, top="")
    asked = launched.run(launched.submit()).job
    assert asked is not None
    assert not asked.get("computeId")
    assert asked["queueSettings"] == {"jobTier": "Spot", "priority": 1}
    assert (asked["resources"]["instanceType"], asked["resources"]["instanceCount"]) == ("STANDARD_DS3_V2", 2)
    run = launched.renew().runs.get(launched.submission().name)
    assert (run.is_sweep, run.compute) == (True, "")


def converted(text: str, job: Job | None = None) -> dict[str, Any]:
    """What the SDK makes of a sweep, from its text in a spec."""
    values = {
        "sampling_algorithm": "grid",
        "search_space": {"x": {"type": "choice", "values": [1, 2]}},
        "objective": {"goal": "maximize", "primary_metric": "accuracy"},
        **yaml.safe_load(text),
    }
    found = sweep_form.sweep_of(sweep_of(values), job or Job(command="ls"), {"name": "one"}, {"command": "ls"}, None)
    return dict(found._to_rest_object().properties.as_dict())


@pytest.mark.parametrize(
    ("parameter", "form"),
    [
        ("type: choice, values: [1, 0.5, a b, true, null]", ["choice", [[1, 0.5, "a b", "true", "null"]]]),
        ("type: randint, upper: 4", ["randint", [4]]),
        ("type: uniform, min_value: 0.5, max_value: 1", ["uniform", [0.5, 1]]),
        ("type: quniform, min_value: 1, max_value: 9, q: 2", ["quniform", [1, 9, 2]]),
        ("type: loguniform, min_value: -6, max_value: -1", ["loguniform", [-6, -1]]),
        ("type: qloguniform, min_value: 1, max_value: 3, q: 2", ["qloguniform", [1, 3, 2]]),
        ("type: normal, mu: 1, sigma: 0.5", ["normal", [1, 0.5]]),
        ("type: qnormal, mu: 1, sigma: 0.5, q: 0.25", ["qnormal", [1, 0.5, 0.25]]),
        ("type: lognormal, mu: 1, sigma: 0.5", ["lognormal", [1, 0.5]]),
        ("type: qlognormal, mu: 1, sigma: 0.5, q: 2", ["qlognormal", [1, 0.5, 2]]),
    ],
)
def test_every_kind_of_parameter(parameter: str, form: list[object]) -> None:
    text = f"{{sampling_algorithm: random, search_space: {{x: {{{parameter}}}}}}}"
    assert converted(text)["searchSpace"] == {"x": form}


@pytest.mark.parametrize(
    ("sampling", "form"),
    [
        ("grid", {"samplingAlgorithmType": "Grid"}),
        ("bayesian", {"samplingAlgorithmType": "Bayesian"}),
        ("random", {"samplingAlgorithmType": "Random", "rule": "random"}),
    ],
)
def test_how_values_are_chosen(sampling: str, form: dict[str, object]) -> None:
    assert converted(f"sampling_algorithm: {sampling}")["samplingAlgorithm"] == form


def test_a_finite_space_has_an_end_of_which_the_service_is_told() -> None:
    """Its own would be a thousand trials."""
    assert converted("{}")["limits"] == {"jobLimitsType": "Sweep", "maxTotalTrials": 2}
    limits = converted("limits: {trial_timeout: 60, max_total_trials: 1}", Job(command="ls", timeout=300))["limits"]
    assert limits == {"jobLimitsType": "Sweep", "maxTotalTrials": 1, "trialTimeout": "PT1M"}
    assert converted("{}", Job(command="ls", timeout=300))["limits"]["trialTimeout"] == "PT5M"


@pytest.mark.parametrize(
    ("policy", "form"),
    [
        ("type: median_stopping", {"policyType": "MedianStopping", "evaluationInterval": 1, "delayEvaluation": 0}),
        (
            "type: truncation_selection, truncation_percentage: 20, evaluation_interval: 3",
            {
                "policyType": "TruncationSelection",
                "evaluationInterval": 3,
                "delayEvaluation": 0,
                "truncationPercentage": 20,
            },
        ),
    ],
)
def test_policies(policy: str, form: dict[str, object]) -> None:
    assert converted(f"early_termination: {{{policy}}}")["earlyTermination"] == form
    assert "earlyTermination" not in converted("{}")


@pytest.mark.parametrize("value", ["0.1", "a b", "it's", 'say "hi"', "$HOME `id` \\n", "*", "a\nb"])
def test_a_trial_gets_exactly_its_value_wherever_it_stands(value: str) -> None:
    """As bash finds it in a variable; and letter by letter, where that is what the service does."""
    command = """
    printf '%s|' X 'X' "X" --x=X -"X"-'X'-
    bash -c 'printf "%s|" X "X"'
    bash -c "printf '%s|' 'X'"
    cat <<EOF
X
EOF
    """
    sweep = Sweep("grid", {"x": {"type": "choice", "values": [value]}}, Objective("maximize", "a"))
    line = command_of(Job(command=command.replace("X", "${{ search_space.x }}")), sweep)
    wanted = f"{value}|{value}|{value}|--x={value}|-{value}-{value}-|{value}|{value}|{value}|{value}\n"
    assert printed(line.replace("${{search_space.x}}", "$AZUREML_SWEEP_x"), value) == wanted
    assert printed(line.replace("${{search_space.x}}", value), value) == wanted


def test_variables_with_parameters_are_set_by_the_command() -> None:
    sweep = Sweep("grid", {"x": {"type": "choice", "values": ["a b"]}}, Objective("maximize", "a"))
    job = Job(
        script="-c",
        arguments=("import os; print(os.environ['ONE'], os.environ['TWO'])",),
        environment_variables={"ONE": "${{search_space.x}}", "TWO": "$HOME/${{ search_space.x }}'", "THREE": "3"},
    )
    line = command_of(job, sweep).replace("${{search_space.x}}", "$AZUREML_SWEEP_x")
    assert printed(line, "a b") == "a b $HOME/a b'\n"
    assert "THREE" not in line


def printed(line: str, value: str) -> str:
    """What a command writes in a trial that has a value."""
    environment = {"PATH": os.environ["PATH"], "AZUREML_SWEEP_x": value}
    return subprocess.run(["bash", "-c", line], env=environment, capture_output=True, text=True, check=True).stdout
