"""Event files as TensorFlow, Keras and PyTorch have written them (tests/cases/events), and broken ones."""

from __future__ import annotations

import struct
from math import inf, isnan
from pathlib import Path

import pytest

from specrun.engines import scalars
from specrun.engines.crc32c import masked
from specrun.engines.event_files import PIECE, read_events
from specrun.engines.scalars import Scalars, prefixes_of
from tests.event_writing import record, scalar

CASES = Path(__file__).parents[1] / "cases" / "events"
FLOATS = ("float16", "float32", "float64", "bfloat16")
WHOLE = ("int32", "int64", "uint8", "int8", "int16", "uint16", "uint32", "uint64")
FIRST, SECOND = 0.3333333432674408, 4.467703342437744  # of 32 bits
FOUND: dict[str, list[tuple[str, int, float]]] = {
    "keras-0": [
        ("epoch_loss", 0, 5.056251525878906),
        ("epoch_learning_rate", 0, 0.009999999776482582),
        ("epoch_loss", 1, SECOND),
        ("epoch_learning_rate", 1, 0.009999999776482582),
    ],
    "keras-1": [
        ("evaluation_loss_vs_iterations", 1, SECOND),
        ("epoch_loss", 0, SECOND),
        ("evaluation_loss_vs_iterations", 2, 3.947662115097046),
        ("epoch_loss", 1, 3.947662115097046),
    ],
    "tensorflow-1": [
        ("a/b", 7, 2.5),
        ("b", 7, -1.0),
        ("c", 8, 3.0),
        ("float_val", 9, 1.5),
        ("double_val", 9, 2.5),
        ("int_val", 9, -7.0),
        ("int64_val", 9, -8.0),
        ("bool_val", 9, 1.0),
        ("half_val", 9, 1.5),
        ("bfloat_val", 9, 1.5),
    ],
    "tensorflow-2": [
        ("loss", 1, 0.5),
        ("loss", 2, 0.25),
        *((f"of/{type_}", -3, 1.5) for type_ in FLOATS),
        *((f"of/{type_}", 1 << 40, 7.0) for type_ in WHOLE),
        ("inf", 4, inf),
        ("zähler", 5, 1.0),
    ],
    "torch-0": [
        ("loss/train", 0, 1.0),
        ("loss/train", 1, 0.5),
        ("loss/train", 2, FIRST),
        ("new", 3, 0.5),
        ("double", 3, 0.75),
    ],
    "torch-1": [("hparam/acc", 0, 0.5)],
}


@pytest.mark.parametrize("name", [file.stem for file in sorted(CASES.glob("*.tfevents"))])
def test_what_others_have_written(name: str) -> None:
    content = (CASES / f"{name}.tfevents").read_bytes()
    events = read_events(content)
    assert (events.used, events.damaged, events.broken) == (len(content), 0, False)
    assert [(one.tag, one.step, one.value) for one in events.points if not isnan(one.value)] == FOUND[name]
    assert [one.tag for one in events.points if isnan(one.value)] == (["nan"] if name == "tensorflow-2" else [])
    assert all(1_796_000_000 < one.time < 1_797_000_000 for one in events.points)


@pytest.mark.parametrize("name", ["tensorflow-2", "torch-0"])
def test_a_file_that_ends_anywhere_is_read_to_its_last_whole_record(name: str) -> None:
    content = (CASES / f"{name}.tfevents").read_bytes()
    whole = read_events(content).points
    for end in range(0, len(content), 59):
        first = read_events(content[:end])
        assert (first.broken, first.damaged, first.used <= end) == (False, 0, True)
        rest = read_events(content[first.used :])
        assert repr([*first.points, *rest.points]) == repr(whole)


def test_the_checksum() -> None:
    def plain(crc: int) -> int:
        rotated = (crc - 0xA282EAD8) & 0xFFFFFFFF
        return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF

    assert plain(masked(b"123456789")) == 0xE3069283  # RFC 3720's


def test_what_is_damaged_is_left_out_and_what_follows_is_read() -> None:
    good = scalar("loss", 1, 1)
    wrong = bytearray(scalar("loss", 2, 2))
    wrong[-1] ^= 1
    for bad in (
        bytes(wrong),
        record(b"\x2a\x7f\x01"),
        record(b"\x0b"),
        record(b"\xff" * 20),
        record(b"\x2a\x02\x0a\x05"),
    ):
        events = read_events(good + bad + good)
        assert ([one.value for one in events.points], events.damaged, events.broken) == ([1, 1], 1, False)


def test_where_records_cannot_be_told_apart_reading_ends() -> None:
    good = scalar("loss", 1, 1)
    for bad in (b"\0" * 16, b"a text file\nof words\n", struct.pack("<QI", 1 << 60, 0)):
        events = read_events(good + bad + good)
        assert (len(events.points), events.used, events.broken) == (1, len(good), True)


def test_a_record_that_is_larger_than_a_piece_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    content = scalar("a", 1) + record(b"\x1a" + b"\x80\x80\xc0\x02" + b"p" * (5 << 20), 0) + scalar("b", 2)
    read = Scalars()
    assert read.read({"x": len(content)}, lambda path, start, length: content[start : start + length], 1 << 30)
    assert {name: found.last().value for name, found in read.named().items()} == {"a": 1, "b": 2}
    assert read_events(content[:PIECE]).used > PIECE


class Files(dict[str, bytes]):
    """Event files, and how much of them was read."""

    read = 0

    def piece(self, path: str, start: int, length: int) -> bytes:
        self.read += length
        return self[path][start : start + length]

    def sizes(self) -> dict[str, int]:
        return {path: len(content) for path, content in self.items()}


def test_only_what_is_new_is_read_and_after_a_restart_steps_go_back() -> None:
    files = Files({"m/events.out.tfevents.1": scalar("loss", 3, 1) + scalar("loss", 2, 2)})
    found = Scalars()
    assert found.read(files.sizes(), files.piece, 1 << 20)
    read, files.read = files.read, 0
    assert (read, found.read(files.sizes(), files.piece, 1 << 20), files.read) == (
        len(files[next(iter(files))]),
        True,
        0,
    )
    files["m/events.out.tfevents.2"] = scalar("loss", 2.5, 1, time=9) + scalar("loss", 1, 2, time=10)[:-1]
    assert found.read(files.sizes(), files.piece, 1 << 20)
    assert (found.named()["loss"].series("loss").steps, len(found)) == ((1, 2, 1), 3)
    files["m/events.out.tfevents.2"] += scalar("loss", 1, 2, time=10)[-1:]
    assert found.read(files.sizes(), files.piece, 1 << 20)
    assert found.named()["loss"].series("loss", after=2).values == (2.5, 1)
    assert (found.named()["loss"].last().value, found.notes) == (1, ())


def test_a_look_reads_no_more_than_it_may() -> None:
    files = Files({"a/x": scalar("loss", 1), "b/x": scalar("loss", 2), "c/x": scalar("loss", 3)})
    found = Scalars()
    assert not found.read(files.sizes(), files.piece, 1)
    assert list(found.named()) == ["loss"]
    assert found.read(files.sizes(), files.piece, 1 << 20)
    assert list(found.named()) == ["a/loss", "b/loss", "c/loss"]


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scalars, "MOST_NAMES", 2)
    files = Files({"a/x": scalar("../../etc", 1) + scalar(b"\xff<b>", 2) + scalar("c", 3), "b/x": b"words" * 9})
    found = Scalars()
    assert found.read(files.sizes(), files.piece, 1 << 20)
    assert list(found.named()) == ["../../etc", "\ufffd<b>"]
    assert [note.split()[0] for note in found.notes] == ["1", "More"]
    assert Scalars().notes == ()


@pytest.mark.parametrize(
    ("folders", "prefixes"),
    [
        ([], []),
        (["model"], [""]),
        (["default/logs/train"], ["train/"]),
        (["default/logs/train", "default/logs/validation"], ["train/", "validation/"]),
        (["model", "model/eval"], ["", "eval/"]),
        (["logs/fit/20261130-1200/train"], ["train/"]),
        (["tb/runs/Nov30_host", "tb/runs/Nov30_host/loss_a"], ["", "loss_a/"]),
        (["default/deep/train", "board"], ["deep/train/", "board/"]),
        (["default", "board"], ["default/", "board/"]),
        (["a/tb", "b/tb"], ["a/tb/", "b/tb/"]),
    ],
)
def test_what_a_metric_is_called_by_its_folder(folders: list[str], prefixes: list[str]) -> None:
    assert prefixes_of(folders) == dict(zip(folders, prefixes, strict=True))
