"""The user's own files in a job's lines, in place of the copies that it ran from."""

from __future__ import annotations

from pathlib import Path

import pytest

from specrun.views.own_paths import OwnPaths

AZURE = "/mnt/azureml/cr/j/0123456789abcdef0123456789abcdef/exe/wd"
OLD = "/mnt/batch/tasks/shared/LS_root/jobs/ws/azureml/r-1/mounts/workspaceblobstore/azureml/r-1"


@pytest.fixture(autouse=True)
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path in ("My Project/src/train.py", "My Project/src/a b/c.py", "My Project/src/größe.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "link").symlink_to("My Project")
    monkeypatch.chdir(tmp_path / "My Project")
    return tmp_path / "My Project/src"


@pytest.mark.parametrize("where", ["/link/.specrun/runs/r-1/code", "/My Project/.specrun/runs/r-1/code", AZURE, OLD])
@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('  File "{}/train.py", line 3, in <module>', '  File "src/train.py", line 3, in <module>'),
        ('  File "{}/a b/c.py", line 3', '  File "src/a b/c.py", line 3'),
        ("{}/train.py:12: UserWarning: from {}/größe.py", "src/train.py:12: UserWarning: from src/größe.py"),
        ("wrote {}/model.pt", "wrote {}/model.pt"),
        ("{}/", "{}/"),
        ("step 3 of /code/", "step 3 of /code/"),
    ],
)
def test_files_are_named_where_they_are_the_users(
    tmp_path: Path, code: Path, where: str, written: str, shown: str
) -> None:
    there = where if where.startswith("/mnt") else f"{tmp_path}{where}"
    own = OwnPaths("r-1", str(code), "" if where.startswith("/mnt") else str(tmp_path / "link/.specrun"))
    assert own(written.replace("{}", there)) == shown.replace("{}", there)


def test_from_elsewhere_the_whole_path_is_named(tmp_path: Path, code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert OwnPaths("r-1", str(code))(f"{AZURE}/train.py:3") == f"{code}/train.py:3"


def test_another_runs_files_and_those_of_nobody_knows_which_folder_stay(tmp_path: Path, code: Path) -> None:
    home = str(tmp_path / ".specrun")
    line = f"{home}/runs/r-2/code/train.py"
    assert OwnPaths("r-1", str(code), home)(line) == line
    assert OwnPaths("r-2", "", home)(line) == line
