"""What a path leads to, where that is outside of what its spec may reach."""

from __future__ import annotations

from specrun.spec.boundary import Boundary

Found = tuple[str, str]
"""The code and the detail of a diagnostic."""


def is_refused(boundary: Boundary, path: str) -> bool:
    """Whether nothing at a path, which starts at the spec's folder, may be looked at."""
    return boundary.strict and "\0" not in path and not boundary.admits(boundary.real(path))


def found_outside(boundary: Boundary, path: str) -> Found | None:
    """What is to be said where a path is refused."""
    return ("outside-repository", boundary.refusal(boundary.real(path))) if is_refused(boundary, path) else None


def noted_outside(boundary: Boundary, path: str) -> Found | None:
    """What somebody should know where a path that is part of the job is read all the same."""
    real = boundary.real(path)
    return None if boundary.strict or boundary.admits(real) else ("not-in-repository", boundary.remark(real))
