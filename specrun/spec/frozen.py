"""Dataclasses that cannot be changed, made in a fraction of the time that the standard library takes.

That one writes and compiles seven functions for each class when its module is imported, and most are never called: a
third of the start of `apply`. Here one is compiled, `__init__`; those that compare, hash, show and refuse are written
once and go through the fields. Fields, slots, `replace`, `fields`, `asdict` and patterns are the standard library's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    from dataclasses import MISSING, Field, FrozenInstanceError, fields
    from dataclasses import dataclass as standard
    from operator import attrgetter

    def dataclass(*, frozen: bool = False, slots: bool = False, kw_only: bool = False, **others: bool) -> Any:
        """`@dataclass(frozen=True, slots=True)`; with other arguments as the standard library has it."""
        if frozen and slots and not others:
            return lambda cls: _frozen(cls, kw_only)
        return standard(frozen=frozen, slots=slots, kw_only=kw_only, **others)

    def _frozen(cls: type, kw_only: bool) -> type:
        own = dict(vars(cls))
        made = standard(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(cls)
        of_all = fields(made)
        values = _getter([field.name for field in of_all if field.compare])
        methods = {
            "__init__": _init(made, of_all),
            "__repr__": _repr,
            "__eq__": lambda one, other: (
                values(one) == values(other) if other.__class__ is one.__class__ else NotImplemented
            ),
            "__setattr__": _refuse,
            "__delattr__": _refuse,
            "__getstate__": _get_state,
            "__setstate__": _set_state,
        }
        for name, method in methods.items():
            if name not in own:
                setattr(made, name, method)
        if own.get("__hash__") is None:  # as Python leaves it, too, for who has an `__eq__` of their own
            made.__hash__ = lambda one: hash(values(one))
        return made

    def _getter(names: list[str]) -> Any:
        """What reads these attributes as a tuple."""
        if len(names) > 1:
            return attrgetter(*names)
        return lambda one: tuple(getattr(one, name) for name in names)

    def _init(cls: type, of_all: tuple[Field, ...]) -> Any:
        scope: dict[str, Any] = {"MISSING": MISSING}
        by_place: list[str] = []
        by_name: list[str] = []
        body: list[str] = []
        for field in of_all:
            name, given = field.name, field.name
            scope[f"set_{name}"] = getattr(cls, name).__set__  # its slot's, which nothing refuses
            if field.default is not MISSING:
                scope[f"default_{name}"] = field.default
                given = f"{name}=default_{name}"
            elif field.default_factory is not MISSING:
                scope[f"make_{name}"] = field.default_factory
                given = f"{name}=MISSING"
                body.append(f"if {name} is MISSING: {name} = make_{name}()")
            (by_name if field.kw_only else by_place).append(given)
            body.append(f"set_{name}(self, {name})")
        taken = ", ".join(["self", *by_place, *(["*", *by_name] if by_name else [])])
        exec("\n ".join([f"def __init__({taken}):", *(body or ["pass"])]), scope)
        return scope["__init__"]

    def _repr(self: Any) -> str:
        shown = (f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
        return f"{self.__class__.__qualname__}({', '.join(shown)})"

    def _refuse(self: Any, name: str, *_: object) -> None:
        raise FrozenInstanceError(f"{self.__class__.__qualname__}.{name} cannot be changed")

    def _get_state(self: Any) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]

    def _set_state(self: Any, state: list[Any]) -> None:
        for field, value in zip(fields(self), state, strict=True):
            object.__setattr__(self, field.name, value)
