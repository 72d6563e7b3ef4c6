"""The models that were registered on this machine: a folder for each version, with copies of what its run has written.

`models/NAME/VERSION/` has the files, read-only, and `model.json`: it is made aside, and moved to its place when it is
whole. Which version is of which run is noted beside the versions before that, so that nobody has to look through all of
them, and a run has no second one wherever an apply was killed: a note counts only if the version says the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from specrun.engines.base import EngineError, Missing
from specrun.engines.local.resources import translated
from specrun.engines.local.stores import files_in
from specrun.engines.parts import LISTED
from specrun.plan.file_locks import EXCLUSIVE, flock
from specrun.plan.hashes import HashCache, content_digest
from specrun.plan.home import replace_text, scratch
from specrun.plan.makers import Maker
from specrun.plan.models import (
    LATEST,
    LONGEST_MLMODEL,
    MLMODEL,
    OUTPUT_TAG,
    RUN_TAG,
    RegisteredModel,
    Registration,
    wrong_in_mlmodel,
)
from specrun.plan.private import make_folder, open_private, read_private, write_private
from specrun.plan.stored import Damaged, number, read_record
from specrun.spec.model import ModelVersion
from specrun.spec.tree import composed_name

FOLDER, FILES, RECORD, OF_RUNS = "models", "files", "model.json", "runs"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_VERSION = re.compile(r"[1-9][0-9]{0,17}")


def model_folder(home: Path, name: str, version: str) -> Path:
    """Where the files of a version lie."""
    return home / FOLDER / name / version / FILES


class LocalModels:
    """The models below a state folder."""

    def __init__(self, home: Path, hashes: HashCache) -> None:
        self._home = home
        self._hashes = hashes

    def versions(self, model: str | None = None, most: int | None = LISTED) -> Sequence[RegisteredModel]:
        """The newest of a model, or the newest of each model, newest first."""
        if model is not None:
            return [found for version in self._numbers(model)[:most] if (found := self._read(model, version))]
        newest = (self._read(name, numbers[0]) for name in self._names() if (numbers := self._numbers(name)))
        return sorted((one for one in newest if one), key=lambda one: one.created or 0.0, reverse=True)

    def find(self, wanted: ModelVersion) -> RegisteredModel:
        """One, with a digest of its files, which are those that were registered. Raises Missing."""
        numbers = self._numbers(wanted.model)
        latest = numbers[:1] if wanted.version == LATEST else ()
        number = next((one for one in latest or numbers if latest or str(one) == wanted.version), None)
        found = self._read(wanted.model, number) if number is not None else None
        if found is None:
            raise Missing(f"there is no model {wanted} on this machine")
        with translated(f"model {found}"):
            digest = self._digest(Path(_undamaged(found).path))
        if found.digest not in ("", digest):
            _undamaged(replace(found, damaged=f"the files in {found.path} are not those that were registered"))
        return replace(found, digest=digest)

    def of_run(self, model: str, run: str, output: str) -> RegisteredModel | None:
        """The version that is an output of a run."""
        note = self._of_runs(model) / _note(run, output)
        if not _NAME.fullmatch(model) or not os.path.lexists(note):
            return None  # there is a note before there is a version
        noted = ""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            noted = read_private(note).decode()
        found = self._read(model, int(noted)) if _VERSION.fullmatch(noted) else None
        every = [_undamaged(found)] if found is not None else []
        return next(
            (one for one in (*every, *self.versions(model, None)) if (one.run, one.output) == (run, output)), None
        )

    def register(self, registration: Registration) -> RegisteredModel:
        """Copy an output of a run as a new version, unless there is one of that run. Raises Missing."""
        source = self._home / "runs" / registration.source / "outputs" / registration.output
        run, output = registration.tags[RUN_TAG], registration.tags[OUTPUT_TAG]
        if (known := self.of_run(registration.model, run, output)) is not None:
            return known
        with translated(f"model/{registration.model}"):
            files = self._written(registration, source)
        if not files:
            raise Missing(
                f"model/{registration.model}: {registration.source} has written nothing to its output "
                f"{registration.output}: there is nothing to register"
            )
        if registration.is_mlflow:
            with translated(f"model/{registration.model}"):
                why = _wrong_with(files)
            if why:
                raise EngineError(registration.not_mlflow(why))
        with translated(f"model/{registration.model}"), self._locked(registration.model):
            if (known := self.of_run(registration.model, run, output)) is not None:
                return known
            version = (self._numbers(registration.model) or [0])[0] + 1
            replace_text(self._home, self._of_runs(registration.model) / _note(run, output), str(version))
            self._write(registration, version, files)
            found = self._read(registration.model, version)
        if found is None:
            raise EngineError(f"model/{registration.model}: version {version} is gone as soon as it was made")
        return found

    def _written(self, registration: Registration, source: Path) -> dict[str, str]:
        """The files of an output, by their paths in it: what links lead to, where that is within it, and nothing else.

        Raises EngineError, and OSError.
        """
        whole = os.path.realpath(source)
        kept = os.path.realpath(self._home / ("datastores" if source.is_symlink() else "runs"))
        found: dict[str, str] = {}

        def not_copied(path: str, why: str) -> EngineError:
            return EngineError(
                f"model/{registration.model}: the output {registration.output} of {registration.source} has {path}, "
                f"{why}: nothing is registered. A model consists of files that lie in the output"
            )

        def walk(folder: str, path: str, above: tuple[str, ...]) -> None:
            for entry in os.scandir(folder):
                name, target = f"{path}{entry.name}", entry.path
                if entry.is_symlink():
                    target = os.path.realpath(target)
                    if not target.startswith(f"{whole}{os.sep}") or not os.path.lexists(target):
                        raise not_copied(name, "a link that leads out of it, or to nothing")
                if os.path.isdir(target):  # noqa: PTH112
                    if target in (folder, *above):
                        raise not_copied(name, "a link that leads to a folder around it")
                    walk(target, f"{name}/", (*above, folder))
                elif os.path.isfile(target):  # noqa: PTH113
                    found[composed_name(name)] = target
                else:
                    raise not_copied(name, "which is no file")

        if os.path.lexists(source):
            if not whole.startswith(f"{kept}{os.sep}"):
                raise not_copied("become a link", "which leads elsewhere")
            walk(whole, "", ())
        return found

    def _write(self, registration: Registration, version: int, files: Mapping[str, str]) -> None:
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
                shutil.copyfile(file, target, follow_symlinks=False)
                target.chmod(0o444)
            record["digest"] = self._digest(aside / "model" / FILES)
            write_private(aside / "model" / RECORD, json.dumps(record))
            (aside / "model").rename(self._home / FOLDER / registration.model / str(version))

    def _read(self, model: str, version: int) -> RegisteredModel | None:
        folder = self._home / FOLDER / model / str(version)
        damaged = ""
        try:
            record = read_record(folder / RECORD)
        except FileNotFoundError:
            if not os.path.lexists(folder):
                return None
            record, damaged = {}, f"{folder} has no {RECORD}"
        except Damaged as error:
            record, damaged = {}, str(error)
        if not damaged and not _has_any(folder / FILES):
            damaged = f"nothing is left in {folder / FILES}"
        tags, maker = record.get("tags"), record.get("maker")
        return RegisteredModel(
            name=model,
            version=str(version),
            type=str(record.get("type", "")),
            digest=str(record.get("digest", "")),
            path=str(folder / FILES),
            created=number(record.get("created")),
            maker=Maker(*map(str, maker)) if isinstance(maker, list) and len(maker) == 3 else Maker(),
            tags={str(tag): str(text) for tag, text in tags.items()} if isinstance(tags, dict) else {},
            damaged=damaged,
        )

    def _digest(self, folder: Path) -> str:
        files = sorted(files_in(folder).items())
        found = self._hashes.md5_all((path, path.stat()) for _, path in files)
        return content_digest({name: md5 for (name, _), md5 in zip(files, found, strict=True)})

    def _names(self) -> list[str]:
        return sorted(name for name in _listed(self._home / FOLDER) if _NAME.fullmatch(name))

    def _numbers(self, model: str) -> list[int]:
        """The versions that there are, newest first; of what cannot be a model's name there are none."""
        names = _listed(self._home / FOLDER / model) if _NAME.fullmatch(model) else []
        return sorted((int(name) for name in names if _VERSION.fullmatch(name)), reverse=True)

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


def _undamaged(found: RegisteredModel) -> RegisteredModel:
    """The same. Raises EngineError where nobody can say what it is."""
    if found.damaged:
        raise EngineError(f"model {found}: {found.damaged}: delete its folder, and the next apply registers it again")
    return found


def _listed(folder: Path) -> list[str]:
    """What is in a folder, which need not be there. Raises EngineError, where nobody can say."""
    with translated("models"), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return os.listdir(folder)  # noqa: PTH208
    return []


def _has_any(folder: Path) -> bool:
    """Whether there is anything in a folder; no version was registered without files."""
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        return any(found)
    return False


def _wrong_with(files: Mapping[str, str]) -> str:
    """Why what an output has, by the paths in it, is no model of MLflow; "" where it is one. Raises OSError."""
    if (file := files.get(MLMODEL)) is not None:
        with open(file, "rb") as opened:  # noqa: PTH123
            return wrong_in_mlmodel(opened.read(LONGEST_MLMODEL + 1))
    nested = sorted(file.removesuffix(f"/{MLMODEL}") for file in files if file.endswith(f"/{MLMODEL}"))
    return "no MLmodel in it" + (f" (there is one in {nested[0]}/ of it, which is not looked for)" if nested else "")


def _note(run: str, output: str) -> str:
    """The name of the file that says which version is of a run's output."""
    return hashlib.sha256(f"{run}/{output}".encode()).hexdigest()[:32]
