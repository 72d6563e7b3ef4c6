"""Whether all specs of a repository are here, each valid and as its own branch has them, for what depends on all."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from specrun.apply.all_specs import AllSpecs, all_specs
from specrun.cli.exit_codes import REFUSED, Exit
from specrun.cli.reading import Reading
from specrun.cli.session import show
from specrun.engines.facts import unread
from specrun.plan.branch import default_branch, not_as_committed, not_on
from specrun.plan.makers import Maker
from specrun.plan.pruning import Claims
from specrun.plan.repositories import Repositories
from specrun.spec.model import Origin
from specrun.spec.named import find
from specrun.spec.repository_file import NAME, RepositoryFile, RepositoryFiles
from specrun.spec.source import Document

_SHOWN = 5


class Whole(NamedTuple):
    """A repository's specs, all of them, what they claim, and whether its rules want locks."""

    root: str
    specs: AllSpecs
    claims: Claims
    lock_required: bool


def require_whole(root: str, reading: Reading, branch: str | None) -> Whole:
    """The specs of the repository at `root`. Ends the command with all reasons where some may be missing.

    `branch` is what `--branch` says. Raises GitError.
    """
    said = RepositoryFiles().at(os.path.normpath(os.path.join(os.path.relpath(root), NAME)))  # noqa: PTH118
    found = all_specs(root, {**reading.options(), "unread": unread()})
    name = Repositories().name(os.path.join(root, NAME))  # noqa: PTH118
    reasons = list(_reasons(root, reading, said, found, branch, name))
    if reasons:
        show(found.unread)
        raise Exit(REFUSED, *(f"refused: {reason}" for reason in reasons))
    origin = Origin(said.document or Document(said.path, "", {}), ("repository",))
    uses: dict[tuple[str, str], str] = {}
    for use in found.uses(reading.engine):
        uses.setdefault(use.thing, use.origin.document.file)
    claims = Claims(name, Claims.makers_of(found.specs, Maker(repository=name)), uses, origin)
    return Whole(root, found, claims, said.lock_required)


def _reasons(
    root: str, reading: Reading, said: RepositoryFile, found: AllSpecs, branch: str | None, name: str
) -> Iterator[str]:
    if not name:
        yield f"the repository has no name, by which its things could be known: write `repository: NAME` in {said.path}"
    yield from _wrong_branch(root, said, branch)
    if found.unread:
        yield "what an invalid spec declares is not known: correct what is said above"
    yield from _left_out(reading, found)
    read = {str(path) for spec in found.specs for path in (*spec.layers, spec.file)}
    changed = list(not_as_committed(root, {os.path.realpath(path) for path in read}))
    if changed:
        yield f"{_listed(changed)} {'is' if len(changed) == 1 else 'are'} not as committed: commit, or restore"


def _wrong_branch(root: str, said: RepositoryFile, branch: str | None) -> Iterator[str]:
    own = branch or said.branch or default_branch(root)
    if not own:
        yield f"which branch is the repository's own is not known: write `branch: NAME` in {said.path}, or say --branch"
    elif why := not_on(root, own):
        yield why if branch else f"{why}: check it out, or say --branch where another one is meant"


def _left_out(reading: Reading, found: AllSpecs) -> Iterator[str]:
    """What the command line leaves out."""
    typed = (
        ("--target", reading.target is not None),
        ("--only", reading.only),
        ("--exclude", reading.exclude),
        ("--changed-since", reading.changed is not None),
    )
    if given := [option for option, is_given in typed if is_given]:
        yield f"{' and '.join(given)} would leave specs out, and what they declare has to be known"
    if reading.named:
        named = {os.path.realpath(file) for file in find(reading.named).files}
        missing = [file for file in found.files if os.path.realpath(file) not in named]
        if missing:
            yield f"the FILEs leave out {_listed(missing)}, and what that declares has to be known: name none"


def _listed(files: Sequence[str] | Collection[str]) -> str:
    few = list(files)[:_SHOWN]
    return ", ".join(few) + (f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else "")
