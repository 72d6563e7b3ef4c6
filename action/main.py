"""`python -I FOLDER MODE`: one mode, in the pipeline of the service that this is."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from action.applying import apply
from action.drifting import drift
from action.github import GitHub
from action.inputs import Inputs, inputs
from action.install import install
from action.program import Specrun
from action.reviewing import plan, validate
from action.service import Refusal, Service

_ON_AZURE = "TF_BUILD"
"""What is set in jobs of Azure Pipelines."""

_SIGN_IN = {"INPUT_CLIENT_ID": "AZURE_CLIENT_ID", "INPUT_TENANT_ID": "AZURE_TENANT_ID"}
_SIGN_IN |= {"INPUT_SUBSCRIPTION_ID": "AZURE_SUBSCRIPTION_ID"}


def main(arguments: Sequence[str]) -> int:
    """The exit status."""
    environment = dict(os.environ)
    try:
        if list(arguments) == ["install"]:
            service = service_of(environment)
            service.output("python", str(install(environment, trusted=not service.distrust)))
            return 0
        wanted = inputs(environment, arguments[0] if len(arguments) == 1 else "")
        folder = wanted.folder or None
        service = service_of(environment, folder)
        return run(service, wanted, Specrun(command(environment), told(environment), folder), environment)
    except Refusal as refusal:
        # Printed where no service is known yet, too.
        said = " ".join(str(refusal).split())
        on_azure = environment.get(_ON_AZURE)
        error = "##vso[task.logissue type=error]" if on_azure else "::error title=specrun::"
        print(f"{error if refusal.code else '' if on_azure else '::notice title=specrun::'}{said}", flush=True)
        return refusal.code


def service_of(environment: Mapping[str, str], folder: str | None = None) -> Service:
    """The service whose job this is."""
    if not environment.get(_ON_AZURE):
        return GitHub(environment, folder)
    from action.azure_devops import AzureDevOps

    return AzureDevOps(environment)


def run(service: Service, wanted: Inputs, specrun: Specrun, environment: Mapping[str, str]) -> int:
    """One mode; its exit status."""
    if wanted.mode == "validate":
        return validate(service, wanted, specrun)
    if wanted.mode == "drift":
        return drift(service, wanted, specrun)
    work = Path(environment.get("RUNNER_TEMP") or tempfile.gettempdir()) / wanted.artifact
    work.mkdir(parents=True, exist_ok=True)
    return (plan if wanted.mode == "plan" else apply)(service, wanted, specrun, work)


def command(environment: Mapping[str, str]) -> Sequence[str]:
    """The specrun that was installed beside this Python."""
    return [environment.get("SPECRUN_COMMAND") or str(Path(sys.executable).with_name("specrun"))]


def told(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The variables that specrun is told: not the token for comments, and who signs in to Azure, if that is said."""
    kept = {name: value for name, value in environment.items() if not name.startswith("INPUT_")}
    return kept | {to: environment[name] for name, to in _SIGN_IN.items() if environment.get(name)}
