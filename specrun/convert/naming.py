"""Names in the form that a spec asks for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from specrun.convert.credentials import reveals

LONGEST = 40
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""The name of an environment variable."""

CLUSTER = re.compile(r"[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]")
VM_SIZE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def spec_name(*candidates: object) -> str:
    """The first candidate of which letters are left, as a spec's name; "job" where there is none."""
    for candidate in candidates:
        found = slug(candidate) if isinstance(candidate, str) else ""
        if found:
            return found
    return "job"


def slug(text: str) -> str:
    """A text as lower-case letters, digits and hyphens, at most 40 and the first a letter; "" where nothing is left."""
    words = re.sub(r"[^a-z0-9]+", "-", _ascii(_shown(text)).lower()).strip("-")
    if words and not words[0].isalpha():
        words = f"job-{words}"
    return words[:LONGEST].rstrip("-")


def unique_slug(name: str, taken: Collection[str]) -> str:
    """A spec's name that is not taken: with a number where it is."""
    number, found = 1, name
    while found in taken:
        number += 1
        end = f"-{number}"
        found = f"{name[: LONGEST - len(end)].rstrip('-')}{end}"
    return found


def unique(name: str, taken: Collection[str]) -> str:
    """A name with underscores that is not taken: with a number where it is."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    return found


def identifier(text: str, taken: Collection[str] = (), empty: str = "_") -> str:
    """A text as the name of an input or output: letters, digits and underscores, the first no digit."""
    found = re.sub(r"[^A-Za-z0-9_]+", "_", _ascii(_shown(text)))[:200] or empty
    return unique(f"_{found}" if found[0].isdigit() else found, taken)


def words(text: str) -> str:
    """A text as a part of a name: letters, digits and underscores."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", _shown(text))


def datastore_name(text: str, taken: Collection[str] = ()) -> str:
    """A text as a datastore's name, none of those that a workspace has by itself."""
    name = words(text).strip("_")[:200] or "store"
    own = ("workspaceblobstore", "workspacefilestore", "workspaceartifactstore", "workspaceworkingdirectory")
    return unique(f"{name}_batchai" if name in own else name, taken)


def compute_name(text: str) -> str:
    """A text as a cluster's name: 3 to 32 letters, digits and hyphens, the first a letter."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", _shown(text)).strip("-")
    name = name if name[:1].isalpha() else f"c-{name}".rstrip("-")
    name = name if len(name) > 2 else f"{name}-cluster"
    return name[:32].rstrip("-")


def experiment(text: str) -> str:
    """A text as an experiment's name, unchanged where it is one; "" where nothing is left."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}", text):
        return text
    return re.sub(r"[^A-Za-z0-9_-]+", "-", _ascii(_shown(text))).strip("-_")[:255]


def _shown(text: str) -> str:
    """A text that may be in a name: one with a credential in it gives none."""
    return "" if reveals(text) else text


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
