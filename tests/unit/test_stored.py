from __future__ import annotations

from pathlib import Path

import pytest

from specrun.plan.hashes import HashCache
from specrun.plan.stored import LATEST, Damaged, number, read_record
from tests.local.damage import WAYS, put

RIGHT = b'{"format": 1, "attempt": "x"}'


@pytest.mark.parametrize("way", sorted({*WAYS} - {"other types", "huge", "long"}))
def test_what_is_no_record_is_said_of_the_file_and_why(tmp_path: Path, way: str) -> None:
    file = tmp_path / "run.json"
    put(file, way)
    with pytest.raises(Damaged, match=f"{file} (is damaged|cannot be read): ") as told:
        read_record(file)
    assert f"{told.value}".isprintable()


def test_what_is_larger_than_it_may_be_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_bytes(RIGHT)
    assert read_record(file, len(RIGHT)) == {"format": 1, "attempt": "x"}
    with pytest.raises(Damaged, match="it has 29 bytes"):
        read_record(file, len(RIGHT) - 1)


def test_a_path_that_is_not_utf8_is_a_text(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"slots": "/home/\\udcff"}')
    assert read_record(tmp_path / "run.json") == {"slots": "/home/\udcff"}


def test_a_file_that_is_not_there_is_not_damaged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_record(tmp_path / "run.json")


@pytest.mark.parametrize("value", [True, "1", -1, 10**400, LATEST + 1, float("nan"), float("inf"), None])
def test_no_number(value: object) -> None:
    assert number(value) is None


@pytest.mark.parametrize("way", WAYS)
def test_hashes_that_cannot_be_read_are_worked_out(tmp_path: Path, way: str) -> None:
    put(tmp_path / "home" / "cache" / "md5.json", way)
    (tmp_path / "a").write_bytes(b"")
    cache = HashCache(tmp_path / "home")
    assert cache.md5(tmp_path / "a", (tmp_path / "a").stat()) == "d41d8cd98f00b204e9800998ecf8427e"
    cache.save()


@pytest.mark.parametrize("entry", ['"x"', "{}", '"../../../../etc/passwd"'])
def test_a_remembered_hash_that_is_none_is_worked_out(tmp_path: Path, entry: str) -> None:
    file, kept = tmp_path / "a", tmp_path / "home" / "cache" / "md5.json"
    file.write_bytes(b"")
    seen = file.stat()
    kept.parent.mkdir(parents=True)
    kept.write_text(f'{{"{file}": [{seen.st_size}, {seen.st_mtime_ns}, {seen.st_ctime_ns}, {seen.st_ino}, {entry}]}}')
    assert HashCache(tmp_path / "home").md5(file, seen) == "d41d8cd98f00b204e9800998ecf8427e"
