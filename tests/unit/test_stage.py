from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from specrun.apply.stage import Stale, stage
from specrun.plan.files import SourceFile, list_code
from specrun.plan.hashes import HashCache


@pytest.fixture
def planned(tmp_path: Path) -> tuple[Path, tuple[SourceFile, ...]]:
    src = tmp_path / "src"
    (src / "lib").mkdir(parents=True)
    (src / "train.py").write_text("print(1)\n")
    (src / "lib/run.sh").write_text("echo\n")
    (src / "lib/run.sh").chmod(0o777)
    return src, list_code(src, (), HashCache(tmp_path / "home"))


def test_exactly_the_planned_files(planned: tuple[Path, tuple[SourceFile, ...]], tmp_path: Path) -> None:
    src, files = planned
    (src / "later.py").write_text("")
    (src / "train.py").chmod(0o600)
    stage(files, tmp_path / "staged")
    found = {path.relative_to(tmp_path / "staged").as_posix() for path in (tmp_path / "staged").rglob("*")}
    assert found == {"lib", "lib/run.sh", "train.py"}
    modes = [(tmp_path / "staged" / name).stat().st_mode & 0o777 for name in ("train.py", "lib/run.sh")]
    assert modes == [0o644, 0o755]


@pytest.mark.parametrize(
    "edit",
    [
        lambda src: (src / "train.py").write_text("print(2)\n"),
        lambda src: (src / "train.py").unlink(),
        lambda src: (src / "lib/run.sh").write_text(""),
    ],
)
def test_an_edit_after_the_plan_is_refused(
    planned: tuple[Path, tuple[SourceFile, ...]], tmp_path: Path, edit: Callable[[Path], None]
) -> None:
    src, files = planned
    edit(src)
    with pytest.raises(Stale, match="code changed since the plan"):
        stage(files, tmp_path / "staged")


def test_a_link_is_staged_as_the_file_it_leads_to(tmp_path: Path) -> None:
    src = tmp_path / "src"
    src.mkdir()
    (src / "a").write_text("1")
    (src / "b").symlink_to("a")
    stage(list_code(src, (), HashCache(tmp_path / "home")), tmp_path / "staged")
    assert not (tmp_path / "staged/b").is_symlink()
    assert (tmp_path / "staged/b").read_text() == "1"
