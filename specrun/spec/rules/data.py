"""Entries of `data`: where they come from and where they go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from specrun.spec.diagnostics import Diagnostic
from specrun.spec.rules.subject import Subject, lacks, mapping, text

_ADDRESS = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]+://")
_MANY = 100
"""Datastores among which a name is compared with each."""
_DEEPEST = 64
"""Levels of a target that are looked at: a path has a few."""


def is_web(path: str) -> bool:
    """Whether a path is an address rather than a place on a disk or a datastore."""
    return path.startswith(("https://", "http://"))


def is_local(path: str) -> bool:
    """Whether a path is on this machine."""
    return not path.startswith("azureml:") and ("://" not in path or _ADDRESS.match(path) is None)


def checksums(subject: Subject) -> Iterator[Diagnostic]:
    """What comes from the web is pinned by its digest, and never optional; what lies on this machine is read."""
    for name, entry in subject.data.items():
        entry = mapping(entry)
        path = text(entry.get("path"))
        if path is None:
            continue
        if is_web(path) and lacks(entry, "sha256"):
            detail = "A file on the web may change between two runs. Write `sha256:` with what `sha256sum FILE` prints."
            yield subject.at("data-without-sha256", detail, "data", name, "path")
        elif not is_web(path) and "sha256" in entry:
            detail = "A local path is compared file by file. Leave `sha256` out."
            yield subject.at_key("sha256-of-local-data", detail, "data", name, "sha256")
        if is_web(path) and "source" in entry:
            detail = "A file from the web is fetched where the target lacks it. Leave `source` out."
            yield subject.at_key("source-of-web-data", detail, "data", name, "source")


def addresses(subject: Subject) -> Iterator[Diagnostic]:
    """What comes from the web has an address that can be asked for it."""
    for name, entry in subject.data.items():
        path = text(mapping(entry).get("path"))
        if path is None or not is_web(path):
            continue
        from specrun.spec.web_address import address_problem  # late: few specs have an address

        problem = address_problem(path)
        if problem is not None:
            yield subject.at("invalid-address", problem, "data", name, "path")


def targets(subject: Subject) -> Iterator[Diagnostic]:
    """Each target is plain, and no two entries write to the same place."""
    taken: dict[tuple[str, str], str] = {}
    above: dict[tuple[str, str], str] = {}  # the folders above what is taken, which hold an entry's target
    for name, entry in subject.data.items():
        if not isinstance(entry, dict) or not isinstance(name, str):
            continue
        target = text(entry.get("target", name))
        if target is None:
            continue
        key = ("data", name, "target") if "target" in entry else ("data", name)
        problem = plain_problem(target) or _slash_problem(target) or _blob_problem(subject, target)
        if problem is not None:
            yield subject.at("invalid-target", problem, *key)
            continue
        store = entry.get("datastore")
        if store is not None and text(store) is None:
            continue
        place = (store or "", target)
        folders = _folders(*place)
        yield from _clash(subject, name, key, place, folders, taken, above)
        taken.setdefault(place, name)
        for folder in folders:
            above.setdefault(folder, name)


def _folders(store: str, target: str) -> list[tuple[str, str]]:
    """The folders above a target, the outermost first."""
    parts = target.split("/", _DEEPEST)
    return [(store, "/".join(parts[:end])) for end in range(1, len(parts))]


def _named(subject: Subject, entry: str, seen_from: tuple[str, ...]) -> str:
    # Asked for when there is something to say: finding a line takes as long as all the rules together.
    return f"`data.{entry}` ({subject.line(('data', entry), seen_from)})"


def _clash(
    subject: Subject,
    name: str,
    key: tuple[str, ...],
    place: tuple[str, str],
    folders: list[tuple[str, str]],
    taken: dict[tuple[str, str], str],
    above: dict[tuple[str, str], str],
) -> Iterator[Diagnostic]:
    if place in taken:
        there = _named(subject, taken[place], key)
        detail = f"{there} already goes to `{place[1]}`. A target mirrors one source: give this its own."
        yield subject.at("duplicate-target", detail, *key, other=("data", taken[place]))
        return
    other = next((taken[folder] for folder in folders if folder in taken), above.get(place))
    if other is not None:
        target = mapping(subject.data[other]).get("target", other)
        there = _named(subject, other, key)
        detail = f"{there} goes to `{target}`: the files of one would count as extra files of the other."
        yield subject.at("nested-target", detail, *key, other=("data", other))


def plain_problem(path: str) -> str | None:
    """Why a path on a datastore is not in its one plain form; None where it is."""
    if path != path.strip():
        return f"It begins or ends with a blank, which would be part of the path: write `{path.strip()}`."
    if "\\" in path:
        return f"Parts are divided by `/`: write `{path.replace(chr(92), '/')}`."
    if path.startswith("/"):
        return f"It starts at the datastore's root anyway: write `{path.lstrip('/') or 'NAME'}`."
    parts = path.rstrip("/").split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "It may not have empty parts, `.` or `..` in it: write it out from the datastore's root."
    if any(ord(character) < 32 for character in path):
        return "It has a control character in it."
    return None


def _slash_problem(target: str) -> str | None:
    return f"A slash at the end says nothing: write `{target.rstrip('/')}`." if target.endswith("/") else None


def _blob_problem(subject: Subject, target: str) -> str | None:
    """Why Azure cannot keep anything there."""
    from specrun.spec.blob_names import blob_problem  # late: of most files this machine is the engine

    problem = blob_problem(target) if subject.engine != "local" else None
    return f"Blobs cannot be kept there: {problem.why}. Take another target." if problem is not None else None


def stores(subject: Subject) -> Iterator[Diagnostic]:
    """Data goes to blob or ADLS datastores; an undeclared datastore is an existing one."""
    for name, entry in subject.data.items():
        store = text(mapping(entry).get("datastore"))
        if store is None:
            continue
        yield from near_datastore(subject, store, "data", name, "datastore")
        if mapping(subject.datastores.get(store)).get("type") == "azure_file":
            detail = (
                f"`{store}` is an azure_file datastore, and those can only be inputs. "
                "Use an azure_blob or azure_data_lake_gen2 datastore."
            )
            yield subject.at("data-on-file-share", detail, "data", name, "datastore")


def near_datastore(subject: Subject, store: str, *path: Any) -> Iterator[Diagnostic]:
    """A note where an undeclared datastore is spelled almost like a declared one."""
    if not subject.datastores or not lacks(subject.datastores, store) or len(subject.datastores) > _MANY:
        return
    from specrun.spec.nearest import nearest

    found = nearest(store, [name for name in subject.datastores if isinstance(name, str)])
    if found is not None:
        detail = f"`{store}` is taken to exist in the workspace. Did you mean `{found}`, which this file declares?"
        yield subject.at("undeclared-datastore", detail, *path)
