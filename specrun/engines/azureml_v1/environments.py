"""A job's environment as SDK v1 defines one: it travels with the run, and the service builds it once per content."""

from __future__ import annotations

import re
from typing import Any

from specrun.engines.azure.images import PYTHON, base_image
from specrun.engines.azure.pip_lists import revealed_lines
from specrun.engines.base import EngineError, Staged
from specrun.plan.kinds.environment import EnvironmentContent
from specrun.plan.submission import Submission
from specrun.spec.model import Environment

DEFAULTS = "azureml-defaults"
"""What a script needs to log metrics with SDK v1; beside a pip list unless that names it."""

FRAMEWORK_VERSIONS = ("1.10", "1.12", "1.13", "2.0", "2.1", "2.2", "2.3")
"""The versions of TensorFlow that SDK v1's estimator knows; asking it takes seconds, so they stand here."""

REGISTERED = re.compile(r"azureml:(?P<name>[^:@/]+)(?::(?P<version>[^:@]+)|@(?P<label>[^:@]+))?")


def environment_of(submission: Submission, staged: Staged, workspace: Any) -> Any:
    """The azureml.core Environment of a run. Raises EngineError and the SDK's errors."""
    from azureml.core import Environment as Definition
    from azureml.core.conda_dependencies import CondaDependencies

    content = submission.environment or EnvironmentContent(Environment(pip=()))
    environment = content.definition
    if environment.registered is not None:
        return _registered(environment.registered, workspace)
    if environment.framework is not None:
        return _estimators(environment.version, submission.gpu)
    definition = Definition(f"specrun-{content.digest}")
    definition.environment_variables = {}
    definition.docker.base_image = environment.image or base_image(submission.gpu)
    if staged.conda is not None:
        definition.python.conda_dependencies = CondaDependencies(str(staged.conda))
    elif environment.pip is not None:
        definition.python.conda_dependencies = _pip_list(revealed_lines(content))
    else:
        definition.python.user_managed_dependencies = True
    return definition


def _registered(name: str, workspace: Any) -> Any:
    from azureml.core import Environment as Definition

    match = REGISTERED.fullmatch(name)
    if match is None:
        raise EngineError(f"environment {name}: SDK v1 knows azureml:NAME, azureml:NAME:VERSION and azureml:NAME@LABEL")
    return Definition.get(workspace, match["name"], version=match["version"], label=match["label"])


def _estimators(version: str | None, gpu: bool) -> Any:
    """What the estimator would run in. Only its environment is taken: all else is set as for any other job."""
    if version not in FRAMEWORK_VERSIONS:
        known = ", ".join(FRAMEWORK_VERSIONS)
        raise EngineError(f"environment: SDK v1 keeps TensorFlow {known}, and not {version}: for others write pip")
    from azureml.train.dnn import TensorFlow  # seconds and hundreds of megabytes: only who asks for it pays

    # A target's name and one node: with more it wants to see the cluster, and takes an image that is not public.
    estimator = TensorFlow(".", compute_target="cluster", framework_version=version, use_gpu=gpu)
    return estimator.run_config.environment


def _pip_list(requirements: tuple[str, ...]) -> Any:
    from azureml.core.conda_dependencies import CondaDependencies

    dependencies = CondaDependencies()
    dependencies.set_python_version(PYTHON)
    named = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower() for requirement in requirements}
    # As pip takes them, in their order: the SDK's own `create` reads each one and stumbles over markers and options.
    dependencies.set_pip_requirements([*requirements, *([DEFAULTS] if DEFAULTS not in named else [])])
    return dependencies
