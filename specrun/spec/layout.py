"""Mistakes of layout: what belongs in a section stands beside it, or stands in it without a name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.failures import Failure
from specrun.spec.names import section
from specrun.spec.source import Document
from specrun.spec.wording import field_name, listed, snippet

_NAMED = (("data",), ("datastores",))
"""Sections whose entries have names and are mappings."""


def explain_layout(
    document: Document, places: Mapping[str, Sequence[str]], found: Sequence[Failure]
) -> tuple[list[Diagnostic], list[Failure]]:
    """One diagnostic for each section that is laid out wrongly, and the failures that have other reasons.

    `places` maps a key's name to the sections that have it.
    """
    said: list[Diagnostic] = []
    for explained in (*_beside(document, places, found), *_unnamed(document, places, found)):
        told, because = explained
        said.append(told)
        found = [failure for failure in found if not any(failure is one for one in because)]
    return said, list(found)


def _beside(
    document: Document, places: Mapping[str, Sequence[str]], found: Sequence[Failure]
) -> Iterator[tuple[Diagnostic, list[Failure]]]:
    """An empty section with its keys after it, in its own column."""
    unknown = {(f.path, f.key): f for f in found if f.keyword == "additionalProperties"}
    for failure in found:
        if failure.value is not None or failure.keyword != "type" or "object" not in failure.schema["type"]:
            continue
        parent, key = failure.path[:-1], failure.path[-1]
        because = _run_after(key, unknown, parent, where=section(failure.path), places=places)
        if because:
            keys = listed([one.key for one in because], "and")
            stand = "stands" if len(because) == 1 else "stand"
            detail = f"`{field_name(failure.path)}` is empty, and {keys} {stand} beside it, not in it: indent further."
            yield document.diagnostic("not-indented", detail, failure.path, key=True), [failure, *because]


def _run_after(
    key: str | int,
    unknown: Mapping[tuple[Path, str | None], Failure],
    parent: Path,
    *,
    where: str,
    places: Mapping[str, Sequence[str]],
) -> list[Failure]:
    beside: Mapping[str, object] = next((f.value for (path, _), f in unknown.items() if path == parent), {})
    names = list(beside)
    run: list[Failure] = []
    for name in names[names.index(str(key)) + 1 :] if key in names else ():
        failure = unknown.get((parent, name))
        if failure is None or where not in places.get(name, ()):
            break
        run.append(failure)
    return run


def _unnamed(
    document: Document, places: Mapping[str, Sequence[str]], found: Sequence[Failure]
) -> Iterator[tuple[Diagnostic, list[Failure]]]:
    """The fields of an entry where its name should be."""
    for path in _NAMED:
        because = [f for f in found if f.path[:-1] == path and f.keyword == "type" and not isinstance(f.value, dict)]
        fields = [f for f in because if f"{path[0]}.*" in places.get(str(f.path[-1]), ())]
        if fields and len(fields) == len(because):
            first = fields[0]
            keys = listed([str(one.path[-1]) for one in fields], "and")
            example = "{" + snippet(first.path[-1], first.value) + (", …" if len(fields) > 1 else "") + "}"
            detail = f"{keys} belong to an entry, and an entry has a name: write `{path[0]}: {{NAME: {example}}}`."
            yield document.diagnostic("not-indented", detail, path, key=True), because
