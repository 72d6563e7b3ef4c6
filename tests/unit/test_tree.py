"""The files of a folder, also of one in which not everything may be looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from specrun.spec.tree import read_tree


def test_a_link_that_nobody_may_follow_is_told_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "train.py").write_text("")
    (tmp_path / "shut").symlink_to("train.py")
    follow = os.path.realpath

    def realpath(path: str) -> str:
        if path.endswith("shut"):
            raise PermissionError(13, "Permission denied", path)  # as in /proc
        return follow(path)

    monkeypatch.setattr(os.path, "realpath", realpath)
    tree = read_tree(str(tmp_path))
    assert [file.path for file in tree.files] == ["train.py"]
    assert [str(error.filename).rpartition("/")[2] for error in tree.errors] == ["shut"]
