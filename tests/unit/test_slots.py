from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from specrun.engines.local import slots, state
from specrun.engines.local.slots import Grant, Ticket, Want


def granted(name: str, nodes: int = 1, gpus: tuple[str, ...] = (), cluster: str = "c", limit: int | None = 2) -> Ticket:
    return Ticket(name, name, Want(cluster, nodes, limit, len(gpus)), Grant(gpus))


def waiting(name: str, nodes: int = 1, gpus: int = 0, cluster: str = "c", limit: int | None = 2) -> Ticket:
    return Ticket(name, name, Want(cluster, nodes, limit, gpus))


def decide(*tickets: Ticket, present: tuple[str, ...] = ()) -> tuple[str, ...] | str:
    """For the last one."""
    return slots.decide(tickets[-1], tickets, present)


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


def test_no_place_in_the_queue() -> None:
    assert slots.decide(waiting("x"), [], ()) == "it has no place in the queue"


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


def test_asking_waiting_and_leaving(tmp_path: Path) -> None:
    first, second = living(tmp_path / "first"), living(tmp_path / "second")
    place = tmp_path / "slots"
    one = Want("c", 1, 1, ports=2)
    grant = slots.ask(place, first, "first", one, ())
    assert isinstance(grant, Grant)
    assert len({*grant.ports}) == 2
    assert slots.ask(place, second, "second", one, ()) == "1 of 1 node of c is in use by run first"
    slots.leave(place, first)
    again = slots.ask(place, second, "second", one, ())
    assert isinstance(again, Grant)
    slots.leave(place, second)
    assert sorted(path.name for path in place.iterdir()) == ["lock"]


def test_what_a_dead_run_had_is_free(tmp_path: Path) -> None:
    first, second = tmp_path / "first", living(tmp_path / "second")
    first.mkdir()
    lock = state.acquire(first)
    assert lock is not None
    place = tmp_path / "slots"
    slots.ask(place, first, "first", Want("c", 1, 1), ())
    assert isinstance(slots.ask(place, second, "second", Want("c", 1, 1), ()), str)
    os.close(lock)
    assert isinstance(slots.ask(place, second, "second", Want("c", 1, 1), ()), Grant)


@pytest.mark.parametrize("content", [b"", b"\x00\x00", b"[]", b"{}", b'{"name": "a", "folder": "/", "want": 3}'])
def test_a_damaged_ticket_stops_nobody_and_stays(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / "slots"
    place.mkdir()
    damaged = place / "000000000007-a.json"
    damaged.write_bytes(content)
    assert isinstance(slots.ask(place, living(tmp_path / "x"), "x", Want("c", 1, 1), ()), Grant)
    assert damaged.read_bytes() == content
    assert (place / "000000000008-x.json").exists()


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
