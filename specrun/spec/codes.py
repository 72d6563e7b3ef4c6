"""Every code that specrun reports, of every layer: its usual severity and its summary, one constant sentence each.

Why each is reported, an example and what to write instead stand in `entries`, which is read when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from specrun.spec.codes_of_plans import OF_PLANS
from specrun.spec.diagnostics import Diagnostic, Location, Path, Severity
from specrun.spec.masking import mask

ERROR, WARNING, NOTE = Severity

_ROWS: Mapping[str, Mapping[str, tuple[Severity, str]]] = {
    "file": {
        "unreadable": (ERROR, "The file cannot be read."),
        "too-large": (ERROR, "The file is too large."),
        "not-utf8": (ERROR, "The file is not UTF-8."),
        "yaml-syntax": (ERROR, "This is not YAML."),
        "control-character": (ERROR, "A control character stands in the file."),
        "lookalike": (ERROR, "A character is not the one that it looks like."),
        "tab-indent": (ERROR, "A tab is used for indentation."),
        "flow-expression": (ERROR, "An expression inside { } or [ ] needs quotes."),
        "several-documents": (ERROR, "The file holds more than one YAML document."),
        "empty-file": (ERROR, "The file is empty."),
        "not-a-mapping": (ERROR, "The file is not a mapping."),
        "not-a-spec": (ERROR, "The file is no spec."),
        "no-specs": (ERROR, "There are no specs."),
        "too-many-files": (ERROR, "There is too much to look through."),
        "other-repository": (NOTE, "The specs of another repository are passed over."),
        "no-effect": (WARNING, "The file has no effect."),
        "too-deep": (ERROR, "The file is nested too deeply."),
        "alias-bomb": (ERROR, "The file's aliases stand for too much."),
        "duplicate-key": (ERROR, "A key stands here twice."),
        "key-not-text": (ERROR, "A key is not text."),
        "bad-tag": (ERROR, "A YAML tag does not fit."),
        "bad-merge": (ERROR, "Only mappings can be merged."),
        "unknown-anchor": (ERROR, "An alias names no anchor."),
        "recursive-alias": (ERROR, "An alias contains itself."),
    },
    "shape": {
        "unknown-key": (ERROR, "There is no such key."),
        "missing-key": (ERROR, "A key is missing."),
        "not-indented": (ERROR, "What belongs in a section is not in it."),
        "wrong-type": (ERROR, "The value is of the wrong type."),
        "not-allowed": (ERROR, "The value is not one of those allowed."),
        "bad-name": (ERROR, "The name is not allowed."),
        "bad-value": (ERROR, "The value does not have the right form."),
        "out-of-range": (ERROR, "The value is out of range."),
        "open-todo": (ERROR, "Something is still to be written."),
    },
    "layers": {
        "missing-base": (ERROR, "A base does not exist."),
        "bases-loop": (ERROR, "Bases build on each other in a ring."),
        "too-many-bases": (ERROR, "Too many bases build on each other."),
        "not-in-target": (ERROR, "The key has no place in a target."),
        "unknown-target": (ERROR, "A target does not exist."),
    },
    "expressions": {
        "expression-unclosed": (ERROR, "An expression is not closed."),
        "expression-syntax": (ERROR, "This is not an expression that specrun knows."),
        "expression-in-key": (ERROR, "An expression stands in a key."),
        "expression-misplaced": (ERROR, "An expression stands where it has no meaning."),
        "unknown-namespace": (ERROR, "An expression names a namespace that does not exist."),
        "unknown-variable": (ERROR, "A variable is not declared."),
        "unset-env": (ERROR, "An environment variable is not set."),
        "unlisted-env": (ERROR, "An environment variable may not be read."),
        "credential-from-env": (ERROR, "An environment variable sounds like a credential."),
        "env-in-shell": (ERROR, "A command would run what somebody else wrote."),
        "unknown-input": (ERROR, "An input is not declared."),
        "unknown-output": (ERROR, "An output is not declared."),
        "unknown-parameter": (ERROR, "A parameter is not in the search space."),
        "unknown-override": (ERROR, "An override names nothing that a spec declares."),
        "secret-in-command": (ERROR, "A secret stands in a command."),
        "secret-misplaced": (ERROR, "A secret stands where it could show."),
        "literal-credential": (ERROR, "A credential field takes a secret and nothing else."),
        "expression-escaped": (ERROR, "A backslash stands before an expression."),
        "almost-expression": (WARNING, "This looks like an expression and is none."),
        "unset-secret": (NOTE, "A secret is not set."),
        "unused-var": (NOTE, "A variable is never used."),
    },
    "job": {
        "job-without-command": (ERROR, "The job has neither command nor script."),
        "command-and-script": (ERROR, "The job has both command and script."),
        "arguments-without-script": (ERROR, "arguments belong to a script."),
        "script-without-code": (ERROR, "A script needs the code folder it is in."),
        "input-is-text": (WARNING, "An input that is the name of a data entry is its text, not the data."),
        "quoted-argument": (WARNING, "Quotes around an argument reach the script."),
        "broken-line": (WARNING, "A command is not in one piece."),
        "joined-commands": (WARNING, "Two commands are joined to one."),
        "swallowed-by-comment": (WARNING, "A comment takes away what follows."),
        "failure-unnoticed": (WARNING, "A failure of the job goes unnoticed."),
        "failure-in-pipe": (WARNING, "A failure in a pipe goes unnoticed."),
        "respelled-number": (WARNING, "A number reaches the job in another spelling."),
        "reserved-variable": (WARNING, "The engine sets this environment variable itself."),
        "reserved-tag": (WARNING, "specrun sets this tag itself."),
        "unused-input": (NOTE, "An input is never used."),
    },
    "sweep": {
        "sweep-without-job": (ERROR, "There is a sweep, and no job."),
        "sampling-twice": (ERROR, "Sampling is said twice, in two ways."),
        "only-of-random": (ERROR, "This belongs to random sampling."),
        "parameter-not-sampled": (ERROR, "The sampling algorithm does not take such a parameter."),
        "empty-range": (ERROR, "A range holds nothing to choose from."),
        "logarithm-or-value": (WARNING, "Logarithms look like the values themselves."),
        "coarse-steps": (WARNING, "A step is wider than the range."),
        "repeated-value": (ERROR, "A value is there twice."),
        "too-many-parameters": (ERROR, "There are more parameters than can be drawn like this."),
        "part-of-grid": (NOTE, "Not all combinations of a grid are tried."),
        "few-combinations": (NOTE, "There are fewer combinations than trials."),
        "more-at-once-than-trials": (NOTE, "There are fewer trials than may run at once."),
        "trial-timeout-above-timeout": (WARNING, "The sweep ends before a trial would."),
        "two-timeouts": (WARNING, "A trial has two timeouts."),
        "early-termination-of-bayesian": (ERROR, "Bayesian sampling ends no trial early."),
        "bandit-slack": (ERROR, "A bandit needs one slack, and has one only."),
        "misspelt-metric": (WARNING, "The script logs a metric of nearly this name."),
        "same-trials": (ERROR, "All trials would be the same."),
        "unused-parameter": (WARNING, "A parameter is never used."),
        "shared-output": (WARNING, "All trials write to the same folder."),
    },
    "environment": {
        "environment-conflict": (ERROR, "Sources of an environment exclude each other."),
        "environment-empty": (ERROR, "The environment has no source."),
        "version-without-framework": (ERROR, "version belongs to a framework."),
        "invalid-requirement": (ERROR, "This is not a pip requirement."),
        "missing-requirements-file": (ERROR, "The file of requirements does not exist."),
        "not-requirements": (ERROR, "This is no file of requirements."),
        "not-a-conda-file": (ERROR, "This is no conda file."),
        "requirements-sent-in-place": (NOTE, "The file of requirements does not travel."),
        "credential-in-address": (WARNING, "A password stands in an address."),
        "environment-not-built": (ERROR, "The environment could not be built."),
        "environment-of-machine": (NOTE, "The job runs in what is installed on this machine."),
        "environment-gone": (WARNING, "The active environment is not there."),
        "invalid-environment-file": (ERROR, "The file given as environment cannot be used."),
    },
    "data": {
        "unknown-data": (ERROR, "A data entry is not declared."),
        "data-without-sha256": (ERROR, "Data from the web needs its sha256."),
        "invalid-address": (ERROR, "Nothing can be fetched from this address."),
        "sha256-of-local-data": (ERROR, "sha256 belongs to data from the web."),
        "source-of-web-data": (ERROR, "source belongs to data on this machine."),
        "data-on-file-share": (ERROR, "A file share cannot be filled."),
        "duplicate-target": (ERROR, "Two data entries have the same target."),
        "nested-target": (ERROR, "One data entry's target is inside another's."),
        "output-into-data": (ERROR, "An output lies in the target of data."),
        "invalid-target": (ERROR, "A path on a datastore is not in its plain form."),
        "undeclared-datastore": (NOTE, "A datastore that is not declared is close to one that is."),
    },
    "chains": {
        "unknown-run": (ERROR, "The spec whose run is read from is not there."),
        "unknown-run-output": (ERROR, "The run that is read from has no such output."),
        "upstream-elsewhere": (ERROR, "The run that is read from is in another place."),
        "upstream-not-run": (ERROR, "The run that is read from has not succeeded."),
        "upstream-output-gone": (ERROR, "Nothing is there of the output that is read."),
        "output-replaced": (ERROR, "A later run has written to where this output is."),
        "upstream-rerun": (NOTE, "There is a newer attempt of a run that was read."),
        "unknown-model": (ERROR, "The model that is read is not registered."),
        "latest-of-same-call": (ERROR, "A model is read whose latest version is only being made."),
        "chain-loop": (ERROR, "Specs read from each other's runs in a ring."),
        "bad-model": (ERROR, "No model, and no version of one, is named like this."),
        "model-written-over": (WARNING, "The next run writes over the files of a model."),
        "registered-twice": (ERROR, "Two outputs of a job are registered as the same model."),
    },
    "paths": {
        "missing-code": (ERROR, "The code folder does not exist."),
        "missing-script": (ERROR, "The script does not exist."),
        "missing-data": (ERROR, "The data path does not exist."),
        "source-not-here": (NOTE, "The data path does not exist, and need not."),
        "missing-input": (ERROR, "The input's path does not exist."),
        "missing-conda-file": (ERROR, "The conda file does not exist."),
        "missing-build-path": (ERROR, "The build folder does not exist."),
        "missing-dockerfile": (ERROR, "The Dockerfile does not exist."),
        "missing-workspace-config": (ERROR, "The workspace's configuration file does not exist."),
        "not-a-folder": (ERROR, "A folder is needed here, and this is a file."),
        "not-a-file": (ERROR, "A file is needed here, and this is a folder."),
        "outside-repository": (ERROR, "A path leads out of the repository."),
        "not-in-repository": (NOTE, "What belongs to the job is not in the repository."),
        "file-too-large": (ERROR, "The file is too large to be what it is named as."),
        "not-regular": (ERROR, "This is neither a file nor a folder."),
        "notebook-as-script": (ERROR, "A notebook is no script."),
        "windows-line-ends": (WARNING, "A shell script has Windows line ends."),
        "script-outside-code": (ERROR, "The script is outside the code folder."),
        "link-leaves-code": (ERROR, "A symbolic link leaves the code folder."),
        "link-leaves-data": (ERROR, "A symbolic link leaves the data folder."),
        "broken-link": (ERROR, "A symbolic link leads nowhere."),
        "link-loop": (ERROR, "A symbolic link leads back to itself."),
        "link-not-followed": (WARNING, "A symbolic link leads to a folder that it is in."),
        "name-not-utf8": (ERROR, "A file's name is not UTF-8."),
        "same-name": (ERROR, "Two files have the same name."),
        "not-a-blob-name": (ERROR, "Azure cannot keep a file under its name."),
        "submodule-not-here": (WARNING, "A submodule is not checked out."),
        "large-code": (WARNING, "The code is large."),
        "too-much-code": (ERROR, "SDK v1 does not send that much code."),
        "blanks-around-path": (ERROR, "A path begins or ends with a blank."),
        "invalid-path": (ERROR, "This cannot be a path."),
    },
    "machines": {
        "instances-min-above-max": (ERROR, "min_instances is above max_instances."),
        "instances-above-cluster": (ERROR, "The job asks for more instances than the cluster may have."),
        "parameter-server-without-worker": (ERROR, "There is a parameter server but no worker."),
        "gpu-on-cpu-size": (ERROR, "A GPU is asked for on a size that has none."),
        "more-processes-than-instances": (WARNING, "There are more processes of one kind than instances."),
        "instances-without-distribution": (WARNING, "Several instances know nothing of each other."),
        "more-processes-than-gpus": (WARNING, "There are more processes on an instance than GPUs."),
        "idle-gpu": (WARNING, "The size has GPUs that the job does not use."),
        "retired-size": (WARNING, "The VM size is retired."),
        "retiring-size": (NOTE, "The VM size will be retired."),
        "unknown-size": (NOTE, "The VM size is close to one that exists."),
    },
    "prices": {
        "missing-prices": (ERROR, "A file of prices does not exist."),
        "conflicting-prices": (ERROR, "Two lists of prices exclude each other."),
        "old-prices": (NOTE, "Prices are old."),
    },
    "rules": {
        "rule-sizes": (ERROR, "This VM size is not allowed."),
        "rule-regions": (ERROR, "This region is not allowed."),
        "rule-tiers": (ERROR, "This tier is not allowed."),
        "rule-images": (ERROR, "This image is not allowed."),
        "rule-registries": (ERROR, "Images from there are not allowed."),
        "rule-max-instances": (ERROR, "There are more instances than allowed."),
        "rule-min-instances": (ERROR, "More instances than allowed are always on."),
        "rule-required-tags": (ERROR, "A required tag is missing."),
        "rule-max-timeout": (ERROR, "The job may take longer than allowed."),
        "rule-budget-per-run": (ERROR, "A run may cost more than allowed."),
        "rule-excepted": (NOTE, "An exception allows what a rule does not."),
        "rule-not-judged": (NOTE, "A rule cannot be judged here."),
        "rule-fits-nothing": (NOTE, "What a rule allows may not exist."),
        "rules-of-no-target": (NOTE, "Rules are written for a target that no spec has."),
        "rules-from-elsewhere": (NOTE, "What holds for the specs is not what stands here."),
        "exception-expired": (WARNING, "An exception has expired."),
        "exception-expires": (NOTE, "An exception expires soon."),
    },
    "local": {
        "not-on-this-machine": (ERROR, "This machine cannot do that."),
        "local-by-default": (WARNING, "A spec with a workspace goes to this machine."),
        "needs-wsl": (WARNING, "No job runs on this system."),
        "no-gpu-here": (NOTE, "This machine has no GPU."),
        "metric-elsewhere": (WARNING, "What trials log is not seen on this machine."),
    },
    "workspace": {
        "needs-workspace": (ERROR, "This engine needs a workspace."),
        "needs-coordinates": (ERROR, "The workspace is not named in full."),
        "needs-location": (ERROR, "A new workspace needs a location."),
        "invalid-workspace-config": (ERROR, "The workspace's configuration file cannot be used."),
    },
    "azure": {
        "not-with-azureml": (ERROR, "Azure ML cannot do that."),
        "not-with-sdk-v1": (ERROR, "SDK v1 cannot do that."),
        "needs-compute": (ERROR, "The job has no cluster to run on."),
        "serverless-size-left-out": (NOTE, "Azure ML chooses the machines of the run."),
        "unknown-framework-version": (ERROR, "There is no environment of that version."),
        "unread-by-azureml": (WARNING, "Azure ML does not read this."),
        "unread-by-sdk-v1": (WARNING, "SDK v1 does not read this."),
        "secret-shown-in-run": (WARNING, "The run shows a secret."),
        "secret-shown-in-environment": (WARNING, "The environment shows a secret."),
        "cluster-cannot-be-made": (NOTE, "The cluster could not be made if it were missing."),
        "spot-machines": (NOTE, "Low-priority machines are Spot machines."),
    },
    "plan": OF_PLANS,
    "export": {
        "not-a-tfjob": (ERROR, "The job cannot be a TFJob."),
        "not-in-azureml": (NOTE, "The files for `az` do not say this, or az does it otherwise."),
        "not-in-tfjob": (NOTE, "A TFJob has no counterpart for this."),
    },
}


class Code(NamedTuple):
    """What is known of a code before it is met. `group` is what it is about: file, job, plan, …"""

    group: str
    severity: Severity
    summary: str


CODES: Mapping[str, Code] = {code: Code(group, *row) for group, rows in _ROWS.items() for code, row in rows.items()}
"""Every code, in the order in which a spec meets them: its text, the machine it goes to, its plan, an export."""


def diagnostic(code: str, detail: str, path: Path, location: Location, severity: Severity | None = None) -> Diagnostic:
    """A diagnostic of a known code, of the code's usual severity unless another is given; no credential stands in
    it.
    """
    known = CODES[code]
    return Diagnostic(severity or known.severity, code, known.summary, mask(detail), path, location)


def said_before(
    code: str, summary: str, detail: str, path: Path, places: Sequence[Location], severity: Severity, specs: int
) -> Diagnostic:
    """A diagnostic as it was saved, maybe by another version: one whose code is known is summed up in our words."""
    known = CODES[code].summary if code in CODES else summary
    return Diagnostic(severity, code, known, mask(detail), path, places[0], tuple(places[1:]), specs)
