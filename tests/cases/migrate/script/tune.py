from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.train.hyperdrive import (
    BanditPolicy, HyperDriveConfig, PrimaryMetricGoal, RandomParameterSampling, choice, loguniform
)

ws = Workspace.from_config()
config = ScriptRunConfig(
    source_directory="src", script="train.py", arguments=["--steps", 200], compute_target="cpu-cluster",
    environment=Environment.get(ws, "trainer"),
)
space = {"--rate": loguniform(-6, -1), "--units": choice(list(range(16, 80, 16)))}
hyperdrive = HyperDriveConfig(
    run_config=config,
    hyperparameter_sampling=RandomParameterSampling(space),
    policy=BanditPolicy(evaluation_interval=2, slack_factor=0.1),
    primary_metric_name="accuracy",
    primary_metric_goal=PrimaryMetricGoal.MAXIMIZE,
    max_total_runs=20,
    max_concurrent_runs=4,
    max_duration_minutes=120,
)
run = Experiment(ws, "digits").submit(hyperdrive)
