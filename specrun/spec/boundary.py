"""How far the paths of a spec reach: into the repository that it is in, else into its own folder."""

# ruff: noqa: PTH100, PTH114, PTH117, PTH118, PTH119, PTH120, PTH206
# A load looks at thousands of paths, and os.path does it ten times as fast.

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from specrun.spec.repository import repository_of
from specrun.spec.wording import command


class Boundary(NamedTuple):
    """What the paths of one spec may lead to. All places in it are real ones: no links are left in them.

    `folder` is the spec's, `root` the repository's (without one, the spec's folder again). `allowed` is what the
    command line allows besides. Where it is `strict`, under CI, nothing else is read.
    """

    folder: str
    root: str
    in_repository: bool = True
    allowed: tuple[str, ...] = ()
    strict: bool = False

    def real(self, written: str) -> str:
        """The real place of a path that starts at the spec's folder, whether anything is there or not.

        Raises ValueError for a path with a NUL in it.
        """
        place = self.folder.rstrip(os.sep)
        for name in written.split("/") if not os.path.isabs(written) else [".."]:
            if name == ".." or (os.altsep and os.sep in name):
                break
            if name not in ("", "."):
                place = f"{place}{os.sep}{name}"
                if not _is_plain(place):
                    break
        else:  # no component of it is a link, which one look at each has told
            return place or os.sep
        return os.path.realpath(os.path.join(self.folder, written))

    def holds(self, real: str) -> bool:
        """Whether a real place is inside; what git keeps for itself (with the token of a checkout) never is."""
        if not is_below(real, self.root):
            return False
        names = [name.lower() for name in real[len(self.root) :].split(os.sep)]
        # git-annex has the files of a repository there, and links to them.
        return ".git" not in names or names[names.index(".git") + 1 :][:1] == ["annex"]

    def admits(self, real: str) -> bool:
        """Whether a real place is inside, or allowed by the command line."""
        return self.holds(real) or any(is_below(real, place) for place in self.allowed)

    def adding(self, places: Iterable[str]) -> Boundary:
        """The same with more that is allowed."""
        real = (os.path.realpath(place) for place in places if "\0" not in place)
        return self._replace(allowed=(*self.allowed, *real))

    def refusal(self, real: str) -> str:
        """Why a place is not read, and what to do if it is meant."""
        return (
            f"`{real}` {self._where}. Under CI a spec, which may be a stranger's, reaches nothing there. If it is "
            f"meant, say `{allowing(real)}`."
        )

    def remark(self, real: str) -> str:
        """What somebody should know of a place outside."""
        return f"`{real}` {self._where}: who has that alone lacks it, and under CI it needs `{allowing(real)}`."

    @property
    def _where(self) -> str:
        outside = "is outside of the repository"
        return outside if self.in_repository else "is outside of the spec's folder, which is in no repository"


EVERYWHERE = Boundary("/", "/", in_repository=False)
"""No boundary, for paths that no spec names."""


class Links(NamedTuple):
    """What becomes of the links in a folder: they are followed as far as the `boundary` admits.

    Where it `stays`, one that leaves the folder is wrong in any case. `noted`: one that leaves a boundary which is not
    strict is worth a note.
    """

    boundary: Boundary = EVERYWHERE
    stays: bool = False
    noted: bool = False


class Reach(NamedTuple):
    """How far the specs of one folder reach: the boundary of their paths, of their environment's, and of inputs.

    The latter two are others where the command line names them. `named_in` is the real root of the repository that the
    folder seems to be in by its name, "" for none: a link may lead out of it. `given` is the file that the command line
    puts in place of the spec's environment, "" for none.
    """

    spec: Boundary
    environment: Boundary
    inputs: Mapping[str, Boundary]
    named_in: str = ""
    given: str = ""

    def of_input(self, name: str) -> Boundary:
        """The boundary of an input's path."""
        return self.inputs.get(name, self.spec)

    def led_out(self, file: str) -> str:
        """The real place of a file of the folder that a link brings out of where it is named; "" for all others."""
        if not self.named_in or "\0" in file:
            return ""
        name = os.path.basename(file)
        real = os.path.realpath(file) if os.path.islink(file) else os.path.join(self.spec.folder, name)
        return "" if is_below(real, self.named_in) else real


UNBOUNDED = Reach(EVERYWHERE, EVERYWHERE, {})


class Told(NamedTuple):
    """What the command line says of boundaries.

    `allowed` is what `--allow-outside` names. `environment` is the file, and `inputs` the names and paths, that stand
    on the command line in place of the spec's: they are the user's own word.
    """

    allowed: tuple[str, ...] = ()
    strict: bool = False
    environment: str | None = None
    inputs: Mapping[str, str] = {}

    def boundary(self, folder: str) -> Boundary:
        """The boundary of what is in a folder."""
        real = os.path.realpath(folder or os.curdir)
        repository = repository_of(real)
        return Boundary(real, repository or real, repository is not None, self.allowed, self.strict)

    def reach(self, folder: str) -> Reach:
        """How far the paths of a spec in a folder reach, each kind of them."""
        spec = environment = self.boundary(folder)
        if self.environment is not None:
            # Files that this one names are its word, not the user's: its own boundary holds for them.
            environment = self.boundary(os.path.dirname(self.environment)).adding([self.environment])
        inputs = {name: spec.adding([path]) for name, path in self.inputs.items()}
        repository = repository_of(os.path.abspath(folder))
        named_in = "" if repository is None else os.path.realpath(repository)
        return Reach(spec, environment, inputs, named_in, self.environment or "")


def told(
    allowed: Collection[str] = (), *, strict: bool, environment: str | None = None, inputs: Mapping[str, str] = {}
) -> Told:
    """What the command line says, its paths as seen from here."""
    return Told(
        tuple(map(os.path.realpath, allowed)), strict, None if environment == "current" else environment, inputs
    )


def is_below(place: str, folder: str) -> bool:
    """Whether a place is a folder, or in it; both are absolute and plain."""
    return place == folder or place.startswith(folder.rstrip(os.sep) + os.sep)


def _is_plain(place: str) -> bool:
    """Whether something is there, and no link."""
    try:
        return not stat.S_ISLNK(os.lstat(place).st_mode)
    except OSError:
        return False


def allowing(real: str) -> str:
    """The option of the command line that allows a place."""
    return command("--allow-outside", real)
