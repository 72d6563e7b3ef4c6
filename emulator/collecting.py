"""What a run leaves behind, brought to storage: its logs while they grow, its outputs and its data at the end."""

from __future__ import annotations

import uuid
from pathlib import Path

from emulator.references import Reference, contents
from emulator.runs_state import Plane, Run
from emulator.staging import Staged

CHUNK = 1 << 20


class Collector:
    """Everything that one run writes. Each call brings what is new."""

    def __init__(self, plane: Plane, run: Run, staged: Staged) -> None:
        self._plane = plane
        self._run = run
        self._staged = staged
        self._sent: dict[Path, int] = {}
        self._kept: dict[Path, tuple[int, int]] = {}

    def begin(self) -> None:
        """The log that a node writes before the run's own processes start."""
        first = f"azureml-logs/65_job_prep-tvmps_{uuid.uuid4().hex[:20]}_d.txt"
        if self._run.job is not None:
            first = "system_logs/lifecycler/lifecycler.log"
        self._append(first, b"Entering job preparation.\nJob preparation is complete.\n", fresh=True)

    def logs(self) -> None:
        """What the processes printed since the last time."""
        for file in sorted((self._staged.folder / "logs").glob("*.txt")):
            with file.open("rb") as source:
                source.seek(self._sent.get(file, 0))
                while True:
                    chunk = source.read(CHUNK)
                    if chunk or file not in self._sent:
                        self._append(self._log(file.stem), chunk, fresh=file not in self._sent)
                    self._sent[file] = self._sent.get(file, 0) + len(chunk)
                    if len(chunk) < CHUNK:
                        break

    def _log(self, stem: str) -> str:
        name = log_name if self._run.job is None else user_log_name
        return name(stem, self._staged.shape.kind)

    def files(self, *folders: str) -> None:
        """Files below these folders of the working directory that are new or changed."""
        code = self._staged.folder / "code"
        for name in folders:
            for file, mark in contents(code / name).items():
                if self._kept.get(file) != mark:
                    self._keep(file.relative_to(code).as_posix(), file)
                    self._kept[file] = mark

    def data(self) -> None:
        """What was written to uploads and to mounts, to their datastores."""
        for reference in self._staged.references.values():
            if reference.mode != "download":
                self._return(reference)

    def _return(self, reference: Reference) -> None:
        account = self._plane.cloud.account(reference.store.account)
        assert account is not None
        for file, mark in contents(reference.root).items():
            if reference.before.get(file) != mark:
                account.blobs.send(
                    reference.store.container, reference.base + file.relative_to(reference.root).as_posix(), file
                )

    def _keep(self, path: str, file: Path) -> None:
        artifact = self._plane.artifact_blob(self._run, path)
        self._plane.blobs.send(artifact.container, artifact.blob, file)
        self._run.artifacts[path] = artifact

    def _append(self, path: str, content: bytes, *, fresh: bool) -> None:
        artifact = self._plane.artifact_blob(self._run, path)
        if fresh:
            self._plane.blobs.append(artifact.container, artifact.blob, b"")
        self._plane.blobs.append(artifact.container, artifact.blob, content) if content else None
        self._run.artifacts.setdefault(path, artifact)


def log_name(stem: str, kind: str) -> str:
    """The service's name for the log of a process of a v1 run, given the supervisor's, such as "worker-0"."""
    role, _, index = stem.partition("-")
    if kind == "none":
        return "azureml-logs/70_driver_log.txt"
    return f"azureml-logs/70_driver_log_{'rank' if kind in ('mpi', 'pytorch') else role}_{index}.txt"


def user_log_name(stem: str, kind: str) -> str:
    """The same of a job of SDK v2."""
    role, _, index = stem.partition("-")
    if kind == "none":
        return "user_logs/std_log.txt"
    return f"user_logs/std_log_{role if kind == 'tensorflow' else 'process'}_{index}.txt"
