"""Who made a thing or a run: a spec of a repository, for a target."""

from __future__ import annotations

from dataclasses import dataclass


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
        return (
            self.spec == wanted.spec
            and (not self.repository or not wanted.repository or _same(self.repository, wanted.repository))
            and self.target in ("", wanted.target)
        )


NOBODY = Maker()


def _same(one: str, other: str) -> bool:
    """Whether two names are of one repository: hosts of code take letters of either case for the same."""
    return one == other or one.lower() == other.lower()
