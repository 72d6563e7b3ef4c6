"""Which target specs are read for: what to say where that is not told, and where some of them do not have it."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping

from specrun.cli.exit_codes import WRONG_USAGE, Exit
from specrun.spec.loaded import Loaded
from specrun.spec.nearest import suggestion
from specrun.spec.visible import visible
from specrun.views.text import count

LISTED = 5
"""Files that are named; of others their number is."""


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
        print(visible(said), file=sys.stderr)


def _by_targets(targets: Mapping[str, Collection[str]]) -> Iterator[str]:
    """The targets that there are, with the files that have these."""
    for names in dict.fromkeys(map(tuple, targets.values())):
        yield f"  {', '.join(names)}: {_listed([file for file, own in targets.items() if tuple(own) == names])}"


def _listed(files: Collection[str]) -> str:
    more = f", … and {len(files) - LISTED} more" if len(files) > LISTED else ""
    return f"{', '.join([*files][:LISTED])}{more}"
