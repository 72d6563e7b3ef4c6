"""Where files of names from elsewhere may lie: what the command line does with it is in tests/cli/test_names.py."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from specrun.engines.azure import blobs
from specrun.engines.azure.listing import Blob
from specrun.engines.local.stores import delete_target
from specrun.plan.kinds.data import DataTarget
from specrun.plan.makers import Maker
from specrun.spec.below import name_problem
from specrun.spec.model import LocalPath
from tests.engine_double import HERE, read_specs, write_spec


@pytest.mark.parametrize("name", ["con", "NUL.txt", "a/com1", "a:b", "a.", "a/b ", "a?b"])
def test_what_windows_has_no_file_of(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert name_problem(name) == ""
    monkeypatch.setattr(os, "name", "nt")
    assert name_problem(name) == "Windows has no file of this name"
    assert name_problem("a/console.txt") == ""


def test_what_is_recorded_of_a_target_removes_nothing_elsewhere(tmp_path: Path) -> None:
    (spec,) = read_specs(write_spec(tmp_path / "repo", "name: job\njob: {command: ls}\n"))
    target = DataTarget(
        place=HERE,
        name="d",
        maker=Maker("job"),
        origin=spec.at(),
        datastore="default",
        target="d",
        source=LocalPath(tmp_path),
        prune=False,
    )
    home = tmp_path / "home"
    folder = home / "datastores/default/d"
    (folder / "sub").mkdir(parents=True)
    for file in (tmp_path / "victim", home / "victim", folder / "mine", folder / "sub/a\\b", folder / "theirs"):
        file.write_text("x")
    (folder / "link").symlink_to(tmp_path)
    delete_target(home, target)  # writes the record, of nothing yet
    (record,) = (home / "resources/data").iterdir()
    for name in ("../../../victim", "../../../../victim", str(tmp_path / "victim"), "link/victim"):
        record.write_text(json.dumps({"owners": {name: "job"}}))
        with pytest.raises(OSError, match=r"leads out|is a link"):
            delete_target(home, target)
    record.write_text(json.dumps({"owners": dict.fromkeys(["mine", "sub/a\\b", "gone"], "job")}))
    delete_target(home, target)
    assert (tmp_path / "victim").exists()
    assert (home / "victim").exists()
    assert sorted(path.name for path in folder.rglob("*")) == ["link", "theirs"]


def test_a_blob_whose_name_leaves_its_target_is_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("t/mine", "t/../victim", "t/a/../../victim", "t/./b", "t/..c")
    listed = [Blob(name, 1, "", "", Maker("job"), "") for name in names]
    deleted: list[str] = []
    monkeypatch.setattr(blobs, "list_blobs", lambda *_: iter(listed))
    monkeypatch.setattr(blobs, "_delete", lambda _, blob: deleted.append(blob.name))
    blobs.remove(Any, "t", [name[2:] for name in names], Maker("job"))
    assert sorted(deleted) == ["t/..c", "t/mine"]


def test_a_download_is_not_written_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "victim").write_text("mine")
    folder = tmp_path / "fetched"
    folder.mkdir()
    (folder / ".model.partial").symlink_to(tmp_path / "victim")
    monkeypatch.setattr(blobs, "explained", lambda *_: contextlib.nullcontext())
    container = Mock()
    container.blob().download_blob().readinto = lambda file: file.write(b"content")
    for name in ("model", "x" * 255):
        blobs.fetch_blob(container, "o/model", folder / name)
        assert (folder / name).read_bytes() == b"content"
    assert (tmp_path / "victim").read_text() == "mine"
    assert len(list(folder.iterdir())) == 2


def test_blobs_of_another_repository_or_target_are_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Maker("job", "github.com/org/models", "dev")
    makers = {
        "mine": mine,
        "older": Maker("job"),
        "theirs": Maker("job", "github.com/org/other", "dev"),
        "prod": Maker("job", "github.com/org/models", "prod"),
        "another": Maker("other", "github.com/org/models", "dev"),
        "nobodys": Maker(),
    }
    listed = [Blob(f"t/{name}", 1, "", "", maker, "") for name, maker in makers.items()]
    deleted: list[str] = []
    monkeypatch.setattr(blobs, "list_blobs", lambda *_: iter(listed))
    monkeypatch.setattr(blobs, "_delete", lambda _, blob: deleted.append(blob.name))
    blobs.remove(Any, "t", list(makers), mine)
    assert sorted(deleted) == ["t/mine", "t/older"]
