"""Frozen dataclasses made quickly are what the standard library's are."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import Any, ClassVar

import pytest

from specrun.spec import frozen


class Point:
    """Fields of every kind."""

    FACTS: ClassVar[int] = 1
    x: int
    y: float = 2.0
    names: list[str] = field(default_factory=list)
    note: str = field(default="", compare=False, repr=False)

    @property
    def sum(self) -> float:
        return self.x + self.y


class Deeper(Point):
    """Inherits fields, and one of them with another default."""

    y: float = 3.0
    z: int = 0


def _classes(make: Any) -> tuple[Any, Any, Any]:
    def fresh(cls: type, bases: tuple[type, ...], **options: bool) -> Any:
        body = {name: value for name, value in vars(cls).items() if name not in ("__dict__", "__weakref__")}
        return make(frozen=True, slots=True, **options)(type(cls.__name__, bases, copy.copy(body)))

    point = fresh(Point, ())
    named = make(frozen=True, slots=True, kw_only=True)(
        type("Named", (point,), {"__annotations__": {"key": str, "at": int}, "at": 7, "__module__": __name__})
    )
    return point, fresh(Deeper, (point,)), named


STANDARD, OURS = _classes(dataclass), _classes(frozen.dataclass)


@pytest.mark.parametrize(
    "told",
    [
        lambda point, *_: repr(point(1)),
        lambda _, deeper, __: repr(deeper(1, names=["a"], z=2)),
        lambda _, __, named: repr(named(1, key="k")),
        lambda point, *_: asdict(point(1, names=["a"])),
        lambda _, deeper, __: [(one.name, one.default) for one in fields(deeper) if one.name != "names"],
        lambda point, *_: repr(replace(point(1), x=5)),
        lambda point, *_: (point(1) == point(1, note="n"), point(1) == point(2), point(1) == (1, 2.0, [], "")),
        lambda point, deeper, _: (point(1, 3.0) == deeper(1), deeper(1) == deeper(1)),
        lambda point, *_: (point(1).names is point(1).names, point(1).sum, point.FACTS),
        lambda point, *_: (point.__match_args__, point.__doc__, hasattr(point(1), "__dict__")),
        lambda _, __, named: named.__match_args__,
        lambda point, *_: hash(replace(point(1), names=())) == hash(point(1, names=(), note="n")),
        lambda point, *_: repr(copy.deepcopy(point(1, names=["a"]))),
        lambda _, deeper, __: repr(copy.copy(deeper(1, z=4))),
    ],
)
def test_they_say_the_same(told: Any) -> None:
    assert told(*OURS) == told(*STANDARD)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda point, *_: point(),
        lambda point, *_: point(1, 2, [], "", 5),
        lambda point, *_: point(1, other=2),
        lambda _, __, named: named(1, 2.0, [], "", "k"),
        lambda point, *_: hash(point(1)),
        lambda point, *_: setattr(point(1), "x", 2),
        lambda point, *_: delattr(point(1), "x"),
        lambda point, *_: replace(point(1), other=2),
    ],
)
def test_they_refuse_the_same(wrong: Any) -> None:
    raised = []
    for classes in (OURS, STANDARD):
        with pytest.raises((TypeError, FrozenInstanceError)) as caught:
            wrong(*classes)
        raised.append(caught.type)
    assert raised[0] is raised[1]


@frozen.dataclass(frozen=True, slots=True)
class Sent:
    """To another process."""

    what: str
    many: tuple[int, ...] = ()


@frozen.dataclass(frozen=True, slots=True)
class Own:
    """What it has of its own stays."""

    x: int

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 5

    def __repr__(self) -> str:
        return "own"


def test_they_travel_to_other_processes() -> None:
    sent = Sent("a", (1, 2))
    assert pickle.loads(pickle.dumps(sent)) == sent


def test_what_a_class_has_of_its_own_stays() -> None:
    assert (Own(1) == 7, hash(Own(1)), repr(Own(1))) == (True, 5, "own")


def test_other_arguments_are_for_the_standard_library() -> None:
    changed = frozen.dataclass(slots=True)(type("Changed", (), {"__annotations__": {"x": int}}))(1)
    changed.x = 2
    assert (changed.x, dataclasses.is_dataclass(changed)) == (2, True)
