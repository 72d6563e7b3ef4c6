"""Who made a thing or a run: a spec of a repository, for a target."""

from __future__ import annotations

from collections.abc import Collection

from specrun.spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Maker:
    """The spec that made something, with its repository and the target it was made for, where there are such.

    Without a spec it is nobody's, or somebody else's. What an older version made names neither repository nor target.
    """

    spec: str = ""
    repository: str = ""
    target: str = ""

    def __bool__(self) -> bool:
        return bool(self.spec)

    def is_of(self, wanted: Maker) -> bool:
        """Whether what this one made counts as another's: what names no repository is of every repository, and what
        names no target of every target.
        """
        return self.spec == wanted.spec and self.is_beside(wanted)

    def is_beside(self, wanted: Maker) -> bool:
        """The same of what another spec of one's repository and target has made."""
        return self.target in ("", wanted.target) and not self.is_elsewhere(wanted)

    def is_elsewhere(self, wanted: Maker) -> bool:
        """Whether both name a repository, and not the same."""
        named = self.repository and wanted.repository
        return bool(named) and not same_repository(self.repository, wanted.repository)

    def __str__(self) -> str:
        """As in `mnist of github.com/org/models for target prod`."""
        repository = f" of {self.repository}" if self.repository else ""
        return f"{self.spec}{repository}" + (f" for target {self.target}" if self.target else "")


NOBODY = Maker()


def same_repository(one: str, other: str) -> bool:
    """Whether two names are of one repository: hosts of code take letters of either case for the same."""
    return one == other or one.lower() == other.lower()


def namesakes(runs: Collection[Maker], wanted: Maker) -> str:
    """Runs of others by number and by what is not one's own, as in `2 runs of another repository (github.com/a/b)`."""
    strange: dict[str, set[str]] = {"repository": set(), "target": set()}
    for maker in runs:
        if maker.is_elsewhere(wanted):
            strange["repository"].add(maker.repository)
        elif maker.target:
            strange["target"].add(maker.target)
    what = " or ".join(f"{kind} ({', '.join(sorted(names))})" for kind, names in strange.items() if names)
    return f"{len(runs)} run{'s' * (len(runs) != 1)} of another {what}"
