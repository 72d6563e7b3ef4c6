from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.engines.azure import blocks, upload
from specrun.engines.azure.blobs import list_files
from specrun.engines.azure.containers import Container
from specrun.engines.azure.upload import send
from specrun.engines.base import Conflict, EngineError, Missing, Progress
from specrun.plan.makers import Maker
from specrun.plan.observed import StoredFile
from tests.blobs.blob_files import Sent, content, planned, silent

BLOCK = 1 << 16


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "BLOCK", BLOCK)
    monkeypatch.setattr(blocks, "BLOCK", BLOCK)


@pytest.fixture
def large(source: Path) -> Path:
    path = source / "large.bin"
    path.write_bytes(os.urandom(10 * BLOCK + 1))
    return path


def operations(sent: list[Sent]) -> list[str]:
    return [request.operation for request in sent]


@pytest.mark.usefixtures("small_blocks")
def test_a_large_file_arrives_whole(container: Container, large: Path, sent: list[Sent]) -> None:
    file = planned(large)
    send(container, "data", [file], Maker("job"), silent, sha256="AB")
    assert sorted(operations(sent)) == ["GET blocklist"] + ["PUT block"] * 11 + ["PUT blocklist"]
    assert all("Content-MD5" in request.headers for request in sent if request.operation == "PUT block")
    assert content(container, "data/large.bin") == large.read_bytes()
    assert list_files(container, "data") == {"large.bin": StoredFile(file.size, file.md5, Maker("job"), "ab")}


@pytest.mark.usefixtures("small_blocks")
def test_blocks_that_are_there_are_not_sent_again(container: Container, large: Path, sent: list[Sent]) -> None:
    file = planned(large)
    with pytest.raises(Conflict):
        send(container, "data", [replace(file, md5="0" * 32)], Maker("job"), silent)
    assert operations(sent).count("PUT block") == 11
    assert list_files(container, "data") == {}, "nothing shows before all of it is there"
    sent.clear()
    reports: list[Progress] = []
    send(container, "data", [file], Maker("job"), reports.append)
    asked = [one for one in operations(sent) if one != "PUT lease"]  # kept up, on a machine that takes its time
    assert asked == ["GET blocklist", "PUT blocklist"]
    assert content(container, "data/large.bin") == large.read_bytes()


@pytest.mark.usefixtures("small_blocks")
def test_only_what_is_the_same_is_taken_from_the_last_time(container: Container, large: Path, sent: list[Sent]) -> None:
    with pytest.raises(Conflict):
        send(container, "data", [replace(planned(large), md5="0" * 32)], Maker("job"), silent)
    with large.open("r+b") as file:
        file.seek(3 * BLOCK)
        file.write(b"changed")
    sent.clear()
    send(container, "data", [planned(large)], Maker("job"), silent)
    assert operations(sent).count("PUT block") == 1
    assert content(container, "data/large.bin") == large.read_bytes()


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("name", ["a-name-of-theirs", "n" * 48])
def test_blocks_of_another_program_are_no_hindrance(container: Container, large: Path, name: str) -> None:
    container.blob("data/large.bin").stage_block(name, b"theirs")
    send(container, "data", [planned(large)], Maker("job"), silent)
    assert content(container, "data/large.bin") == large.read_bytes()


@pytest.mark.usefixtures("small_blocks")
def test_blocks_with_names_too_short_for_ours_are_told(container: Container, large: Path) -> None:
    container.blob("data/large.bin").stage_block("1", b"theirs")
    with pytest.raises(Conflict, match=r"another program's unfinished upload of data/large\.bin is in the way"):
        send(container, "data", [planned(large)], Maker("job"), silent)


@pytest.mark.usefixtures("small_blocks")
def test_two_that_send_the_same_both_succeed(
    container: Container, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = planned(large)
    commit = blocks.LargeFile._commit

    def twice(self: blocks.LargeFile) -> None:
        commit(self)
        commit(self)

    monkeypatch.setattr(blocks.LargeFile, "_commit", twice)
    send(container, "data", [file], Maker("job"), silent)
    assert content(container, "data/large.bin") == large.read_bytes()


@pytest.mark.usefixtures("small_blocks")
def test_the_slower_of_two_sources_for_one_name_is_told(
    container: Container, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = large.with_name("other.bin")
    other.write_bytes(os.urandom(3 * BLOCK))
    commit = blocks.LargeFile._commit

    def too_late(self: blocks.LargeFile) -> None:
        monkeypatch.undo()
        monkeypatch.setattr(upload, "BLOCK", BLOCK)
        monkeypatch.setattr(blocks, "BLOCK", BLOCK)
        send(container, "data", [planned(other, "large.bin")], Maker("them"), silent)
        commit(self)

    monkeypatch.setattr(blocks.LargeFile, "_commit", too_late)
    with pytest.raises(Conflict, match=r"writing data/large\.bin failed: somebody else is at work on the same"):
        send(container, "data", [planned(large)], Maker("job"), silent)
    assert content(container, "data/large.bin") == other.read_bytes()


def test_a_file_that_changed_since_the_plan_is_not_sent(container: Container, source: Path, sent: list[Sent]) -> None:
    (source / "a").write_text("as planned")
    file = planned(source / "a")
    (source / "a").write_text("as written")
    with pytest.raises(Conflict, match="changed since the plan"):
        send(container, "data", [file], Maker("job"), silent)
    (source / "a").unlink()
    with pytest.raises(Conflict, match="changed since the plan"):
        send(container, "data", [file], Maker("job"), silent)
    assert sent == []


def test_a_file_that_cannot_be_read_is_told(container: Container, source: Path) -> None:
    (source / "a").write_text("a")
    file = planned(source / "a")
    (source / "a").unlink()
    (source / "a").mkdir()
    with pytest.raises(EngineError, match="cannot be read: Is a directory"):
        send(container, "data", [file], Maker("job"), silent)


def test_the_first_error_ends_it(container: Container, source: Path, sent: list[Sent]) -> None:
    for number in range(200):
        (source / f"{number:03}").write_text(str(number))
    files = [planned(path) for path in sorted(source.iterdir())]
    (source / "000").write_text("changed")
    with pytest.raises(Conflict):
        send(container, "data", files, Maker("job"), silent)
    assert len(sent) < 100


def test_the_service_checks_what_arrives(container: Container, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source / "a").write_text("right")
    import requests.adapters

    deliver = requests.adapters.HTTPAdapter.send

    def damaged(self: object, request: requests.PreparedRequest, *args: object, **options: object) -> object:
        request.body = b"wrong" if request.body == b"right" else request.body
        return deliver(self, request, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", damaged)
    with pytest.raises(EngineError, match="400"):
        send(container, "data", [planned(source / "a")], Maker("job"), silent)
    assert list_files(container, "data") == {}


def test_a_missing_container_is_told(container: Container, source: Path) -> None:
    (source / "a").write_text("a")
    with pytest.raises(Missing, match="there is no such container"):
        send(replace(container, name="never-made"), "data", [planned(source / "a")], Maker("job"), silent)


@pytest.mark.usefixtures("small_blocks")
def test_a_missing_container_is_told_for_large_files_too(container: Container, large: Path) -> None:
    with pytest.raises(Missing, match="there is no such container"):
        send(replace(container, name="never-made"), "data", [planned(large)], Maker("job"), silent)


@pytest.fixture
def every_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specrun.engines.azure.pace.EVERY", 0.0)


@pytest.mark.usefixtures("every_report", "small_blocks")
def test_progress_has_rate_and_time_left(container: Container, large: Path, source: Path) -> None:
    (source / "a").write_text("a")
    files = [planned(large), planned(source / "a")]
    reports: list[Progress] = []
    send(container, "data", files, Maker("job"), reports.append)
    assert {report.total for report in reports} == {sum(file.size for file in files)}
    assert max(report.done for report in reports) == reports[-1].done == reports[-1].total
    assert reports[-1].text.endswith("MB/s, 0:00 left")


def test_one_of_many_is_as_its_own_md5_says(container: Container, source: Path) -> None:
    for number in range(50):
        (source / f"{number}").write_bytes(os.urandom(number))
    send(container, "", [planned(path) for path in source.iterdir()], Maker("job"), silent)
    for path, stored in list_files(container, "").items():
        assert stored.md5 == hashlib.md5((source / path).read_bytes()).hexdigest()
