"""What is wrong with specs: by their files, and with a chosen engine, by what it cannot do of them. Offline."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from specrun.engines.facts import ENGINES, unread
from specrun.spec.load import load
from specrun.spec.loaded import Loaded

if TYPE_CHECKING:
    from specrun.spec.diagnostics import Diagnostic
    from specrun.spec.model import Spec


def validated(**options: Any) -> Loaded:
    """What was found in files, by the `options` of `load`: no specs. An `engine` that there is judges them, too."""
    options = {**options, "unread": unread(), "of_machine": True, "under_rules": True}
    if options.get("engine") in ENGINES:
        return _fitting(str(options["engine"]), load(**options, every_target=True))
    return load(**options, with_specs=False)


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
