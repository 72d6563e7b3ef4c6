"""What a plan says of specs that read from each other's runs, and what an apply makes of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from specrun.apply import operations, walk
from specrun.apply.events import Event, OperationSettled, OperationStarted
from specrun.apply.walk import Outcome
from specrun.engines import calls
from specrun.plan.changes import Action, Plan
from specrun.plan.comparison import differences
from specrun.plan.graph import build_graph
from specrun.plan.hashes import HashCache
from specrun.plan.observed import RunStatus
from specrun.plan.saved import contents, read_saved, save
from specrun.plan.shown import shown
from specrun.plan.shown_again import shown_again
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import Spec
from specrun.views.data import plan_data
from specrun.views.plan_rows import rows_of, table
from specrun.views.plan_text import plan_text
from tests.engine_double import DEADLINE, HERE, Double, carry_out, change_of, plan_graph, read_specs

CHAIN = {"prep": "", "train": "prep", "evaluate": "train"}
_NOTHING = dict.fromkeys(("engine", "target", "environment"))
_NONE = {name: [] for name in ("var_files", "adopt", "only", "exclude")}
CALL = {
    "files": ["job.yaml"],
    **_NOTHING,
    **_NONE,
    "variables": {},
    "inputs": {},
    "rerun": False,
    "cancel_previous": False,
}


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "FIRST_POLL", 0.001)
    monkeypatch.setattr(calls, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(walk, "TICK", 0.01)


def write(folder: Path, chain: dict[str, str], **more: str) -> None:
    """Specs that read from others (`a b`: from both), with code of its own; `more` is what else one says."""
    for name, upstream in chain.items():
        (folder / name / "src").mkdir(parents=True, exist_ok=True)
        code = folder / name / "src" / f"{name}.py"
        if not code.exists():
            code.write_text("pass\n")
        inputs = ", ".join(f"{one}: {{run: {one}, output: f}}" for one in upstream.split())
        (folder / name / "job.yaml").write_text(
            f"apiVersion: specrun/v1\nname: {name}\njob:\n  code: src\n  command: python {name}.py\n"
            f"  inputs: {{{inputs}}}\n  outputs: {{f: {{}}}}\n{more.get(name, '')}"
        )


class Chain:
    """A chain in a folder, and the double that runs it."""

    def __init__(self, folder: Path, chain: dict[str, str] = CHAIN, **more: str) -> None:
        self.folder = folder
        self.chain = chain
        self.engine = Double(outputs=["f/1"])
        write(folder, chain, **more)

    def specs(self, names: Sequence[str] = ()) -> tuple[Spec, ...]:
        return read_specs(*(self.folder / name / "job.yaml" for name in names or self.chain))

    def plan(self, *names: str, **options: object) -> Plan:
        """Of some of the specs; the others are used."""
        return plan_graph(self.engine, self.graph(names), self.folder / "home", **options)

    def graph(self, names: Sequence[str]):  # type: ignore[no-untyped-def]
        given = names or tuple(self.chain)
        home = HashCache(self.folder / "home")
        return build_graph(self.specs(), lambda _: HERE, home, is_used=lambda spec: spec.name not in given)

    def apply(self, *names: str, detach: bool = False, **options: object) -> tuple[Outcome, list[Event]]:
        plan = self.plan(*names, **options)
        assert not plan.problems, plan.problems
        return carry_out(self.engine, plan, self.folder / "home", detach=detach)

    def change(self, name: str, text: str) -> None:
        (self.folder / name / "src" / f"{name}.py").write_text(text)

    def ends(self, plan: Plan, name: str, *statuses: RunStatus) -> str:
        """Have the run that a plan submits be in these states, look by look; its name."""
        run = change_of(plan, f"run/{name}").run_name
        self.engine.statuses[run] = list(statuses)
        return str(run)


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(tmp_path)


def begun(engine: Double) -> list[str]:
    return [what.removeprefix("begin run/") for what in engine.calls if what.startswith("begin run/")]


def skipped(events: Sequence[Event]) -> dict[str, str]:
    found = [one for one in events if isinstance(one, OperationSettled)]
    return {one.key.address.removeprefix("run/"): one.skipped for one in found if one.skipped}


def reasons(plan: Plan) -> dict[str, str]:
    return {change.resource.name: change.reason for change in plan.changes}


def codes(found: Sequence[Diagnostic]) -> list[tuple[str, str]]:
    return [(one.code, ".".join(map(str, one.path))) for one in found]


def test_one_after_the_other_and_again_nothing(chain: Chain) -> None:
    outcome, _ = chain.apply()
    assert (begun(chain.engine), outcome.code) == (["prep", "train", "evaluate"], 0)
    plan = chain.plan()
    assert not plan.pending
    prep, *others = reasons(plan).values()
    assert prep.endswith("has succeeded for exactly this")
    assert all(one.endswith("; not run again: nothing upstream changed") for one in others)


def test_what_changed_upstream_is_told_of_all_that_read_it_however_far_down(chain: Chain) -> None:
    chain.apply()
    chain.change("prep", "pass  # other\n")
    plan = chain.plan()
    told = dict.fromkeys(("train", "evaluate"), "runs again: prep.py of prep changed")
    assert reasons(plan) == {"prep": "something changed since the last run", **told}
    assert change_of(plan, "run/evaluate").differences == ("prep: code: prep.py changed",)
    chain.change("train", "pass  # other\n")
    assert reasons(chain.plan())["train"] == "runs again: train.py changed; prep.py of prep changed"
    assert reasons(chain.plan())["evaluate"] == "runs again: train.py of train changed; prep.py of prep changed"


def test_what_changed_of_two_ways_to_the_same_is_told_once(tmp_path: Path) -> None:
    chain = Chain(tmp_path, {"a": "", "b": "a", "c": "a", "d": "b c"})
    chain.apply()
    chain.change("a", "other\n")
    assert change_of(chain.plan(), "run/d").differences == ("a: code: a.py changed",)


def test_what_an_upstream_that_is_gone_was_is_not_made_up(chain: Chain) -> None:
    chain.apply()
    chain.engine.identities = {name: one for name, one in chain.engine.identities.items() if "prep" not in name}
    chain.change("prep", "other\n")
    assert reasons(chain.plan())["train"] == "runs again: prep changed"


def test_what_waits_for_what_is_in_all_forms_of_a_plan(chain: Chain, tmp_path: Path) -> None:
    chain.apply("prep")
    plan = chain.plan()
    prep, train = (change_of(plan, f"run/{name}").run_name for name in ("prep", "train"))
    for width in (80, 120):
        text = plan_text(plan, lambda text, *_: text, width)
        assert f"      reads prep of {prep}\n" in text
        assert f"      waits for {train} (train): skipped if that does not succeed\n" in text
        assert all(len(line) <= width for line in text.splitlines())
    chain.apply()
    for what in ("nothing", "x" * 30 + " " + "y" * 40):
        chain.change("prep", f"pass  # {what}\n")
        (chain.folder / "prep" / "src" / f"{what}.py").write_text("pass\n")
        lines = plan_text(chain.plan(), lambda text, *_: text, 80).splitlines()
        assert all(len(line) <= 80 for line in lines), lines
        chain.apply()
        lines = plan_text(chain.plan(), lambda text, *_: text, 80).splitlines()
        assert all(len(line) <= 80 for line in lines), lines
    runs = {one["name"]: one["run"] for one in plan_data(plan)["resource_changes"]}  # type: ignore[attr-defined]
    assert runs["train"]["upstream"] == {"prep": {"spec": "prep", "run": prep, "output": "f", "waits": False}}
    assert runs["evaluate"]["upstream"]["train"]["waits"] is True
    assert "upstream" not in runs["prep"]
    assert f"waits for `{train}` (train)" in "\n".join(table(rows_of(shown(plan)), 10_000))
    file = tmp_path / "saved"
    save(saved(plan, tmp_path), file)
    again = shown_again(read_saved(str(file)))  # type: ignore[arg-type]
    assert [one.run.upstream for one in again.changes if one.run] == [
        one.run.upstream for one in shown(plan).changes if one.run
    ]


def saved(plan: Plan, folder: Path) -> dict[str, object]:
    return contents(plan, CALL, str(folder), str)


def test_a_saved_plan_goes_on_when_upstream_is_done_and_not_when_another_would_be_read(chain: Chain) -> None:
    plan = chain.plan()
    before = saved(plan, chain.folder)
    chain.apply("prep")
    planned = frozenset(change.run_name for change in plan.changes)
    assert differences(before, saved(chain.plan(planned=planned), chain.folder)) == []
    chain.apply("prep", rerun=True)
    assert differences(before, saved(chain.plan(planned=planned), chain.folder)) == []
    told = differences(before, saved(chain.plan(), chain.folder))
    assert any(one.startswith("run/train changed since the plan: reads.prep.run: prep-") for one in told)


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.CANCELLED])
def test_downstream_of_what_has_not_succeeded_is_not_submitted_and_the_plan_says_why(
    chain: Chain, status: RunStatus
) -> None:
    name = chain.ends(chain.plan(), "prep", status)
    outcome, events = chain.apply()
    assert begun(chain.engine) == ["prep"]
    assert set(skipped(events)) == {"train", "evaluate"}
    assert outcome.code
    plan = chain.plan()
    held = f"not submitted: {name} {status.value} for exactly this: change prep, or --rerun"
    assert [reasons(plan)[one] for one in ("train", "evaluate")] == [held, held]
    assert not plan.pending
    assert plan_data(plan)["resource_changes"][1]["run"]["held"] is True  # type: ignore[index]
    assert "not submitted: " in "\n".join(table(rows_of(shown(plan)), 10_000))
    before = saved(plan, chain.folder)
    again, events = carry_out(chain.engine, plan, chain.folder / "home")
    assert begun(chain.engine) == ["prep"]
    assert (set(skipped(events)), again.code) == ({"train", "evaluate"}, outcome.code)
    assert differences(before, saved(chain.plan(), chain.folder)) == []
    assert differences(before, saved(chain.plan(rerun=True), chain.folder))


def test_what_the_platform_ended_is_tried_again_and_what_reads_it_waits(chain: Chain) -> None:
    first = chain.ends(chain.plan(), "prep", RunStatus.LOST)
    _, events = chain.apply()
    assert skipped(events)["train"] == f"{first} was ended by the platform"
    chain.apply()
    assert begun(chain.engine) == ["prep", "prep", "train", "evaluate"]
    assert chain.engine.all_runs[-2].upstream == {"prep": f"{first}-2"}


def test_sight_of_upstream_is_lost(chain: Chain) -> None:
    name = chain.ends(chain.plan(), "prep", RunStatus.RUNNING)
    chain.engine.on_look = lambda run: chain.engine.faults.setdefault(
        f"run {name}", [calls.Abandoned("no answer")] * 99
    )
    outcome, events = chain.apply()
    assert (begun(chain.engine), outcome.failed) == (["prep"], [name])
    assert skipped(events)["train"] == f"sight of {name} was lost"


def test_independent_ones_side_by_side(tmp_path: Path) -> None:
    chain = Chain(tmp_path, {"a": "", "b": "a", "c": "a"})
    meeting = threading.Barrier(2, timeout=DEADLINE)
    chain.engine.on_begin = lambda one: None if getattr(one, "spec", "") == "a" else meeting.wait() and None
    outcome, _ = chain.apply()
    assert (outcome.code, meeting.broken) == (0, False)


def test_detached_says_what_is_left(chain: Chain) -> None:
    name = chain.ends(chain.plan(), "prep", RunStatus.RUNNING)
    outcome, events = chain.apply(detach=True)
    assert (outcome.code, outcome.going_on, outcome.left) == (0, [name], ["run/train", "run/evaluate"])
    assert skipped(events) == dict.fromkeys(("train", "evaluate"), f"{name} goes on")
    chain.engine.statuses[name] = [RunStatus.RUNNING, RunStatus.SUCCEEDED]
    assert chain.apply()[0].left == []
    assert begun(chain.engine) == ["prep", "train", "evaluate"]


def test_of_what_failed_nothing_is_left_to_be_done(chain: Chain) -> None:
    chain.ends(chain.plan(), "prep", RunStatus.FAILED)
    assert chain.apply(detach=True)[0].left == []


def test_interrupted_says_the_same(chain: Chain) -> None:
    plan = chain.plan()
    name = chain.ends(plan, "prep", RunStatus.RUNNING)
    stop = threading.Event()
    chain.engine.on_look = lambda run: stop.set()
    outcome, _ = carry_out(chain.engine, plan, chain.folder / "home", stop=stop)
    assert (outcome.interrupted, outcome.going_on, outcome.left) == (True, [name], ["run/train", "run/evaluate"])


def test_an_edit_while_upstream_runs_is_stale_and_nothing_of_it_is_run(chain: Chain) -> None:
    plan = chain.plan()

    def edit(event: Event) -> None:
        if isinstance(event, OperationStarted) and event.key.address == "run/prep":
            chain.change("train", "pass  # edited\n")

    outcome, events = carry_out(chain.engine, plan, chain.folder / "home", edit)
    assert (outcome.stale, outcome.code) == (["run/train"], 5)
    assert skipped(events) == {"evaluate": "run/train was not done"}
    assert chain.apply()[0].code == 0
    assert [one.name for one in chain.engine.all_runs if one.spec == "train"] == [
        change_of(chain.plan(), "run/train").run_name
    ]


def test_run_again_upstream_is_noted_and_nothing_runs_for_it(chain: Chain) -> None:
    chain.apply()
    chain.apply("prep", rerun=True)
    plan = chain.plan()
    assert not plan.pending
    (note,) = plan.notes
    first = chain.engine.all_runs[0].name
    assert note.code == "upstream-rerun"
    assert f"has read {first}, which was attempt 1, and there is {first}-2" in note.detail
    chain.apply("train", rerun=True)
    assert chain.plan().notes[0].detail.startswith("evaluate-"), "train has read attempt 2, evaluate the other train"
    assert chain.engine.all_runs[-1].upstream == {"prep": f"{first}-2"}


def test_an_output_that_is_gone_is_told_before_anything_reads_it(chain: Chain) -> None:
    chain.apply("prep")
    plan = chain.plan("train")
    chain.engine.outputs = ["g/1"]
    assert codes(chain.plan("train").problems) == [("upstream-output-gone", "job.inputs.prep")]
    assert codes(chain.plan().problems) == [("upstream-output-gone", "job.inputs.prep")]
    outcome, _ = carry_out(chain.engine, plan, chain.folder / "home")
    assert (outcome.stale, begun(chain.engine)) == (["run/train"], ["prep"])
    chain.engine.outputs = ["f/1"]
    chain.apply()
    chain.engine.outputs = []
    assert not chain.plan().problems, "nothing reads it any more"


def test_what_a_later_run_has_written_at_the_same_place_is_told(tmp_path: Path) -> None:
    chain = Chain(tmp_path, {"prep": "", "train": "prep"})

    def change(text: str, path: str) -> None:
        chain.change("prep", text)
        job = tmp_path / "prep" / "job.yaml"
        said = job.read_text().partition("  outputs:")[0]
        job.write_text(f"{said}  outputs: {{f: {{path: azureml://datastores/d/paths/{path}}}}}\n")

    def apply() -> str:
        chain.apply("prep")
        now = len(chain.engine.all_runs)
        chain.engine.all_runs[-1] = replace(chain.engine.all_runs[-1], submitted=float(now))
        return chain.engine.all_runs[-1].name

    change("first", "p")
    first = apply()
    assert chain.plan().problems == ()
    change("second", "elsewhere")
    apply()
    change("first", "p")
    assert chain.plan().problems == (), "that one has a place of its own"
    change("third", "p")
    third = apply()
    change("first", "p")
    for plan in (chain.plan(), chain.plan("train")):
        assert codes(plan.problems) == [("output-replaced", "job.inputs.prep")]
        assert (
            f"{first} has written to azureml://datastores/d/paths/p, and so has {third} since"
            in plan.problems[0].detail
        )
        assert [key.address for key in plan.unplanned] == ["run/train"]
    chain.apply("prep", rerun=True)
    chain.engine.all_runs[-1] = replace(chain.engine.all_runs[-1], submitted=9.0)
    assert chain.plan().problems == ()


def test_all_outputs_that_are_read_are_looked_at_once_and_together(tmp_path: Path) -> None:
    chain = Chain(tmp_path, {"a": "", "b": "", "c": "a b", "d": "a b", "e": "c"})
    chain.apply("a", "b")
    meeting = threading.Barrier(2, timeout=DEADLINE)
    looking = chain.engine.runs.has_output
    chain.engine.runs.has_output = lambda one: bool(meeting.wait() + 1) and looking(one)  # type: ignore[method-assign]
    plan = chain.plan()
    looks = [what for what in chain.engine.calls if what.startswith("output ")]
    assert (len(looks), len(set(looks)), meeting.broken, plan.problems) == (2, 2, False, ())
    chain.engine.runs.has_output = looking  # type: ignore[method-assign]
    chain.engine.outputs = []
    plan = chain.plan()
    assert codes(plan.problems) == [("upstream-output-gone", f"job.inputs.{one}") for one in "abab"]
    assert [key.address for key in plan.unplanned] == ["run/c", "run/d", "run/e"]
    assert [change.key.address for change in plan.changes] == ["run/a", "run/b"]


def test_what_is_used_and_has_not_succeeded(chain: Chain) -> None:
    assert "Nothing has run for what prep is now" in chain.plan("train").problems[0].detail
    name = chain.ends(chain.plan(), "prep", RunStatus.RUNNING)
    chain.apply("prep", detach=True)
    (told,) = chain.plan("train", "evaluate").problems  # of evaluate nothing can be said
    assert told.detail.startswith(f"{name} is running, and ")
    chain.engine.statuses[name] = [RunStatus.FAILED]
    chain.engine.all_runs = [replace(one, status=RunStatus.FAILED) for one in chain.engine.all_runs]
    assert chain.plan("train").problems[0].detail.startswith(f"{name} failed for exactly what prep is now. Change prep")


def test_used_resources_are_neither_looked_at_nor_shown(tmp_path: Path) -> None:
    cluster = "compute: {name: big, size: STANDARD_DS3_V2, max_instances: 2}\n"
    chain = Chain(tmp_path, prep=cluster)
    chain.apply("prep")
    chain.engine.there.clear()
    chain.engine.calls.clear()
    assert [change.key.address for change in chain.plan("train").changes] == ["run/train"]
    assert "observe compute/big" not in chain.engine.calls


def test_too_many_runs_counts_those_that_wait(chain: Chain) -> None:
    assert [one.code for one in chain.plan(max_runs=2).refusals] == ["too-many-runs"]
    assert chain.plan("prep", "train", max_runs=2).refusals == ()


def test_the_run_of_another_name_is_adopted_and_read(tmp_path: Path) -> None:
    chain = Chain(tmp_path)
    chain.apply("prep")
    old = chain.engine.all_runs[0].name
    write(tmp_path, {"clean": ""})
    (tmp_path / "clean" / "job.yaml").write_text(
        (tmp_path / "prep" / "job.yaml").read_text().replace("name: prep", "name: clean")
    )
    (tmp_path / "clean" / "src" / "clean.py").rename(tmp_path / "clean" / "src" / "prep.py")
    write(tmp_path, {"train": "clean"})
    chain.chain = {"clean": "", "train": "clean"}
    plan = chain.plan(adopt=("prep",))
    assert [change.action for change in plan.changes] == [Action.UPDATE, Action.SUBMIT]
    carry_out(chain.engine, plan, tmp_path / "home")
    assert chain.engine.all_runs[-1].upstream == {"clean": old}
