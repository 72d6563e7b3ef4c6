"""Which of the files that were found are not meant: bases, what lacks the target, and what was not selected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from specrun.cli.exit_codes import WRONG_USAGE, Exit
from specrun.cli.telling import tell
from specrun.spec.loaded import Loaded
from specrun.spec.nearest import nearest
from specrun.spec.target_choice import few, nowhere, undecided
from specrun.views.text import count

if TYPE_CHECKING:
    from specrun.cli.reading import Reading
    from specrun.spec.selection import About, Selector

_SHOWN = 8
"""Names, folders and tags that are."""


def check_targets(loaded: Loaded, wanted: str | None, none: int = WRONG_USAGE) -> None:
    """Say which files are left out, since they lack the target that is meant. `wanted` is what the command line says.

    Ends the command where a file has targets and none is chosen, and, with `none`, where nobody has the one that is.
    """
    if lines := undecided(loaded):
        raise Exit(WRONG_USAGE, *lines)
    if lines := nowhere(loaded, wanted):
        raise Exit(none, *lines)
    lacking = dict(loaded.without_target)
    for target in dict.fromkeys(lacking.values()):
        files = [file for file, name in lacking.items() if name == target]
        left = "is" if len(files) == 1 else "are"
        said = f"{count(len(files), 'spec')} without the target `{target}` {left} left out: {few(files)}"
        tell(said)


def tell_selected(loaded: Loaded, reading: Reading) -> None:
    """Say what of the specs was passed over and left out. Ends the command where nothing was selected."""
    if bases := loaded.bases(reading.found.scanned):
        tell(f"{count(bases, 'base')} passed over (`abstract: true`)")
    selection = reading.selection
    if selection is None or not loaded.about:
        return
    chosen, all_of_them = sum(spec.chosen for spec in loaded.about), count(len(loaded.about), "spec")
    for option, selectors in (("--only", selection.only), ("--exclude", selection.exclude)):
        for one in selectors:
            if not any(one.fits(spec) for spec in loaded.about):
                tell(f"{option} {one} fits none of {all_of_them}{_near(one, loaded.about)}")
    if not chosen and loaded.ok:
        raise Exit(reading.none, f"nothing is selected of {all_of_them}:", *_there_is(loaded.about))
    tell(f"{chosen} of {all_of_them}")


def _near(one: Selector, specs: Iterable[About]) -> str:
    known = {"name": [spec.name for spec in specs], "tag": [tag for spec in specs for tag in spec.tags]}.get(one.by, ())
    near = nearest(one.value, known)
    return f": did you mean {one.by}:{near}?" if near else ""


def _there_is(specs: Sequence[About]) -> Iterable[str]:
    """What they could be selected by."""
    for by, values in (
        ("name", Counter(spec.name for spec in specs)),
        ("folder", Counter(spec.folder for spec in specs)),
        ("tag", Counter(tag for spec in specs for tag in spec.tags)),
    ):
        if values:
            known = ", ".join(f"{value}" for value, _ in values.most_common(_SHOWN))
            yield f"  {by}: {known}{f' and {len(values) - _SHOWN} more' if len(values) > _SHOWN else ''}"
