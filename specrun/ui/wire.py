"""What a page or a widget asks with, and how it is told no."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from specrun.spec.frozen import dataclass
from specrun.spec.masking import mask

NOTHING: object = object()
"""There is nothing new to tell."""


class Refused(Exception):
    """A question that is not answered; `status` is HTTP's, the message is for people."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(mask(message))
        self.status = status

    @property
    def data(self) -> dict[str, object]:
        """As a JSON value."""
        return {"status": self.status, "message": str(self)}


class Params:
    """What stands behind the path of a question: texts in an address, JSON values in a message."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    @property
    def values(self) -> Mapping[str, object]:
        """All of it, as it came."""
        return self._values

    def text(self, name: str, default: str = "", longest: int = 4000) -> str:
        """A text. Raises Refused where it is longer than anybody needs."""
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, str | int | float) or len(str(value)) > longest:
            raise Refused(400, f"`{name}` is no text of at most {longest} characters")
        return str(value)

    def needed(self, name: str) -> str:
        """A text that has to be there. Raises Refused."""
        if found := self.text(name):
            return found
        raise Refused(400, f"`{name}` is missing")

    def number(self, name: str, default: int, most: int = 1 << 53) -> int:
        """A whole number from 0 to `most`; more is taken for that. Raises Refused."""
        text = self.text(name, str(default), 32)
        try:
            number = int(text)
        except ValueError:
            raise Refused(400, f"`{name}` is no whole number: {text}") from None
        return max(0, min(number, most))

    def flag(self, name: str) -> bool:
        """Whether something is wanted."""
        return self.text(name).lower() in ("1", "true", "yes")


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at again and again, with `every` seconds in between: `look` gives the next value, or NOTHING."""

    look: Callable[[], object]
    every: float


def whole(read: Callable[[], object], every: float, alike: Callable[[object], object] = lambda value: value) -> Watched:
    """A value that is told whole whenever what is `alike` of it has changed."""
    last: list[object] = [NOTHING]

    def look() -> object:
        value = read()
        key = alike(value)
        if key == last[0]:
            return NOTHING
        last[0] = key
        return value

    return Watched(look, every)
