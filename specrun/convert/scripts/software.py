"""The section `environment`, from what was gathered for it."""

from __future__ import annotations

import posixpath
import re

from specrun.convert.conda import conda_text
from specrun.convert.document import TODO, Key
from specrun.convert.locations import folder_of, rebased
from specrun.convert.scripts.packages import Packages, conda_values
from specrun.convert.scripts.values import Call
from specrun.convert.scripts.writing import Writing

TO: Key = ("job", "environment")
_FRAMEWORKS = {"TensorFlow": "tensorflow", "PyTorch": "torch", "Chainer": "chainer", "SKLearn": "scikit-learn"}


_DEFAULTS = {"TensorFlow": "1.13", "PyTorch": "1.4", "Chainer": "5.1.0", "SKLearn": "0.20.3"}
"""The versions that the estimators take where nothing is said."""


def write_gathered(writing: Writing, job: Call, packages: Packages, image: str) -> None:
    """Write what was gathered: the image, and one of pip and a conda file."""
    draft = writing.draft
    framework, version = _FRAMEWORKS.get(job.kind), job.get("framework_version")
    has_build = draft.get((*TO, "build", "path")) is not None
    if framework and not image and not has_build and not packages.files:
        text = str(version).strip() if isinstance(version, str | int | float) else _DEFAULTS[job.kind]
        if version is not None and not isinstance(version, str | int | float):
            writing.ask(job, "framework_version", TO, "the version is computed: write it")
        elif not re.fullmatch(r"[0-9]+(\.[0-9]+)*", text):
            writing.ask(job, "framework_version", TO, "a version has numbers and full stops")
            text = _DEFAULTS[job.kind]
        elif version is not None:
            writing.rewrite(job, "framework_version", TO, "the framework as the environment has it")
        note = "" if version is not None else f"the version that {job.kind} takes where nothing is said"
        if framework == "tensorflow" and not packages.pip and not packages.needs_conda:
            draft.set((*TO, "framework"), "tensorflow")
            draft.set((*TO, "version"), text, note)
            return
        packages.pip.insert(0, f"{framework}=={text}" if text.count(".") > 1 else f"{framework}=={text}.*")
        if note:
            draft.comment(TO, note)
    if has_build:
        if packages.pip or packages.needs_conda or packages.files:
            writing.lack((*TO, "build"), "the Dockerfile has to install the packages: a spec has them or a build")
        for call, name, _ in packages.files:
            writing.drop(call, name, "a spec has a build or packages")
        return
    if image:
        draft.set((*TO, "image"), image)
    if packages.files:
        _conda_file(writing, packages)
    elif packages.needs_conda:
        file = f"{writing.draft.get(('name',)) or 'job'}-conda.yml"
        written = conda_text(conda_values(packages), job.key)
        if written is None:
            draft.set((*TO, "conda_file"), TODO)
            writing.lack((*TO, "conda_file"), "a credential stands among the packages or channels: it is not copied")
            return
        writing.files[file] = written
        draft.set((*TO, "conda_file"), file, "written beside this file: conda's packages have no field in a spec")
    elif packages.pip:
        draft.set((*TO, "pip"), list(dict.fromkeys(packages.pip)))
    elif not image:
        draft.comment(("job",), "TODO: the script names no environment: write environment: {pip: [...]}")
        writing.lack(
            TO,
            "the script says nothing of what the job runs in: SDK v1's default was its own image with"
            " Python 3 and azureml-defaults",
        )


def _conda_file(writing: Writing, packages: Packages) -> None:
    for number, (call, name, value) in enumerate(packages.files):
        to = (*TO, "conda_file")
        if number:
            writing.ask(call, name, to, "an environment has one conda file: put them together")
            continue
        found = writing.word(value, "conda_file")
        if isinstance(value, str) and found.value is not TODO:
            start = folder_of(writing.file)
            folder = call.get("source_directory")
            if name in ("conda_dependencies_file",) and isinstance(folder, str):
                start = posixpath.join(start, folder)  # which the estimators look for in the code folder
            found.value = rebased(value, start, writing.options.folder)
        writing.draft.set(to, found.value)
        writing.settle(call, name, to, found, "" if found.value == value else "relative to the spec")
        if packages.pip or packages.needs_conda:
            writing.draft.comment(
                to,
                "TODO: add to it what the script adds: " + ", ".join(dict.fromkeys([*packages.conda, *packages.pip])),
            )
            writing.lack(to, "the script adds packages to the conda file: write them into it")
