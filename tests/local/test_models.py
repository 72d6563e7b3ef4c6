"""The models of this machine: whole or not there, once per run, and nothing in them but what their run has written."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from specrun.engines.base import EngineError, Missing, Quota
from specrun.engines.local.models import LocalModels
from specrun.plan.hashes import HashCache
from specrun.plan.makers import Maker
from specrun.plan.models import LATEST, OUTPUT_TAG, RUN_TAG, RegisteredModel, Registration
from specrun.spec.model import ModelVersion
from tests.local.damage import CONTENTS

RUN = "train-0123456789"
MLMODEL = "flavors:\n  python_function: {loader_module: mlflow.sklearn}\nutc_time_created: 2026-13-41 09:00:00\n"
"""As MLflow writes it, and some write it by hand: with a date that there is not."""
CHANGES = {"open", "os.mkdir", "os.rename", "os.chmod", "os.remove", "os.rmdir", "shutil.copyfile", "fcntl.flock"}


@pytest.fixture
def models(tmp_path: Path) -> LocalModels:
    return models_in(tmp_path)


def models_in(home: Path) -> LocalModels:
    return LocalModels(home, HashCache(home))


def output(home: Path, run: str = RUN, name: str = "model") -> Path:
    folder = home / "runs" / run / "outputs" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights").write_text(f"of {run}")
    return folder


def registration(run: str = RUN, name: str = "model", kind: str = "custom_model") -> Registration:
    return Registration("digits", kind, run, name, Maker("train"), {RUN_TAG: run, OUTPUT_TAG: name})


def written(model: RegisteredModel) -> dict[str, str]:
    folder = Path(model.path)
    return {file.relative_to(folder).as_posix(): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_a_run_is_registered_once(tmp_path: Path, models: LocalModels) -> None:
    output(tmp_path)
    first = models.register(registration())
    shutil.rmtree(tmp_path / "runs")  # what is registered is there for itself
    assert models.register(registration()) == first
    assert (str(first), first.run, written(first)) == ("digits:1", RUN, {"weights": f"of {RUN}"})
    with pytest.raises(Missing, match="has written nothing to its output model"):
        models.register(registration("train-1111111111"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is forked, and killed")
@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.long)])
def test_killed_at_any_moment_a_version_is_whole_or_not_there_and_never_two_of_a_run(tmp_path: Path, step: int) -> None:
    moment, killed = 0, True
    while killed:
        moment += step
        home, other = tmp_path / str(moment), "train-2222222222"
        output(home)
        output(home, other)
        killed = _killed_at(moment, lambda home=home: models_in(home).register(registration()))
        there = models_in(home).versions("digits")
        assert [written(one) for one in there if not one.damaged] == [{"weights": f"of {RUN}"}] * len(there)
        # Another run may take the number that the killed one was to have.
        second, first = (models_in(home).register(registration(run)) for run in (other, RUN))
        assert sorted([first.version, second.version]) == ["1", "2"]
        assert (written(first), written(second)) == ({"weights": f"of {RUN}"}, {"weights": f"of {other}"})
        assert len(models_in(home).versions("digits")) == 2
    assert moment > 10


def _killed_at(moment: int, work: Callable[[], object]) -> bool:
    """Do it in a process that is killed as it is about to change something for that many-th time; whether it was."""
    child = os.fork()
    if not child:
        left = [moment]

        def count(event: str, _: object) -> None:
            left[0] -= event in CHANGES
            if event in CHANGES and not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_two_at_once_have_two_numbers_and_one_run_has_one(tmp_path: Path) -> None:
    runs = [f"train-{number % 4}000000000" for number in range(8)]
    found: list[RegisteredModel] = []
    for run in runs:
        output(tmp_path, run)
    works = [
        threading.Thread(target=lambda run=run: found.append(models_in(tmp_path).register(registration(run))))
        for run in runs
    ]
    for work in works:
        work.start()
    for work in works:
        work.join()
    assert len(found) == 8
    assert sorted({(int(one.version), written(one)["weights"]) for one in found})[3][0] == 4
    assert len({(one.version, one.run) for one in found}) == 4


@pytest.mark.parametrize("content", [None, *CONTENTS.values()], ids=["gone", *CONTENTS])
def test_a_damaged_record_is_told_and_hides_no_other(
    tmp_path: Path, models: LocalModels, content: bytes | None
) -> None:
    for run in ("train-1111111111", RUN):
        output(tmp_path, run)
        newest = models.register(registration(run))
    record = Path(newest.path).parent / "model.json"
    record.unlink()
    if content is not None:
        record.write_bytes(content)
    first, second = models.versions("digits")
    assert (first.version, second.version, second.run, second.damaged) == ("2", "1", "train-1111111111", "")
    if first.damaged:
        assert "model.json" in first.damaged
        for ask in (
            lambda: models.find(ModelVersion("digits", LATEST)),  # never silently the one before it
            lambda: models.find(ModelVersion("digits", "2")),
            lambda: models.of_run("digits", RUN, "model"),
            lambda: models.register(registration()),  # not once more
        ):
            with pytest.raises(EngineError, match=r"model digits:2: .*model\.json.*delete its folder"):
                ask()
        shutil.rmtree(record.parent)
        assert models.register(registration()).version == "2"
    else:
        assert first.run == ""  # an object, but not one of ours


@pytest.mark.parametrize("how", ["deleted", "emptied", "changed", "one more"])
def test_files_that_are_not_those_that_were_registered_are_never_read(
    tmp_path: Path, models: LocalModels, how: str
) -> None:
    output(tmp_path)
    folder = Path(models.register(registration()).path)
    file = folder / "weights"
    if how == "one more":
        (folder / "more").touch()
    else:
        file.unlink()
    if how == "deleted":
        folder.rmdir()
    if how == "changed":
        file.write_text("other")
    with pytest.raises(EngineError, match=r"model digits:1: .*delete its folder, and the next apply registers it"):
        models.find(ModelVersion("digits", LATEST))
    (listed,) = models.versions("digits")
    assert (f"nothing is left in {folder}" == listed.damaged) == (how in ("deleted", "emptied"))
    shutil.rmtree(folder.parent)
    assert models.find(ModelVersion("digits", models.register(registration()).version)).digest


@pytest.mark.parametrize("what", ["models", "models/digits"])
def test_a_registry_that_cannot_be_read_is_not_taken_for_an_empty_one(
    tmp_path: Path, models: LocalModels, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    output(tmp_path)
    models.register(registration())
    real = os.listdir

    def listdir(folder: Path) -> list[str]:
        if Path(folder) == tmp_path / what:
            raise PermissionError(13, "Permission denied", str(folder))
        return real(folder)

    monkeypatch.setattr(os, "listdir", listdir)
    with pytest.raises(EngineError, match=f"models: Permission denied .*{what}"):
        models.versions()
    if what != "models":
        with pytest.raises(EngineError, match="Permission denied"):
            models.find(ModelVersion("digits", LATEST))


def test_a_damaged_note_makes_no_second_version(tmp_path: Path, models: LocalModels) -> None:
    output(tmp_path)
    models.register(registration())
    (note,) = (tmp_path / "models" / "digits" / "runs").iterdir()
    for content in ("", "²", "9" * 5000, "7"):
        note.write_text(content)
        assert models.register(registration()).version == "1"


@pytest.mark.parametrize("name", ["..", ".", "", "../runs", "/etc", "a/b", "a\0b", "-x", "x" * 300, "digits\n"])
def test_what_cannot_be_a_name_is_no_model(tmp_path: Path, models: LocalModels, name: str) -> None:
    output(tmp_path)
    models.register(registration())
    assert models.versions(name) == []
    assert models.of_run(name, RUN, "model") is None
    with pytest.raises(Missing):
        models.find(ModelVersion(name, LATEST))


@pytest.mark.parametrize("version", ["0", "01", "²", "-1", "../1", "1 ", "9" * 5000, "Latest"])
def test_what_cannot_be_a_version_is_none(tmp_path: Path, models: LocalModels, version: str) -> None:
    output(tmp_path)
    models.register(registration())
    for stray in ("01", "²", "lock2", "-1"):
        (tmp_path / "models" / "digits" / stray).mkdir()
    with pytest.raises(Missing, match="there is no model"):
        models.find(ModelVersion("digits", version))
    assert [one.version for one in models.versions("digits")] == ["1"]


def test_links_within_an_output_are_what_they_lead_to(tmp_path: Path, models: LocalModels) -> None:
    folder = output(tmp_path)
    (folder / "step-5").mkdir()
    (folder / "step-5" / "weights").write_text("5")
    (folder / "latest").symlink_to("step-5")
    (folder / "best").symlink_to(folder / "step-5" / "weights")
    found = models.register(registration())
    assert written(found) == {"weights": f"of {RUN}", "step-5/weights": "5", "latest/weights": "5", "best": "5"}
    assert not any(file.is_symlink() for file in Path(found.path).rglob("*"))


def _link_out(folder: Path) -> None:
    (folder / "stolen").symlink_to("/etc/hostname")


def _link_up(folder: Path) -> None:
    (folder / "stolen").symlink_to("../../state.json")


def _link_to_nothing(folder: Path) -> None:
    (folder / "stolen").symlink_to("gone")


def _ring(folder: Path) -> None:
    (folder / "a").mkdir()
    (folder / "a" / "stolen").symlink_to("..")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "stolen")


def _moved(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to("/etc")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no such files")
@pytest.mark.parametrize("do", [_link_out, _link_up, _link_to_nothing, _ring, _pipe, _moved])
def test_what_is_not_in_the_output_is_never_registered(
    tmp_path: Path, models: LocalModels, do: Callable[[Path], None]
) -> None:
    do(output(tmp_path))
    with pytest.raises(EngineError, match=f"the output model of {RUN} has (a/)?(stolen|become a link), .*nothing is"):
        models.register(registration())
    assert models.versions("digits") == []


def test_an_output_on_a_datastore_is_registered_as_it_is(tmp_path: Path, models: LocalModels) -> None:
    target = tmp_path / "datastores" / "training" / "models"
    target.mkdir(parents=True)
    (target / "weights").write_text("there")
    shutil.rmtree(output(tmp_path))
    (tmp_path / "runs" / RUN / "outputs" / "model").symlink_to(target)
    assert written(models.register(registration())) == {"weights": "there"}


@pytest.mark.parametrize(
    ("path", "said"), [("weights", "has no MLmodel in it, so"), ("deep/MLmodel", r"\(there is one in deep/ of it")]
)
def test_an_mlflow_model_has_its_file(tmp_path: Path, models: LocalModels, path: str, said: str) -> None:
    folder = output(tmp_path)
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_text(MLMODEL)
    with pytest.raises(EngineError, match=said):
        models.register(registration(kind="mlflow_model"))
    (folder / "MLmodel").write_text(MLMODEL)
    assert models.register(registration(kind="mlflow_model")).type == "mlflow_model"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has an MLmodel with nothing in it, so it is no mlflow_model: have"),
        ("flavors: {python_function: [", "has an MLmodel that is not YAML, so"),
        ("\0", "has an MLmodel that is not YAML, so"),
        ("run_id: 1\n", "has an MLmodel without `flavors`, so"),
        ("flavors: {}\n", "has an MLmodel without `flavors`, so"),
        ("no mapping\n", "has an MLmodel without `flavors`, so"),
    ],
)
def test_what_is_in_it_is_looked_at(tmp_path: Path, models: LocalModels, text: str, said: str) -> None:
    (output(tmp_path) / "MLmodel").write_text(text)
    with pytest.raises(EngineError, match=said):
        models.register(registration(kind="mlflow_model"))
    assert models.versions("digits") == []
    assert models.register(registration()).type == "custom_model"


def test_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, models: LocalModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    output(tmp_path)

    def full(source: str, target: Path, **_: object) -> None:
        target.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", full)
        with pytest.raises(Quota, match=r"model/digits: the disk is full .* make room"):
            models.register(registration())
    assert models.versions("digits") == []
    assert list((tmp_path / "staging").iterdir()) == []
    assert models.register(registration()).version == "1"
