"""What a job says, in the same words whosever file it was: those of the Azure ML CLI v2, read by its own loader.

Inputs and outputs are told by what they are, since an import may give them other names; commands by what they start.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from specrun.cli.main import run
from tests.convert.meaning.started import started

Said: TypeAlias = dict[str, Any]
"""The fields of a job by name, without those that it says nothing in."""

REFERENCE = re.compile(r"\$\{\{\s*((?:inputs|outputs|search_space)\.[\w-]+)\s*}}")
OPTIONAL = re.compile(r"\$\[\[(.*?)]]", re.DOTALL)
CLOUD = re.compile(r"[a-z+]+://|azureml:|[\w.-]+(@latest|:\w+)$")
DATASTORE = re.compile(r"azureml:(?://|/+subscriptions/.*/)datastores/([^/]+)/paths/?(.*)")
FILLED = {
    "compute": "cpu-cluster",
    "instance_type": "STANDARD_DS3_V2",
    "size": "STANDARD_DS3_V2",
    "storage_account": "someaccount",
    "path": "azureml://datastores/asked/paths/for",
}
"""What is written where an import leaves a TODO of that name to the reader."""


def exported(kind: str, file: Path, *options: str) -> Path:
    """The job file that becomes of a file which is imported, its TODOs filled, and exported again.

    The current folder is the test's own.
    """
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        status = run(["import", kind, str(file), "--out-dir", "specs", *options])
    assert status == 0, shown.getvalue()
    (spec,) = Path("specs").glob("*.yaml")
    text = spec.read_text(encoding="utf-8")
    for name in set(re.findall(r"^ *([\w-]+): TODO$", text, flags=re.MULTILINE)):
        assert name in FILLED, text
        text = re.sub(rf"^( *{name}): TODO$", rf"\1: {FILLED[name]}", text, flags=re.MULTILINE)
    spec.write_text(text, encoding="utf-8")
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown):
        status = run(["export", "azureml", str(spec), "--out-dir", "out"])
    assert status == 0, shown.getvalue() + text
    return Path("out/job.yml")


def job_of(file: Path) -> Any:
    """A job file of the CLI v2 as its own loader reads it."""
    from azure.ai.ml import load_job

    job = load_job(file)
    return job._to_job() if hasattr(job, "_to_job") else job


def said_of(file: Path, variables: Mapping[str, str] | None = None, watched: Iterable[str] = ()) -> Said:
    """What a job file of the CLI v2 says.

    `variables` are those that Azure ML gives a process; `watched`, besides the job's own, are told with its programs.
    """
    job = job_of(file)
    return said_of_job(job, file.parent, words_of(job, file.parent), variables, watched)


def said_of_job(
    job: Any,
    base: Path,
    words: Mapping[str, str],
    variables: Mapping[str, str] | None = None,
    watched: Iterable[str] = (),
) -> Said:
    """What a job of the loader says; `words` are what stands in its command for each reference."""
    own = {name: str(value) for name, value in (job.environment_variables or {}).items()}
    resources = {name: value for name, value in vars(job.resources or object).items() if not name.startswith("_")}
    own = {name: filled(value, words) for name, value in own.items()}
    code = at(job.code, base)
    return without_nothing(
        {
            "command": started(
                filled(job.command, words),
                {**(variables or {}), **own},
                Path.cwd(),
                sorted({*own, *watched}),
                Path(code) if code and Path(code).is_dir() else None,
            ),
            "code": code,
            "inputs": sorted(file_of(entry, base, "ro_mount") for entry in _paths(job.inputs)),
            "outputs": sorted(file_of(entry, base, "rw_mount") for entry in _paths(job.outputs)),
            "environment": environment_of(job.environment, base),
            "distribution": distribution_of(job.distribution),
            "instance_count": resources.get("instance_count") or 1,
            "instance_type": str(resources.get("instance_type") or "").upper(),
            "shm_size": str(resources.get("shm_size") or "2g").lower().removesuffix("b"),
            "docker_args": resources.get("docker_args"),
            "locations": resources.get("locations"),
            "timeout": job.limits.timeout if job.limits else None,
            "compute": (job.compute or "").rpartition(":")[2].rpartition("/")[2],
            "variables": own,
            "tags": dict(job.tags or {}),
            "description": job.description,
            "identity": plain(job.identity),
            "queue": plain(job.queue_settings),
            "services": {name: plain(service) for name, service in (job.services or {}).items()},
        }
    )


def words_of(job: Any, base: Path) -> dict[str, str]:
    """What stands in a command for each of a job's inputs and outputs: a literal's text, or where its files are."""
    words = {}
    for kind, entries in (("inputs", job.inputs), ("outputs", job.outputs)):
        for name, entry in (entries or {}).items():
            if isinstance(entry, (str, int, float)):
                words[f"{kind}.{name}"] = str(entry)  # as the CLI sends it: True for true
            else:
                path = at(getattr(entry, "path", None), base)
                words[f"{kind}.{name}"] = place_of(path) if path else f"/outputs/{name}"
    return words


def place_of(path: str) -> str:
    """Where a run has the files of a path: below /datastores, as a test may mount them all; or one word of it."""
    found = DATASTORE.fullmatch(path)
    if found:
        return f"/datastores/{found[1]}/{found[2]}".rstrip("/")
    return f"/files/{re.sub('[^a-zA-Z0-9.]+', '-', os.path.relpath(path) if path[0] == '/' else path)}"


def filled(text: str, words: Mapping[str, str]) -> str:
    """A command with the words for its inputs and outputs; what is optional is left out where an input is."""

    def kept(found: re.Match[str]) -> str:
        return found[1] if all(name in words for name in REFERENCE.findall(found[1])) else ""

    return REFERENCE.sub(lambda found: words[found[1]], OPTIONAL.sub(kept, text))


def file_of(entry: Any, base: Path, mode: str) -> tuple[str, str, str]:
    """What an input or output is: its type, its path, how it gets there."""
    if entry is None:  # an output of which nothing is said
        return ("uri_folder", "", mode)
    kind = entry.type if entry.type in ("uri_file", "mltable") else "uri_folder"
    how = {"mount": mode, None: mode}.get(entry.mode, entry.mode)
    return (kind, at(entry.path, base) or "", how)


def _paths(entries: Mapping[str, Any] | None) -> Iterator[Any]:
    return (entry for entry in (entries or {}).values() if not isinstance(entry, (str, int, float)))


def at(path: Any, base: Path) -> str | None:
    """A path of a file in the folder `base`: absolute, or as it is where it is in the cloud."""
    if path is None:
        return None
    text = str(path)
    if text.startswith("azureml://datastores/"):
        return text.rstrip("/")
    if CLOUD.match(text):
        return text.removeprefix("azureml:") if not text.startswith("azureml://") else text
    return os.path.normpath(Path.cwd() / base / text.removeprefix("file:"))


def environment_of(environment: Any, base: Path) -> object:
    """The name of an environment, or what it is made of; a conda file by what is in it."""
    if environment is None or isinstance(environment, str):
        return (environment or "").removeprefix("azureml:") if "://" not in str(environment) else environment
    if environment.build is not None:
        folder = Path(getattr(environment, "_base_path", None) or base)
        return {"build": at(environment.build.path, folder), "dockerfile": environment.build.dockerfile_path}
    return without_nothing({"image": environment.image, "conda": conda_of(environment.conda_file or {})})


def conda_of(conda: Mapping[str, Any]) -> Said:
    """What a conda file has installed, in any order; channels in theirs."""
    packages = [one for one in conda.get("dependencies", ()) if one != "pip"]
    return without_nothing(
        {
            "channels": conda.get("channels"),
            "packages": sorted(one for one in packages if isinstance(one, str)),
            "pip": sorted(name for one in packages if isinstance(one, dict) for name in one["pip"]),
        }
    )


def distribution_of(distribution: Any) -> Said:
    """How processes find each other, with the counts that count."""
    found = plain(distribution)
    if found.get("type") in ("mpi", "pytorch"):
        found.setdefault("process_count_per_instance", 1)
    return found


def plain(value: Any) -> Said:
    """A loader's object, or a mapping, as the fields that it says something in; types in lower case."""
    fields = dict(value) if isinstance(value, Mapping) else vars(value) if value is not None else {}
    found = {name: one for name, one in fields.items() if not name.startswith("_")}
    return without_nothing({name: str(one).lower() if name == "type" else one for name, one in found.items()})


def without_nothing(fields: Said) -> Said:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", {}, [], ())}
