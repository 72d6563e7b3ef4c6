"""Which of the files that were found are not meant: bases, what lacks the target, and what was not selected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from specrun.cli.exit_codes import WRONG_USAGE, Exit
from specrun.cli.telling import tell
from specrun.spec.loaded import Loaded
from specrun.spec.nearest import nearest, suggestion
from specrun.views.text import count

if TYPE_CHECKING:
    from specrun.cli.reading import Reading
    from specrun.spec.selection import About, Selector

LISTED = 5
"""Files that are named; of others their number is."""

_SHOWN = 8
"""Names, folders and tags that are."""


def check_targets(loaded: Loaded, wanted: str | None, none: int = WRONG_USAGE) -> None:
    """Say which files are left out, since they lack the target that is meant. `wanted` is what the command line says.

    Ends the command where a file has targets and none is chosen, and, with `none`, where nobody has the one that is.
    """
    targets = loaded.targets
    if loaded.undecided:
        how = "--target NAME, SPECRUN_TARGET, or `default_target` in the spec or in .specrun.yaml"
        told = _by_targets({file: targets[file] for file in loaded.undecided})
        raise Exit(WRONG_USAGE, f"choose a target: {how}", *told)
    lacking = dict(loaded.without_target)
    if lacking and len(lacking) == len(targets) and (wanted is not None or not (loaded.specs or loaded.values)):
        names = dict.fromkeys(lacking.values())
        if wanted is not None:
            known = {name for all_of_one in targets.values() for name in all_of_one}
            hint = suggestion(wanted, known, kind="targets")
            raise Exit(none, f"no spec that was given has the target `{wanted}`. {hint}")
        usual = " or ".join(f"`{name}`" for name in names)
        raise Exit(
            none,
            f"no spec that was given has the target {usual}, the `default_target` of .specrun.yaml: choose another",
            *_by_targets(targets),
        )
    for target in dict.fromkeys(lacking.values()):
        files = [file for file, name in lacking.items() if name == target]
        left = "is" if len(files) == 1 else "are"
        said = f"{count(len(files), 'spec')} without the target `{target}` {left} left out: {_listed(files)}"
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
            few = ", ".join(f"{value}" for value, _ in values.most_common(_SHOWN))
            yield f"  {by}: {few}{f' and {len(values) - _SHOWN} more' if len(values) > _SHOWN else ''}"


def _by_targets(targets: Mapping[str, Collection[str]]) -> Iterator[str]:
    """The targets that there are, with the files that have these."""
    for names in dict.fromkeys(map(tuple, targets.values())):
        yield f"  {', '.join(names)}: {_listed([file for file, own in targets.items() if tuple(own) == names])}"


def _listed(files: Collection[str]) -> str:
    more = f", … and {len(files) - LISTED} more" if len(files) > LISTED else ""
    return f"{', '.join([*files][:LISTED])}{more}"
