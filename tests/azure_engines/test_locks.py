"""Locks of a workspace, which all have together who change it, through whichever SDK."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from functools import partial

import pytest
from azure.core.pipeline.transport import HttpTransport

from emulator.faults import Faults, Proceed, Reset, Status
from emulator.router import Request
from emulator.wire import Outgoing
from specrun.engines.azure.engine import AzureEngine
from specrun.engines.azure.locks import AzureLock
from specrun.engines.base import Conflict, Denied, Missing, Transient
from specrun.engines.locks import Held, Holder, LockLost
from specrun.plan.changes import Action
from specrun.plan.resources import Resource
from tests.azure_engines.conftest import ENGINES
from tests.azure_engines.place import LIST_BLOBS, Place, resource

ME = Holder("anna", "host-1", "create compute/cpu-cluster (job)", 5.0, 71)
ODD = Holder("Jürgen \U0001f600 " * 50, "  https://ci/1?a=b&c=%20#x\n", '“update”\\ "x" {} \x1b[31m', 5.0, 71)
LONG = Holder(*("\U0001f600" * 400,) * 3)
SPEC = """
compute: {name: CPU-cluster, size: STANDARD_DS3_V2, max_instances: 1}
data:
  rows: {path: data, target: sets/rows}
  same: {path: more, target: sets/same, datastore: WorkspaceBlobStore}
"""
PUT = "PUT blob.core.windows.net /{container}/{blob+}"
DELETE = "DELETE blob.core.windows.net /{container}/{blob+}"
HEAD = "HEAD blob.core.windows.net /{container}/{blob+}"


class Two:
    """Two processes that are about to change the same cluster."""

    def __init__(self, place: Place) -> None:
        for name in ("data", "more"):
            (place.folder / name).mkdir()
            (place.folder / name / "rows.csv").write_text("1,2\n")
        self.place = place
        self.spec = place.spec(SPEC)
        self.first, self.second = (place.engine(self.spec) for _ in range(2))
        self.cluster = resource(self.spec, "compute/CPU-cluster")
        self.rows = resource(self.spec, "data/default/sets/rows")

    def lock(self, engine: AzureEngine, holder: Holder = ME, of: Resource | None = None) -> AzureLock:
        assert engine.locks is not None
        lock = engine.locks.acquire(of or self.cluster, holder)
        assert isinstance(lock, AzureLock)
        return lock

    def asked(self, error: type[Exception], work: Callable[[], object]) -> list[str]:
        """What is asked for until that is raised."""

        def fails() -> None:
            with pytest.raises(error):
                work()

        return self.place.routes(fails)

    def left(self) -> list[str]:
        plane = self.place.plane
        return list(plane.blobs.paths(plane.datastores[plane.default].container, "specrun/"))


@pytest.fixture
def two(place: Place) -> Two:
    place.make_workspace()
    return Two(place)


@pytest.mark.parametrize("keyless", [False, True])
def test_one_has_it_and_the_other_learns_who(two: Two, keyless: bool) -> None:
    two.place.emulator.service.keyless = keyless
    lock = two.lock(two.first)
    lock.check()
    assert two.left() == ["specrun/locks/" + hashlib.sha256(b"compute/cpu-cluster").hexdigest()]
    with pytest.raises(Held) as held:
        two.lock(two.second)
    assert held.value.holder == Holder("anna", "host-1", ME.doing, held.value.holder.since, 71)
    assert abs(time.time() - held.value.holder.since) < 60, "not what the holder says"
    assert two.second.locks.holders() == {"compute/cpu-cluster": held.value.holder}
    other = two.lock(two.second, of=two.rows)
    other.release()
    lock.release()
    assert two.second.locks.holders() == {}
    assert two.left() == []
    two.lock(two.second).check()


def test_what_a_lock_costs(two: Two) -> None:
    two.lock(two.first).release()
    assert two.place.routes(lambda: two.lock(two.first).release()) == [PUT, PUT + "?comp=lease", DELETE]
    lock = two.lock(two.second)
    two.asked(Held, lambda: two.lock(two.first))
    assert two.asked(Held, lambda: two.lock(two.first)) == [PUT, PUT + "?comp=lease", HEAD]
    assert two.place.routes(two.first.locks.holders) == [LIST_BLOBS]
    name = two.first.locks.name(two.cluster)
    assert two.place.routes(lambda: two.first.locks.free(name)) == [PUT + "?comp=lease"]
    assert two.place.routes(lambda: two.first.locks.name(two.rows)) == []
    lock.lease._renew()
    assert two.asked(LockLost, lock.check) == []


def test_what_somebody_freed_is_lost_and_nothing_more_is_begun(two: Two) -> None:
    for address, of in ((two.cluster.address, two.cluster), (two.rows.address, two.rows)):
        lock = two.lock(two.first, of=of)
        change = two.place.planned(two.first, Action.CREATE, of)
        (name,) = two.second.locks.holders()
        two.second.locks.free(name)
        assert two.second.locks.holders() == {}
        taken = two.lock(two.second, of=of)
        lock.lease._renew()
        asked = two.asked(LockLost, partial(two.first.resources.begin, change, lambda _: None))
        assert asked == [], address
        lock.release()
        taken.check()
        assert list(two.second.locks.holders()) == [name], "it is theirs now, and stays so"
        taken.release()


def test_who_came_meanwhile_is_not_freed(two: Two) -> None:
    lock = two.lock(two.first)
    (name,) = two.second.locks.holders()
    lock.release()
    lock = two.lock(two.first)
    with pytest.raises(Conflict, match="somebody else has the lock by now"):
        two.second.locks.free(name)
    lock.lease._renew()
    lock.check()
    two.second.locks.holders()
    two.second.locks.free(name)
    two.second.locks.free(name)
    two.second.locks.free("compute/nobody-s")


def test_one_name_for_one_thing(two: Two) -> None:
    same = resource(two.spec, "data/WorkspaceBlobStore/sets/same")
    lower = resource(
        two.place.spec(SPEC.replace("CPU", "cpu").replace("sets/same", "sets/rows")), "compute/cpu-cluster"
    )
    renamed = resource(two.place.spec(SPEC.replace("sets/same", "sets/rows2")), "data/WorkspaceBlobStore/sets/rows2")
    rows, named = two.first.locks.name(two.rows), two.first.locks.name(renamed)
    assert rows == named.removesuffix("2") != two.first.locks.name(same)
    assert rows.endswith("/sets/rows")
    assert two.first.locks.name(two.cluster) == two.first.locks.name(lower) == "compute/cpu-cluster"
    two.lock(two.first)
    with pytest.raises(Held):
        two.lock(two.first, of=lower)


def test_words_are_kept_whatever_is_in_them(two: Two) -> None:
    for holder in (ODD, LONG):
        lock = two.lock(two.first, holder)
        (found,) = two.second.locks.holders().values()
        lock.release()
        theirs = found.who, found.where, found.doing
        for word, read in zip((holder.who, holder.where, holder.doing), theirs, strict=True):
            assert read in (word, word[:300], word[:100])


STRANGE: tuple[dict[str, str], ...] = (
    {},
    {"specrun_lock": "compute/other"},
    {"specrun_lock": "%ff", "specrun_holder": '{"since": 1e400, "who": 3}'},
)


def test_what_a_stranger_wrote_is_believed_in_nothing(two: Two) -> None:
    plane = two.place.plane
    container = plane.blobs.container(plane.datastores[plane.default].container)
    name = "specrun/locks/" + hashlib.sha256(b"compute/cpu-cluster").hexdigest()
    for metadata in STRANGE:
        container.upload_blob(name, b"", metadata=metadata)
        lease = container.get_blob_client(name).acquire_lease(60)
        with pytest.raises(Held) as held:
            two.lock(two.first)
        assert (held.value.holder.who, held.value.holder.process) == ("", 0)
        (seen,) = two.first.locks.holders()
        assert seen == name.removeprefix("specrun/locks/")
        two.first.locks.free(seen)
        with pytest.raises(Exception, match="LeaseIsBroken"):
            lease.renew()
        lock = two.lock(two.first)
        assert two.second.locks.holders() == {"compute/cpu-cluster": replaced(ME, two)}
        lock.release()


def replaced(holder: Holder, two: Two) -> Holder:
    (found,) = two.second.locks.holders().values()
    return Holder(holder.who, holder.where, holder.doing, found.since, holder.process)


def test_since_when_is_by_the_services_clock(two: Two) -> None:
    lock = two.lock(two.first)
    assert lock.holder.since == 5.0
    plane = two.place.plane
    container = plane.blobs.container(plane.datastores[plane.default].container)
    written = container.get_blob_client(lock.lease.path).get_blob_properties().last_modified.timestamp()
    later = formatdate(written + 90, usegmt=True)

    def a_clock_of_its_own(faults: Faults, request: Request, proceed: Proceed) -> Outgoing:
        outgoing = proceed(request)
        kept = {name: value for name, value in outgoing.headers.items() if name.lower() != "date"}
        return replace(outgoing, headers={**kept, "Date": later})

    two.place.emulator.faults.add(LIST_BLOBS, a_clock_of_its_own)
    first = two.second.locks.holders()
    assert time.time() - first["compute/cpu-cluster"].since == pytest.approx(90, abs=20)
    assert two.second.locks.holders() == first, "and the same whenever one looks"


DENIED = Status(403, "", headers={"x-ms-error-code": "AuthorizationPermissionMismatch"}, body=b"")


@pytest.mark.parametrize("why", ["right", "container", "store", "network"])
def test_where_one_may_not_lock(two: Two, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plane, faults = two.place.plane, two.place.emulator.faults
    if why == "right":
        faults.add(PUT, DENIED, times=None)
    elif why == "container":
        plane.blobs.container(plane.datastores[plane.default].container).delete_container()
    elif why == "store":
        plane.default = "workspacefilestore"
    else:
        monkeypatch.setattr(HttpTransport, "sleep", lambda *_: None)
        faults.add(lambda request, route: "blob" in route, Reset(), times=None)
    said = {"right": "Storage Blob Data Contributor|does not allow", "container": "no such container"}
    said |= {"store": "is no blob container", "network": "cannot be reached"}
    with pytest.raises(Denied, match=said[why]):
        two.lock(two.first)
    assert two.asked(Denied, lambda: two.lock(two.first)) == [], "said once is enough"


def test_a_network_that_was_there_is_no_lack_of_rights(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HttpTransport, "sleep", lambda *_: None)
    two.lock(two.first).release()
    two.place.emulator.faults.add(PUT, Reset(), times=None)
    with pytest.raises(Transient):
        two.lock(two.first)
    two.place.emulator.faults.clear()
    two.lock(two.first).release()


def test_a_service_that_could_not_be_asked_is_no_lack_of_rights(two: Two) -> None:
    """Which datastore is the default one, says another service than the storage."""
    two.place.emulator.faults.add(lambda request, route: "blob" not in route, Reset(), times=None)
    with pytest.raises(Transient):
        two.lock(two.first)
    two.place.emulator.faults.clear()
    two.lock(two.first).release()


def test_while_there_is_nothing_to_keep_locks_in(place: Place) -> None:
    two = Two(place)
    with pytest.raises(Missing):
        two.lock(two.first)
    place.make_workspace()
    two.first.connection.refresh()
    engine = next(name for name, make in ENGINES.items() if make is place.make)
    route = "/datastores" if engine == "azureml" else "/default"
    place.emulator.faults.add(lambda request, route_: route_.endswith(route), Status(404, "NotFound"), times=1)
    with pytest.raises(Missing):
        two.lock(two.first)
    two.lock(two.first).check()
