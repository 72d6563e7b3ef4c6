"""Every environment that a spec can ask for starts a job, where the place can have it at once."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.conformance.desk import Desk, actions

IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
CONDA = """
    name: odd
    channels: [conda-forge]
    dependencies:
      - python=3.10
      - pip
      - pip: ["numpy<3; python_version >= '3.8'", azureml-defaults]
"""
ENVIRONMENTS = {
    "image": f"{{image: {IMAGE}}}",
    "pip": """{pip: ["numpy>=1.22,<3", "tensorflow-cpu>=2.16,<3; platform_machine == 'x86_64'"]}""",
    "pip-on-image": f"{{image: {IMAGE}, pip: [numpy]}}",
    "conda": "{conda_file: conda.yml}",
    "conda-on-image": f"{{image: {IMAGE}, conda_file: conda.yml}}",
    "framework": '{framework: tensorflow, version: "2.3"}',
}


@pytest.mark.parametrize("kind", ENVIRONMENTS)
def test_a_job_runs_in_what_it_asks_for(desk: Desk, needs: Callable[..., None], kind: str) -> None:
    needs("images")
    desk.write("conda.yml", CONDA)
    desk.spec("job: {command: echo started, environment: <environment>}\n", environment=ENVIRONMENTS[kind])
    assert desk.apply().roles == {"main/0": ["started"]}
    assert actions(desk.plan("--exit-code")) == {}


METRICS = """
    from azureml.core import Run
    run = Run.get_context()
    for step in range(3):
        run.log("accuracy", 0.5 + step / 10)
    run.log("steps", 3)
    run.flush()
"""


def test_metrics_show_in_the_status(desk: Desk, needs: Callable[..., None]) -> None:
    needs("metrics")
    desk.write("src/measure.py", METRICS)
    desk.spec("job: {code: src, command: python measure.py}\n")
    desk.apply()
    metrics = json.loads(desk.run("status", "-o", "json").out)["metrics"]
    assert metrics == {"accuracy": pytest.approx(0.7), "steps": 3}
