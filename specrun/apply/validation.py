"""What is wrong with specs: by their files, and with a chosen engine, by what it cannot do of them. Offline."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from specrun.engines.facts import ENGINES, unread
from specrun.spec.load import load
from specrun.spec.loaded import Loaded

if TYPE_CHECKING:
    from specrun.apply.chains import Chained
    from specrun.plan.resources import Place
    from specrun.spec.diagnostics import Diagnostic
    from specrun.spec.model import Spec

_BETWEEN = frozenset(("unknown-run", "unknown-run-output", "upstream-elsewhere", "chain-loop"))


def validated(**options: Any) -> Loaded:
    """What was found in files, by the `options` of `load`: no specs. An `engine` that there is judges them, too."""
    options = {**options, "unread": unread(), "of_machine": True, "under_rules": True}
    if options.get("engine") in ENGINES:
        return _fitting(str(options["engine"]), load(**options, every_target=True))
    return load(**options, with_specs=False)


def of_chains(loaded: Loaded, options: Mapping[str, Any], files: Sequence[str]) -> list[Diagnostic]:
    """What is wrong between specs that read from each other's runs, under each target: specs that nobody knows, outputs
    that they do not have, other places, rings. Nothing while a spec is wrong in itself.

    `loaded` is what was found in the `files`, by the `options` of `load`. What a model's latest version is depends on
    which specs are applied together: that is for a plan.
    """
    if not loaded.chained or not loaded.ok:
        return []
    from specrun.apply.chains import with_upstream  # late: few specs read from runs
    from specrun.apply.other_specs import Texts
    from specrun.spec.model import RunOutput
    from specrun.spec.rules.chains import names_file

    options = {**options, "unread": unread(), "scanned": frozenset(), "mistakes": (), "selection": None, "given": ()}
    readers = load(**{**options, "files": loaded.chained, "every_target": True}).specs
    if not readers:  # bases that were named
        return []
    sources = ((spec, entry.source) for spec in readers if spec.job for entry in spec.job.inputs.values())
    written = [(spec, source.spec) for spec, source in sources if isinstance(source, RunOutput)]
    texts = Texts({name for _, name in written})
    paths = {os.path.realpath(spec.file.parent / name) for spec, name in written if names_file(name)}
    rest = [file for file in files if file not in set(loaded.chained)]
    rest = [file for file in rest if texts.may_name(file) or os.path.realpath(file) in paths]
    others = load(**{**options, "files": rest, "every_target": True}).specs
    found: list[Diagnostic] = []
    targets = dict.fromkeys(spec.target for spec in (*readers, *others))
    for target in [one for one in targets if one] or [""]:  # what has none belongs to each
        asked = {**options, "target": target or options.get("target")}
        chained = with_upstream([spec for spec in (*readers, *others) if spec.target in ("", target)], asked)
        found += [*chained.mistakes, *between(chained, options.get("engine"))]
    return list(dict.fromkeys(found))


def between(chained: Chained, engine: str | None) -> list[Diagnostic]:
    """What is wrong between specs that are there: outputs that others do not have, other places, rings. `engine` is as
    the command line has it.
    """
    from specrun.apply.project import places_of
    from specrun.plan.graph import build_graph
    from specrun.plan.hashes import HashCache
    from specrun.plan.home import home_of

    every = [*chained.specs, *chained.used]
    if not every:
        return []
    places = places_of(every, engine)
    graph = build_graph(every, partial(_place, places), HashCache(home_of(every[0].file.parent)))
    told = _BETWEEN - {"unknown-run"} if chained.mistakes else _BETWEEN
    return [one for one in graph.diagnostics if one.code in told]


def _place(places: Mapping[str, Place], spec: Spec) -> Place:
    return places[str(spec.file)]


def of_engine(engine: str, specs: Iterable[Spec]) -> Iterator[Diagnostic]:
    """What an engine cannot do of specs, or lacks in them."""
    module, _, name = ENGINES[engine].check.partition(":")
    check: Callable[[Spec], Iterable[Diagnostic]] = getattr(import_module(module), name)
    for spec in specs:
        yield from check(spec)


def _fitting(engine: str, loaded: Loaded) -> Loaded:
    """The same, with what the engine cannot do of those specs that are valid."""
    found = [one for one in loaded.diagnostics if one.code != "not-a-spec"]  # which it need not be here
    return loaded._replace(specs=(), diagnostics=(*found, *of_engine(engine, loaded.specs)))
