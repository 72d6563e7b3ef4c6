"""Who made something on Azure, as its tags and the metadata of blobs say it: set when it is made, and never after."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from specrun.plan.makers import Maker

SPEC, REPOSITORY, TARGET = "specrun", "specrun-repository", "specrun-target"

TAGS = (SPEC, REPOSITORY, TARGET)
"""The tags that are specrun's own: no spec's, and compared with none."""

METADATA = (SPEC, "specrun_repository", "specrun_target")
"""The same of a blob, whose metadata has names without hyphens."""

_maker = lru_cache(Maker)
"""A listing has millions of blobs, of a few makers."""


def tags_of(maker: Maker) -> dict[str, str]:
    """The tags of what a spec makes: no more of its maker than there is to say."""
    return _named(TAGS, maker)


def maker_in(tags: Mapping[str, object] | None) -> Maker:
    """Who made what has these tags; nobody where they do not say it."""
    return _read(TAGS, tags or {})


def metadata_of(maker: Maker) -> dict[str, str]:
    """The metadata of what a spec uploads."""
    return _named(METADATA, maker)


def uploader_in(metadata: Mapping[str, object]) -> Maker:
    """Who uploaded a blob with this metadata; nobody where it does not say it."""
    return _read(METADATA, metadata)


def _named(names: tuple[str, ...], maker: Maker) -> dict[str, str]:
    said = zip(names, (maker.spec, maker.repository, maker.target), strict=True)
    return {name: value for name, value in said if value}


def _read(names: tuple[str, ...], said: Mapping[str, object]) -> Maker:
    return _maker(*(str(said.get(name) or "") for name in names))
