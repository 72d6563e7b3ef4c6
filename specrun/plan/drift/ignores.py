"""What of drift is not to count: `--ignore compute/gpu-cluster.max_instances`, `data/*`, `tags.*`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from specrun.plan.kinds.base import Converging, Planned
from specrun.plan.kinds.data import DataTarget
from specrun.spec.frozen import dataclass
from specrun.spec.model import Properties
from specrun.spec.nearest import nearest


@dataclass(frozen=True, slots=True)
class Ignores:
    """Patterns, in which `*` stands for anything and `?` for one character, dots and slashes too.

    One fits a resource by its address, one of its fields as `ADDRESS.FIELD`, a field of all resources as `FIELD`, and a
    file of a data target as `ADDRESS/FILE`; and with each of these what is below it.
    """

    patterns: tuple[str, ...] = ()

    def covers(self, resource: Planned) -> bool:
        """Whether a resource as a whole is not to count."""
        return self._any_fit([resource.address])

    def fits(self, resource: Planned, path: str, *, is_file: bool = False) -> bool:
        """Whether a field, or a file, of a resource is not to count."""
        return bool(self.patterns) and self._any_fit(_names(resource, path, is_file=is_file))

    def unfit(self, resources: Iterable[Planned]) -> tuple[str, ...]:
        """Those patterns that no resource, nor any field that is compared, could ever fit; each with what is near."""
        if not self.patterns:
            return ()
        known: dict[str, None] = {}
        targets: list[str] = []
        for resource in resources:
            known[resource.address] = None
            if isinstance(resource, DataTarget):
                targets.append(resource.address)
            elif isinstance(resource, Converging) and resource.managed:
                known |= {name: None for path in _fields(resource.properties) for name in _names(resource, path)}
        found = []
        for pattern in self.patterns:
            of_file = (pattern[:end] for end, char in enumerate(pattern) if char == "/")
            if any(fnmatchcase(name, pattern) for name in known):
                continue
            if any(fnmatchcase(target, part) for part in of_file for target in targets):
                continue  # a file that may be there some day
            near = nearest(pattern, known)
            found.append(f"{pattern} fits nothing that is compared{f': did you mean {near}?' if near else ''}")
        return tuple(found)

    def _any_fit(self, names: Iterable[str]) -> bool:
        return any(fnmatchcase(name, pattern) for name in names for pattern in self.patterns)


def _names(resource: Planned, path: str, *, is_file: bool = False) -> Iterator[str]:
    """All that a pattern may say for a field or a file, or for what it is below."""
    yield resource.address
    separator = "/" if is_file else "."
    parts = path.split(separator)
    for depth in range(1, len(parts) + 1):
        name = separator.join(parts[:depth])
        yield f"{resource.address}{separator}{name}"
        if not is_file:
            yield name


def _fields(values: Properties, prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _fields(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"
