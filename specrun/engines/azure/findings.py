"""What is reported of a spec that is to run on Azure ML: each code with its severity and its one sentence."""

from __future__ import annotations

from specrun.spec.diagnostics import Diagnostic, Path, Severity
from specrun.spec.model import Spec

SUMMARIES = {
    "not-with-azureml": (Severity.ERROR, "Azure ML cannot do that."),
    "not-with-sdk-v1": (Severity.ERROR, "SDK v1 cannot do that."),
    "needs-compute": (Severity.ERROR, "The job has no cluster to run on."),
    "unknown-framework-version": (Severity.ERROR, "There is no environment of that version."),
    "unread-by-azureml": (Severity.WARNING, "Azure ML does not read this."),
    "unread-by-sdk-v1": (Severity.WARNING, "SDK v1 does not read this."),
    "secret-shown-in-run": (Severity.WARNING, "The run shows a secret."),
    "cluster-cannot-be-made": (Severity.NOTE, "The cluster could not be made if it were missing."),
}


def found(spec: Spec, code: str, detail: str, path: Path, *, key: bool = False) -> Diagnostic:
    """A diagnostic at a place of the spec: of a value, or of its `key`."""
    severity, summary = SUMMARIES[code]
    return Diagnostic(severity, code, summary, detail, path, spec.document.location(path, key=key))
