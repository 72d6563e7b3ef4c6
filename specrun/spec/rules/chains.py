"""Inputs that read another spec's run or a model, and outputs that become one: what is wrong in one spec alone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from specrun.spec.diagnostics import Diagnostic
from specrun.spec.rules.subject import Subject, mapping, text

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_OF_SERVICE = re.compile(r"(?:azureml:)?([A-Za-z0-9][A-Za-z0-9_.-]{0,254})(?::([\w.-]+)|@(\w+))?")
_NEWEST = frozenset(("latest", "newest", "last", "current", "@latest", "head"))


def names_file(written: str) -> bool:
    """Whether what an input reads from is written as a file, and not as a spec's name."""
    return "/" in written or written.endswith((".yaml", ".yml"))


def own_runs(subject: Subject) -> Iterator[Diagnostic]:
    """No input reads from a run of its own spec."""
    name, file = text(subject.values.get("name")), subject.document.file
    for entry, value in mapping(subject.job.get("inputs")).items():
        written = text(mapping(value).get("run"))
        if written is None:
            continue
        path = os.path.normpath(os.path.join(os.path.dirname(file), written))  # noqa: PTH118, PTH120 - as rules do
        if written == name or (names_file(written) and path == os.path.normpath(file)):
            detail = (
                f"{written} is this spec: its run would wait for itself. What an attempt has written outlives it in "
                "an output with a `path`, which the next one finds as it is."
            )
            yield subject.at("chain-loop", detail, "job", "inputs", entry, "run")


def models(subject: Subject) -> Iterator[Diagnostic]:
    """A model is named as it is registered, and a version of it as the service does."""
    for entry, value in mapping(subject.job.get("inputs")).items():
        place = ("job", "inputs", entry)
        model, version = text(mapping(value).get("model")), text(mapping(value).get("version"))
        if model is not None and not _MODEL.fullmatch(model):
            yield subject.at("bad-model", _as_name(model), *place, "model")
        if version is None or version == "latest":
            continue
        plain = version.strip()
        if plain.lower() in _NEWEST:
            yield subject.at("bad-model", "The newest that there is: write `version: latest`.", *place, "version")
        elif not _MODEL.fullmatch(version):
            detail = f'"{version}" is no version: write its number, or `version: latest`.'
            yield subject.at("bad-model", detail, *place, "version")


def _as_name(written: str) -> str:
    if written.startswith("azureml://registries/"):
        return f"A model of a registry is at an address: write `path: {written}` instead of `model` and `version`."
    found = _OF_SERVICE.fullmatch(written)
    if found is None:
        return (
            f'"{written}" is no name of a model: 1 to 255 letters, digits, hyphens, underscores and dots, the first a '
            "letter or a digit."
        )
    version = found[2] or found[3]
    return f"Write `model: {found[1]}`" + (f" and `version: {version}`." if version else ".")


def registered_twice(subject: Subject) -> Iterator[Diagnostic]:
    """Each output becomes a model of its own."""
    seen: dict[str, str] = {}
    for output, value in mapping(subject.job.get("outputs")).items():
        name = text(mapping(mapping(value).get("register")).get("name"))
        if name is None:
            continue
        first = seen.setdefault(name.lower(), output)
        if first != output:
            place = ("job", "outputs", output, "register", "name")
            there = ("job", "outputs", first, "register", "name")
            detail = (
                f"The output {first} is registered as {name}, too ({subject.line(there, place)}): which of the two "
                f"would be the latest is left to chance. Give each a name of its own, such as `{name}-{output}`."
            )
            yield subject.at("registered-twice", detail, *place, other=there)
