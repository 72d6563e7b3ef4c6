from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from specrun.plan import hashes
from specrun.plan.hashes import RACY_NS, HashCache, content_digest, md5_of, read_digest

AGO = 3600

KNOWN = "0" * 32


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read to hash them."""
    seen: list[Path] = []

    def counted(path: Path, listed: os.stat_result) -> tuple[str, bytes]:
        seen.append(path)
        return read_digest(path, listed)

    monkeypatch.setattr(hashes, "read_digest", counted)
    return seen


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file that is there now was touched long ago."""
    now = time.time_ns()
    monkeypatch.setattr(hashes.time, "time_ns", lambda: now + AGO * 10**9)


def digest_of(home: Path, *paths: Path) -> list[str]:
    cache = HashCache(home)
    digests = cache.md5_all([(path, path.stat()) for path in paths])
    cache.save()
    return digests


@pytest.mark.usefixtures("later")
def test_what_is_unchanged_is_not_read_again(tmp_path: Path, read: list[Path]) -> None:
    files = [tmp_path / f"{number}" for number in range(20)]
    for file in files:
        file.write_text(file.name)
    first = digest_of(tmp_path / "home", *files)
    assert sorted(read) == sorted(files)
    read.clear()
    assert digest_of(tmp_path / "home", *files) == first
    assert read == []


@pytest.mark.usefixtures("later")
def test_one_file_is_remembered_as_many_are(tmp_path: Path, read: list[Path]) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    cache = HashCache(tmp_path / "home")
    expected = md5_of(file)
    read.clear()
    assert [cache.md5(file, file.stat()) for _ in range(2)] == [expected] * 2
    assert read == [file]


def test_where_nothing_was_learned_nothing_is_written(tmp_path: Path) -> None:
    HashCache(tmp_path / "home").save()
    assert not (tmp_path / "home").exists()


@pytest.mark.usefixtures("later")
def test_a_change_of_any_kind_is_read(tmp_path: Path, read: list[Path]) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    stat = file.stat()
    digest_of(tmp_path / "home", file)
    read.clear()
    other = tmp_path / "b"
    other.write_text("two")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(file)  # same size, same mtime: only inode and ctime tell
    assert digest_of(tmp_path / "home", file) == ["b8a9f715dbb64fd5c56e7783c6820a61"]
    assert read == [file]


def test_a_file_touched_just_now_is_not_remembered(
    tmp_path: Path, read: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    touched = file.stat().st_ctime_ns
    monkeypatch.setattr(hashes.time, "time_ns", lambda: touched + RACY_NS)
    digest_of(tmp_path / "home", file)
    digest_of(tmp_path / "home", file)
    assert read == [file, file]
    monkeypatch.setattr(hashes.time, "time_ns", lambda: touched + RACY_NS + 1)
    digest_of(tmp_path / "home", file)
    digest_of(tmp_path / "home", file)
    assert read == [file, file, file]


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"PATH": 7}', '{"PATH": [1, 2, 3, 4]}', "\0\xff"])
def test_a_damaged_memory_costs_a_reading_and_nothing_else(tmp_path: Path, read: list[Path], damage: str) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    expected = digest_of(tmp_path / "home", file)
    memory = tmp_path / "home/cache/md5.json"
    stat = file.stat()
    seen = json.dumps([stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino])
    memory.write_bytes(damage.replace("PATH", str(file)).replace("[1, 2, 3, 4]", seen).encode("latin-1"))
    read.clear()
    assert digest_of(tmp_path / "home", file) == expected
    assert read == [file]


@pytest.mark.usefixtures("later")
def test_a_memory_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    (tmp_path / "home").write_text("a file where the folder should be")
    assert digest_of(tmp_path / "home", file) == ["f97c5d29941bfb1b2fdab0874906ab82"]


@pytest.mark.usefixtures("later")
def test_a_file_just_written_is_known_without_reading(tmp_path: Path, read: list[Path]) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    cache = HashCache(tmp_path / "home")
    cache.remember(file, file.stat(), KNOWN)
    cache.save()
    assert digest_of(tmp_path / "home", file) == [KNOWN]
    assert read == []


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        HashCache(tmp_path / "home").md5(tmp_path, tmp_path.stat())


def test_content_digest_is_canonical() -> None:
    assert content_digest({"b": [1, True], "a": "é"}) == content_digest({"a": "é", "b": [1, True]})
    assert content_digest({"a": 1}) != content_digest({"a": "1"})
    assert content_digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
