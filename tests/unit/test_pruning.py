"""What is deleted of what there is, and what stays for which reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from specrun.apply.pruning import Pruning
from specrun.engines.base import Denied
from specrun.engines.reliable import Reliable
from specrun.plan.changes import Action, Plan
from specrun.plan.makers import NOBODY, Maker
from specrun.plan.observed import Observed, Run, RunStatus, Status, StoredFile
from specrun.plan.pruning import Claims
from specrun.plan.resources import Capability
from specrun.spec.model import Origin
from specrun.spec.source import Document
from tests.engine_double import Double

DAY = 86_400.0
NOW = 1_000.5 * DAY
OURS = Maker("gone", "r/ours")
THERE = Maker("here", "r/ours")
RUN = Run("x-0123456789", "x", "0" * 64, 1, RunStatus.SUCCEEDED, submitted=NOW - 40 * DAY, compute="gpu")


def plan(engine: Double, uses: Sequence[tuple[str, str]] = (), data: bool = False, share: float = 30) -> Plan:
    used = dict.fromkeys((("", address) for _, address in uses), "b.yaml")
    claims = Claims("r/ours", {THERE: "here"}, used, Origin(Document(".specrun.yaml", "", {}), ()))
    return Pruning({engine.place: Reliable(engine)}, claims, data=data).plan(NOW, share)


def told(made: Plan) -> dict[str, str]:
    said = {change.key.address: change.reason for change in made.changes}
    return said | {change.key.address: "deleted" for change in made.changes if change.action is Action.DELETE}


@pytest.fixture
def engine() -> Double:
    double = Double()
    double.there["compute/gpu"] = Observed(Status.READY, {"size": "s"}, maker=OURS)
    return double


USED: dict[str, tuple[Run, str]] = {
    "long ago by another": (replace(RUN, repository="r/theirs"), "deleted"),
    "elsewhere": (replace(RUN, repository="r/theirs", submitted=NOW, compute="cpu"), "deleted"),
    "by ourselves": (replace(RUN, repository="R/Ours", submitted=NOW - DAY), "deleted"),
    "by another": (
        replace(RUN, repository="r/theirs", submitted=NOW - 29 * DAY),
        "kept: x-0123456789 of r/theirs was on it on 1972-08-29",
    ),
    "by nobody known": (
        replace(RUN, submitted=NOW - 29 * DAY),
        "kept: x-0123456789 of whichever repository was on it on 1972-08-29",
    ),
    "for long by another": (
        replace(RUN, repository="r/theirs", ended=NOW - 29 * DAY),
        "kept: x-0123456789 of r/theirs was on it on 1972-08-29",
    ),
    "still": (replace(RUN, repository="r/ours", status=RunStatus.RUNNING), "kept: x-0123456789 still uses it"),
}


@pytest.mark.parametrize("how", USED)
def test_a_cluster_that_others_use_stays(how: str, engine: Double) -> None:
    run, said = USED[how]
    engine.all_runs = [run, *(replace(RUN, name=f"y-{number}", compute="cpu", submitted=NOW) for number in range(3))]
    engine.page = 2
    assert told(plan(engine)) == {"compute/gpu": said}


def test_who_used_it_before_what_was_looked_at_is_not_known(engine: Double) -> None:
    engine.page = 1
    run = replace(RUN, compute="cpu")
    runs = [replace(run, name=f"x-{day}", submitted=NOW - day * DAY) for day in range(21, 0, -1)]
    engine.all_runs = runs
    made = plan(engine)
    assert "in the last 30 days is not known: only the newest 20 runs" in told(made)["compute/gpu"]
    engine.all_runs = [replace(run, submitted=(run.submitted or 0) - 30 * DAY) for run in runs]
    made = plan(engine)
    assert told(made) == {"compute/gpu": "deleted"}
    assert [note.code for note in made.notes] == ["runs-not-looked-at"]


def test_no_list_of_runs_is_read_for_nothing(engine: Double) -> None:
    engine.there = {"compute/gpu": Observed(Status.READY, maker=THERE)}
    plan(engine, [("", "compute/gpu")])
    assert engine.calls == ["sign_in", "every compute", "every datastore"]


def test_runs_that_cannot_be_read_are_no_reason_to_delete(engine: Double) -> None:
    engine.faults["runs"] = [Denied("not you")]
    made = plan(engine)
    assert (made.changes, list(made.unseen)) == ((), [engine.place])


def test_what_changed_hands_since_it_was_listed_stays(engine: Double) -> None:
    theirs = Observed(Status.READY, {"size": "s"}, maker=Maker("gone", "r/theirs"))
    engine.settles_as["compute/gpu"] = theirs
    assert told(plan(engine)) == {"compute/gpu": "kept: made by gone of r/theirs"}
    engine.there.clear()
    engine.settles_as["compute/gpu"] = theirs
    assert told(plan(engine)) == {}


def test_an_engine_that_keeps_a_kind_keeps_it(engine: Double) -> None:
    engine.capabilities = {"compute": Capability(kept="it does not know whose it is")}
    assert told(plan(engine)) == {"compute/gpu": "kept: it does not know whose it is"}


def files(*makers: Maker) -> Observed:
    return Observed(Status.READY, files={f"f{n}": StoredFile(1, "m", maker) for n, maker in enumerate(makers)})


def test_data_goes_when_it_is_named_by_who_wrote_it(engine: Double) -> None:
    engine.there = {
        "datastore/mine": Observed(Status.READY, maker=OURS),
        "data/default/a": files(OURS, THERE),
        "data/mine/b/c": files(OURS),
        "data/default/read/below": files(OURS),
        "data/default/theirs": files(Maker("gone", "r/theirs")),
        "data/elsewhere/z": files(OURS),
        "data/default/old": files(Maker("gone")),
        "data/default/hand": files(NOBODY),
    }
    engine.all_runs = []
    assert set(told(plan(engine))) == {"datastore/mine"}
    made = plan(engine, [("", "data/x/read")], data=True)
    assert told(made) == {
        "data/default/a": "deleted",
        "data/mine/b/c": "deleted",
        "datastore/mine": "deleted",
        "data/default/read/below": "kept: b.yaml uses it",
        "data/default/old": "kept: made by gone, of whichever repository",
        "data/default/hand": "kept: nothing says who made it",
    }
    store = next(change for change in made.changes if change.key.address == "datastore/mine")
    assert [need.address for need in store.resource.needs] == ["data/mine/b/c"]
    engine.all_runs = [replace(RUN, status=RunStatus.RUNNING, reads=("data/default/a",))]
    assert told(plan(engine, data=True))["data/default/a"] == "kept: x-0123456789 still uses it"


SHARES = [(7, 3, 30, 0), (6, 4, 30, 1), (5, 4, 30, 0), (6, 4, 40, 0)]


@pytest.mark.parametrize(("here", "gone", "share", "refused"), SHARES)
def test_too_much_is_refused(here: int, gone: int, share: float, refused: int) -> None:
    engine = Double()
    engine.there |= {f"compute/h{number}": Observed(Status.READY, maker=THERE) for number in range(here)}
    engine.there |= {f"compute/g{number}": Observed(Status.READY, maker=OURS) for number in range(gone)}
    assert [found.code for found in plan(engine, share=share).refusals] == ["too-many-deletions"] * refused
