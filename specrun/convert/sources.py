"""Other people's files, read: JSON and YAML with the place of what is wrong, and refusals by name."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from specrun.spec.frozen import dataclass

MAX_BYTES = 1 << 20
MAX_NOTEBOOK = 64 << 20
"""A notebook has the pictures that it showed in it."""
MAX_DEPTH = 64
MAX_VALUES = 200_000
"""What a file may hold: far more than any that people write."""

MAX_REPEATED = 50
"""Fields that stand twice, which are told; those who have more read about these first."""

MAX_BITS = 10_000
"""Of an integer: Python writes none with more than 4,300 digits."""

HUGE = "it holds a number with thousands of digits"


class Refused(Exception):
    """A file that cannot be imported. `line` and `column` are 1-based, 0 where there is no place."""

    def __init__(self, file: str, message: str, line: int = 0, column: int = 0) -> None:
        place = f"{file}:{line}:{column}" if line else file
        super().__init__(f"{place}: {message}")
        self.file, self.message, self.line, self.column = file, message, line, column


class NothingIn(Refused):
    """A file that is as it should be, and in which there is nothing to import."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text and what it holds; `at`: only what stands there in it."""

    file: str
    text: str
    values: object
    at: tuple[str | int, ...] = ()
    places: Mapping[tuple[str | int, ...], str] | None = field(default=None, compare=False, repr=False)
    """Of what was put together from a script: where in it each field stands."""
    repeats: bool = False
    """Whether a field of the file stands in it twice."""

    def repeated(self) -> Iterator[tuple[tuple[str | int, ...], int, int]]:
        """The fields that stand once more further down, which counts: each with its line, and the line there."""
        yield from _repeated(self.text) if self.repeats else ()

    def place(self, path: tuple[str | int, ...]) -> str:
        """Where a field of a YAML or JSON file stands, as in `line 12`; "" where that cannot be told."""
        if self.places is not None:
            whole = (*self.at, *path)
            ends = range(len(whole), -1, -1)
            return next((self.places[whole[:end]] for end in ends if whole[:end] in self.places), "")
        line = _lines(self.text).get((*self.at, *path))
        return f"line {line}" if line else ""


def read_text(file: str, most: int = MAX_BYTES) -> str:
    """A file's text of at most so many bytes, without a byte order mark. Raises Refused."""
    try:
        with Path(file).open("rb") as opened:
            data = opened.read(most + 1)
        if len(data) > most:
            raise Refused(file, f"it has more than {most:,} bytes")
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        raise Refused(file, f"it cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Refused(file, f"it is not text in UTF-8: byte {error.start} is {error.object[error.start]:#x}") from error


def whole(text: str) -> str:
    """A text that can be written: half a character, as JSON and Python let one write, is shown as U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def read_json(file: str) -> Source:
    """A JSON file. Raises Refused, with the place of a mistake."""
    text = read_text(file)
    try:
        values = json.loads(text, parse_constant=str)
    except json.JSONDecodeError as error:
        raise Refused(file, f"it is not JSON: {error.msg}", error.lineno, error.colno) from error
    except RecursionError as error:
        raise Refused(file, "it is nested too deeply") from error
    except ValueError as error:
        raise Refused(file, HUGE) from error
    return Source(file, text, _tree(file, values))


def read_yaml(file: str) -> Source:
    """A YAML (or JSON) file with one document, as YAML 1.1 has it, which the tools that wrote it read.

    Raises Refused, with the place of a mistake.
    """
    return parse_yaml(file, read_text(file))


def parse_yaml(file: str, text: str) -> Source:
    """The same of a text. Raises Refused, with the place of a mistake."""
    import yaml

    loader: Any = None
    try:
        loader = _loader()(text)
        values = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        raise Refused(file, f"it is not YAML: {error.problem or error.context}", *place) from error
    except yaml.YAMLError as error:
        raise Refused(file, f"it is not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise Refused(file, "it is nested too deeply") from error
    finally:
        if loader is not None:
            loader.dispose()
    return Source(file, text, _tree(file, values), repeats=loader.repeats)


def read_script(file: str) -> Source:
    """A Python file or notebook, as text. Raises Refused."""
    return Source(file, read_text(file, MAX_NOTEBOOK if file.endswith(".ipynb") else MAX_BYTES), None)


def _tree(file: str, values: object) -> object:
    """Values as mappings, lists and scalars alone, none of them twice: aliases may make a small file endless."""
    left = MAX_VALUES

    def copied(value: object, depth: int) -> object:
        nonlocal left
        left -= 1
        if left < 0 or depth > MAX_DEPTH:
            raise Refused(file, "it is nested too deeply" if left >= 0 else f"it holds more than {MAX_VALUES} values")
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise Refused(file, HUGE)
        if isinstance(value, dict):
            return {str(copied(key, depth + 1)): copied(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple, set)):
            return [copied(item, depth + 1) for item in value]
        if isinstance(value, str):
            return whole(value)
        return value if value is None or isinstance(value, (int, float)) else str(value)

    return copied(values, 0)


@lru_cache(maxsize=4)
def _lines(text: str) -> Mapping[tuple[str | int, ...], int]:
    """The line of each field of a YAML or JSON text; only what somebody has to look at is worth reading it twice."""
    import yaml

    found: dict[tuple[str | int, ...], int] = {}

    def look(node: yaml.Node | None, path: tuple[str | int, ...]) -> None:
        if len(path) > MAX_DEPTH or len(found) > MAX_VALUES:
            return
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                here = (*path, str(key.value))
                found[here] = key.start_mark.line + 1
                look(value, here)
        elif isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                found[(*path, index)] = item.start_mark.line + 1
                look(item, (*path, index))

    try:
        look(yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), ())
    except (yaml.YAMLError, RecursionError):
        return {}
    return found


def _repeated(text: str) -> Iterator[tuple[tuple[str | int, ...], int, int]]:
    import yaml

    seen: set[int] = set()

    def look(node: yaml.Node | None, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], int, int]]:
        if id(node) in seen or len(path) > MAX_DEPTH:  # as an alias is
            return
        seen.add(id(node))
        inner = node.value if isinstance(node, (yaml.MappingNode, yaml.SequenceNode)) else ()
        last: dict[str, int] = {}
        for number, item in enumerate(inner):
            if isinstance(node, yaml.SequenceNode):
                yield from look(item, (*path, number))
                continue
            key, value = item
            name, line = str(key.value), key.start_mark.line + 1
            if name in last and name != "<<":
                yield (*path, name), last[name], line
            last[name] = line
            yield from look(value, (*path, name))

    yield from itertools.islice(look(yaml.compose(text, Loader=_loader()), ()), MAX_REPEATED)


@lru_cache(maxsize=1)
def _loader() -> type:
    """PyYAML's safe loader, without dates: what looks like one stays text.

    What a tag makes of a value that it does not fit raises whatever Python does; here, YAML's error at its place.
    """
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc, valid-type]
        yaml_implicit_resolvers: ClassVar = {
            first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }

        repeats = False

        def construct_mapping(self, node: yaml.Node, deep: bool = False) -> object:
            names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<"]
            self.repeats = self.repeats or len({*names}) < len(names)
            return super().construct_mapping(node, deep)

        def construct_object(self, node: yaml.Node, deep: bool = False) -> object:
            try:
                return super().construct_object(node, deep)
            except (ValueError, LookupError, AttributeError, TypeError, ArithmeticError) as error:
                kind = node.tag.rpartition(":")[2]
                raise yaml.constructor.ConstructorError(
                    None, None, f"no {kind} can be made of this", node.start_mark
                ) from error

    return Loader
