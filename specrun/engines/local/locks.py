"""The locks of this machine: files of the state folder under an `flock`, which the kernel frees with its process.

A file is there while its lock is held; what a killed process left is nobody's, and the next who wants it has it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from specrun.engines.base import EngineError
from specrun.engines.local.resources import translated
from specrun.engines.locks import Held, Holder, LockLost, holder_in, lock_name, words_of
from specrun.plan.file_locks import AT_ONCE, EXCLUSIVE, FREE, SHARED, flock
from specrun.plan.home import make_home
from specrun.plan.private import make_folder, open_private
from specrun.plan.resources import Resource

FOLDER = "locks"
_MOST = 1 << 14
"""Bytes that are read of a file."""
_LOOKS = 3
"""How often a file is read that has no words yet."""

_NONE_HERE = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


class LocalLock:
    """A lock that this process holds: an open file. It is lost when `unlock` has taken the file away."""

    def __init__(self, path: Path, descriptor: int, name: str) -> None:
        self._path = path
        self._descriptor = descriptor
        self._name = name

    def check(self) -> None:
        """Raise LockLost when somebody has freed it."""
        if not _is_at(self._path, self._descriptor):
            raise LockLost(f"the lock of {self._name} was freed by somebody else (`specrun unlock`)")

    def release(self) -> None:
        """Give it back."""
        with contextlib.suppress(OSError):
            if _is_at(self._path, self._descriptor):
                self._path.unlink()
        os.close(self._descriptor)


class LocalLocks:
    """The locks in a state folder. Nobody but this user writes there, and all of them are of living processes."""

    lapses = 0.0

    def __init__(self, home: Path) -> None:
        self._home = home
        self._folder = home / FOLDER

    def name(self, resource: Resource) -> str:
        """A resource's address, without case."""
        return lock_name(resource)

    def acquire(self, resource: Resource, holder: Holder) -> LocalLock:
        """Try once to get a resource's lock. Raises Held."""
        name = self.name(resource)
        path = self._path(name)
        with _locking(name):
            make_home(self._home)
            make_folder(self._folder, self._home)
            while True:
                with contextlib.ExitStack() as opened:
                    descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
                    opened.callback(os.close, descriptor)
                    try:
                        _lock(descriptor)
                    except BlockingIOError:
                        raise Held(_read(descriptor)[1]) from None
                    if _is_at(path, descriptor):  # else its holder has just given it back
                        words = f"{json.dumps(name)}\n{words_of(holder)}\n".encode()
                        os.ftruncate(descriptor, os.pwrite(descriptor, words, 0))
                        opened.pop_all()
                        return LocalLock(path, descriptor, name)

    def holders(self) -> Mapping[str, Holder]:
        """Who holds which lock."""
        with _locking("locks"):
            return dict(self._holders())

    def _holders(self) -> Iterator[tuple[str, Holder]]:
        for path in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            with contextlib.suppress(FileNotFoundError):
                descriptor = open_private(path, os.O_RDWR)
                try:
                    name, holder = _read(descriptor)
                    if name and not _is_free(descriptor) and _is_at(path, descriptor):
                        yield name, holder
                finally:
                    os.close(descriptor)

    def free(self, name: str) -> None:
        """Take the file away: who holds it learns of it, and the next who wants the lock makes another."""
        with _locking(name):
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _lock(descriptor: int) -> None:
    """Lock it, unless somebody holds it: who only looks (see `_is_free`) does not count. Raises BlockingIOError."""
    while True:
        with contextlib.suppress(BlockingIOError):
            flock(descriptor, EXCLUSIVE | AT_ONCE)
            return
        flock(descriptor, SHARED | AT_ONCE)
        flock(descriptor, FREE)


def _is_free(descriptor: int) -> bool:
    try:
        flock(descriptor, SHARED | AT_ONCE)
    except BlockingIOError:
        return False
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def _read(descriptor: int) -> tuple[str, Holder]:
    for _ in range(_LOOKS):
        name, end, words = os.pread(descriptor, _MOST, 0).decode("utf-8", "replace").partition("\n")
        with contextlib.suppress(ValueError):
            if end:
                return str(json.loads(name)), holder_in(words)
        time.sleep(0.01)  # its holder has just made it
    return "", Holder()


@contextlib.contextmanager
def _locking(name: str) -> Iterator[None]:
    with translated(f"{name} cannot be locked"):
        try:
            yield
        except OSError as error:
            if error.errno not in _NONE_HERE:
                raise
            place = f" ({error.filename})" if error.filename else ""
            raise EngineError(
                f"{name}: the file system of the state folder{place} keeps no locks: "
                "set SPECRUN_HOME to a folder on this machine's own disk"
            ) from error
