"""The user's mark on what counts later: runs that have ended, and environments that are ready.

A mark is an HMAC with a key that is made once for a user and lies outside of every repository. What carries none counts
if it is from before this user's specrun first used the state folder, which is noted beside the key: when a file was
last changed is the one thing that nobody can write into it. Where no key can be kept, whose the files are must do.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from specrun.engines.local import state
from specrun.plan.git_index import is_tracked
from specrun.plan.ownership import StateRefused, check_private, is_own, own_folders
from specrun.plan.private import check_folder, read_private, write_private
from specrun.plan.stored import Damaged, read_record
from specrun.spec.frozen import dataclass
from specrun.spec.repository import repository_of

KEY_BYTES = 32
UNMARKED = "its record carries no mark of this user's"
RECORD = "run.json"
"""What a run was made as, in its folder."""

READY = "ready.json"
"""In an environment's folder, once it is one."""


@dataclass(frozen=True, slots=True)
class _FirstUse:
    """When this user's specrun first used a state folder (nanoseconds since 1970), and what was going on there."""

    moment: int
    going: frozenset[str]


class Marks:
    """The marks in one state folder. Everything may raise StateRefused: the key is not this user's alone."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @cached_property
    def _key(self) -> bytes | None:
        return load_key()

    @cached_property
    def _first_use(self) -> _FirstUse:
        assert self._key is not None
        return _note_use(self._home, self._key)

    def note_use(self) -> None:
        """Note that the state folder, if it is there, is used from now on: what comes to it later needs a mark."""
        if self._home.is_dir() and self._key is not None:
            _ = self._first_use

    def of_run(self, rundir: Path, text: str) -> str:
        """The mark of a run that has ended, with `text` in its `state.json`; "" without a key."""
        return self._mark("run", *_of_run(rundir, json.loads(text)))

    def counts_run(self, rundir: Path) -> bool:
        """Whether what the record of a run says that it has come to is this user's word."""
        try:
            values = read_record(rundir / state.FILE, state.LARGEST)
            marked = self._is_valid(values.get("mark"), "run", *_of_run(rundir, values))
        except (OSError, Damaged):
            return False
        return marked or self._is_older([rundir / state.FILE, rundir / RECORD], run=rundir.name)

    def of_environment(self, folder: Path, values: Mapping[str, object]) -> str:
        """The mark of an environment whose `READY` has these values; "" without a key. Raises OSError."""
        return self._mark("environment", *_of_environment(folder, values))

    def counts_environment(self, folder: Path) -> bool:
        """Whether what is in an environment's folder was built there by this user."""
        try:
            check_folder(folder / "bin", self._home)
            values = read_record(folder / READY)
            marked = self._is_valid(values.get("mark"), "environment", *_of_environment(folder, values))
        except (OSError, Damaged):
            return False
        return marked or self._is_older([folder / READY, *filter(os.path.lexists, _of_interpreter(folder))])

    def _mark(self, *parts: object) -> str:
        if self._key is None:
            return ""
        return hmac.digest(self._key, json.dumps(parts, sort_keys=True).encode(), "sha256").hex()

    def _is_valid(self, mark: object, *parts: object) -> bool:
        return (
            isinstance(mark, str)
            and bool(mark)
            and hmac.compare_digest(mark.encode(errors="replace"), self._mark(*parts).encode())
        )

    def _is_older(self, files: list[Path], *, run: str = "") -> bool:
        """Whether files are this user's alone, and from before the state folder was first used, where that is known.

        A run that went on then has ended since.
        """
        use = self._first_use if self._key is not None else None
        try:
            for file in files:
                seen = file.lstat()
                if use is not None and seen.st_ctime_ns > use.moment and run not in use.going:
                    return False
                if not stat.S_ISLNK(seen.st_mode):  # an interpreter is one as a rule, and no record can be
                    check_private(file, seen)
        except (OSError, StateRefused):
            return False
        return True


def marked(rundir: Path, ended: state.State) -> state.State:
    """What becomes of a run that has ended, with this user's mark; without one where there is none to be had."""
    with contextlib.suppress(StateRefused, OSError):  # told by whoever reads it
        return replace(ended, mark=Marks(rundir.parents[1]).of_run(rundir, state.encode(ended)))
    return ended


def _of_run(rundir: Path, values: Mapping[str, object]) -> Iterator[object]:
    """What the mark of a run is of: a record that is copied to another name, or for other work, has none."""
    yield rundir.name
    yield {name: value for name, value in values.items() if name != "mark"}
    try:
        yield read_private(rundir / RECORD).decode(errors="replace")
    except FileNotFoundError:
        yield None


def _of_environment(folder: Path, values: Mapping[str, object]) -> Iterator[object]:
    """What the mark of an environment is of: its name and lines, and which Python it starts how."""
    yield folder.name
    yield {name: value for name, value in values.items() if name != "mark"}
    for file in _of_interpreter(folder):
        try:
            seen = file.lstat()
            if stat.S_ISLNK(seen.st_mode):
                yield str(file.readlink())
            elif file.suffix == ".cfg":
                yield read_private(file).decode(errors="replace")
            else:  # a copy is not read each time: it is told by what nobody can set
                yield [seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino]
        except FileNotFoundError:
            yield None


def _of_interpreter(folder: Path) -> list[Path]:
    """What decides which Python an environment starts, and where that finds what it imports."""
    major, minor = sys.version_info[:2]
    names = ("python", f"python{major}", f"python{major}.{minor}")
    return [*(folder / "bin" / name for name in names), folder / "pyvenv.cfg"]


def key_folder() -> Path | None:
    """Where this user's key is kept, if there is a place for it."""
    chosen = os.environ.get("XDG_STATE_HOME", "")
    if chosen.startswith("/"):
        return Path(chosen, "specrun")
    home = os.environ.get("HOME") or _home_of_user()
    return Path(home, ".local/state/specrun") if home.startswith("/") else None


def _home_of_user() -> str:
    try:
        import pwd  # late: nearly everybody has a HOME, and Windows has none

        return pwd.getpwuid(os.geteuid()).pw_dir
    except (ImportError, KeyError):
        return ""


def load_key() -> bytes | None:
    """The user's key, which is made where there is none; None where none can be kept. Raises StateRefused."""
    folder = key_folder()
    if folder is None or not _is_own_place(folder):
        return None
    file = folder / "key"
    try:
        return _read_key(file)
    except FileNotFoundError:
        pass
    except OSError:
        return None
    try:
        for one in reversed([folder, *folder.parents]):
            if not one.exists():
                one.mkdir(mode=0o700, exist_ok=True)
        with _aside(file, os.urandom(KEY_BYTES).hex()) as fresh:
            _appear(fresh, file)
        return _read_key(file)
    except OSError:
        return None


def _is_own_place(folder: Path) -> bool:
    """Whether a folder, or that in which it would be made, is this user's: behind `sudo` a home may not be."""
    try:
        there = next(one for one in (folder, *folder.parents) if one.exists())
        return is_own(there.stat().st_uid)
    except OSError:
        return False


def _read_key(file: Path) -> bytes:
    seen = file.lstat()
    check_private(file, seen, "delete it, and a new one is made")
    if stat.S_IMODE(seen.st_mode) & 0o077:
        with contextlib.suppress(OSError):
            file.chmod(0o600)
    repository = repository_of(str(file.parent))
    if repository is not None and is_tracked(Path(repository), file.relative_to(repository).as_posix()):
        raise StateRefused(f"{file} is tracked by git, and a key is nobody's but yours: take it out, and delete it.")
    try:
        key = bytes.fromhex(read_private(file).decode())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise StateRefused(f"{file} holds no key of specrun's: delete it, and a new one is made.")
    return key


@contextlib.contextmanager
def _aside(file: Path, text: str) -> Iterator[Path]:
    fresh = file.with_name(f"{file.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        write_private(fresh, text, durable=True)
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)


def _appear(fresh: Path, file: Path) -> None:
    """Have a file appear under its name, whole; when another one was faster, that one stays. Raises OSError."""
    try:
        os.link(fresh, file)
    except FileExistsError:
        pass
    except OSError:  # a file system without links
        fresh.replace(file)


def _note_use(home: Path, key: bytes) -> _FirstUse:
    """When the state folder was first used with this key: now, if that was not noted before."""
    own = hashlib.sha256(key).hexdigest()[:16]
    folder = key_folder()
    assert folder is not None
    name = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:32]
    file = folder / "homes" / f"{name}.json"
    if known := _noted(file, own):
        return known
    # In this order: a run that ends in between has ended before.
    going = sorted(entry.name for entry in own_folders(home / "runs") if state.held(Path(entry.path)))
    use = _FirstUse(_moment(home), frozenset(going))
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, exist_ok=True)
        text = json.dumps({"home": str(home), "key": own, "first_use": use.moment, "going": going})
        with _aside(file, text) as fresh:
            _appear(fresh, file)
            if _noted(file, own) is None:  # of a key that is no more
                fresh.replace(file)
    return _noted(file, own) or use


def _noted(file: Path, key: str) -> _FirstUse | None:
    try:
        values = read_record(file)
    except (OSError, Damaged):
        return None
    moment, going = values.get("first_use"), values.get("going")
    if values.get("key") != key or not isinstance(moment, int) or not isinstance(going, list):
        return None
    return _FirstUse(moment, frozenset(map(str, going)))


def _moment(home: Path) -> int:
    """Now, by the clock of the file system that the state folder is on."""
    try:
        home.chmod(stat.S_IMODE(home.stat().st_mode))
        return home.stat().st_ctime_ns
    except OSError:
        return time.time_ns()
