from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from specrun.apply.stage import Stale, stage
from specrun.plan.files import SourceFile, list_code
from specrun.plan.hashes import HashCache
from specrun.plan.kinds.environment import read_content
from specrun.plan.makers import Maker
from specrun.plan.submission import Submission
from specrun.spec.model import Environment, Job, LocalPath


def submission(code: tuple[SourceFile, ...] = (), environment: Environment | None = None) -> Submission:
    content = read_content(environment, HashCache(Path("unwritten"))) if environment is not None else None
    return Submission("job-a", Maker("job"), "a", 1, {}, "job", Job(), "", False, content, code=code)


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """Where copies are made: an empty folder, as it is for each submission."""
    (tmp_path / "staged").mkdir()
    return tmp_path / "staged"


@pytest.fixture
def planned(tmp_path: Path) -> tuple[Path, tuple[SourceFile, ...]]:
    src = tmp_path / "src"
    (src / "lib/deep/down").mkdir(parents=True)
    (src / "lib/deep/down/x.py").write_text("")
    (src / "train.py").write_text("print(1)\n")
    (src / "lib/run.sh").write_text("echo\n")
    (src / "lib/run.sh").chmod(0o777)
    return src, list_code(src, (), HashCache(tmp_path / "home"))


def test_exactly_the_planned_files(planned: tuple[Path, tuple[SourceFile, ...]], staged: Path) -> None:
    src, files = planned
    (src / "later.py").write_text("")
    (src / "train.py").chmod(0o600)
    code = stage(submission(files), staged).code
    found = {path.relative_to(code).as_posix() for path in code.rglob("*")}
    assert found == {"lib", "lib/deep", "lib/deep/down", "lib/deep/down/x.py", "lib/run.sh", "train.py"}
    modes = [(code / name).stat().st_mode & 0o777 for name in ("train.py", "lib/run.sh")]
    assert modes == [0o600, 0o700]


@pytest.mark.parametrize(
    "edit",
    [
        lambda src: (src / "train.py").write_text("print(2)\n"),
        lambda src: (src / "train.py").unlink(),
        lambda src: (src / "lib/run.sh").write_text(""),
    ],
)
def test_an_edit_after_the_plan_is_refused(
    planned: tuple[Path, tuple[SourceFile, ...]], staged: Path, edit: Callable[[Path], None]
) -> None:
    src, files = planned
    edit(src)
    with pytest.raises(Stale, match="code changed since the plan"):
        stage(submission(files), staged)


def test_a_link_is_staged_as_the_file_it_leads_to(tmp_path: Path, staged: Path) -> None:
    src = tmp_path / "src"
    src.mkdir()
    (src / "a").write_text("1")
    (src / "b").symlink_to("a")
    code = stage(submission(list_code(src, (), HashCache(tmp_path / "home"))), staged).code
    assert not (code / "b").is_symlink()
    assert (code / "b").read_text() == "1"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    """An environment that is made of files of both sorts."""
    (tmp_path / "image/lib").mkdir(parents=True)
    (tmp_path / "image/Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "image/lib/setup.sh").write_text("true\n")
    (tmp_path / "conda.yml").write_text("dependencies: [six=1.16.0]\n")
    conda, context = (LocalPath(tmp_path / name, name) for name in ("conda.yml", "image"))
    return Environment(conda_file=conda, build_path=context)


def test_the_files_of_the_environment_as_they_were_planned(environment: Environment, staged: Path) -> None:
    copies = stage(submission(environment=environment), staged)
    assert copies.conda is not None
    assert copies.context is not None
    assert copies.conda.read_text() == "dependencies: [six=1.16.0]\n"
    found = {path.relative_to(copies.context).as_posix() for path in copies.context.rglob("*") if path.is_file()}
    assert found == {"Dockerfile", "lib/setup.sh"}
    assert (copies.context / "lib/setup.sh").read_text() == "true\n"
    assert list(copies.code.iterdir()) == []


def test_an_environment_without_files_has_no_copies(staged: Path) -> None:
    copies = stage(submission(environment=Environment(pip=("numpy",))), staged)
    assert (copies.conda, copies.context) == (None, None)


@pytest.mark.parametrize("name", ["conda.yml", "image/lib/setup.sh"])
@pytest.mark.parametrize("edit", [lambda file: file.write_text("edited"), lambda file: file.unlink()])
def test_an_edit_of_the_environment_after_the_plan_is_refused(
    environment: Environment, tmp_path: Path, staged: Path, name: str, edit: Callable[[Path], None]
) -> None:
    planned = submission(environment=environment)
    edit(tmp_path / name)
    with pytest.raises(Stale, match=f"the environment changed since the plan: .*{Path(name).name}"):
        stage(planned, staged)
