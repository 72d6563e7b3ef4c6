"""Which images a job runs in or is built on, as far as its spec says, and what of them is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from specrun.spec.base_images import base_image
from specrun.spec.diagnostics import Path
from specrun.spec.model import Environment
from specrun.spec.reading import read_text
from specrun.spec.repository_rules import Rule
from specrun.spec.repository_rules.case import Broken, Case, Found, Open
from specrun.spec.repository_rules.patterns import fits
from specrun.spec.wording import listed

DOCKER = "docker.io"
_OF_DOCKER = ("index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")


def host_of(image: str) -> str:
    """The registry that an image, or a pattern of some, is of: what stands first where that is a host."""
    return full_name(image).partition("/")[0]


def full_name(image: str) -> str:
    """`python:3.12` as `docker.io/library/python:3.12`; a pattern that begins with `*` may have any host."""
    first, slash, rest = image.partition("/")
    if not slash:
        return image if first.startswith("*") else f"{DOCKER}/library/{image}"
    if first.lower() in _OF_DOCKER:
        first = DOCKER
    is_host = "." in first or ":" in first or first.lower() == "localhost" or "*" in first
    if not is_host:
        return f"{DOCKER}/{image}"
    if first.lower() == DOCKER and "/" not in rest and not rest.startswith("*"):
        rest = f"library/{rest}"
    return f"{first.lower()}/{rest}"


def is_allowed(image: str, patterns: Sequence[str]) -> bool:
    """Whether one of the patterns stands for an image; one without a tag for any."""
    name = full_name(image)
    bare = _without_tag(name)
    return any(
        fits(pattern, name) or (_without_tag(pattern) == pattern and fits(pattern, bare))
        for pattern in map(full_name, patterns)
    )


def _without_tag(name: str) -> str:
    name = name.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def images(case: Case, rule: Rule) -> Iterator[Found]:
    """Whether the patterns of the rule `images` have each image."""
    for path, image in _of(case):
        if image is None:
            yield Open(path, _unseen(case, path))
        elif not is_allowed(image, rule.value):
            detail = f"`{image}` is none of the images that are allowed: {listed(rule.value, 'and')}.{_says(path)}"
            yield Broken(path, detail, path[-1] != "image")


def registries(case: Case, rule: Rule) -> Iterator[Found]:
    """Whether each image is of a registry that the rule `registries` has."""
    for path, image in _of(case):
        if image is None:
            yield Open(path, _unseen(case, path))
            continue
        host = host_of(image)
        if not any(fits(DOCKER if pattern in _OF_DOCKER else pattern, host) for pattern in rule.value):
            detail = f"`{image}` is of {host}. Images may come from {listed(rule.value, 'and')}.{_says(path)}"
            yield Broken(path, detail, path[-1] != "image")


def _says(path: Path) -> str:
    """What leads to an image that the spec does not name itself."""
    if path[-1] == "image":
        return ""
    if path[-1] == "build":
        return " The Dockerfile takes it."
    return " A job that names no image is built on it: write one as `job.environment.image`."


def _unseen(case: Case, path: Path) -> str:
    if path[-1] == "build":
        return "what the Dockerfile builds on depends on more than what stands in it"
    environment = case.spec.job.environment if case.spec.job else None
    what = environment.registered if environment is not None and environment.registered else "the framework's"
    return f"which image {what} is can be seen in its registry alone"


def _of(case: Case) -> Iterator[tuple[Path, str | None]]:
    """Each image, with what says it; None where the spec does not tell."""
    job = case.spec.job
    if job is None:
        return
    at: Path = ("job", "environment")
    environment = job.environment
    if environment is None:
        if case.in_azure:
            yield ("job",), base_image(case.spec.wants_gpu)
    elif environment.image is not None:
        yield (*at, "image"), environment.image
    elif environment.build_path is not None:
        yield from (((*at, "build"), image) for image in _built_on(environment))
    elif case.in_azure or environment.registered is not None or environment.framework is not None:
        named = environment.registered is not None or environment.framework is not None
        yield at, None if named else base_image(case.spec.wants_gpu)


_FROM = re.compile(r"(?i)\s*FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?\s*$")
_COPY = re.compile(r"(?i)\s*(?:COPY|ADD|RUN)\s.*--(?:from=|mount=\S*\bfrom=)(?P<image>[^\s,]+)")
_ARG = re.compile(r"(?i)\s*ARG\s+(?P<name>\w+)(?:=(?P<value>\S*))?\s*$")
_SYNTAX = re.compile(r"#\s*syntax\s*=\s*(?P<image>\S+)\s*$", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")


def _built_on(environment: Environment) -> Iterator[str | None]:
    """The images that a Dockerfile takes from somewhere; None for one that its lines do not tell."""
    assert environment.build_path is not None
    try:
        text = read_text(str(environment.build_path.absolute / (environment.dockerfile_path or "Dockerfile")))
    except (OSError, ValueError):
        yield None
        return
    arguments: dict[str, str] = {}
    stages = {"scratch"}
    number = 0
    for line in re.sub(r"[\\`][ \t]*\r?\n", " ", text).splitlines():
        if (given := _ARG.match(line)) and number == 0:
            arguments[given["name"]] = (given["value"] or "").strip("\"'")
        found = _SYNTAX.match(line) or _FROM.match(line) or _COPY.match(line)
        if found is None:
            if re.match(r"(?i)\s*FROM\b", line):
                yield None
            continue
        image = _VARIABLE.sub(lambda match: arguments.get(match[1] or match[3]) or match[2] or match[0], found["image"])
        image = image.strip("\"'")
        is_stage = image.lower() in stages or (image.isdigit() and int(image) < number)
        if found.re is _FROM:
            number += 1
        if not is_stage:
            yield None if "$" in image else image
        if found.re is _FROM and found["stage"]:
            stages.add(found["stage"].lower())
