"""Why specs cannot go on for want of a target: none was chosen, or nobody has the one that was."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from specrun.spec.loaded import Loaded
from specrun.spec.nearest import suggestion

LISTED = 5
"""Files that are named; of others their number is."""


def undecided(loaded: Loaded) -> Sequence[str]:
    """That files have targets and none is chosen, in lines; none where that is not so."""
    if not loaded.undecided:
        return ()
    how = "--target NAME, SPECRUN_TARGET, or `default_target` in the spec or in .specrun.yaml"
    return [f"choose a target: {how}", *_by_targets({file: loaded.targets[file] for file in loaded.undecided})]


def nowhere(loaded: Loaded, wanted: str | None) -> Sequence[str]:
    """That no spec has the target that is meant, in lines; `wanted` is what was said of it (None: nothing)."""
    targets, lacking = loaded.targets, dict(loaded.without_target)
    if not lacking or len(lacking) != len(targets) or (wanted is None and (loaded.specs or loaded.values)):
        return ()
    if wanted is not None:
        known = {name for all_of_one in targets.values() for name in all_of_one}
        return [f"no spec that was given has the target `{wanted}`. {suggestion(wanted, known, kind='targets')}"]
    usual = " or ".join(f"`{name}`" for name in dict.fromkeys(lacking.values()))
    why = f"no spec that was given has the target {usual}, the `default_target` of .specrun.yaml: choose another"
    return [why, *_by_targets(targets)]


def few(files: Collection[str]) -> str:
    """Some files, of many the first."""
    more = f", … and {len(files) - LISTED} more" if len(files) > LISTED else ""
    return f"{', '.join([*files][:LISTED])}{more}"


def _by_targets(targets: Mapping[str, Collection[str]]) -> Iterator[str]:
    """The targets that there are, with the files that have these."""
    for names in dict.fromkeys(map(tuple, targets.values())):
        yield f"  {', '.join(names)}: {few([file for file, own in targets.items() if tuple(own) == names])}"
