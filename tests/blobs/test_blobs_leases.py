"""Leases: kept up, lost and known to be lost, given back, and free soon after their holder was killed."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from emulator.azurite.server import DEVELOPMENT, Azurite, account_key
from specrun.engines.azure import leases
from specrun.engines.azure.blobs import list_files, remove, write_blob
from specrun.engines.azure.containers import Container, SasToken
from specrun.engines.azure.leases import Lease, Taken
from specrun.engines.azure.transport import changing_while
from specrun.engines.base import Denied, Missing
from specrun.engines.locks import LockLost
from specrun.plan.makers import Maker
from tests.blobs.blob_files import Sent, mirror
from tests.blobs.scripted import Reply, scripted

PATH = "specrun/locks/" + "0" * 64
OURS, THEIRS = (f"{number}" * 8 + "-0000-0000-0000-000000000000" for number in (1, 2))
HOLDER = """
import sys, time
from specrun.engines.azure import leases
from specrun.engines.azure.containers import AccountKey, Container
leases.SECONDS = 15
container = Container(*sys.argv[1:3], AccountKey(sys.argv[3]))
leases.Lease(lambda work: work(container), *sys.argv[4:]).take()
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock shows that goes on while a machine sleeps."""
    shown = [1000.0]
    monkeypatch.setattr(leases, "now", lambda: shown[0])
    return shown


def on(container: Container, id: str = OURS, **metadata: str) -> Lease:
    return Lease(lambda work: work(container), PATH, id, "the lock of x", metadata)


def taken(container: Container, id: str = OURS, **metadata: str) -> Lease:
    lease = on(container, id, **metadata)
    lease.take()
    return lease


def test_what_it_costs(container: Container, sent: list[Sent]) -> None:
    lease = taken(container, who="me")
    assert [one.operation for one in sent] == ["PUT", "PUT lease"]
    assert container.blob(PATH).get_blob_properties().metadata == {"who": "me"}
    sent.clear()
    lease.release(remove=True)
    lease = taken(container, who="me")
    lease.release()
    assert [one.operation for one in sent] == ["DELETE", "PUT", "PUT lease", "PUT lease"]
    sent.clear()
    taken(container, THEIRS, who="them")
    assert [one.operation for one in sent] == ["PUT", "PUT lease", "PUT metadata"]
    assert container.blob(PATH).get_blob_properties().metadata == {"who": "them"}


def test_a_try_whose_answer_was_lost_is_the_same_one(container: Container) -> None:
    taken(container)
    taken(container)
    with pytest.raises(Taken, match="somebody else has the lock of x"):
        taken(container, THEIRS)


def test_a_blob_that_is_removed_between_two_requests_is_made_again(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = Lease._make, list[bool]()

    def slowly(self: Lease, container: Container) -> bool:
        made.append(make(self, container))
        if len(made) == 1:
            container.blob(PATH).delete_blob()
        return made[-1]

    monkeypatch.setattr(Lease, "_make", slowly)
    taken(container).check()
    assert made == [True, True]


def test_a_lease_that_was_freed_is_lost_at_the_next_renewal(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, renew = threading.Event(), Lease._renew

    def renewed(self: Lease) -> None:
        renew(self)
        if self._lost:
            told.set()

    monkeypatch.setattr(Lease, "_renew", renewed)
    monkeypatch.setattr(leases, "BETWEEN", 0.02)
    lease = taken(container)
    lease.check()
    container.blob(PATH).acquire_lease(lease_id=OURS).break_lease(0)
    assert told.wait(30)
    with pytest.raises(LockLost, match="the lock of x was lost: it was freed by somebody else"):
        lease.check()
    taken(container, THEIRS)
    lease.release(remove=True)  # what is another's by now stays
    assert container.blob(PATH).get_blob_properties().lease.state == "leased"


def test_a_blob_that_is_gone_is_a_lease_that_is_lost(container: Container) -> None:
    lease = taken(container)
    container.blob(PATH).delete_blob(lease=OURS)
    lease._renew()
    with pytest.raises(LockLost):
        lease.check()


def test_a_lease_is_over_before_it_ends_at_the_service_though_nobody_can_be_asked(
    container: Container, clock: list[float], sent: list[Sent]
) -> None:
    """After sleep, or with a network that is silent: and what comes too late does not bring it back."""
    lease = taken(container)
    clock[0] += leases.SECONDS - leases.MARGIN
    lease.check()
    lease._renew()  # measured from before it was asked for
    clock[0] += leases.SECONDS - leases.MARGIN + 0.1
    sent.clear()
    for _ in range(2):
        with pytest.raises(LockLost, match="could not be renewed for 35 s: this machine slept, or its network was awa"):
            lease.check()
        lease._renew()
        lease.release()
        clock[0] -= 1
    assert sent == []


def test_time_that_an_answer_takes_is_not_won(
    container: Container, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Lease._ask_to_renew

    def slowly(self: Lease, container: Container) -> None:
        ask(self, container)
        clock[0] += 30

    monkeypatch.setattr(Lease, "_ask_to_renew", slowly)
    lease = taken(container)
    lease._renew()
    lease.check()
    clock[0] += 6
    with pytest.raises(LockLost):
        lease.check()


def test_renewals_that_fail_are_no_loss_until_it_has_run_out(clock: list[float]) -> None:
    with scripted() as service:
        container = Container(service.url, "c", SasToken("sig=x"))
        service.replies = [Reply(201), Reply(201), Reply(503), Reply(403, "AuthenticationFailed"), Reply(0), Reply(200)]
        lease = taken(container)
        for _ in range(3):
            clock[0] += 8
            lease._renew()
            lease.check()
        asked = len(service.requests)
        assert asked == 5, "a renewal is one request: there is no time for more"
        lease._renew()
        clock[0] += 30
        lease.check()


def test_each_renewal_opens_the_container_anew(container: Container) -> None:
    opened = [container]
    lease = Lease(lambda work: work(opened[0]), PATH, OURS)
    lease.take()
    opened[0] = replace(container, name="another")
    lease._renew()
    with pytest.raises(LockLost):
        lease.check()


@pytest.mark.parametrize(
    ("replies", "error"),
    [
        ([Reply(403, "AuthorizationPermissionMismatch")], Denied),
        ([Reply(404, "ContainerNotFound")], Missing),
        ([Reply(201), Reply(403, "AuthorizationPermissionMismatch")], Denied),
        ([Reply(412, "LeaseIdMissing"), Reply(201), Reply(409, "BlobImmutableDueToPolicy"), Reply(200)], Denied),
        ([Reply(403, "UnauthorizedBlobOverwrite"), Reply(409, "LeaseIsBreakingAndCannotBeAcquired")], Taken),
    ],
)
def test_what_keeps_one_from_having_it(replies: list[Reply], error: type[Exception]) -> None:
    with scripted() as service:
        service.replies = list(replies)
        with pytest.raises(error):
            taken(Container(service.url, "c", SasToken("sig=x")), who="me")
        assert len(service.requests) == len(replies), "what was leased and cannot be written is given back"


def test_who_may_not_delete_gives_it_back(container: Container) -> None:
    lease = taken(container)
    refuse = Denied("no")

    def use(work: object) -> object:
        if work == lease._delete:
            raise refuse
        return work(container)  # type: ignore[operator]

    lease._use = use
    lease.release(remove=True)
    taken(container, THEIRS)


def test_once_it_is_lost_no_further_file_is_sent(container: Container, source: Path, sent: list[Sent]) -> None:
    for number in range(40):
        (source / f"{number}").write_text("x")
    left = iter(range(3))

    def check() -> None:
        if next(left, None) is None:
            raise LockLost("lost")

    with pytest.raises(LockLost), changing_while(check):
        mirror(source, container)
    assert [one.operation for one in sent] == ["GET list", "PUT", "PUT", "PUT"]
    sent.clear()
    assert mirror(source, container) == 37


def test_once_it_is_lost_nothing_is_tried_again() -> None:
    with scripted() as service:
        service.replies = [Reply(503, headers={"Retry-After": "0"})]

        def check() -> None:
            if service.requests:
                raise LockLost("lost")

        container = Container(service.url, "c", SasToken("sig=x"))
        with changing_while(check), pytest.raises(LockLost):
            write_blob(container, "file", b"x", {})
        assert len(service.requests) == 1


def test_blobs_of_locks_are_no_data(container: Container) -> None:
    for name in (PATH, f"{PATH}0", "specrun/locks/mine.csv", f"data/{PATH}"):
        container.blob(name).upload_blob(b"", metadata={"specrun": "job"})
    assert list(list_files(container, "")) == [f"data/{PATH}", f"{PATH}0", "specrun/locks/mine.csv"]
    remove(container, "specrun", ("locks/mine.csv", PATH.removeprefix("specrun/")), Maker("job"))
    assert sorted(container.client.list_blob_names()) == [f"data/{PATH}", PATH, f"{PATH}0"]


def test_the_clock_goes_on_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 77, raising=False)
    monkeypatch.setattr(time, "clock_gettime", lambda which: asked.append(which) or 5.0)
    assert leases.now() == 5.0
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    monkeypatch.setattr(time, "CLOCK_MONOTONIC", 78, raising=False)
    assert leases.now() == 5.0
    assert asked == [77, 78]
    monkeypatch.delattr(time, "CLOCK_MONOTONIC")
    assert leases.now() == pytest.approx(time.monotonic(), abs=60)


@pytest.mark.slow
def test_a_lease_is_kept_up_and_runs_out_when_its_holder_is_killed(
    container: Container, azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "SECONDS", 15)
    monkeypatch.setattr(leases, "BETWEEN", 3.0)
    key, other = account_key(DEVELOPMENT), PATH[:-1] + "1"
    ours = taken(container)
    command = [sys.executable, "-c", HOLDER, azurite.account_url(), container.name, key, other, THEIRS]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
    killed = time.monotonic()
    wanted = Lease(lambda work: work(container), other, OURS)
    while True:
        try:
            wanted.take()
            break
        except Taken:
            assert time.monotonic() < killed + 60
            time.sleep(0.5)
    ours.check()
    with pytest.raises(Taken):
        taken(container, THEIRS)
