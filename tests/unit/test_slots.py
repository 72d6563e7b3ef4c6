from __future__ import annotations

import fcntl
import json
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.engines.local import slots, state
from specrun.engines.local.slots import Grant, Ticket, Want
from tests.local.damage import WAYS, put

ONE = Want("c", 1, 1)


def granted(name: str, nodes: int = 1, gpus: tuple[str, ...] = (), cluster: str = "c", limit: int | None = 2) -> Ticket:
    return Ticket(name, name, Want(cluster, nodes, limit, len(gpus)), Grant(gpus))


def waiting(name: str, nodes: int = 1, gpus: int = 0, cluster: str = "c", limit: int | None = 2) -> Ticket:
    return Ticket(name, name, Want(cluster, nodes, limit, gpus))


def decide(*tickets: Ticket, present: tuple[str, ...] = ()) -> tuple[str, ...] | str:
    """For the last one."""
    *others, own = (replace(one, file=Path(f"{number}-.json")) for number, one in enumerate(tickets, 1))
    return slots.decide(own, others, present)


def test_an_empty_cluster() -> None:
    assert decide(waiting("x", 2)) == ()


def test_room_for_both() -> None:
    assert decide(granted("a"), waiting("x")) == ()


@pytest.mark.parametrize(
    ("others", "nodes", "reason"),
    [
        ([granted("a", 2)], 1, "2 of 2 nodes of c are in use by run a"),
        ([granted("a")], 2, "1 of 2 nodes of c is in use by run a"),
        ([granted("a"), granted("b")], 1, "2 of 2 nodes of c are in use by runs a and b"),
        ([granted("a"), waiting("b", 2)], 1, "run b came first for the nodes of c"),
        ([waiting("b", 2)], 1, "2 of 2 nodes of c are in use by run b"),
    ],
)
def test_full(others: list[Ticket], nodes: int, reason: str) -> None:
    assert decide(*others, waiting("x", nodes)) == reason


def test_clusters_are_queues_of_their_own() -> None:
    assert decide(granted("a", 2), waiting("b", 2), waiting("x", cluster="other")) == ()


def test_without_a_limit_nobody_waits_for_nodes() -> None:
    assert decide(granted("a", 99, limit=None), waiting("x", 99, limit=None)) == ()


def test_gpus_are_never_shared() -> None:
    assert decide(granted("a", gpus=("1",)), waiting("x", gpus=2), present=("0", "1", "2")) == ("0", "2")
    answer = decide(granted("a", gpus=("0", "1")), waiting("x", cluster="d", gpus=1), present=("0", "1"))
    assert answer == "2 of 2 GPUs of this machine are in use by run a"


def test_gpus_are_kept_for_who_came_first() -> None:
    first = waiting("b", gpus=2, limit=None)
    answer = decide(granted("a", gpus=("0",), limit=None), first, waiting("x", gpus=1, limit=None), present=("0", "1"))
    assert answer == "2 of 2 GPUs of this machine are in use by run a"
    assert decide(granted("a", gpus=("0",), limit=None), first, waiting("x", limit=None), present=("0", "1")) == ()


def test_one_who_may_start_but_has_not_yet_counts() -> None:
    assert decide(waiting("b", gpus=1), waiting("x", gpus=1), present=("0", "1")) == ("1",)


def test_one_who_came_later_is_not_waited_for() -> None:
    own, later = replace(waiting("x"), file=Path("2-x.json")), replace(waiting("b", 2), file=Path("3-b.json"))
    assert slots.decide(own, [later], ()) == ()


@pytest.mark.parametrize(
    ("want", "present", "why"),
    [
        (Want("c", 3, 2), (), "it needs 3 nodes and c has at most 2 (max_instances)"),
        (Want("c", 2, 2), (), None),
        (Want("c", 9, None), (), None),
        (Want("c", gpus=2), ("0",), "it needs 2 GPUs, one for each process, and this machine has 1 GPU"),
        (Want("c", gpus=1), (), "it needs 1 GPU, one for each process, and this machine has none"),
    ],
)
def test_refusal(want: Want, present: tuple[str, ...], why: str | None) -> None:
    assert slots.refusal(want, present) == why


def living(folder: Path) -> Path:
    """A run's folder whose lock is held, by this very process, until it ends."""
    folder.mkdir(parents=True)
    assert state.acquire(folder) is not None
    return folder


def place_of(folder: Path, want: Want = ONE) -> slots.Place:
    return slots.Place(folder.parent / "slots", folder, folder.name, want, ())


def tickets_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "slots").iterdir())


def test_asking_waiting_and_leaving(tmp_path: Path) -> None:
    first, second = (place_of(living(tmp_path / name), Want("c", 1, 1, ports=2)) for name in ("first", "second"))
    grant = first.ask()
    assert isinstance(grant, Grant)
    assert len({*grant.ports}) == 2
    assert second.ask() == "1 of 1 node of c is in use by run first"
    first.leave()
    assert isinstance(second.ask(), Grant)
    second.leave()
    assert tickets_in(tmp_path) == ["lock"]


def test_what_a_dead_run_had_is_free(tmp_path: Path) -> None:
    first, second = tmp_path / "first", living(tmp_path / "second")
    first.mkdir()
    lock = state.acquire(first)
    assert lock is not None
    place_of(first).ask()
    assert isinstance(place_of(second).ask(), str)
    os.close(lock)
    assert isinstance(place_of(second).ask(), Grant)


@pytest.mark.parametrize("granted", [False, True])
def test_a_run_that_is_started_again_has_a_place_of_its_own(tmp_path: Path, granted: bool) -> None:
    """Its supervisor was killed after it had asked; the one that has its lock now asks for the first time."""
    other = place_of(living(tmp_path / "other"))
    if not granted:
        other.ask()
    again = living(tmp_path / "again")
    assert isinstance(place_of(again).ask(), Grant) is granted
    other.leave()
    assert isinstance(place_of(again).ask(), Grant)
    assert len([name for name in tickets_in(tmp_path) if "again" in name]) == 1


def test_a_run_that_is_started_again_by_another_path_does_not_wait_for_itself(tmp_path: Path) -> None:
    again = living(tmp_path / "again")
    (tmp_path / "home").symlink_to(tmp_path)
    assert isinstance(place_of(tmp_path / "home" / "again").ask(), Grant)
    place = place_of(again)
    assert isinstance(place.ask(), Grant)
    place.leave()
    assert tickets_in(tmp_path) == ["lock"]


def test_a_ticket_that_was_damaged_while_its_run_waits_is_written_again(tmp_path: Path) -> None:
    first, second = (place_of(living(tmp_path / name)) for name in ("first", "second"))
    first.ask()
    second.ask()
    (file,) = (tmp_path / "slots").glob("*-second.json")
    file.write_text("{")
    second.ask()
    assert json.loads(file.read_text())["name"] == "second"


def test_what_was_left_half_written_is_removed(tmp_path: Path) -> None:
    (tmp_path / "slots").mkdir()
    (tmp_path / "slots" / "000000000001-x.new").write_text("{")
    place_of(living(tmp_path / "x")).ask()
    assert tickets_in(tmp_path) == ["000000000001-x.json", "lock"]


def test_a_lock_that_is_never_free_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slots").mkdir()
    lock = os.open(tmp_path / "slots" / "lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    monkeypatch.setattr(slots, "PATIENCE", 0.0)
    place = place_of(living(tmp_path / "x"))
    assert place.ask() == "other runs are being granted their nodes"
    monkeypatch.setattr(slots, "GIVE_UP", 0.0)
    with pytest.raises(OSError, match="its lock was not free for 0 s"):
        place.ask()


WRONG = {"name": "a", "folder": "/", "want": {"cluster": "c", "nodes": 1, "limit": 1, "gpus": 0, "ports": 0}}


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_ticket_stops_nobody_and_stays(tmp_path: Path, way: str) -> None:
    damaged = tmp_path / "slots" / "000000000007-a.json"
    put(damaged, way)
    assert isinstance(place_of(living(tmp_path / "x")).ask(), Grant)
    assert os.path.lexists(damaged)
    assert (tmp_path / "slots" / "000000000008-x.json").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"name": 3},
        {"folder": None},
        {"folder": "/\0"},
        {"want": 3},
        {"want": {**WRONG["want"], "nodes": "1"}},  # type: ignore[dict-item]
        {"want": {**WRONG["want"], "gpus": -1}},  # type: ignore[dict-item]
        {"want": {**WRONG["want"], "limit": 0.5}},  # type: ignore[dict-item]
        {"grant": {"gpus": [3], "ports": []}},
        {"grant": {"gpus": [], "ports": ["x"]}},
        {"grant": 7},
    ],
)
def test_a_ticket_of_other_types_stops_nobody(tmp_path: Path, change: dict[str, object]) -> None:
    holder = living(tmp_path / "a")
    (tmp_path / "slots").mkdir()
    wrong = {**WRONG, "folder": str(holder), "grant": None, **change}
    (tmp_path / "slots" / "000000000007-a.json").write_text(json.dumps(wrong))
    assert isinstance(place_of(living(tmp_path / "x")).ask(), Grant)


@pytest.mark.parametrize("name", ["²-x.json", "9" * 200 + "-x.json", "-x.json", "x.json", "٣-x.json"])
def test_a_file_that_has_no_number_counts_for_nothing(tmp_path: Path, name: str) -> None:
    put(tmp_path / "slots" / name, "other types")
    place_of(living(tmp_path / "x")).ask()
    assert (tmp_path / "slots" / "000000000001-x.json").exists()


def test_ports_are_free_distinct_and_not_another_runs() -> None:
    ports = slots.free_ports(20, set())
    assert len({*ports}) == 20
    first, _ = slots._fixed_ports()
    assert all(port >= first for port in ports)


def test_ports_in_use_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = taken.getsockname()[1]
        other = slots.free_ports(1, set())[0]
        third = slots.free_ports(1, {other})[0]
        offered = iter([busy, other, third])
        monkeypatch.setattr(slots, "_fixed_ports", lambda: (0, 65535))
        monkeypatch.setattr(slots, "_random", lambda: next(offered))
        assert slots.free_ports(1, {other}) == (third,)


def test_no_port_to_be_had_is_an_end_and_not_a_search_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "_fixed_ports", lambda: (20000, 20004))
    with pytest.raises(OSError, match="6 ports cannot be had"):
        slots.free_ports(6, set())
