"""What the specs ask for: resources, each in its place. What is particular to a kind stands in a module of `kinds`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, TypeAlias, get_args

from specrun.spec.frozen import dataclass

if TYPE_CHECKING:
    from specrun.plan.makers import Maker
    from specrun.spec.diagnostics import Location
    from specrun.spec.model import Origin, Properties, Spec

Kind: TypeAlias = Literal["workspace", "compute", "datastore", "data", "environment", "run", "model"]

KIND_NAMES: tuple[Kind, ...] = get_args(Kind)

DEFAULT_DATASTORE = "default"
"""Stands in addresses for the workspace's default datastore, whose name only the engine knows."""


@dataclass(frozen=True, slots=True)
class Capability:
    """What an engine can do to one kind. `in_place`: fields that can change without replacing (None: all of them).

    `write_only`: fields, with dots, that no service gives back: what cannot be observed is not compared. `kept`: why
    things of this kind are never deleted ("": they may be). `caseless`: fields that are compared without case, so that
    a spec may spell them either way. `leaves`: what stays, and what does not, when one is deleted ("": all goes);
    `brings`: what is made with one that is made; `stays`: what is there of a kind, and goes on to be, that `destroy`
    does not delete.
    """

    in_place: frozenset[str] | None = frozenset()
    replaceable: bool = False
    write_only: frozenset[str] = frozenset()
    kept: str = ""
    leaves: str = ""
    brings: str = ""
    stays: str = ""
    caseless: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """Where specs are made real: an engine, and one workspace of those that it reaches ("": it knows none).

    Names of clusters, datastores and runs mean something within a place only. `title` is the place in words, `name`
    what the workspace is called there ("": as each spec calls it).
    """

    engine: str
    workspace: str = ""
    title: str = field(default="", compare=False)
    name: str = field(default="", compare=False)


class Key(NamedTuple):
    """A resource among all those of a graph. Within its place the address is enough, as in `compute/gpu-cluster`."""

    place: Place
    address: str

    def __str__(self) -> str:
        return self.address

    @property
    def title(self) -> str:
        """The address as people read it: a model's without the spec and the output that are registered as one."""
        return self.address.rsplit("/", 2)[0] if self.is_model else self.address

    @property
    def is_model(self) -> bool:
        """Whether it is one that is registered."""
        return self.address.startswith("model/")


def same_thing(key: Key) -> tuple[str, str]:
    """What is the same of a thing, whichever engine's place it was seen in, and however its name is spelled."""
    return key.place.workspace, key.address.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource(ABC):
    """One thing that must exist in a place.

    `managed` is false for what a spec only names (a bare `compute`, a workspace without `create`): it is used and
    never changed. `maker` is who asks for it, under whose name it is made. `needs` must be there first. `origins` are
    all the places where it is declared, where there are several.
    """

    kind: ClassVar[Kind]
    place: Place
    name: str
    maker: Maker
    origin: Origin = field(compare=False, repr=False)
    needs: tuple[Key, ...] = ()
    managed: bool = True
    origins: tuple[Origin, ...] = field(default=(), compare=False, repr=False)

    @property
    def address(self) -> str:
        """What people and tools call it, as in `compute/gpu-cluster`."""
        return f"{self.kind}/{self.name}"

    @property
    def key(self) -> Key:
        """What it is known by among all resources."""
        return Key(self.place, self.address)

    @property
    def location(self) -> Location:
        """The place in the spec that asks for it."""
        return self.origin.location

    @property
    @abstractmethod
    def wanted(self) -> Properties:
        """What was asked for, in the spec's own spelling."""


def workspace_key(spec: Spec, place: Place) -> tuple[Key, ...]:
    """The key of the spec's workspace, which all else in it needs; none where the spec names none."""
    if spec.workspace is None:
        return ()
    return (Key(place, f"workspace/{workspace_name(spec.workspace, place)}"),)


def workspace_name(workspace: Properties, place: Place) -> str:
    """What a spec's workspace is called: by its place, else by the spec, else the file that says it, as written."""
    from specrun.spec.model import LocalPath

    config = workspace.get("from_config")
    written = config.written if isinstance(config, LocalPath) else config
    return place.name or str(workspace.get("name") or written)
