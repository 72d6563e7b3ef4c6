"""Where specs were that are gone: as a commit of the repository has them, with their layers and bases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from specrun.apply.project import DEFAULT_ENGINE
from specrun.engines.facts import ENGINES
from specrun.engines.registry import find_place
from specrun.plan.git import git
from specrun.plan.home import scratch
from specrun.plan.makers import Maker
from specrun.plan.resources import Place
from specrun.plan.since.base import commit_of
from specrun.plan.since.blobs import blobs
from specrun.spec.expressions import OPEN
from specrun.spec.load import load
from specrun.spec.model import Properties
from specrun.spec.reading import MOST_YAML
from specrun.spec.repository_file import NAME
from specrun.spec.tree import is_spec_text

_YAML = (".yaml", ".yml")
_FIELDS = ("subscription_id", "resource_group", "name")


class Gone(NamedTuple):
    """Places of specs that are gone, each with a workspace that means it; and the files of those whose place a commit
    does not tell.
    """

    places: Mapping[Place, Properties | None]
    untold: tuple[str, ...] = ()


def places_at(
    root: str, ref: str, home: Path, options: Mapping[str, Any], is_gone: Callable[[Maker], bool], repository: str
) -> Gone:
    """The places of those specs at a commit that are gone now, under each of their targets. Raises GitError.

    `options` are those of `load`; `home` is the state folder.
    """
    commit = commit_of(root, ref)
    listed = git(root, "ls-tree", "-r", "-z", "--full-tree", commit).decode(errors="surrogateescape").split("\0")
    rows = [(row.partition("\t")[2], row.split()[2]) for row in listed if row.startswith("100")]
    names = {path: name for path, name in rows if path.endswith((*_YAML, ".json"))}
    texts = blobs(root, list(names.values()), MOST_YAML)
    places: dict[Place, Properties | None] = {}
    untold: dict[str, None] = {}
    with scratch(home) as folder:
        (folder / ".git").mkdir()  # it is read as a repository of its own
        for path, name in names.items():
            if name in texts and ".." not in path.split("/"):
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(texts[name])
        files = {str(folder / path): path for path, name in names.items() if _is_spec(path, texts.get(name, b""))}
        said = {"files": list(files), "scanned": frozenset(files), "mistakes": (), "target": None, "selection": None}
        loaded = load(**{**options, **said, "with_specs": False, "with_values": True, "every_target": True})
        for document, values in loaded.values:
            file = document.file
            if file in loaded.abstract or not is_gone(Maker(str(values.get("name")), repository, document.target)):
                continue
            place, workspace = _placed(values, options.get("engine"), Path(file))
            if place is None:
                untold[files[file]] = None
            else:
                places.setdefault(place, workspace)
    return Gone(places, tuple(untold))


def _is_spec(path: str, text: bytes) -> bool:
    return path.endswith(_YAML) and path.rpartition("/")[2] != NAME and is_spec_text(text)


def _placed(values: Mapping[str, Any], engine: str | None, file: Path) -> tuple[Place | None, Properties | None]:
    """Where a spec goes by its values, and the workspace in full; no place where they do not say it."""
    name = str(engine or values.get("engine") or DEFAULT_ENGINE)
    workspace = values.get("workspace")
    if name not in ENGINES or OPEN in str(workspace):
        return None, None
    if not ENGINES[name].in_workspace:
        return find_place(name, None), None
    if not isinstance(workspace, Mapping):
        return None, None
    config = workspace.get("from_config")
    if config is None:
        return (find_place(name, workspace), workspace) if all(workspace.get(one) for one in _FIELDS) else (None, None)
    place = find_place(name, {"from_config": str(file.parent / str(config))})
    parts = place.workspace.split("/")
    if not place.name:  # it was no such file, or is not in the commit
        return None, None
    return place, dict(zip(_FIELDS, (*parts[:2], place.name), strict=True))
