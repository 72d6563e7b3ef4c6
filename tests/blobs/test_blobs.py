from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from specrun.engines.azure import listing
from specrun.engines.azure.blobs import list_files, remove
from specrun.engines.azure.containers import Container
from specrun.engines.base import Conflict, Missing
from specrun.plan.makers import Maker
from specrun.plan.observed import StoredFile
from tests.blobs.blob_files import Sent, content, mirror

ODD = [
    "with space.txt",
    "a#b",
    "100%",
    "100%25",
    "what?",
    "a+b",
    "a&b=c;d",
    "ünï/çødé.csv",
    "日本/データ",
    "q'\"<>",
    "~.x",
]


def test_what_is_sent_is_listed_with_its_md5_and_owner(container: Container, source: Path) -> None:
    (source / "a.csv").write_bytes(b"1,2\n")
    mirror(source, container, "datasets/mnist", "mnist")
    expected = StoredFile(4, "3ecfad755fa825f7a17c5526ec44e651", Maker("mnist"))
    assert list_files(container, "/datasets/mnist/") == {"a.csv": expected}


def test_unchanged_is_one_request_and_nothing_is_sent(container: Container, source: Path, sent: list[Sent]) -> None:
    for number in range(20):
        (source / f"{number}.txt").write_text(str(number))
    assert mirror(source, container) == 20
    sent.clear()
    assert mirror(source, container) == 0
    assert [request.operation for request in sent] == ["GET list"]


def test_each_file_is_one_request(container: Container, source: Path, sent: list[Sent]) -> None:
    for number in range(20):
        (source / f"{number}.txt").write_text(str(number))
    sent.clear()
    mirror(source, container)
    assert sorted(request.operation for request in sent) == ["GET list"] + ["PUT"] * 20
    assert all("Content-MD5" in request.headers for request in sent if request.method == "PUT")


def test_only_what_changed_is_sent(container: Container, source: Path) -> None:
    for name in ("a", "b", "c"):
        (source / name).write_text(name)
    mirror(source, container)
    (source / "b").write_text("B")
    (source / "d").write_text("d")
    assert mirror(source, container) == 2
    assert content(container, "data/b") == b"B"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_odd_names_come_back_as_they_are(container: Container, source: Path, form: str) -> None:
    names = [unicodedata.normalize(form, name) for name in ODD]  # type: ignore[arg-type]
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    assert mirror(source, container, "päth with/%20#") == len(ODD)
    found = list_files(container, "päth with/%20#")
    assert sorted(found) == sorted(unicodedata.normalize("NFC", name) for name in ODD)
    assert mirror(source, container, "päth with/%20#") == 0


@pytest.mark.parametrize("name", ["e\u0301.txt", "\u212b.txt"], ids=["listed before", "listed after"])
def test_of_two_normal_forms_the_one_that_we_write_counts(container: Container, name: str) -> None:
    ours = unicodedata.normalize("NFC", name)
    container.blob(f"data/{name}").upload_blob(b"theirs")
    container.blob(f"data/{ours}").upload_blob(b"ours")
    assert {name: file.size for name, file in list_files(container, "data").items()} == {ours: 4}


def test_empty_files_and_no_files(container: Container, source: Path, sent: list[Sent]) -> None:
    assert list_files(container, "data") == {}
    assert mirror(source, container) == 0
    (source / "empty").touch()
    assert mirror(source, container) == 1
    assert list_files(container, "data") == {"empty": StoredFile(0, "d41d8cd98f00b204e9800998ecf8427e", Maker("job"))}
    assert mirror(source, container) == 0


def test_a_prefix_is_a_folder(container: Container) -> None:
    for name in ("data/a", "database/b", "data"):
        container.blob(name).upload_blob(b"x")
    assert set(list_files(container, "data")) == {"a"}
    assert set(list_files(container, "")) == {"data/a", "database/b", "data"}


def test_folders_of_a_hierarchical_namespace_are_left_out(container: Container) -> None:
    container.blob("data/sub").upload_blob(b"", metadata={"hdi_isfolder": "true"})
    container.blob("data/").upload_blob(b"")
    container.blob("data/sub/a").upload_blob(b"x")
    assert set(list_files(container, "data")) == {"sub/a"}


def test_a_blob_without_md5_has_none(container: Container) -> None:
    blob = container.blob("data/a")
    blob.stage_block("1", b"x")
    blob.commit_block_list(["1"])  # type: ignore[list-item]
    assert list_files(container, "data") == {"a": StoredFile(1, "", etag=blob.get_blob_properties().etag.strip('"'))}


def test_a_missing_container_is_missing(container: Container) -> None:
    gone = Container(container.account_url, "never-made", container.credential)
    with pytest.raises(Missing, match=r"container never-made of 127.0.0.1:\d+: listing data/ failed: there is no such"):
        list_files(gone, "data")


def test_only_our_own_is_removed(container: Container) -> None:
    for name, owner in (("mine", "job"), ("theirs", "other"), ("nobodys", ""), ("kept", "job")):
        container.blob(f"data/{name}").upload_blob(b"x", metadata={"specrun": owner} if owner else None)
    remove(container, "data", ["mine", "theirs", "nobodys", "never there"], Maker("job"))
    assert set(list_files(container, "data")) == {"theirs", "nobodys", "kept"}


def test_what_is_replaced_at_that_very_moment_is_not_removed(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    container.blob("data/mine").upload_blob(b"x", metadata={"specrun": "job"})
    blob = Container.blob

    def replaced_meanwhile(self: Container, name: str) -> object:
        blob(self, name).upload_blob(b"somebody else's", overwrite=True)
        return blob(self, name)

    monkeypatch.setattr(Container, "blob", replaced_meanwhile)
    with pytest.raises(Conflict, match="deleting data/mine failed"):
        remove(container, "data", ["mine"], Maker("job"))
    monkeypatch.undo()
    assert content(container, "data/mine") == b"somebody else's"


@pytest.mark.slow
def test_a_listing_of_more_than_a_page(
    container: Container, source: Path, sent: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 50)  # of 5,000, which is the service's most, it takes half a minute
    for number in range(51):
        (source / f"{number:04}").write_text(str(number))
    mirror(source, container)
    sent.clear()
    assert len(list_files(container, "data")) == 51
    assert [request.operation for request in sent] == ["GET list"] * 2
