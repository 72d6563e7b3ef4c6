"""Which place is meant by a command about what is there, and not about what a spec asks for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from specrun.apply.project import DEFAULT_ENGINE
from specrun.cli.exit_codes import INVALID_SPEC, WRONG_USAGE, Exit
from specrun.cli.options import pairs_of
from specrun.cli.session import require_engine, show
from specrun.cli.telling import tell, tell_waits
from specrun.engines.base import Scope
from specrun.engines.facts import AZUREML, ENGINES
from specrun.engines.registry import find_place, make_engine
from specrun.engines.reliable import Reliable
from specrun.plan.hashes import HashCache
from specrun.plan.home import open_home
from specrun.plan.resources import Place
from specrun.spec.expressions import OPEN
from specrun.spec.frozen import dataclass
from specrun.spec.glimpse import is_abstract
from specrun.spec.model import Properties
from specrun.spec.named import find, listed, own_repository, own_spec
from specrun.spec.overrides import chosen
from specrun.spec.reading import read_text
from specrun.spec.repository import repository_of
from specrun.spec.source import read
from specrun.spec.unchecked import values_of

CONFIGS = ("config.json", ".azureml/config.json")
"""Where the SDKs look for a workspace, in this order, in each folder from here up."""

_ENDINGS = (".yaml", ".yml")
_HOW = "say --workspace with its config.json, a spec that names it, or its resource id"


@dataclass(frozen=True, slots=True)
class Said:
    """What the command line says of where things are, and of how a spec is read that says it."""

    engine: str | None = None
    target: str | None = None
    var_files: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)


def said_by(
    engine: str | None = None,
    target: str | None = None,
    var_files: Sequence[str] = (),
    variables: tuple[str, ...] = (),
) -> Said:
    """What `where_options` say, as they are typed, and the environment in their place. Raises click.UsageError."""
    return Said(*chosen(engine, target), var_files, pairs_of("--var", variables))


def meant(where: str | None, said: Said) -> tuple[Place, Properties | None]:
    """The place that is meant, and the `workspace` of a spec that goes there (None: it is this machine).

    `where` is a config.json, a spec or a resource id; without it what a plan of this folder's specs would take, else
    the config.json that the SDKs would find, else what all specs of this repository name. Ends the command where that
    is none, or several.
    """
    require_engine(said.engine)
    if said.engine is not None and not ENGINES[said.engine].in_workspace:
        if where is not None:
            raise Exit(WRONG_USAGE, f"--workspace means nothing to the engine {said.engine}: it is this machine")
        return find_place(said.engine, None), None
    if where is not None and not where.endswith(_ENDINGS):
        return _in_workspace(said.engine or AZUREML.name, _read(where))
    files = [_readable(where)] if where is not None else _own_specs()
    found = dict.fromkeys(_places(files, said, AZUREML.name if where is not None else DEFAULT_ENGINE))
    engine = said.engine or next((name for name, _ in found), DEFAULT_ENGINE)
    if where is not None and not any(section for _, section in found):
        raise Exit(INVALID_SPEC, f"{where} names no workspace: {_HOW}")
    places = {find_place(name, dict(section)): dict(section) for name, section in found if section}
    if where is None and said.engine is None and DEFAULT_ENGINE in (name for name, _ in found):
        engine, places = DEFAULT_ENGINE, {}
    if len(places) > 1:
        listed_ = ", ".join(f"{one.title} (engine {one.engine})" for one in places)
        raise Exit(WRONG_USAGE, f"the specs go to several places ({listed_}): {_HOW}, or --target, or --engine")
    if not ENGINES[engine].in_workspace:
        tell("looking on this machine: --engine azureml looks in a workspace")
        return find_place(engine, None), None
    for place, section in places.items():
        tell(f"using {place.title} of {files[0] if len(files) == 1 else f'{len(files)} specs'}")
        return place, section
    config = _config()
    if not config:
        raise Exit(
            WRONG_USAGE, f"which workspace is meant? No spec here names one, and there is no config.json: {_HOW}"
        )
    tell(f"using {config}")
    return _in_workspace(engine, _read(config))


def opened(place: Place, section: Properties | None, folder: Path) -> Reliable:
    """The engine of a place; on this machine with the state of specs in `folder`."""
    tell_waits()
    home = open_home(folder.absolute())
    return make_engine(place, home, HashCache(home), Scope(section))


def _in_workspace(engine: str, section: Properties) -> tuple[Place, Properties]:
    return find_place(engine, section), section


def _places(files: Sequence[str], said: Said, default: str) -> Iterator[tuple[str, tuple[tuple[str, object], ...]]]:
    """Engine and workspace of each spec, for the target that is meant; of a spec without a workspace an empty one."""
    values_in = values_of(
        variables=said.variables,
        engine=said.engine,
        inputs={},
        environment=None,
        allow_outside=(),
        target=said.target,
        var_files=said.var_files,
    )
    for file in files:
        for values in values_in(file):
            engine = said.engine or values.get("engine") or default
            if engine in ENGINES:
                written = values.get("workspace") if ENGINES[engine].in_workspace else None
                yield engine, tuple(section_in(file, written).items()) if isinstance(written, Mapping) else ()


def section_in(file: str, written: Mapping[str, Any]) -> Properties:
    """The workspace that a spec names. Ends the command where that cannot be told."""
    unset = [f"workspace.{name} is `{value}`" for name, value in written.items() if OPEN in str(value)]
    if unset:
        raise Exit(INVALID_SPEC, f"{file}: {' and '.join(unset)}, which is not set: set it, or {_HOW}")
    config = written.get("from_config")
    if isinstance(config, str):
        return _read(os.path.join(os.path.dirname(file), config))  # noqa: PTH118, PTH120 - an absolute one stays
    from specrun.engines.azure.coordinates import locate, section_of

    return section_of(locate(written))


def _readable(file: str) -> str:
    """The file, if it can be read as YAML. Ends the command where it cannot."""
    document, mistakes = read(file)
    if document is None:
        show(mistakes)
        raise Exit(INVALID_SPEC)
    return file


def _own_specs() -> Sequence[str]:
    """The specs that are meant where nobody says it; bases among them say nothing for themselves."""
    if file := own_spec():
        return [file]
    repository = own_repository()
    here = os.path.dirname(repository.path) or os.curdir  # noqa: PTH120 - as it is typed
    found = listed(repository) if repository.specs else None if _config() else find([here])
    return [file for file in found.files if not is_abstract(read_text(file))] if found is not None else []


def _config() -> str:
    """The config.json here or above, within the repository; "" where there is none."""
    folder = Path.cwd()
    root = repository_of(str(folder)) or str(folder)
    for parent in (folder, *folder.parents):
        found = next((parent / name for name in CONFIGS if (parent / name).is_file()), None)
        if found is not None:
            return os.path.relpath(found)
        if str(parent) == root:
            break
    return ""


def _read(where: str) -> Properties:
    from specrun.engines.azure.coordinates import BadConfig, read_workspace, section_of

    try:
        return section_of(read_workspace(where))
    except BadConfig as error:
        raise Exit(INVALID_SPEC, f"error: {error}") from error
