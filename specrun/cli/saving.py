"""The request of a saved plan: written from a command line, and read again for the same plan to be made anew."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import click

from specrun.apply.project import Project
from specrun.cli.exit_codes import FAILED, REFUSED, WRONG_USAGE, Exit
from specrun.cli.reading import Reading
from specrun.cli.saved import Saved, check_same, check_specs, end_if_stale, root
from specrun.cli.session import open_specs
from specrun.cli.telling import tell
from specrun.plan.changes import Plan
from specrun.plan.kinds.data import DataTarget
from specrun.plan.kinds.environment import JobEnvironment
from specrun.plan.kinds.run import RunRequest
from specrun.plan.planning import PlanOptions
from specrun.plan.portable import leads_to, seen_from
from specrun.plan.saved import PlanUnreadable, contents, save
from specrun.spec.boundary import allowing, is_below
from specrun.spec.layers.specs import Layering
from specrun.spec.masking import mask
from specrun.spec.model import LocalPath
from specrun.spec.named import find
from specrun.spec.patterns import is_glob
from specrun.spec.rules.files import Files
from specrun.spec.selection import Selector
from specrun.spec.source import STDIN, read
from specrun.spec.visible import visible
from specrun.spec.wording import command, file_word

NOTHING = Plan((), (), {})
"""A plan of no specs."""

Request = Mapping[str, Any]
"""What the command line said, as it stands in a plan: see `call` in its schema."""


class Option(NamedTuple):
    """An option of a request: its name there, and how it is typed."""

    name: str
    words: tuple[str, ...]


def request_of(reading: Reading, options: PlanOptions) -> Request:
    """What the command line says, with paths as they are seen from the repository's root, in any clone of it."""
    start, environment = root(), reading.environment
    if environment is not None and environment != "current":
        environment = seen_from(start, environment)
    return {
        "files": [file if file == STDIN else seen_from(start, file) for file in reading.named],
        "engine": reading.engine,
        "target": reading.target,
        "var_files": [seen_from(start, file) for file in reading.var_files],
        "variables": dict(reading.variables),
        "inputs": {name: seen_from(start, path) for name, path in reading.inputs.items()},
        "environment": environment,
        "rerun": options.rerun,
        "cancel_previous": options.cancel_previous,
        "adopt": list(options.adopt),
        "only": [_selector_from(start, one) for one in reading.only],
        "exclude": [_selector_from(start, one) for one in reading.exclude],
    }


def _selector_from(start: str, one: Selector) -> str:
    return f"folder:{seen_from(start, one.value)}" if one.by == "folder" else str(one)


def _selector_here(text: str) -> Selector:
    by, _, value = text.partition(":")
    return Selector(by, _seen_from_here(value) if by == "folder" else value)


def save_plan(made: Plan, request: Request, out: str, changed_since: Mapping[str, Any] | None = None) -> None:
    """Save a plan. Ends the command when it is too large, or would keep a credential from the command line."""
    if STDIN in request["files"]:
        raise Exit(
            WRONG_USAGE, "a plan is made again before it is applied, and standard input is gone by then: name a file"
        )
    for name, value in request["variables"].items():
        if mask(value) != value:
            detail = f"--var {name} has a credential in it, and a saved plan keeps what the command line said"
            raise Exit(WRONG_USAGE, f"{detail}: give it to the job as `${{{{ secrets.NAME }}}}`")
    try:
        save(contents(made, request, root(), mask, changed_since), Path(out))
    except PlanUnreadable as error:
        raise Exit(FAILED, str(error)) from error
    again = command(file_word(out), *(word for option in _to_say_again(request) for word in option.words))
    tell(f"saved: `specrun apply {again}` carries out exactly this")


def check_outside_sources(made: Plan, out: Path) -> None:
    """End the command when a plan would be saved among the files that it is about, and change them."""
    where = out.resolve()
    for what, folder in _sources(made):
        if where.is_relative_to(folder.resolve()):
            raise Exit(WRONG_USAGE, f"{out} lies in the {what} folder {folder}, and would be {what}: save it elsewhere")


def _sources(made: Plan) -> Iterator[tuple[str, Path]]:
    for resource in (change.resource for change in made.changes):
        if isinstance(resource, RunRequest) and resource.job.code is not None:
            yield "code", resource.job.code.absolute
        elif isinstance(resource, DataTarget) and isinstance(resource.source, LocalPath):
            yield "data", resource.source.absolute
        elif isinstance(resource, JobEnvironment) and (context := resource.content.definition.build_path) is not None:
            yield "build", context.absolute


def planned_anew(
    saved: Saved, given: Reading, options: PlanOptions, *, to_apply: bool = False
) -> tuple[Reading, Project | None, Plan]:
    """A saved plan's request, the specs that it is about (None: it is of none), and what is planned now: the same.

    `given` and `options` are what the command line says. Only what is `to_apply` needs secrets, and is judged by rules.
    Ends the command when it is not the same.
    """
    typed = click.get_current_context().params
    given = replace(given, engine=typed["engine"], target=typed["target"])  # not what the environment says
    reading, options = _as_requested(saved, given, options)
    if not reading.files:
        check_same(saved, NOTHING)
        return reading, None, NOTHING
    project = open_specs(reading, secrets_required=to_apply, under_rules=to_apply)
    check_specs(saved, project.graph)
    made = project.plan(options)
    check_same(saved, made)
    return reading, project, made


def _as_requested(saved: Saved, given: Reading, options: PlanOptions) -> tuple[Reading, PlanOptions]:
    """How to read the specs and to plan, as the plan says; what that is, is told first.

    Ends the command when options that are given say something else, and when the plan would have read what the specs
    do not name: of this the command line has to speak as well. What it allows is never taken from the plan.
    """
    request, environment = saved.request, saved.request["environment"]
    print(visible(f"{saved.file} was made by: specrun plan {command(*_arguments(request))}"), file=sys.stderr)
    asked = request_of(given, options)
    said, was = _but_elsewhere(asked), _but_elsewhere(request)
    other = [option for name, option in _OPTIONS.items() if said[name] and said[name] != was[name]]
    if other:
        raise Exit(WRONG_USAGE, f"{saved.file} was made with other values of {', '.join(other)}: plan again")
    named = [_seen_from_here(file) for file in request["files"]]
    for file, here in zip(request["files"], named, strict=True):
        _check_inside(saved, file, here, given)
        _check_spec(saved, file)
    found = find(named)
    for mistake in found.mistakes:
        if mistake.code == "no-specs":
            end_if_stale(saved, [_no_spec(seen_from(root(), mistake.location.file))])
    for here in found.files:
        _check_inside(saved, here, here, given)
    again = [option for option in _to_say_again(request) if not asked[option.name]]
    if again:
        words = command(*(word for option in again for word in option.words))
        raise Exit(REFUSED, f"{saved.file} takes files from elsewhere: if that is meant, add {words}")
    reading = Reading(
        found.files,
        request["engine"],
        request["variables"],
        given.inputs or {name: _seen_from_here(path) for name, path in request["inputs"].items()},
        given.environment or (environment if environment in (None, "current") else _seen_from_here(environment)),
        given.allow_outside,
        environment_said=bool(asked["environment"]),
        named=named,
        found=found,
        only=[_selector_here(text) for text in request["only"]],
        exclude=[_selector_here(text) for text in request["exclude"]],
        target=request["target"],
        var_files=given.var_files or [_seen_from_here(file) for file in request["var_files"]],
        var_files_said=bool(asked["var_files"]),
        rules_from=given.rules_from,
    )
    said_of_runs = {"rerun": request["rerun"], "cancel_previous": request["cancel_previous"]}
    return reading, replace(options, **said_of_runs, adopt=tuple(request["adopt"]), planned=saved.attempts)


def _check_inside(saved: Saved, file: str, here: str, given: Reading) -> None:
    """End the command when a file, as it is seen from here, is none of the repository's and was not allowed."""
    where = os.path.realpath(here)
    inside = is_below(where, os.path.realpath(root()))
    if not inside and not any(is_below(where, os.path.realpath(one)) for one in given.allow_outside):
        elsewhere = f"{saved.file} is for {file}, which lies outside {root()}"
        raise Exit(REFUSED, f"{elsewhere}: plan again there, or add {allowing(where)} if it is meant")


def _no_spec(file: str) -> str:
    return f"there is no spec {file} in {root()}"


def _check_spec(saved: Saved, file: str) -> None:
    """Whatever else a plan names is not read as a spec: what is wrong with it would be quoted."""
    here = _seen_from_here(file)
    if Path(here).is_dir() or (is_glob(file) and not os.path.lexists(here)):
        return  # of which only specs are read
    document, _ = read(here)
    values = document.values if document is not None else None
    if document is not None and isinstance(values, dict) and "apiVersion" not in values:
        values = Layering(Files()).of(document).merged().values  # it may have that of its bases
    if not isinstance(values, dict) or not str(values.get("apiVersion")).startswith("specrun/"):
        end_if_stale(saved, [_no_spec(file)])


_OPTIONS: Mapping[str, str] = {
    "engine": "--engine",
    "target": "--target",
    "var_files": "--var-file",
    "variables": "--var",
    "inputs": "--input",
    "environment": "--environment",
    "rerun": "--rerun",
    "cancel_previous": "--cancel-previous",
    "adopt": "--adopt",
    "only": "--only",
    "exclude": "--exclude",
}


def _arguments(request: Request) -> Iterator[str]:
    yield from map(file_word, request["files"])
    for name, option in _OPTIONS.items():
        value = request[name]
        if isinstance(value, Mapping):
            yield from (part for key, text in value.items() for part in (option, f"{key}={text}"))
        elif isinstance(value, list):
            yield from (part for text in value for part in (option, text))
        elif value:
            yield from (option,) if value is True else (option, value)


def _but_elsewhere(request: Request) -> Request:
    """A request without where things lie that are none of the repository: that differs from machine to machine, and
    what is in them is compared.
    """

    def known(path: str) -> str:
        return path if _below_root(path) is not None else "elsewhere"

    environment = request["environment"]
    return {
        **request,
        "inputs": {name: known(path) for name, path in request["inputs"].items()},
        "var_files": list(map(known, request["var_files"])),
        "environment": environment and known(environment),
    }


def _to_say_again(request: Request) -> Iterator[Option]:
    """The options of a request that name files which are none of the repository, and count only from its reader."""
    inputs = request["inputs"].items()
    if any(_strange(path) for _, path in inputs):  # all of them: what is said has to be the same
        yield from (Option("inputs", ("--input", f"{name}={_seen_from_here(path)}")) for name, path in inputs)
    if any(map(_strange, request["var_files"])):
        yield from (Option("var_files", ("--var-file", _seen_from_here(file))) for file in request["var_files"])
    if (file := request["environment"]) not in (None, "current") and _strange(file):
        yield Option("environment", ("--environment", _seen_from_here(file)))


def _strange(path: str) -> bool:
    """Whether a path of a plan is none of the repository's own files: outside, or hidden, as `.git` is."""
    below = _below_root(path)
    return below is None or root() == "/" or any(part.startswith(".") for part in below.parts)


def _below_root(path: str) -> PurePath | None:
    """Where in the repository a path of a plan leads, links included; None where it leads out."""
    top = os.path.realpath(root())
    where = PurePath(os.path.realpath(_seen_from_here(path)))  # a loop of links does not raise, as in Path.resolve
    return where.relative_to(top) if where.is_relative_to(top) else None


def _seen_from_here(path: str) -> str:
    return leads_to(root(), path)
