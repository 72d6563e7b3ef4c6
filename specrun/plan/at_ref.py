"""Files of a repository as they are in a git ref."""

from __future__ import annotations

from specrun.plan.git import GitError, git
from specrun.plan.since.base import commit_of
from specrun.spec.frozen import dataclass


@dataclass(frozen=True, slots=True)
class AtRef:
    """The files of a ref, in each of the repositories that have it: no other branch's, and none of the working tree."""

    name: str

    def read(self, root: str, path: str) -> bytes | None:
        """The file at a path from the root, None where there is none; links lead to what the ref has there.

        Raises OSError where git cannot say, or where a link leaves the repository.
        """
        try:
            commit = commit_of(root, self.name)
            if not git(root, "ls-tree", "-z", "--full-tree", commit, "--", path):
                return None
            # One of a partial clone is missing, too, that is in the ref: it is not fetched here.
            asked = f"{commit}:{path}\n".encode()
            found = git(root, "cat-file", "--batch", "--follow-symlinks", given=asked)
        except GitError as error:
            raise OSError(str(error)) from error
        head, _, rest = found.partition(b"\n")
        words = head.split(b" ")
        if len(words) != 3 or words[1] != b"blob":
            why = {b"symlink": "it is a link that leaves the repository", b"loop": "it is a link to itself"}
            told = why.get(words[0] if words[0] != commit.encode() else words[-1])
            raise OSError(
                told or f"{path} of {self.name} is no file of this clone: fetch it whole (`git fetch --refetch`)"
            )
        return rest[: int(words[2])]
