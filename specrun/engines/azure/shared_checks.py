"""What of a spec's datastores and variables Azure ML cannot take, or should not, whichever SDK asks for it."""

from __future__ import annotations

from collections.abc import Iterator

from specrun.engines.azure.findings import found
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Job, Secret, Spec


def check_datastores(spec: Spec) -> Iterator[Diagnostic]:
    """File shares know no identities."""
    for name, datastore in spec.datastores.items():
        if datastore["type"] == "azure_file" and not datastore.get("credentials"):
            detail = (
                "Azure ML reaches file shares with a key or a signature only: write "
                "`credentials: {account_key: ${{ secrets.NAME }}}`, or take an azure_blob datastore."
            )
            yield found(spec, "not-with-azureml", detail, ("datastores", name))


def check_variables(spec: Spec, job: Job) -> Iterator[Diagnostic]:
    """Secrets that others will see."""
    for name, value in job.environment_variables.items():
        if isinstance(value, Secret):
            detail = (
                f"Whoever may read the run in the workspace reads the value of {name}, too. Better: keep it in the "
                "workspace's key vault, and let the script fetch it there."
            )
            yield found(spec, "secret-shown-in-run", detail, ("job", "environment_variables", name))
