"""The models that were registered on this machine: a folder for each version, with copies of what its run has written.

`models/NAME/VERSION/` has the files, read-only, and `model.json`. Which version is of which run is noted beside the
versions, so that nobody has to look through all of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from specrun.engines.base import EngineError, Missing
from specrun.engines.local.resources import translated
from specrun.engines.local.stores import files_in
from specrun.plan.file_locks import EXCLUSIVE, flock
from specrun.plan.hashes import HashCache, content_digest
from specrun.plan.home import scratch
from specrun.plan.makers import Maker
from specrun.plan.models import LATEST, OUTPUT_TAG, RUN_TAG, RegisteredModel, Registration
from specrun.plan.private import make_folder, open_private, read_private, write_private
from specrun.plan.stored import Damaged, number, read_record
from specrun.spec.model import ModelVersion

FOLDER, FILES, RECORD, OF_RUNS = "models", "files", "model.json", "runs"


def model_folder(home: Path, name: str, version: str) -> Path:
    """Where the files of a version lie."""
    return home / FOLDER / name / version / FILES


class LocalModels:
    """The models below a state folder."""

    def __init__(self, home: Path, hashes: HashCache) -> None:
        self._home = home
        self._hashes = hashes

    def versions(self, model: str | None = None) -> Sequence[RegisteredModel]:
        """Those of a model, or the newest of each model, newest first."""
        if model is not None:
            return [found for version in self._numbers(model) if (found := self._read(model, version))]
        newest = (self._read(name, numbers[0]) for name in self._names() if (numbers := self._numbers(name)))
        return sorted((one for one in newest if one), key=lambda one: one.created or 0.0, reverse=True)

    def find(self, wanted: ModelVersion) -> RegisteredModel:
        """One, with a digest of its files as they are now. Raises Missing."""
        numbers = self._numbers(wanted.model)
        version = (numbers or [0])[0] if wanted.version == LATEST else wanted.version
        found = self._read(wanted.model, int(version)) if str(version).isdigit() else None
        if found is None:
            raise Missing(f"there is no model {wanted} on this machine")
        return replace(found, digest=self._digest(Path(found.path)))

    def of_run(self, model: str, run: str, output: str) -> RegisteredModel | None:
        """The version that is an output of a run."""
        with contextlib.suppress(OSError, ValueError):
            return self._read(model, int(read_private(self._of_runs(model) / _note(run, output))))
        return None

    def register(self, registration: Registration) -> RegisteredModel:
        """Copy an output of a run as a new version, unless there is one of that run. Raises Missing."""
        source = self._home / "runs" / registration.source / "outputs" / registration.output
        files = files_in(source)
        if not files:
            raise Missing(
                f"model/{registration.model}: {registration.source} has written nothing to its output "
                f"{registration.output}: there is nothing to register"
            )
        if registration.type == "mlflow_model" and "MLmodel" not in files:
            raise EngineError(
                f"model/{registration.model}: the output {registration.output} of {registration.source} has no MLmodel "
                "in it, so it is no mlflow_model: write one with mlflow.*.save_model, or say `type: custom_model`"
            )
        with translated(f"model/{registration.model}"), self._locked(registration.model):
            run, output = registration.tags[RUN_TAG], registration.tags[OUTPUT_TAG]
            if (known := self.of_run(registration.model, run, output)) is not None:
                return known
            version = (self._numbers(registration.model) or [0])[0] + 1
            self._write(registration, version, files)
            write_private(self._of_runs(registration.model) / _note(run, output), str(version))
            found = self._read(registration.model, version)
        if found is None:
            raise EngineError(f"model/{registration.model}: version {version} is gone as soon as it was made")
        return found

    def _write(self, registration: Registration, version: int, files: Mapping[str, Path]) -> None:
        maker = registration.maker
        record = {
            "type": registration.type,
            "created": time.time(),
            "maker": [maker.spec, maker.repository, maker.target],
            "tags": dict(registration.tags),
        }
        with scratch(self._home) as aside:
            for path, file in files.items():
                target = aside / "model" / FILES / path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
                target.chmod(0o444)
            write_private(aside / "model" / RECORD, json.dumps(record))
            (aside / "model").rename(self._home / FOLDER / registration.model / str(version))

    def _read(self, model: str, version: int) -> RegisteredModel | None:
        folder = self._home / FOLDER / model / str(version)
        try:
            record = read_record(folder / RECORD)
        except (FileNotFoundError, Damaged):
            return None
        tags, maker = record.get("tags"), record.get("maker")
        return RegisteredModel(
            name=model,
            version=str(version),
            type=str(record.get("type", "")),
            path=str(folder / FILES),
            created=number(record.get("created")),
            maker=Maker(*map(str, maker)) if isinstance(maker, list) and len(maker) == 3 else Maker(),
            tags={str(tag): str(text) for tag, text in tags.items()} if isinstance(tags, dict) else {},
        )

    def _digest(self, folder: Path) -> str:
        files = sorted(files_in(folder).items())
        found = self._hashes.md5_all((path, path.stat()) for _, path in files)
        return content_digest({name: md5 for (name, _), md5 in zip(files, found, strict=True)})

    def _names(self) -> list[str]:
        with contextlib.suppress(OSError):
            return sorted(os.listdir(self._home / FOLDER))  # noqa: PTH208 - names are wanted
        return []

    def _numbers(self, model: str) -> list[int]:
        """The versions that there are, newest first; of names that are a path there are none."""
        if "/" in model or model in ("", ".", ".."):
            return []
        with contextlib.suppress(OSError):
            names = os.listdir(self._home / FOLDER / model)  # noqa: PTH208 - names are wanted
            return sorted((int(name) for name in names if name.isdigit()), reverse=True)
        return []

    def _of_runs(self, model: str) -> Path:
        return self._home / FOLDER / model / OF_RUNS

    @contextlib.contextmanager
    def _locked(self, model: str) -> Iterator[None]:
        """Alone, of all that register versions of a model here."""
        make_folder(self._of_runs(model), self._home)
        lock = open_private(self._home / FOLDER / model / "lock", os.O_RDWR | os.O_CREAT)
        try:
            flock(lock, EXCLUSIVE)
            yield
        finally:
            os.close(lock)


def _note(run: str, output: str) -> str:
    """The name of the file that says which version is of a run's output."""
    return hashlib.sha256(f"{run}/{output}".encode()).hexdigest()[:32]
