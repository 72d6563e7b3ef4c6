"""Every code that expressions and rules report: its usual severity and its summary, one constant sentence each."""

from __future__ import annotations

from specrun.spec.diagnostics import Diagnostic, Location, Path, Severity

_ERRORS = {
    # expressions
    "expression-unclosed": "An expression is not closed.",
    "expression-syntax": "This is not an expression that specrun knows.",
    "expression-in-key": "An expression stands in a key.",
    "expression-misplaced": "An expression stands where it has no meaning.",
    "unknown-namespace": "An expression names a namespace that does not exist.",
    "unknown-variable": "A variable is not declared.",
    "unset-env": "An environment variable is not set.",
    "unset-secret": "A secret is not set.",
    "unknown-input": "An input is not declared.",
    "unknown-output": "An output is not declared.",
    # credentials
    "secret-in-command": "A secret stands in a command.",
    "secret-misplaced": "A secret stands where it could show.",
    "literal-credential": "A credential field takes a secret and nothing else.",
    # counts
    "instances-min-above-max": "min_instances is above max_instances.",
    "instances-above-cluster": "The job asks for more instances than the cluster may have.",
    "parameter-server-without-worker": "There is a parameter server but no worker.",
    # sizes
    "gpu-on-cpu-size": "A GPU is asked for on a size that has none.",
    # job
    "job-without-command": "The job has neither command nor script.",
    "command-and-script": "The job has both command and script.",
    "arguments-without-script": "arguments belong to a script.",
    "script-without-code": "A script needs the code folder it is in.",
    # references
    "unknown-data": "A data entry is not declared.",
    "unknown-override": "An override names nothing that a spec declares.",
    # environment
    "environment-conflict": "Sources of an environment exclude each other.",
    "environment-empty": "The environment has no source.",
    "version-without-framework": "version belongs to a framework.",
    "invalid-requirement": "This is not a pip requirement.",
    "invalid-environment-file": "The file given as environment cannot be used.",
    # data
    "data-without-sha256": "Data from the web needs its sha256.",
    "sha256-of-local-data": "sha256 belongs to data from the web.",
    "data-on-file-share": "A file share cannot be filled.",
    "duplicate-target": "Two data entries have the same target.",
    "nested-target": "One data entry's target is inside another's.",
    "invalid-target": "A path on a datastore is not in its plain form.",
    "blanks-around-path": "A path begins or ends with a blank.",
    # files
    "missing-code": "The code folder does not exist.",
    "missing-script": "The script does not exist.",
    "missing-data": "The data path does not exist.",
    "missing-input": "The input's path does not exist.",
    "missing-conda-file": "The conda file does not exist.",
    "missing-build-path": "The build folder does not exist.",
    "missing-dockerfile": "The Dockerfile does not exist.",
    "missing-workspace-config": "The workspace's configuration file does not exist.",
    "not-a-folder": "A folder is needed here, and this is a file.",
    "not-a-file": "A file is needed here, and this is a folder.",
    "not-regular": "This is neither a file nor a folder.",
    "script-outside-code": "The script is outside the code folder.",
    "link-leaves-code": "A symbolic link leaves the code folder.",
    "link-leaves-data": "A symbolic link leaves the data folder.",
    "broken-link": "A symbolic link leads nowhere.",
    "invalid-path": "This cannot be a path.",
}

_WARNINGS = {
    "more-processes-than-instances": "There are more processes of one kind than instances.",
    "idle-gpu": "The size has GPUs that the job does not use.",
    "retired-size": "The VM size is retired.",
    "more-processes-than-gpus": "There are more processes on an instance than GPUs.",
    "almost-expression": "This looks like an expression and is none.",
    "input-is-text": "An input that is the name of a data entry is its text, not the data.",
    "reserved-variable": "The engine sets this environment variable itself.",
}

_NOTES = {
    "retiring-size": "The VM size will be retired.",
    "unknown-size": "The VM size is close to one that exists.",
    "undeclared-datastore": "A datastore that is not declared is close to one that is.",
    "unused-input": "An input is never used.",
}

SUMMARIES = {**_ERRORS, **_WARNINGS, **_NOTES}
"""Code to summary, for all that this package reports beyond YAML and the schema."""

_SEVERITIES = {
    **dict.fromkeys(_ERRORS, Severity.ERROR),
    **dict.fromkeys(_WARNINGS, Severity.WARNING),
    **dict.fromkeys(_NOTES, Severity.NOTE),
}


def diagnostic(code: str, detail: str, path: Path, location: Location, severity: Severity | None = None) -> Diagnostic:
    """A diagnostic of a known code, of the code's usual severity unless another is given."""
    return Diagnostic(severity or _SEVERITIES[code], code, SUMMARIES[code], detail, path, location)
