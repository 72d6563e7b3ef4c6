"""A job's processes started by hand: what someone without specrun would write for a parameter server and workers."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks.measure import WentWrong
from specrun.spec.load import load
from specrun.spec.model import Spec

ROLES = ("ps/0", "worker/0", "worker/1")
_PATIENCE = 300.0


def run_by_hand(spec: Spec, folder: Path, environment: Mapping[str, str]) -> float:
    """Start a spec's ps and two workers, with their logs in an empty folder; seconds until the workers are done."""
    job = spec.job
    assert job is not None
    assert job.command is not None
    command = _command(spec, job.command, folder)
    variables = {name: str(value) for name, value in job.environment_variables.items()}
    with ExitStack() as stack:
        addresses = _addresses()
        processes: dict[str, subprocess.Popen[bytes]] = {}
        begin = time.perf_counter()
        for role in ROLES:
            log = stack.enter_context((folder / f"{role.replace('/', '-')}.txt").open("wb"))
            processes[role] = subprocess.Popen(
                ["bash", "-c", command],
                cwd=job.code.absolute if job.code is not None else spec.file.parent,
                env={**environment, **variables, "PYTHONUNBUFFERED": "1", "TF_CONFIG": _tf_config(role, addresses)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            stack.callback(_end, processes[role])
        codes = [processes[role].wait(_PATIENCE) for role in ROLES[1:]]
        wall = time.perf_counter() - begin
    if any(codes):
        raise WentWrong(f"the workers that were started by hand exited with {codes}; see {folder}")
    return wall


def read_spec(file: Path) -> Spec:
    """The spec in a file that is known to be valid, as the local engine reads it."""
    loaded = load([str(file)], engine="local", unread={"local": (("workspace",), ("datastores",))})
    if not loaded.ok:
        raise WentWrong(f"{file} is not valid: {loaded.diagnostics[0].detail}")
    return loaded.specs[0]


def _command(spec: Spec, command: str, folder: Path) -> str:
    def path(match: re.Match[str]) -> str:
        kind, name = match.groups()
        return shlex.quote(str(folder / name if kind == "outputs" else spec.file.parent / "data"))

    return re.sub(r"\$\{\{ (inputs|outputs)\.(\w+) \}\}", path, command)


def _tf_config(role: str, addresses: Mapping[str, str]) -> str:
    kind, index = role.split("/")
    cluster = {kind: [addresses[each] for each in ROLES if each.startswith(kind)] for kind in ("worker", "ps")}
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": int(index)}, "environment": "cloud"})


def _addresses() -> dict[str, str]:
    sockets = {role: socket.create_server(("127.0.0.1", 0)) for role in ROLES}
    addresses = {role: f"127.0.0.1:{each.getsockname()[1]}" for role, each in sockets.items()}
    for each in sockets.values():
        each.close()
    return addresses


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and what it has started: a parameter server never ends by itself."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(_PATIENCE)
