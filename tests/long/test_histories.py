"""Histories of two runners, each with a clone of one repository, and of a person who changes things by hand.

Hypothesis draws what happens: plans, saved plans that another applies, edits, applies that are held up in the middle
while others go on, or killed there. At most one command is at work at a time, but for those that stand still: where
one waits for such, it goes on, too. So what is to be expected can be told of each command:

- alone, `apply` ends with 0, and what is there is what it declares; a saved plan that is stale changes nothing;
- beside others it may also end with 5;
- each run is there once, and was begun once; what others made is as it was;
- when nobody is at work nothing is held or half done, and one more `apply` reaches the declared state.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, TypeAlias

import pytest
from hypothesis import HealthCheck, Phase, note, seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.long.clones import CLUSTER, TARGET, Clone, Declared
from tests.long.worlds import PATIENCE, RUNNERS, Held, Here, Said, World, azure_world
from tests.searching import Search, drawn
from tests.unit.test_provenance import git

HELD_UP = 1.5
"""Seconds for which a command may wait for one that stands still, until that goes on."""

Edit: TypeAlias = "Callable[[Declared], Declared]"

runners = st.sampled_from(RUNNERS)
contents = st.sampled_from(["0", "1", "22"])
names = st.sampled_from(["a.txt", "b.txt", "c.txt"])
writes = st.sampled_from([11, 4, 25, *range(1, 16), *range(1, 91), *[1000] * 20])
"""At which of its writes a command is held up: at early ones as a rule, since most have little to do; some never."""

edits: st.SearchStrategy[Edit] = st.one_of(
    st.integers(1, 3).map(lambda most: lambda declared: replace(declared, most=most)),
    st.tuples(names, st.none() | contents).map(lambda file: lambda declared: declared.with_file(*file)),
    contents.map(lambda code: lambda declared: replace(declared, code=code)),
    st.just(lambda declared: replace(declared, prune=not declared.prune)),
    st.just(lambda declared: replace(declared, second=not declared.second)),
)
STRANGE = ("theirs", "by-hand.txt")


@dataclass
class AtWork:
    """A command that stands still. `declared` is what its clone declared, `alone` whether nobody did anything since."""

    held: Held
    verb: str
    declared: Declared
    alone: bool


@dataclass(frozen=True)
class Plan:
    """A saved plan: of what it was made, and how many things had happened by then."""

    file: Path
    declared: Declared
    happened: int


class History(RuleBasedStateMachine):
    """One history; `enter` makes its world."""

    enter: Callable[[Path], AbstractContextManager[World]]
    template: Path
    told: ClassVar[Counter[str]] = Counter()
    """How many commands ended how, in all histories."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = contextlib.ExitStack()
        self.top = Path(self._stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        self.world = self._stack.enter_context(type(self).enter(self.top / "world"))
        self.clones = {}
        for runner in RUNNERS:
            shutil.copytree(self.template, self.world.folder / runner)
            self.clones[runner] = Clone(self.world.folder / runner, self.world.words)
        self.newest = self.clones[RUNNERS[0]].declared
        self.at_work: dict[str, AtWork] = {}
        self.plans: list[Plan] = []
        self.happened = 0
        self.reached: tuple[int, Declared] | None = None
        """What was reached by an apply, while nothing has happened since."""
        self.dead = False
        """Whether somebody who was killed may still hold something."""

    @initialize()
    def strangers(self) -> None:
        """What is none of ours is there from the beginning."""
        self.world.set_cluster("theirs", 7)
        self.world.set_blob("theirs", "x.txt", b"theirs")
        self.world.set_blob(TARGET, "by-hand.txt", b"by hand")

    # What happens. Hypothesis takes the rules with the fewest arguments, in the order of their names, for the simplest,
    # and a few histories are simple ones: `apply` is to be the first of them. What may be drawn does not depend on how
    # commands went, which is not the same each time.

    @rule(runner=runners, edit=edits)
    def edit(self, runner: str, edit: Edit) -> None:
        self.newest = edit(self.clones[runner].declared)
        self.clones[runner].declare(self.newest)
        if runner in self.at_work:
            self.at_work[runner].alone = False  # it may find files that are not those of its plan

    @rule(runner=runners, to=st.none())
    def pull(self, runner: str, to: None = None) -> None:
        self.edit(runner, lambda _: self.newest)

    @rule(runner=runners, at=st.lists(writes, min_size=1, max_size=3))
    def apply(self, runner: str, at: list[int]) -> None:
        self.begin(runner, "apply", "--quiet", "--yes", at=at)

    @rule(runner=runners, at=st.lists(writes, min_size=1, max_size=3))
    def apply_or_give_up(self, runner: str, at: list[int]) -> None:
        self.begin(runner, "apply", "--quiet", "--yes", "--lock-timeout", "0s", at=at)

    @rule(runner=runners, at=st.lists(writes, min_size=1, max_size=2))
    def destroy(self, runner: str, at: list[int]) -> None:
        self.begin(runner, "destroy", "--yes", "--all", at=at)

    @rule(runner=runners, saved=st.just(True))
    def plan(self, runner: str, saved: bool) -> None:
        runner = self.idle(runner)
        out = self.top / f"plan-{len(self.plans)}.json"
        said = self.begin(runner, "plan", "--exit-code", "--out", str(out))
        if said is not None and out.exists():
            self.plans.append(Plan(out, self.clones[runner].declared, self.happened))

    @rule(runner=runners, of=st.just("all"))
    def drift(self, runner: str, of: str) -> None:
        self.begin(runner, "drift")

    @rule(runner=runners, yes=st.just(True))
    def unlock(self, runner: str, yes: bool) -> None:
        """A person frees the locks of who stands still: that one begins nothing more once it knows."""
        if len(self.at_work) == 1:
            self.begin(self.idle(runner), "unlock", "--yes", "--all")

    @rule(runner=runners, number=st.integers(0, 100))
    def apply_plan(self, runner: str, number: int) -> None:
        runner = self.idle(runner)
        if not self.plans:
            return
        plan = self.plans[number % len(self.plans)]
        exact = not self.at_work and plan.happened == self.happened and plan.declared == self.clones[runner].declared
        said = self.begin(runner, "apply", str(plan.file), "--quiet", "--yes", saved=True)
        if said is not None and exact:
            assert said.code in (0, 5) or self.failed(), said
        if said is not None and said.code == 0:
            assert plan.declared == self.clones[runner].declared

    @rule(most=st.none() | st.integers(1, 4), name=names, content=st.none() | st.just(b"by hand"))
    def by_hand(self, most: int | None, name: str, content: bytes | None) -> None:
        if self.world.cluster(CLUSTER) is not None:
            self.world.set_cluster(CLUSTER, most)
        if name in self.world.blobs(TARGET):
            self.world.set_blob(TARGET, name, content)
        self.something_happened()

    @rule(runner=runners, killed=st.booleans())
    def proceed(self, runner: str, killed: bool) -> None:
        if not self.at_work:
            self.apply(runner, [11])
            return
        runner = runner if runner in self.at_work else next(iter(self.at_work))
        if not killed:
            self.go_on(runner)
            return
        at_work = self.at_work.pop(runner)
        at_work.held.kill()
        self.told[f"{at_work.verb} killed"] += 1
        self.dead = True
        self.something_happened()

    @rule(seconds=st.just(60), of=st.just("all"))
    def let_time_pass(self, seconds: int, of: str) -> None:
        """What stands still holds nothing after that, and what was killed neither."""
        self.world.let_time_pass()
        self.something_happened()
        self.dead = False

    # How it goes

    def idle(self, runner: str) -> str:
        """The runner, if it is not at work, else the other; where both are, it goes on to its end."""
        if runner in self.at_work and len(self.at_work) < len(RUNNERS):
            return RUNNERS[1 - RUNNERS.index(runner)]
        while runner in self.at_work:
            self.go_on(runner)
        return runner

    def go_on(self, runner: str) -> None:
        """Let a command that stands still go on."""
        self.at_work[runner].held.go_on()
        self.rest(runner)

    def something_happened(self) -> None:
        self.happened += 1
        for one in self.at_work.values():
            one.alone = False

    def begin(
        self, runner: str, verb: str, *arguments: str, at: Sequence[int] = (), saved: bool = False
    ) -> Said | None:
        """A command, until it has ended or stands still; what it said, if it has ended."""
        runner = self.idle(runner)
        before = self.seen()
        unfinished = [name for name, status in self.world.runs().items() if status.lower() not in ENDED]
        held = self.world.start(runner, [verb, *arguments], at)
        alone = not self.at_work
        if verb not in READING:
            self.something_happened()
        self.at_work[runner] = AtWork(held, verb, self.clones[runner].declared, alone)
        said = self.rest(runner)
        if said is not None and alone:
            if verb == "apply" and not saved and not unfinished and not self.dead:
                assert said.code == 0 or self.failed(), said
            if verb in READING and self.reached == (self.happened, self.clones[runner].declared):
                # What is extra is drift where it would be removed, if it were ours.
                assert said.code == 0 or (verb == "drift" and self.clones[runner].declared.prune), said
            if said.code in (4, 5, 65) or verb in READING:
                assert self.seen() == before, said
        return said

    def rest(self, runner: str) -> Said | None:
        """Wait for a command, and check how it has ended if it has. What it waits for goes on, too."""
        at_work = self.at_work[runner]
        others = [one for name, one in self.at_work.items() if name != runner]
        while not at_work.held.rest(HELD_UP if others else PATIENCE):
            assert others, f"{runner}'s {at_work.verb} does not end"
            for one in others:
                one.held.go_on(beside=True)
        for one in others:
            assert one.held.rest(), f"the other's {one.verb} does not end"
        if at_work.held.stands:
            return None
        del self.at_work[runner]
        said = at_work.held.said()
        how = f"{at_work.verb} {said.code} {'alone' if at_work.alone else 'beside others'}"
        self.told[how] += 1
        note(f"# {runner}: {how}")
        assert said.code in ALLOWED[at_work.verb] or self.is_excused(at_work, said), said
        if at_work.alone and said.code == 0:
            self.check_reached(at_work, said)
        return said

    def is_excused(self, at_work: AtWork, said: Said) -> bool:
        """Whether it could not help to end so: what it had made was changed before it looked at it once more, or the
        cluster was deleted under a run."""
        changed = said.code == 1 and "plan again" in said.err and not at_work.alone
        return changed or (said.code == 100 and bool(self.failed()))

    def failed(self) -> list[str]:
        return [name for name, status in self.world.runs().items() if status in FAILED]

    def check_reached(self, at_work: AtWork, said: Said) -> None:
        declared = at_work.declared
        if at_work.verb == "apply":
            assert self.world.cluster(CLUSTER) == declared.most, said
            blobs = self.world.blobs(TARGET)
            assert {name: blobs.get(name) for name in declared.contents} == declared.contents, said
            self.reached = self.happened, declared
        elif at_work.verb == "destroy":
            assert self.world.cluster(CLUSTER) is None, said

    def seen(self) -> Mapping[str, object]:
        """What is there."""
        return {
            "clusters": {name: self.world.cluster(name) for name in (CLUSTER, "theirs")},
            **{target: dict(self.world.blobs(target)) for target in (TARGET, "letters", "theirs")},
            "runs": {*self.world.runs()},
        }

    def check_strangers(self) -> None:
        assert self.world.cluster("theirs") == 7
        assert self.world.blobs("theirs") == {"x.txt": b"theirs"}
        assert self.world.blobs(TARGET)["by-hand.txt"] == b"by hand"
        again = [name for name in self.world.runs() if name.count("-") > 1]
        assert not again or self.failed(), f"attempted twice: {again}"
        assert not self.world.submitted_twice()

    def teardown(self) -> None:
        try:
            for runner in list(self.at_work):
                while runner in self.at_work:
                    self.go_on(runner)
            assert self.dead or not self.world.held(), "a lock is held, and nobody is at work"
            self.world.let_time_pass()
            self.dead = False
            self.pull(RUNNERS[0])
            again = ["--rerun"] if self.failed() else []
            for one in (["apply", "--quiet", "--yes", *again], ["plan", "--exit-code"]):
                said = self.begin(RUNNERS[0], *one)
                assert said is not None
                assert said.code == 0, said
            self.check_strangers()
            assert not self.world.held()
            assert not self.world.left()
        finally:
            for at_work in self.at_work.values():
                at_work.held.kill()
            self._stack.close()


FAILED = {"failed", "Failed", "Canceled"}
"""How runs are that their cluster was taken from: the same is not attempted again without being asked."""

ENDED = {"succeeded", "failed", "completed", "canceled"}
READING = {"plan", "drift"}
ALLOWED: Mapping[str, set[int]] = {
    "apply": {0, 4, 5},
    "destroy": {0, 4, 5},
    "drift": {0, 3},
    "plan": {0, 2, 4},
    "unlock": {0},
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What both clones are copied from."""
    folder = tmp_path_factory.mktemp("template")
    git(folder, "init", "-q", "-b", "main", "--template=", ".")
    (folder / ".specrun.yaml").write_text("repository: example.com/ours\nspecs: ['*.yaml']\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def go_through(
    search: Search,
    template: Path,
    enter: Callable[[Path], AbstractContextManager[World]],
    sample: int,
    whole: int,
    steps: int = 8,
) -> None:
    settings = drawn(
        sample,
        whole,
        stateful_step_count=20 if search.whole else steps,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    told: ClassVar[Counter[str]] = Counter()
    kind = type("History", (History,), {"enter": staticmethod(enter), "template": template, "told": told})
    run_state_machine_as_test(seed(search.random.getrandbits(32))(kind), settings=settings)
    print(f"{settings.max_examples} histories: {dict(sorted(told.items()))}")


@contextlib.contextmanager
def here(folder: Path) -> Iterator[World]:
    folder.mkdir()
    yield Here(folder)


@pytest.mark.long
@pytest.mark.slow
def test_any_history_here_ends_as_declared(search: Search, template: Path) -> None:
    go_through(search, template, here, 3, 1000)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("engine", ["azureml", "azureml-v1"])
def test_any_history_in_azure_ends_as_declared(search: Search, template: Path, engine: str) -> None:
    if engine == "azureml-v1" and not search.whole:
        pytest.skip("only with -m long")
    go_through(search, template, lambda folder: azure_world(folder, engine), 1, 100, 5)
