"""Names as a spec takes them, made of names that others chose."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import PurePosixPath


def spec_name(text: str) -> str:
    """At most 40 of a-z, 0-9 and hyphens, the first a letter."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    name = name if name[:1].isalpha() else f"job-{name}".rstrip("-")
    return name[:40].rstrip("-")


def stem(file: str) -> str:
    """A file's name without its ending."""
    return PurePosixPath(file.replace("\\", "/")).stem


def base_name(file: str) -> str:
    """A file's name without its folder, on one line."""
    return " ".join(PurePosixPath(file.replace("\\", "/")).name.split())


def compute_name(text: str) -> str:
    """3 to 32 letters, digits and hyphens, the first a letter."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")
    name = name if name[:1].isalpha() else f"c-{name}".rstrip("-")
    name = name if len(name) > 2 else f"{name}-cluster"
    return name[:32].rstrip("-")


def identifier(text: str, taken: Container[str] = (), empty: str = "folder") -> str:
    """Lower-case letters, digits and underscores, the first no digit; another number while it is taken."""
    name = re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_") or empty
    return unique(name if not name[0].isdigit() else f"_{name}", taken)


def datastore_name(text: str, taken: Container[str] = ()) -> str:
    """Letters, digits and underscores, none of those that a workspace has by itself."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")[:200] or "store"
    own = ("workspaceblobstore", "workspacefilestore", "workspaceartifactstore", "workspaceworkingdirectory")
    return unique(f"{name}_batchai" if name in own else name, taken)


def variable(text: str) -> str:
    """The name of an environment variable."""
    name = re.sub(r"[^A-Z0-9_]+", "_", text.upper()).strip("_") or "SECRET"
    return f"_{name}" if name[0].isdigit() else name


def exact_variable(text: str) -> str:
    """The end of a variable's name, in upper and lower case as it was written."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", text)


def experiment_name(text: str) -> str:
    """1 to 255 letters, digits, hyphens and underscores, the first a letter or a digit; "" where there is nothing."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-_")[:255]


def unique(name: str, taken: Container[str]) -> str:
    """The name, with a number where it is taken."""
    number, tried = 1, name
    while tried in taken:
        number += 1
        tried = f"{name}_{number}"
    return tried
