"""Tests that need the emulated storage say so together, where it cannot be had; long searches are samples."""

from __future__ import annotations

import sys

COMPILES_NOTHING = sys.dont_write_bytecode
sys.dont_write_bytecode = False  # while tests are collected: each worker would compile all of them anew, 11 s of CPU

# ruff: noqa: E402
import atexit
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from emulator.azurite.server import Unavailable, install
from specrun.spec import secrets
from tests.searching import WHOLE, Search, search_of

HERE = Path(__file__).parent
THERE = pytest.StashKey[set[str]]()
"""What was at the root of the project before the first test."""
os.environ.pop("CI", None)  # specrun is stricter under it; the tests of that set it
for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):  # jobs run in the Python of the tests
    os.environ.pop(name, None)
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="specrun-tests-")  # the key of tests is not the user's
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)
NEED_AZURITE = (
    "azure_engines/test_drift",
    "azureml_v1/",
    "azureml_v2/",
    "blobs/",
    "emulator/",
    "examples/test_azure",
    "faults/test_azure_",
    "ui/test_workspace",
)
TOGETHER = ("faults/test_azure_routes.py", "faults/test_azure_silence.py", "cli/test_audit.py", "editor/test_editor.py")
"""Files whose tests one worker does: all that they look at is begun, once, when the first of them is asked for."""

IN_A_BROWSER = "tests/ui/"
"""A folder likewise: all its tests share one browser."""

FIRST = (
    "ui/",
    "faults/test_azure_kills.py",
    "faults/test_apply_kills.py",
    "long/",
    "examples/",
    "faults/test_azure_throttling.py",
)
"""What takes a minute and more goes first, so that nobody waits for the last of them."""


class OneByOne(LoadScopeScheduling):
    """Gives each test to the next idle worker, but a file of `TOGETHER` to one, and all `IN_A_BROWSER`. (What
    `--dist loadgroup` is for does not work with pytest 9.2 and pytest-xdist 3.8: tests lose their groups.)
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith(IN_A_BROWSER):
            return IN_A_BROWSER
        return file if file.endswith(TOGETHER) else nodeid

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        super().add_node_collection(node, collection)
        if node in self.registered_collections:
            self.registered_collections[node] = Numbered(collection)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """What is done is looked at no more: at each test's end, all that a worker has been given is counted."""
        super().mark_test_complete(node, item_index, duration)
        given, scope = self.assigned_work[node], self._split_scope(self.registered_collections[node][item_index])
        if all(given[scope].values()):
            del given[scope]


class Numbered(list[str]):
    """The names of tests, which know where they stand: one is looked for each time that it is given to a worker."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(names)
        self._numbers = {name: number for number, name in enumerate(names)}

    def index(self, name: str, *_: object) -> int:
        return self._numbers[name]


def pytest_configure(config: pytest.Config) -> None:
    """Say before tests are imported how far they search."""
    if config.option.markexpr == "long":
        os.environ[WHOLE] = "1"
    else:
        os.environ.pop(WHOLE, None)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneByOne:
    return OneByOne(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Install Azurite for the tests that talk to it; leave them out, with the reason, where that does not work."""
    items.sort(key=lambda item: not below_here(item).startswith(FIRST))
    needy = [item for item in items if below_here(item).startswith(NEED_AZURITE)]
    try:
        if needy:
            install()
    except Unavailable as problem:
        for item in needy:
            item.add_marker(pytest.mark.skip(reason=str(problem)))


def below_here(item: pytest.Item) -> str:
    """A test by its path in this folder; its `path` is one that is taken apart for each of the thousands."""
    return item.nodeid.removeprefix("tests/")


def pytest_collection_finish() -> None:
    sys.dont_write_bytecode = COMPILES_NOTHING


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[THERE] = {path.name for path in HERE.parent.iterdir()}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """No test leaves anything beside the project's own folders."""
    left = {path.name for path in HERE.parent.iterdir()} - session.config.stash[THERE]
    left = {name for name in left if not name.startswith(".") and name not in ("build", "dist", "live-report")}
    if left and not hasattr(session.config, "workerinput"):
        print(f"\nTests have left behind, at the root of the project: {', '.join(sorted(left))}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test calls a secret is none of the next one's."""
    monkeypatch.setattr(secrets, "_values", ())
    monkeypatch.setattr(secrets, "_forms", ())


@pytest.fixture
def search(request: pytest.FixtureRequest) -> Search:
    """How far a test marked `long` goes. pytest shows what this prints when the test fails."""
    found = search_of(request.config.option.markexpr, request.node.name)
    print(f"to see the same again: SPECRUN_SEED={found.seed} SPECRUN_LONG={found.scale:g}")
    return found
