"""What `--only` and `--exclude` mean: some of the specs, by name, folder and tag, or of the kinds of resources."""

# ruff: noqa: PTH100, PTH120
# There may be thousands of specs.

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from specrun.spec.boundary import is_below
from specrun.spec.frozen import dataclass


class About(NamedTuple):
    """What a spec can be selected by. `tags` are those of its job and its cluster, as KEY=VALUE."""

    file: str
    name: str
    tags: tuple[str, ...]
    chosen: bool = True

    @property
    def folder(self) -> str:
        """Where it is."""
        return os.path.dirname(self.file) or os.curdir


@dataclass(frozen=True, slots=True)
class Selector:
    """One condition, such as `folder:team`. `by` is name, folder or tag; or kind, which is about a plan's resources."""

    by: str
    value: str

    def __str__(self) -> str:
        return f"{self.by}:{self.value}"

    def fits(self, spec: About) -> bool:
        """Whether a spec is one of those that are meant."""
        return _FITS[self.by](self.value, spec)


@dataclass(frozen=True, slots=True)
class Selection:
    """Specs that any of `only` fits (without those, all), and none of `exclude`."""

    only: Sequence[Selector] = ()
    exclude: Sequence[Selector] = ()

    def about(self, file: str, values: Mapping[str, Any]) -> About:
        """What is said of the spec in a file, whose values need not be right, and whether it is chosen."""
        spec = About(file, str(values.get("name", "")), tuple(_tags(values)))
        wanted = not self.only or any(one.fits(spec) for one in self.only)
        return spec._replace(chosen=wanted and not any(one.fits(spec) for one in self.exclude))


@dataclass(frozen=True, slots=True)
class Kinds:
    """Kinds of resources: where there are some in `only`, no others; and none of `exclude`."""

    only: Collection[str] = ()
    exclude: Collection[str] = ()


def _tags(values: Mapping[str, Any]) -> Iterator[str]:
    for section in ("job", "compute"):
        part = values.get(section)
        tags = part.get("tags") if isinstance(part, Mapping) else None
        if isinstance(tags, Mapping):
            yield from (f"{key}={value}" for key, value in tags.items())


def _has_name(value: str, spec: About) -> bool:
    return fnmatchcase(spec.name, value)


def _is_in(value: str, spec: About) -> bool:
    folder, wanted = os.path.abspath(spec.folder), os.path.abspath(value)
    if is_below(folder, wanted) or is_below(os.path.realpath(folder), os.path.realpath(wanted)):
        return True
    while not fnmatchcase(folder, wanted):
        if folder == os.path.dirname(folder):
            return False
        folder = os.path.dirname(folder)
    return True


def _has_tag(value: str, spec: About) -> bool:
    pattern = value if "=" in value else f"{value}=*"
    return any(fnmatchcase(tag, pattern) for tag in spec.tags)


_FITS: Mapping[str, Callable[[str, About], bool]] = {"name": _has_name, "folder": _is_in, "tag": _has_tag}

BY = tuple(_FITS)
"""What specs are selected by."""
