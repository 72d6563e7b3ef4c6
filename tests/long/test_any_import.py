"""No file makes an importer fail: it is imported, or refused, with a reason and in a bounded time."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import NamedTuple

import pytest

from specrun.cli.exit_codes import DONE, INVALID_SPEC
from specrun.cli.main import run
from tests.long.limits import ACTS, SECONDS, TookTooLong, limited
from tests.long.mangling import PLAIN, Way, mangled, other_expression, other_json, other_value
from tests.searching import Search

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/cases"


class Kind(NamedTuple):
    """What one importer is given: the ends of files' names, the ways in which they are made wrong, and the files."""

    verb: str
    ending: str
    ways: tuple[Way, ...]
    files: list[bytes]


def _files(*patterns: str) -> list[bytes]:
    return [file.read_bytes() for pattern in patterns for file in sorted(CASES.glob(pattern))]


KINDS = [
    Kind(
        "azureml",
        ".yml",
        (*PLAIN, other_value, other_value),
        _files("import/azureml/**/*.yml", "migrate/cli-v2/*.yml"),
    ),
    Kind(
        "runconfig",
        ".runconfig",
        (*PLAIN, other_value, other_value),
        _files("import/runconfig/**/*.runconfig", "import/runconfig/**/*.json", "migrate/runconfig/**/*.runconfig"),
    ),
    Kind(
        "batchai",
        ".json",
        (*PLAIN, other_json, other_json, other_json),
        _files("import/batchai/*.json", "migrate/batchai/*.json"),
    ),
    Kind(
        "script",
        ".py",
        (*PLAIN, *[other_expression] * 5),
        _files("import/scripts/*.py.txt", "migrate/script/*.py"),
    ),
    Kind("script", ".ipynb", (*PLAIN, other_json, other_json), _files("import/scripts/*.ipynb.txt")),
]


def check_answer(verb: str, file: str) -> int:
    """Import a file as the command line does; the status. Nothing is silent, and nothing shown is obeyed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run(["import", verb, file, "--out", "spec.yaml", "--force"])
    shown = out.getvalue() + err.getvalue()
    assert "Traceback" not in shown, shown
    assert status in (DONE, INVALID_SPEC), shown
    assert shown.strip()
    assert not ACTS.search(shown), ascii(shown)
    return status


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.verb}{kind.ending}")
def test_any_file_gets_an_answer(kind: Kind, search: Search) -> None:
    assert kind.files
    random = search.random
    file = Path(f"any{kind.ending}")
    for data in kind.files:
        file.write_bytes(data)
        check_answer(kind.verb, str(file))  # and all is imported that takes time once
    for _ in range(search.rounds(sample=40, whole=20_000)):
        data = mangled(random.choice(kind.files), random, kind.files, kind.ways)
        file.write_bytes(data)
        try:
            with limited(SECONDS if search.whole else 10 * SECONDS):
                check_answer(kind.verb, str(file))
        except (Exception, TookTooLong):
            print(f"the file: {data!r}")
            raise
