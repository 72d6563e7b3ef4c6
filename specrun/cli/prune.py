"""`specrun prune`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import click

from specrun.apply.deleted import places_at
from specrun.apply.project import Project
from specrun.apply.pruning import Pruning
from specrun.cli.apply import as_json, carry_out, confirm, refuse_on_windows
from specrun.cli.exit_codes import FAILED, REFUSED, WRONG_USAGE, Exit
from specrun.cli.options import color_option, lock_timeout_option, output_option
from specrun.cli.plan import check_allowed, render
from specrun.cli.reading import Reading, repository_options
from specrun.cli.session import require_engine
from specrun.cli.telling import quiet, tell, tell_waits
from specrun.cli.whole import Whole, require_whole
from specrun.engines.base import Scope
from specrun.engines.facts import ENGINES
from specrun.engines.registry import find_place, make_engine
from specrun.plan.changes import Plan
from specrun.plan.git import GitError
from specrun.plan.graph import Graph
from specrun.plan.hashes import HashCache
from specrun.plan.home import open_home
from specrun.plan.pruning import MAX_SHARE, ON_DEMAND
from specrun.plan.resources import Place
from specrun.plan.since.base import UnknownRef
from specrun.spec.model import Properties
from specrun.spec.repository import repository_of, under_ci
from specrun.views.narration import Narration
from specrun.views.text import count, terminal_width

_AZURE = ("azureml", "azureml-v1")
"""Of two engines for one workspace the first is asked: it sees more."""

_RESOURCE_ID = ["subscriptions", "resourcegroups", "providers", "workspaces"]


@click.command()
@repository_options
@click.option("--branch", metavar="NAME", help="The branch that says which specs there are.")
@click.option("--since", metavar="REF", help="Look where specs were, too, that are gone since this commit.")
@click.option("--workspace", "workspaces", multiple=True, metavar="SUBSCRIPTION/GROUP/NAME", help="Look there, too.")
@click.option("--also", type=click.Choice(ON_DEMAND), multiple=True, help="Delete this kind too.")
@click.option(
    "--max-share",
    type=click.FloatRange(0, 100),
    default=MAX_SHARE,
    show_default=True,
    metavar="PERCENT",
    help="Delete no more of what there is.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and delete nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@lock_timeout_option
@output_option("text", "json")
@color_option
def prune(
    reading: Reading,
    changed_since: str | None,
    branch: str | None,
    since: str | None,
    workspaces: tuple[str, ...],
    also: tuple[str, ...],
    max_share: float,
    dry_run: bool,
    yes: bool,
    lock_timeout: int,
    output: str,
) -> None:
    """Delete what specrun made for specs of this repository that are gone."""
    if not dry_run:
        refuse_on_windows("prune")
    require_engine(reading.engine)
    root = repository_of(_folder(reading))
    if root is None:
        raise Exit(REFUSED, "refused: this is in no git repository, and only of one it is known which specs are gone")
    home = open_home(Path(root))
    reading = replace(reading, changed=None if changed_since is None else {})
    try:
        whole = require_whole(root, reading, branch)
        looked = _looked_at(whole, reading, since, workspaces, home)
    except UnknownRef as error:
        raise Exit(WRONG_USAGE, f"--since: {error}") from error
    except GitError as error:
        raise Exit(REFUSED, f"refused: what is checked out cannot be told: {error}") from error
    tell_waits()
    hashes, shared = HashCache(home), dict[str, Any]()
    engines = {
        place: make_engine(place, home, hashes, Scope(workspace, shared=shared))
        for place, workspace in looked.places.items()
    }
    pruning = Pruning(engines, whole.claims, looked.named, data="data" in also)
    made = pruning.plan(time.time(), max_share)
    _tell(pruning, looked)
    if dry_run:
        if made.places:
            print(render(made, output, {"prune": _told(pruning, looked)}))
        check_allowed(made)
        return
    project = Project((), Graph({}, {}), engines, {}, home, hashes, lock_required=whole.lock_required)
    narration = Narration(sys.stdout, sys.stderr, terminal_width(), quiet=quiet())
    show_event = narration if output == "text" else as_json
    try:
        ask = None if yes else _confirm
        raise Exit(carry_out(project, made, reading, show_event, ask=ask, detach=True, lock_timeout=lock_timeout))
    finally:
        narration.close()


class _Looked(NamedTuple):
    """The places that are looked at, each with a workspace that means it; those that were `named`; of which specs that
    are gone it is not known where they were; and the workspaces that specs name and nobody looks at.
    """

    places: Mapping[Place, Properties | None]
    named: Collection[Place]
    untold: Collection[str]
    passed_over: Collection[str]


def _looked_at(whole: Whole, reading: Reading, since: str | None, workspaces: Collection[str], home: Path) -> _Looked:
    """Where things may be. Raises GitError."""
    found: dict[Place, Properties | None] = {}
    for place, specs in whole.specs.places(reading.engine).items():
        found[place] = next((spec.workspace for spec in specs if spec.workspace is not None), None)
    untold: Collection[str] = ()
    if since is not None:
        claims = whole.claims
        gone = places_at(whole.root, since, home, reading.options(), claims.is_gone, claims.repository)
        found = {**gone.places, **found}
        untold = gone.untold
    if reading.engine is None:
        found.setdefault(find_place("local", None), None)  # it costs nothing
    engine = _azure_engine(reading.engine, found)
    named = {find_place(engine, workspace): workspace for workspace in map(_workspace, workspaces)}
    found = {**named, **found}
    seen: dict[str, Place] = {}
    for place in sorted(found, key=lambda one: _AZURE.index(one.engine) if one.engine in _AZURE else 0):
        seen.setdefault(place.workspace, place)
    places = {place: workspace for place, workspace in found.items() if seen[place.workspace] == place}
    elsewhere = {
        find_place(_AZURE[0], spec.workspace).workspace for spec in whole.specs.specs if spec.workspace is not None
    }
    passed_over = sorted(elsewhere - {one.workspace for one in places})
    return _Looked(places, [seen[place.workspace] for place in named], untold, passed_over)


def _azure_engine(chosen: str | None, places: Collection[Place]) -> str:
    """The engine for a workspace that is named: the one that was chosen, else that of the others."""
    if chosen is not None and ENGINES[chosen].in_workspace:
        return chosen
    return next((place.engine for place in places if ENGINES[place.engine].in_workspace), _AZURE[0])


def _workspace(text: str) -> Properties:
    """A workspace as --workspace names it, or by its resource id. Raises click.UsageError."""
    parts = text.strip("/").split("/")
    if len(parts) == 8 and [parts[at].lower() for at in (0, 2, 4, 6)] == _RESOURCE_ID:
        parts = [parts[1], parts[3], parts[7]]
    if len(parts) != 3 or not all(part.strip() for part in parts):
        raise click.UsageError(f"--workspace wants SUBSCRIPTION/GROUP/NAME, not `{text}`.")
    return dict(zip(("subscription_id", "resource_group", "name"), parts, strict=True))


def _folder(reading: Reading) -> str:
    """A folder of the repository that is meant."""
    first = os.path.abspath(reading.named[0] if reading.named else os.curdir)  # noqa: PTH100
    return first if os.path.isdir(first) else os.path.dirname(first)  # noqa: PTH112, PTH120


def _confirm(made: Plan) -> None:
    """Ask a person; a pipeline with a terminal has none."""
    if under_ci():
        raise Exit(FAILED, "nothing was deleted: in CI, say --yes to carry out this plan")
    confirm(made)


def _told(pruning: Pruning, looked: _Looked) -> Mapping[str, Any]:
    """What programs are told beside the plan."""
    return {
        "repository": pruning.claims.repository,
        "looked_at": [{"engine": place.engine, "workspace": place.workspace} for place in pruning.engines],
        "not_looked_at": list(looked.passed_over),
        "of_this_repository": pruning.found.own,
        "of_others": pruning.found.others,
        "not_known_where": list(looked.untold),
    }


def _tell(pruning: Pruning, looked: _Looked) -> None:
    found = pruning.found
    where = ", ".join(place.workspace or place.title for place in pruning.engines)
    made = f"{count(found.own, 'thing')} made for {pruning.claims.repository}, {found.others} for other repositories"
    lines = [f"looked at {where}: {made}"]
    if looked.passed_over:
        lines.append(f"not looked at: {', '.join(looked.passed_over)}, named by specs that go elsewhere: see --engine")
    lines += [f"where {file} was is not known: name its workspace with --workspace" for file in looked.untold]
    for line in lines:
        tell(line)
