"""Where the suite runs: an engine, its workspace, and what may be done there. A new engine is a new place."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from emulator.state import Service

MINUTE = 60.0
EMULATED = ("conformance-ws", "conformance-rg")
"""The emulated workspace and its resource group."""

LIVE_NAMES = ("SPECRUN_LIVE_WORKSPACE", "SPECRUN_LIVE_RESOURCE_GROUP", "SPECRUN_LIVE_SUBSCRIPTION_ID")
LIVE_ENGINES = ("azureml", "azureml-v1")
RECORDINGS = "SPECRUN_LIVE_RECORDINGS"
"""Variables that name the live workspace, and the folder for what `make live` notes of its answers."""


@dataclass(frozen=True, slots=True)
class Store:
    """A storage account with a blob container that exists, a file share and a lake, and the account's key."""

    account: str
    key: str
    container: str


@dataclass(frozen=True, slots=True)
class Place:
    """`workspace` is the text of the specs' `workspace:`; `fresh` of one that is not there yet, where it may be made.

    `compute` is a cluster with room for four instances, "" to have one made; `size` and `another` are machine sizes.
    `environment` is what specrun's process needs; `patience` how many seconds a command may take.

    `can` holds what not every place can: "workspaces" (make one), "clusters" (a named one must be there), "replace"
    (some fields of a cluster are fixed), "mpi", "network" (clusters in the virtual network `vnet`, subnet `default`),
    "images" (any environment, at once), "metrics" (logged through SDK v1), "owners" (of datastores
    are known), "asks" (before it changes anything), "sweeps".
    `by_hand(name, size, most)` makes a cluster, or changes its `max_instances`, behind specrun's back.
    `costly`: what is made there is paid for, so it is taken away again after each test.
    `recordings`: a folder for the shapes of the answers that the commands get, or None.
    """

    name: str
    engine: str
    workspace: str
    fresh: str
    environment: Mapping[str, str] = field(default_factory=dict)
    compute: str = ""
    size: str = "STANDARD_DS2_V2"
    another: str = "STANDARD_DS3_V2"
    store: Store | None = None
    patience: float = 2 * MINUTE
    can: frozenset[str] = frozenset()
    by_hand: Callable[[str, str, int], None] | None = None
    costly: bool = False
    recordings: Path | None = None

    def has(self, what: str) -> bool:
        """Whether it can do that, or has a `store` or `by_hand`."""
        return what in self.can or (what in ("store", "by_hand") and getattr(self, what) is not None)


def _workspace(name: str, group: str, subscription: str, *, create: bool) -> str:
    made = ", location: westeurope, create: true" if create else ""
    return f"{{name: {name}, resource_group: {group}, subscription_id: {subscription}{made}}}"


@contextlib.contextmanager
def local(folder: Path) -> Iterator[Place]:
    """This machine. A workspace may stand in a spec and is not read."""
    workspace = _workspace("unread-ws", "unread-rg", str(uuid.UUID(int=0)), create=True)
    store = Store("mlstore", "bm8gc2VjcmV0", "training")
    yield Place(
        "local",
        "local",
        workspace,
        workspace,
        compute="this-machine",
        store=store,
        can=frozenset({"owners", "sweeps", "models"}),
    )


def azureml(folder: Path) -> contextlib.AbstractContextManager[Place]:
    """The engine azureml against the emulator: the unmodified SDK v2, and nobody pays."""
    pytest.importorskip("azure.ai.ml", reason="needs SDK v2: pip install '.[azureml]'")
    return _emulated(folder, "azureml", frozenset({"owners", "sweeps", "models"}))


def azureml_v1(folder: Path) -> contextlib.AbstractContextManager[Place]:
    """The engine azureml-v1 against the emulator: the unmodified SDK v1, and nobody pays."""
    pytest.importorskip("azureml.core", reason="needs SDK v1: pip install '.[azureml-v1]'")
    return _emulated(folder, "azureml-v1", frozenset())


@contextlib.contextmanager
def _emulated(folder: Path, engine: str, more: frozenset[str]) -> Iterator[Place]:
    from emulator import Emulator
    from emulator.azurite.server import NAMED, Unavailable, account_key, install

    try:
        install()
    except Unavailable as problem:
        pytest.skip(str(problem))
    with Emulator(folder / "emulator") as emulator:
        emulator.service.retry_after = 0  # SDKs that are told nothing look every 30 s
        subscription = emulator.service.subscription
        store = Store(NAMED[0], account_key(NAMED[0]), f"conformance-{uuid.uuid4().hex[:8]}")
        emulator.service.stores.blobs(store.account).ensure(store.container)
        yield Place(
            engine,
            engine,
            _workspace(*EMULATED, subscription, create=True),
            _workspace("fresh-ws", "fresh-rg", subscription, create=True),
            emulator.environment,
            store=store,
            can=more | {"workspaces", "clusters", "replace", "mpi", "network", "images", "metrics", "asks"},
            by_hand=functools.partial(_cluster_by_hand, emulator.service),
        )


def _cluster_by_hand(service: Service, name: str, size: str, most: int) -> None:
    from emulator.clusters import SUCCEEDED, Cluster, Settings

    workspace = service.workspace(service.subscription, EMULATED[1], EMULATED[0])
    with service.lock:
        found = workspace.cluster(name)
        if found is None:
            found = Cluster(name, Settings(size, most, location=workspace.location), {}, None)
            found.provisioning = SUCCEEDED
            workspace.computes[name.lower()] = found
        found.settings = dataclasses.replace(found.settings, max_nodes=most)


@contextlib.contextmanager
def live(engine: str, folder: Path) -> Iterator[Place]:
    """A workspace that exists, named by SPECRUN_LIVE_…; signed in as whoever runs the tests is."""
    if missing := [name for name in LIVE_NAMES if not os.environ.get(name)]:
        pytest.skip(f"a live workspace needs {', '.join(missing)}")
    if os.environ.get("SPECRUN_LIVE_ENGINE") not in (engine, "", None):
        pytest.skip("SPECRUN_LIVE_ENGINE is another one")
    workspace = _workspace(*(os.environ[name] for name in LIVE_NAMES), create=False)
    kept = {name: value for name, value in os.environ.items() if name.startswith(("AZURE_", "ACTIONS_ID_", "SYSTEM_"))}
    yield Place(
        f"live-{engine}",
        engine,
        workspace,
        workspace,
        {"AZURE_CONFIG_DIR": str(Path.home() / ".azure"), **kept},
        compute=os.environ.get("SPECRUN_LIVE_COMPUTE", ""),
        patience=60 * MINUTE,
        can=frozenset(
            {"clusters", "replace", "mpi", "metrics", "asks"} | ({"sweeps", "models"} if engine == "azureml" else set())
        ),
        costly=True,
        recordings=Path(os.environ[RECORDINGS]) if RECORDINGS in os.environ else None,
    )


PLACES: Mapping[str, Callable[[Path], contextlib.AbstractContextManager[Place]]] = {
    "local": local,
    "azureml": azureml,
    "azureml-v1": azureml_v1,
    **{f"live-{engine}": functools.partial(live, engine) for engine in LIVE_ENGINES},
}
