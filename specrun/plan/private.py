"""Files and folders that are this user's alone, whatever the umask; a link in their place is never followed.

Only this user's own processes write where these are (see `ownership`): nothing is swapped between a look and a use.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from specrun.spec.reading import NOT_FOLLOWED, PLAINLY

_LINK = "is a link, and what is specrun's own is neither read nor written through one: remove it"
_OTHER = "is not a plain file of specrun's own: remove it"


def make_folder(folder: Path, within: Path) -> None:
    """Make a folder, and those that lead to it. Raises OSError, also where a link is between it and `within`."""
    if folder == within:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return
    make_folder(folder.parent, within)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        check_folder(folder, within)


def check_folder(folder: Path, within: Path) -> None:
    """Raise OSError when a folder, or one that leads to it from `within`, is a link. Those need not be there."""
    for one in (folder, *folder.parents):
        if one == within:
            return
        with contextlib.suppress(FileNotFoundError):
            if one.is_symlink():
                raise OSError(errno.ELOOP, _LINK, str(one))


def open_private(path: Path, flags: int) -> int:
    """A descriptor of a plain file that is no link; where it is made, it is this user's alone. Raises OSError."""
    try:
        descriptor = os.open(path, flags | NOT_FOLLOWED | PLAINLY, 0o600)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise OSError(errno.ELOOP, _LINK, str(path)) from None
        raise
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, _OTHER, str(path))


def read_private(path: Path) -> bytes:
    """The content of a plain file that is no link. Raises OSError."""
    with open(open_private(path, os.O_RDONLY), "rb") as file:
        return file.read()


def write_private(path: Path, content: str | bytes, *, durable: bool = False) -> None:
    """Write a file that is this user's alone, in place of whatever had its name. `durable`: it outlives a power cut.

    A reader may see half of it: where that matters it is written aside and moved. Raises OSError.
    """
    path.unlink(missing_ok=True)
    descriptor = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
        file.write(content.encode() if isinstance(content, str) else content)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def touch_private(path: Path) -> None:
    """Have a file be there. Raises OSError."""
    os.close(open_private(path, os.O_WRONLY | os.O_CREAT))
