"""specrun's command line in processes of their own that need not start from nothing.

To import an SDK takes up to two seconds of CPU, and the tests begin more than a thousand commands. So each is forked
from a process that has imported, once, what such a command would: from then on it is on its own, with a process id,
environment, folder and session of its own, and can be killed. Commands that really start from nothing are those of
tests/cli/test_cli_real.py, tests/examples/test_apply.py and tests/azureml_v2/test_silence.py.

Two things SDK v1 reads when it is imported: variables AZUREML_…, so commands for which these differ come from different
processes; and HOME, below which it keeps a cache. That of a command is in the folder that it runs in.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import functools
import gc
import hashlib
import inspect
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import traceback
import weakref
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).parents[1]
VERBS = ("apply", "cancel", "destroy", "logs", "outputs", "plan", "runs", "status")
PACKAGES = {"local": "local", "azureml": "azureml_v2", "azureml-v1": "azureml_v1"}
"""Where engines are, in `specrun.engines`."""

DOOR = object()
"""Stands for where those come in who will ask."""

LARGEST = 1 << 17
"""Bytes of a request at most: arguments and environment."""


class Forked:
    """A command that was begun; what tests use of subprocess.Popen."""

    def __init__(self, line: socket.socket, output: Sequence[int]) -> None:
        told, (handle,), _, _ = socket.recv_fds(line, LARGEST, 1)
        self.pid = int(told)
        opened = [os.fdopen(one, encoding="utf-8") for one in output]
        self.stdout, self.stderr = opened or (None, None)
        self.returncode: int | None = None
        self._line = line
        self._handle = handle
        self._waiting = threading.Lock()
        weakref.finalize(self, os.close, handle)

    def poll(self) -> int | None:
        """The exit status, or minus the signal that killed it; None while it goes on."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """The same once it has ended. Raises subprocess.TimeoutExpired."""
        with self._waiting:
            if self.returncode is None:
                if not select.select([self._line], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(f"command {self.pid}", timeout)
                self.returncode = int(self._line.recv(LARGEST))
                self._line.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """To this process and no other, also when its id is used again."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


Command: TypeAlias = "Forked | subprocess.Popen[str]"


def start(
    arguments: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    engine: str | None,
    first: str | None = None,
    *,
    terminal: int | None = None,
) -> Command:
    """Begin `specrun ARGUMENTS`; what it prints is in `stdout` and `stderr`, unless it runs in a `terminal`. `engine`:
    whose imports it needs; None: begin from nothing. `first` is a module that is imported before the command begins: it
    changes how things go."""
    if engine is None or not hasattr(os, "pidfd_open"):  # which is Linux's
        program = ["-c", f"import {first}, specrun.cli.main as it; it.main()"] if first else ["-m", "specrun"]
        return subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=subprocess.PIPE if terminal is None else terminal,
            stderr=subprocess.PIPE if terminal is None else terminal,
            encoding="utf-8",
            start_new_session=True,
            preexec_fn=None if terminal is None else _take_terminal,
        )
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pipes = [os.pipe(), os.pipe()] if terminal is None else []
    ends = [os.dup(terminal), os.dup(terminal)] if terminal is not None else [end for _, end in pipes]
    request = json.dumps([list(arguments), str(cwd), dict(environment), first]).encode()
    read = environment.items() if engine == "azureml-v1" else ()
    settings = frozenset(item for item in read if item[0].startswith("AZUREML_"))
    with theirs, os.fdopen(ends[0], "wb", 0), os.fdopen(ends[1], "wb", 0):
        with _ONE_AT_A_TIME:
            server = _server(engine, settings)
        socket.send_fds(server, [request], [theirs.fileno(), *ends])
    return Forked(ours, [out for out, _ in pipes])


def _take_terminal() -> None:
    """Have what is typed, and the signals of keys, come to this process, which leads a session."""
    fcntl.ioctl(1, termios.TIOCSCTTY, 0)


def run(
    arguments: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    engine: str | None,
    timeout: float,
    first: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """`specrun ARGUMENTS` to its end. Raises subprocess.TimeoutExpired, whose `stderr` says where it waits, and kills
    it then.
    """
    command = start(arguments, cwd, environment, engine, first)
    assert command.stdout is not None
    assert command.stderr is not None
    with ThreadPoolExecutor(2) as readers, command.stdout, command.stderr:
        out, err = (readers.submit(stream.read) for stream in (command.stdout, command.stderr))
        try:
            code = command.wait(timeout)
        except subprocess.TimeoutExpired as late:
            tell_where(command)
            late.stderr = err.result(timeout)  # type: ignore[assignment]
            raise
        finally:
            command.kill()
        return subprocess.CompletedProcess(arguments, code, out.result(timeout), err.result(timeout))


def tell_where(command: Command) -> None:
    """Have a command that waits for ever write on standard error where each of its threads is, and end it."""
    command.send_signal(signal.SIGUSR1)
    with contextlib.suppress(subprocess.TimeoutExpired):
        command.wait(1.0)
    command.kill()


_ONE_AT_A_TIME = threading.Lock()


@functools.cache
def _server(engine: str, settings: frozenset[tuple[str, str]]) -> socket.socket:
    """The way to the process that forks commands for an engine, one for all workers of a test run: who first needs it
    starts it, and it ends when nobody can ask it any more.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    digest = hashlib.sha256(repr((run, engine, sorted(settings))).encode()).hexdigest()[:16]
    address = Path(tempfile.gettempdir(), f"specrun-commands-{digest}")
    way = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with _turn():
        try:
            way.connect(str(address))
        except (FileNotFoundError, ConnectionRefusedError):
            address.unlink(missing_ok=True)
            _start(engine, settings, address)
            way.connect(str(address))
    return way


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """While this lasts no other process comes in, starts a server, or is a server that ends."""
    with Path(__file__).open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def _start(engine: str, settings: frozenset[tuple[str, str]], address: Path) -> None:
    others = {name: value for name, value in os.environ.items() if not name.startswith("AZUREML_")}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
        door.bind(str(address))
        door.listen(64)
        subprocess.Popen(
            [sys.executable, "-m", "tests.commands", str(door.fileno()), engine],
            cwd=ROOT,
            # numpy, which SDK v1 imports, would begin threads of its own: they do not come along into a fork.
            env={**others, **dict(settings), "HOME": os.curdir, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            pass_fds=[door.fileno()],
            start_new_session=True,
        )


def serve(door: socket.socket) -> None:
    """Fork a command for each request, and tell of its end, until nobody can ask any more."""
    address = Path(door.getsockname())
    asking = 0
    with selectors.DefaultSelector() as selector:
        selector.register(door, selectors.EVENT_READ, DOOR)
        while True:
            for key, _ in selector.select():
                match key.data:
                    case one if one is DOOR:
                        selector.register(door.accept()[0], selectors.EVENT_READ)
                        asking += 1
                    case None:
                        assert isinstance(key.fileobj, socket.socket)
                        request, descriptors, _, _ = socket.recv_fds(key.fileobj, LARGEST, 3)
                        if request:
                            _begin(selector, request, descriptors)
                            continue
                        selector.unregister(key.fileobj)
                        key.fileobj.close()
                        asking -= 1
                        with _turn():
                            if not asking and not select.select([door], [], [], 0)[0]:
                                address.unlink()
                                return
                    case pid, line:
                        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                        selector.unregister(key.fd)
                        os.close(key.fd)
                        with line, contextlib.suppress(BrokenPipeError):
                            line.send(str(status).encode())


def _begin(selector: selectors.BaseSelector, request: bytes, descriptors: Sequence[int]) -> None:
    pid, line = _fork(request, descriptors)
    handle = os.pidfd_open(pid)
    selector.register(handle, selectors.EVENT_READ, (pid, line))
    with contextlib.suppress(BrokenPipeError):  # whoever asked has gone
        socket.send_fds(line, [str(pid).encode()], [handle])


def _fork(request: bytes, descriptors: Sequence[int]) -> tuple[int, socket.socket]:
    line, out, err = descriptors
    pid = os.fork()
    if not pid:
        _become(*json.loads(request), out, err)
    os.close(out)
    os.close(err)
    return pid, socket.socket(fileno=line)


def _become(arguments: list[str], cwd: str, environment: dict[str, str], first: str | None, out: int, err: int) -> None:
    """This process is the command from here on, and ends with it."""
    try:
        os.setsid()
        os.dup2(out, 1)
        os.dup2(err, 2)
        if os.isatty(1):
            os.dup2(out, 0)
            _take_terminal()
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["specrun", *arguments]
        sys.path[0] = cwd
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
        faulthandler.register(signal.SIGUSR1)
        if first:
            import_module(first)
        import_module("specrun.cli.main").main()
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(1)  # `main` ends the process itself: whatever got out of it is not to go on as the server


def _by_sdk_v2() -> None:
    """What the SDK works out at a process' first job: where its modules' files are, and the schema of a command."""
    from azure.ai.ml import Input, Output, command
    from azure.ai.ml.entities import JobResourceConfiguration

    inspect.stack()  # so does the SDK, and each call is cheap after the first
    job = command(
        command="true",
        environment="image:1",
        inputs={"folder": Input(type="uri_folder", path="azureml://datastores/d/paths/p"), "number": 3},
        outputs={"folder": Output(type="uri_folder")},
        resources=JobResourceConfiguration(instance_count=1),
        environment_variables={"NAME": "value"},
    )
    job._validate()
    job._to_job()._to_rest_object()


def _by_sdk_v1() -> None:
    """What the SDK imports when it first looks at a run, numpy for one, or submits one."""
    for name in (
        "azureml._project._compute_target_commands",
        "azureml._run_impl.run_history_facade",
        "azureml.data._dataset_lineage",
        "multiprocessing.pool",
    ):
        import_module(name)


def _by_specrun(engine: str) -> None:
    """What specrun works out at a process' first file and plan: the schema's predicates, regular expressions, and which
    types are mappings, for which Python asks each class of an SDK that is one.
    """
    spec = """
apiVersion: specrun/v1
name: any
vars: {number: 1}
data: {numbers: {path: ., target: numbers}}
job:
  code: .
  command: 'true ${{ inputs.numbers }} ${{ vars.number }} ${{ outputs.model }}'
  inputs: {numbers: {data: numbers}}
  outputs: {model: {}}
"""
    program, before = import_module("specrun.cli.main"), threading.enumerate()
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        file = Path(folder, "job.yaml")
        file.write_text(spec)
        os.environ["SPECRUN_HOME"] = folder
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
            for verb, where in (("validate", engine), ("plan", "local"), ("status", "local")):
                program.run([verb, "--engine", where, str(file)])
        del os.environ["SPECRUN_HOME"]
    for thread in set(threading.enumerate()) - set(before):
        thread.join()  # in a fork there would be none of it, whatever it was about to do


WORKED_OUT = {"azureml": _by_sdk_v2, "azureml-v1": _by_sdk_v1}
"""What a process does once for an SDK, later than at its import."""


def _import(engine: str) -> None:
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # as the program does
    package = f"specrun.engines.{PACKAGES[engine]}"
    for name in ("jsonschema", *(f"specrun.cli.{verb}" for verb in VERBS), f"{package}.engine"):
        import_module(name)
    if engine != "local":
        import_module(f"{package}.sdk").load_sdk()
        WORKED_OUT[engine]()
    _by_specrun(engine)
    if constants := sys.modules.get("azure.ai.ml.constants._common"):
        # SDK v2 looks often at what is in the making: an emulator counts looks, not seconds.
        for name in ("SLEEP_TIME", "POLL_INTERVAL"):
            setattr(constants.LROConfigurations, name, 0.05)


if __name__ == "__main__":
    _import(sys.argv[2])
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
