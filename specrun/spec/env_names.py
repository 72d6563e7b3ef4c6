"""Which variables of the environment a spec may read, by their names, and where they may stand."""

from __future__ import annotations

import re
from typing import NamedTuple

from specrun.spec import schema
from specrun.spec.diagnostics import Path, Severity
from specrun.spec.names import section
from specrun.spec.repository_file import RepositoryFile

AZURE = frozenset({"AZURE_SUBSCRIPTION_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_ID"})
"""Where a spec goes, and as whom: ids, and nobody's secret."""

RUNNERS = {
    runner: tuple(names.split())
    for runner, names in (
        (
            "GitHub",
            "GITHUB_SHA GITHUB_REF GITHUB_REF_NAME GITHUB_REF_TYPE GITHUB_HEAD_REF GITHUB_BASE_REF GITHUB_REPOSITORY "
            "GITHUB_REPOSITORY_ID GITHUB_REPOSITORY_OWNER GITHUB_RUN_ID GITHUB_RUN_NUMBER GITHUB_RUN_ATTEMPT "
            "GITHUB_ACTOR GITHUB_ACTOR_ID GITHUB_TRIGGERING_ACTOR",
        ),
        (
            "Azure DevOps",
            "BUILD_SOURCEVERSION BUILD_SOURCEBRANCH BUILD_SOURCEBRANCHNAME BUILD_REPOSITORY_NAME BUILD_REPOSITORY_ID "
            "BUILD_BUILDID BUILD_BUILDNUMBER BUILD_REQUESTEDFOR BUILD_REQUESTEDFORID SYSTEM_PULLREQUEST_SOURCEBRANCH "
            "SYSTEM_PULLREQUEST_TARGETBRANCH SYSTEM_PULLREQUEST_PULLREQUESTID",
        ),
        (
            "GitLab",
            "CI_COMMIT_SHA CI_COMMIT_SHORT_SHA CI_COMMIT_REF_NAME CI_COMMIT_REF_SLUG CI_COMMIT_BRANCH CI_COMMIT_TAG "
            "CI_MERGE_REQUEST_IID CI_MERGE_REQUEST_SOURCE_BRANCH_NAME CI_MERGE_REQUEST_TARGET_BRANCH_NAME "
            "CI_PROJECT_PATH CI_PROJECT_NAME CI_PROJECT_ID CI_PIPELINE_ID CI_PIPELINE_IID CI_JOB_ID GITLAB_USER_LOGIN "
            "GITLAB_USER_ID",
        ),
    )
}
"""What runners of CI say of the commit, the ref, the repository, the run and the actor: no secret, yet whoever opens a
pull request chooses some of the words.
"""
_OF_RUNNERS = frozenset(name for names in RUNNERS.values() for name in names)
_CREDENTIAL = re.compile(r"(?i)(?:TOKEN|SECRET|PASSWORD|(?<!PUBLIC_)(?<!PUBLIC)KEY)$")
_STORED = frozenset(
    {
        *("command", "script", "arguments", "environment_variables", "docker_args"),
        *("tags", "description", "display_name", "experiment", "search_space"),
    }
)
"""Fields that the service keeps with the run or the cluster, for whoever may read that."""
_OBEYED = re.compile(r"""[$`\\"'();&|<>\r\n]""")
"""What means something to bash inside of quotes, or ends them, or begins another command."""


class Objection(NamedTuple):
    """Why a variable may not be read where it stands. With no `severity` it is the code's."""

    code: str
    detail: str
    severity: Severity | None = None


def objection(name: str, path: Path, repository: RepositoryFile) -> Objection | None:
    """What to say of a variable that a field takes its value from, whatever that value is."""
    if name in AZURE or name in _OF_RUNNERS or (repository.env is not None and name in repository.env):
        return None
    is_credential = _CREDENTIAL.search(name) is not None
    if is_credential and _is_stored(path):
        detail = (
            f"By its name `{name}` is a credential, and this shows in plans, logs and the portal: write "
            f"`${{{{ secrets.{name} }}}}` in `environment_variables`, read it there.{_if_harmless(name, repository)}"
        )
        return Objection("credential-from-env", detail)
    if repository.closed:
        said = f"`env` in `{repository.path}` lists what a spec may read, and not `{name}`"
        said = (
            said if repository.env is not None else f"Under CI a spec may read only what is listed, and `{name}` is not"
        )
        detail = f"{said}: {repository.line_for(name)}."
        if is_credential:
            detail += f" By its name it is a credential: `${{{{ secrets.{name} }}}}` keeps one out of sight."
        return Objection("unlisted-env", detail)
    if is_credential:
        detail = (
            f"By its name `{name}` is a credential, and this field may show it. Where it is one, "
            f"`${{{{ secrets.{name} }}}}` is the way.{_if_harmless(name, repository)}"
        )
        return Objection("credential-from-env", detail, Severity.WARNING)
    return None


def objection_to_value(name: str, value: str, path: Path) -> Objection | None:
    """What to say of the words of a stranger that bash would run."""
    if path != ("job", "command") or name not in _OF_RUNNERS or not _OBEYED.search(value):
        return None
    detail = (
        f"Whoever names a branch or an account chooses `{name}`, and here it has signs that bash obeys. Hand it over "
        f'as a variable, `environment_variables: {{{name}: "${{{{ env.{name} }}}}"}}`, and write `"${name}"` here.'
    )
    return Objection("env-in-shell", detail)


def _is_stored(path: Path) -> bool:
    if path[:2] == ("job", "inputs") and len(path) == 3:
        return True  # a value of its own, which stands in the command
    return any(step in _STORED and step in schema.keys_of(section(path[:at])) for at, step in enumerate(path))


def _if_harmless(name: str, repository: RepositoryFile) -> str:
    return f" If it is none, {repository.line_for(name)}." if repository.path else ""
