"""The environment's sources exclude each other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache, lru_cache

from specrun.spec.conda_file import is_conda_file
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.reading import MOST_YAML, read_text
from specrun.spec.rules.outside import is_refused
from specrun.spec.rules.subject import Subject, lacks, mapping, text

_SOURCES = ("pip", "conda_file", "image", "build", "framework")
_FILES = (".txt", ".in", ".yml", ".yaml", ".toml", ".cfg")
# pip and conda_file may stand on an image; everything else stands alone.
_TOGETHER = (frozenset({"pip", "image"}), frozenset({"conda_file", "image"}))


def sources(subject: Subject) -> Iterator[Diagnostic]:
    """One source, or pip or conda_file on an image."""
    environment = subject.job.get("environment")
    if not isinstance(environment, dict):
        return
    written = [key for key in environment if key in _SOURCES]
    if len(written) > 1 and frozenset(written) not in _TOGETHER:
        from specrun.spec.wording import listed  # late: few specs have something to say

        detail = (
            f"{listed(written, 'and')} cannot {'both' if len(written) == 2 else 'all'} say what the environment is. "
            "Keep one: `pip` or `conda_file` (either may stand on an `image`), `image`, `build`, or `framework` "
            "with `version`."
        )
        yield subject.at_key("environment-conflict", detail, "job", "environment", _odd_one(written))
    if "version" in environment and lacks(environment, "framework"):
        detail = (
            "`version` says which version of the framework: write `framework: tensorflow` with it, or leave it out."
        )
        yield subject.at_key("version-without-framework", detail, "job", "environment", "version")
    elif not written and not environment:
        detail = "Write `pip`, `conda_file`, `image`, `build` or `framework`; or leave `environment` out."
        yield subject.at_key("environment-empty", detail, "job", "environment")


OF_MACHINE = (
    "It names no `environment`, so here it runs in the Python that is active. Its packages are no part of the run's "
    "identity: with others it counts as the same run. So that they are, write `environment: {pip: [NAME==VERSION]}`, "
    "or `pip freeze > requirements.txt` and give `--environment requirements.txt`."
)


def of_machine(subject: Subject, engine: str | None) -> Iterator[Diagnostic]:
    """That a job which runs on this machine leaves open in what. `engine` is what the command line says: where nobody
    says one, what has a workspace is meant for that.
    """
    is_meant = engine is not None or not lacks(subject.values, "engine") or lacks(subject.values, "workspace")
    if (
        subject.engine == "local"
        and is_meant
        and isinstance(subject.values.get("job"), dict)
        and lacks(subject.job, "environment")
    ):
        yield subject.at_key("environment-of-machine", OF_MACHINE, "job")


def conda_file(subject: Subject) -> Iterator[Diagnostic]:
    """What is named as a conda file, and lies outside, is one: else whatever it is would be sent, or told of."""
    path = text(mapping(subject.job.get("environment")).get("conda_file"))
    boundary = subject.reach.environment
    if path is None or "\0" in path or is_refused(boundary, path) or boundary.holds(boundary.real(path)):
        return
    where = os.path.join(subject.folder, path)  # noqa: PTH118
    if subject.files.kind(where) != "file" or subject.files.size(where) > MOST_YAML:
        return
    document, found = subject.files.document(where)
    if document is None and found[0].code == "unreadable":  # which the plan says
        return
    if not is_conda_file(document, read_text(where, MOST_YAML)):
        said = f" (line {found[0].location.line}: {found[0].summary.rstrip('.')})" if found else ""
        detail = (
            f"A conda file is YAML with a list of `dependencies`, and `{path}` is not{said}. Its lines are not shown."
        )
        yield subject.at("not-a-conda-file", detail, "job", "environment", "conda_file")


LOCAL = (
    "A package on this machine does not travel with the job: name one of an index, or put it into the job's code, "
    "where Python finds what stands beside the script."
)


def is_local(requirement: str) -> bool:
    """Whether this is the path of a package, and no name."""
    archive = requirement.endswith((".whl", ".tar.gz", ".zip")) and "://" not in requirement
    return requirement.startswith((".", "/", "~")) or archive


@lru_cache(maxsize=1000)
def is_requirement(requirement: str) -> bool:
    """Whether pip would read this as a requirement by name (PEP 508, looked at lightly)."""
    if requirement.isalnum():
        return True
    # With single blanks, of which nobody writes thousands: each would be tried for each part that may have some.
    return not requirement.endswith(_FILES) and _grammar().fullmatch(" ".join(requirement.split())) is not None


def explain_requirement(requirement: str) -> str:
    """What is wrong with it and what to write instead."""
    stripped = requirement.strip()
    if stripped.endswith((".yml", ".yaml")):
        return "This is a file's name: name a conda file as `conda_file`."
    if stripped.endswith((".txt", ".in")):
        return f"This is a file's name: a file of requirements is named with `-r {stripped}`."
    if stripped.endswith(_FILES):
        return "This is a file's name. Write the requirements themselves."
    if is_local(stripped):
        return LOCAL
    if re.fullmatch(r"[\w.-]+(\[[^\]]*\])?=[^=].*", stripped):
        return f"One `=` is conda's way: write `{stripped.replace('=', '==', 1)}`."
    if re.fullmatch(r"[\w.-]+\s+[\d.]+", stripped):
        return f"A version needs its operator: write `{'=='.join(stripped.split())}`."
    return "Write a name and perhaps a version: `tensorflow`, `tensorflow==2.16.1` or `'torch>=2.2,<3'`."


@cache
def _grammar() -> re.Pattern[str]:
    clause = r"(?:===|==|~=|!=|<=|>=|<|>)\s*[^\s,;()<>=!~]+"
    clauses = rf"{clause}(?:\s*,\s*{clause})*"
    name = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?\s*(?:\[[\w\s,.-]*\])?"
    by_name = rf"\s*{name}\s*(?:\(\s*{clauses}\s*\)|{clauses}|@\s*[a-z+]+://\S+)?\s*(?:;.*)?"
    return re.compile(rf"{by_name}|\s*(?:git\+)?(?:https|ssh)://\S+(?:\s*;.*)?\s*")


def _odd_one(written: list[str]) -> str:
    """The key that came last among those that do not go together with what stands before it."""
    kept: list[str] = []
    odd = written[-1]
    for key in written:
        if not kept or frozenset({*kept, key}) in _TOGETHER:
            kept.append(key)
        else:
            odd = key
    return odd
