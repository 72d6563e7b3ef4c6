"""The one place that calls git: to read, in a repository whose own configuration may be a stranger's."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from functools import lru_cache
from typing import IO

MOST_OUTPUT = 1 << 28
"""Bytes. A list of a million paths has half of that."""

LONGEST = 300
"""Seconds. What hangs (a file system, a git that waits for somebody) is ended then."""

_QUIET = (
    "--no-pager",
    # Programs that a repository's configuration could name.
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "diff.external="),
    *("-c", "log.showSignature=false"),
    *("-c", "protocol.allow=never"),  # what a partial clone lacks is not fetched: ssh could be any command
)
_OURS: Mapping[str, str] = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",
}
_OF_A_REPOSITORY = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
"""Variables that lead git, where a hook calls specrun for example, to another repository than a spec's folder is in."""

_OF_OUTPUT = ("GIT_EXTERNAL_DIFF", "GIT_GLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_PAGER")


class GitError(Exception):
    """Git is not there, or says no. The message has its words; `code` is its exit status, 0 where it has none."""

    def __init__(self, said: str, code: int = 0) -> None:
        super().__init__(said)
        self.code = code


def git(folder: str | os.PathLike[str], *arguments: str, given: bytes = b"", longest: float = LONGEST) -> bytes:
    """What git writes in a folder, which may be any of a repository; it reads `given`. Raises GitError, also where it
    takes more than the `longest` seconds.

    Nothing that a configuration names runs: no hook, monitor, pager, prompt, external diff or filter (so that a file
    may seem changed that its filter would make the same: `since.changes` compares content). Only what shows content as
    text (`git log -p`) needs `--no-ext-diff --no-textconv` besides. Nothing is fetched, written or locked.
    """
    where = os.path.realpath(folder)
    filters = () if arguments[:1] == ("config",) else _without_filters(where)  # a configuration is read through none
    return _run(where, (*_QUIET, *filters, *arguments), given, longest)


@lru_cache(maxsize=256)
def _without_filters(folder: str) -> tuple[str, ...]:
    """The options that take every filter's program away: git has no option for all of them."""
    try:
        found = _run(folder, (*_QUIET, "config", "--null", "--name-only", "--get-regexp", r"^filter\."))
    except GitError as error:
        if error.code == 1:  # there is none
            return ()
        raise
    names = dict.fromkeys(os.fsdecode(key)[len("filter.") :].rpartition(".")[0] for key in found.split(b"\0") if key)
    options: list[str] = []
    for name in filter(None, names):
        if "=" in name:  # `-c` would end the key there
            raise GitError(f"its configuration has a filter `{name}`, which cannot be switched off: rename it")
        for key in ("process=", "clean=", "required=false"):
            options += ("-c", f"filter.{name}.{key}")
    return tuple(options)


def _run(folder: str, arguments: tuple[str, ...], given: bytes = b"", longest: float = LONGEST) -> bytes:
    import subprocess  # late, both: many a command needs no git
    import threading

    variables = {name: value for name, value in os.environ.items() if name not in (*_OF_A_REPOSITORY, *_OF_OUTPUT)}
    try:
        process = subprocess.Popen(
            ["git", *arguments],
            cwd=folder,
            env={**variables, **_OURS},
            stdin=subprocess.PIPE if given else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError:
        raise GitError(_why_not_found(folder)) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
        raise GitError(f"git cannot be run: {getattr(error, 'strerror', None) or error}") from None
    said = bytearray()
    clock = threading.Timer(longest, process.kill)
    talk = [threading.Thread(target=_hear, args=(process.stderr, said), daemon=True)]
    if given:
        talk.append(threading.Thread(target=_tell, args=(process.stdin, given), daemon=True))
    for thread in (clock, *talk):
        thread.start()
    try:
        with process:
            assert process.stdout is not None
            found = process.stdout.read(MOST_OUTPUT + 1)
            if len(found) > MOST_OUTPUT:
                process.kill()
            for thread in talk:
                thread.join()
    finally:
        clock.cancel()
    if len(found) > MOST_OUTPUT:
        raise GitError(f"git wrote more than {MOST_OUTPUT:,} bytes")
    if process.returncode:
        raise GitError(_last_words(said, process.returncode, longest), process.returncode)
    return found


def _tell(pipe: IO[bytes], given: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), pipe:  # it may end without having read all
        pipe.write(given)


def _hear(pipe: IO[bytes], said: bytearray) -> None:
    """Read to the end, and keep the last of it."""
    while piece := pipe.read(1 << 12):
        said += piece
        del said[: -(1 << 16)]


def _why_not_found(folder: str) -> str:
    if not os.path.isdir(folder):  # noqa: PTH112
        return f"{folder} is no folder"
    return "this needs git, and no `git` is on the PATH: install it"


def _last_words(said: bytearray, code: int, longest: float) -> str:
    if code < 0:
        return f"git was ended by signal {-code}" + (f", as after {longest:g} s" if code == -9 else "")
    lines = said.decode(errors="replace").strip().splitlines()
    words = "\n".join(line.removeprefix("fatal: ").removeprefix("error: ") for line in lines[-8:])
    return words or f"git ended with status {code}"
