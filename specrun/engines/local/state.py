"""A run's state: one small JSON file with one writer, and the lock that says whether that writer lives.

Liveness is the lock's, never a process id's. The supervisor takes the `flock` on `lock` before its first process and
keeps it until its last write; its guards share it until their processes are gone. So a free lock means that nothing
of the run is left (short of a SIGKILL of all of them at once), and:

    prepared, lock free            never started
    queued or running, lock free   lost: ended by the platform
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, field, replace
from pathlib import Path
from types import MappingProxyType

from specrun.engines.local import request as requests
from specrun.engines.local.disk import is_full
from specrun.plan.file_locks import AT_ONCE, EXCLUSIVE, SHARED, flock
from specrun.plan.private import open_private, read_private, touch_private, write_private
from specrun.plan.stored import Damaged, number, read_record
from specrun.spec.frozen import dataclass

FORMAT = 1
FILE = "state.json"
LOCK = "lock"
CANCEL = "cancel"
SWEEP = "sweep.json"
"""In the folder of a run whose work is done by trials."""

KEPT = "spec.zip"
"""In a run's folder: the spec as it ran and what belongs to it."""

IDENTITY = "identity.json"
"""In a run's folder: what its fingerprint was taken of, as it may be shown."""

LONGEST = 4096
"""Bytes of a reason that is read."""

LARGEST = 1 << 24
"""Bytes of a state or a request at most."""

RESERVE = "reserve"
RESERVE_BYTES = 32 * 1024
"""Kept in the run's folder so that a full disk still has room for the last write."""

PREPARED, QUEUED, RUNNING = "prepared", "queued", "running"
SUCCEEDED, FAILED, CANCELLED = "succeeded", "failed", "cancelled"
LOST, MISSING, CORRUPTED = "lost", "missing", "corrupted"
"""What a reader concludes; never in the file."""

ENDED = frozenset({SUCCEEDED, FAILED, CANCELLED})
WRITTEN = frozenset({PREPARED, QUEUED, RUNNING}) | ENDED


@dataclass(frozen=True, slots=True)
class RoleState:
    """One process: waiting, running, succeeded, failed, or stopped by the supervisor; `gpus` are its own.

    `started` and `ended` are Unix seconds, None where it has not, or was not noted. `pid` is its own process, while
    that runs: it tells what a role uses, and never whether it lives.
    """

    status: str = "waiting"
    exit: int | None = None
    signal: int | None = None
    gpus: tuple[str, ...] = ()
    started: float | None = None
    ended: float | None = None
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Times are Unix seconds. `reason` says in plain words why the run is where it is; empty when that is plain.

    `mark` is this user's, on a run that has ended: see `marks`.
    """

    status: str
    reason: str = ""
    submitted: float | None = None
    started: float | None = None
    ended: float | None = None
    failed_role: str | None = None
    roles: Mapping[str, RoleState] = field(default_factory=lambda: MappingProxyType({}))
    mark: str = ""


def read(rundir: Path) -> State:
    """What `state.json` says. A file that is absent or damaged gives the status missing or corrupted, no exception."""
    path = rundir / FILE
    for _ in range(3):  # a full disk is the one case in which the file is not replaced but overwritten
        try:
            return _decode(read_record(path, LARGEST))
        except FileNotFoundError:
            return State(MISSING, f"there is no {path}")
        except Damaged as error:
            damage = str(error)
        except (ValueError, TypeError, KeyError) as error:
            damage = f"{path} is damaged ({type(error).__name__}: {error})"
        time.sleep(0.01)
    return State(CORRUPTED, damage)


def observe(rundir: Path) -> State:
    """What has become of a run, by its file and its lock: as `read`, and `lost` when its supervisor is gone.

    The file is read again after a free lock was seen: a supervisor that ended in between left its last write there.
    """
    state = read(rundir)
    if state.status not in (QUEUED, RUNNING) or held(rundir):
        return state
    state = read(rundir)
    if state.status not in (QUEUED, RUNNING):
        return state
    return replace(state, status=LOST, reason=state.reason or "its supervisor is gone and left no result")


def held(rundir: Path) -> bool:
    """Whether the run's supervisor (or, when it was killed, what still cleans up after it) is alive."""
    try:
        lock = open_private(rundir / LOCK, os.O_RDONLY)
    except (OSError, ValueError):  # ValueError: a folder that a damaged ticket names
        return False
    try:
        flock(lock, SHARED | AT_ONCE)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)


def wait_until_free(rundir: Path) -> None:
    """Return once the run's supervisor, and what cleans up after it, has ended; at once where there is none."""
    try:
        lock = open_private(rundir / LOCK, os.O_RDONLY)
    except OSError:
        return
    try:
        flock(lock, SHARED)
    finally:
        os.close(lock)


def acquire(rundir: Path) -> int | None:
    """The run's lock as an open file descriptor, or None while someone else has it, or has taken the run away."""
    try:
        lock = open_private(rundir / LOCK, os.O_RDWR | os.O_CREAT)
    except FileNotFoundError:
        return None
    with contextlib.suppress(BlockingIOError, FileNotFoundError):
        flock(lock, EXCLUSIVE | AT_ONCE)
        if os.path.samestat(os.fstat(lock), (rundir / LOCK).lstat()):
            return lock
    os.close(lock)
    return None


def cancel(rundir: Path, reason: str = "") -> None:
    """Ask for the run's end, which is said to be for a reason; its supervisor notices within 0.2 s. Raises OSError."""
    if reason:
        try:
            _replace(rundir / CANCEL, reason)
        except FileNotFoundError:
            raise
        except OSError as error:
            if not is_full(error):
                raise
        else:
            return
    touch_private(rundir / CANCEL)


def cancelled_for(rundir: Path) -> str | None:
    """Why somebody has asked for the run's end; None: nobody has."""
    try:
        return read_private(rundir / CANCEL)[:LONGEST].decode(errors="replace").strip() or CANCELLED
    except FileNotFoundError:
        return None
    except OSError:  # whatever it is, it is there
        return CANCELLED


def write_prepared(rundir: Path, request: requests.Request, *, durable: bool = True) -> None:
    """Make the run's folder ready: request, reserve and last of all `state.json`, which says that the rest is there.

    `durable`: it outlives a power cut.
    """
    for name in ("code", "inputs", "outputs", "logs"):
        (rundir / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    _replace(rundir / requests.FILE, requests.encode(request))
    (rundir / RESERVE).write_bytes(os.urandom(RESERVE_BYTES))  # random: no file system stores it in less
    (rundir / RESERVE).chmod(0o600)
    _replace(rundir / FILE, encode(State(PREPARED, submitted=time.time())), durable=durable)


def write(rundir: Path, state: State, *, essential: bool = True) -> None:
    """Replace the state. On a full disk the reserve makes room for an essential one; another is left out."""
    text = encode(state)
    try:
        _replace(rundir / FILE, text, durable=state.status in ENDED)
    except OSError as error:
        if not is_full(error):
            raise
        if essential:
            _write_on_full_disk(rundir, text)


def _write_on_full_disk(rundir: Path, text: str) -> None:
    (rundir / RESERVE).unlink(missing_ok=True)
    try:
        _replace(rundir / FILE, text)
    except OSError:
        # Someone else took the room at once. The blocks that the file already has are still ours.
        with open(open_private(rundir / FILE, os.O_RDWR), "r+", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text)
            file.truncate()


def _replace(path: Path, text: str, *, durable: bool = False) -> None:
    fresh = path.with_name(path.name + ".new")
    try:
        write_private(fresh, text, durable=durable)
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise


def encode(state: State) -> str:
    """The state as the text of `state.json`."""
    values = {"format": FORMAT} | {name: getattr(state, name) for name in State.__slots__}
    values["roles"] = {name: asdict(role) for name, role in state.roles.items()}
    return json.dumps(values, indent=1) + "\n"


def _decode(values: dict[str, object]) -> State:
    if values.get("format") != FORMAT:
        raise ValueError(f"not a state of format {FORMAT}")
    status, reason, failed, roles = (values[name] for name in ("status", "reason", "failed_role", "roles"))
    if not isinstance(status, str) or status not in WRITTEN:
        raise ValueError(f"unknown status {status!r}")
    if not isinstance(reason, str) or not isinstance(failed, str | None) or not isinstance(roles, dict):
        raise TypeError("reason, failed_role or roles")
    submitted, started, ended = (_number(values[name]) for name in ("submitted", "started", "ended"))
    known = MappingProxyType({str(name): _decode_role(role) for name, role in roles.items()})
    return State(status, reason, submitted, started, ended, failed, known, str(values.get("mark", "")))


def _decode_role(values: object) -> RoleState:
    if not isinstance(values, dict) or not isinstance(values["gpus"], list):
        raise TypeError("a role")
    exit_, signal = (_number(values[name]) for name in ("exit", "signal"))
    whole = [None if number is None else int(number) for number in (exit_, signal)]
    started, ended, pid = (_number(values.get(name)) for name in ("started", "ended", "pid"))
    gpus = tuple(str(gpu) for gpu in values["gpus"])
    return RoleState(str(values["status"]), whole[0], whole[1], gpus, started, ended, None if pid is None else int(pid))


def _number(value: object) -> float | None:
    known = number(value)
    if known is None and value is not None:
        raise TypeError(f"{value!r:.40} is no such number")
    return known
