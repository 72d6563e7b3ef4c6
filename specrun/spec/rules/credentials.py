"""A credential is a secret's name, never its text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from specrun.spec.diagnostics import Diagnostic, Location, Path
from specrun.spec.expressions import literal_text, whole
from specrun.spec.rules.subject import Subject, mapping
from specrun.spec.secret_places import is_credential
from specrun.spec.todos import TODO

if TYPE_CHECKING:
    from specrun.spec.source import Document


def literals(subject: Subject) -> Iterator[Diagnostic]:
    """Each credential is one whole `${{ secrets.NAME }}`."""
    for path, value in literal_credentials(subject.values):
        yield subject.at("literal-credential", _detail(path, value), *path)


def literal_credentials(values: Mapping[str, Any]) -> Iterator[tuple[Path, object]]:
    """Every credential field that holds something else than a secret's name: its path and that text."""
    for name, datastore in mapping(values.get("datastores")).items():
        if _is_literal(mapping(datastore).get("credentials")):
            yield ("datastores", name, "credentials"), mapping(datastore)["credentials"]
        for key, value in mapping(mapping(datastore).get("credentials")).items():
            path = ("datastores", name, "credentials", key)
            if is_credential(path) and _is_literal(value):
                yield path, value
    settings = mapping(mapping(values.get("compute")).get("ssh_settings"))
    if "admin_password" in settings and _is_literal(settings["admin_password"]):
        yield ("compute", "ssh_settings", "admin_password"), settings["admin_password"]


def _detail(path: Path, value: object) -> str:
    one = whole(value) if isinstance(value, str) else None
    if one is not None and one.namespace == "env":
        return (
            "What comes from `env` shows in plans and is saved with them; a secret is masked everywhere. "
            f"The variable stays the same: write `{path[-1]}: ${{{{ secrets.{one.name} }}}}`."
        )
    return (
        "Whoever reads this file, its history or a plan would have it. Put it into the environment and write "
        f"`{path[-1]}: ${{{{ secrets.{_variable(path)} }}}}`; if it was ever committed, replace it at its source."
    )


def _is_literal(value: object) -> bool:
    if isinstance(value, str):
        one = whole(value)
        return one is None or one.namespace != "secrets"
    return isinstance(value, int | float) and not isinstance(value, bool)


def _variable(path: Path) -> str:
    return "_".join(str(part) for part in (path[1], path[-1]) if part != "ssh_settings").upper().replace("-", "_")


def without_credentials(
    document: Document, values: Mapping[str, Any], diagnostics: list[Diagnostic]
) -> list[Diagnostic]:
    """The diagnostics without values of the environment, and with every literal credential of the file dotted out, in
    source lines and in details.
    """
    if not diagnostics:
        return diagnostics
    diagnostics = [document.hiding(found) for found in diagnostics]
    literals: list[Location] = []
    pieces: set[str] = set()
    for path, value in literal_credentials(values):
        if not literal_text(str(value)) or str(value).strip() == TODO:
            continue  # an expression that has no place there, or what is still to be written: no credential either
        literals.append(document.location(path))
        pieces.update(piece for line in str(value).splitlines() if len(piece := line.strip()) > 3)
    if not literals:
        return diagnostics
    return [_mask(found, literals, pieces) for found in diagnostics]


def _mask(found: Diagnostic, literals: list[Location], pieces: Iterable[str]) -> Diagnostic:
    detail = found.detail
    for piece in pieces:
        detail = detail.replace(piece, "••••")
    location, *others = (_masked(place, literals, pieces) for place in (found.location, *found.others))
    return replace(found, detail=detail, location=location, others=tuple(others))


def _masked(place: Location, literals: list[Location], pieces: Iterable[str]) -> Location:
    text = place.text
    for literal in literals:
        if (literal.file, literal.line) == (place.file, place.line):
            start, end = literal.column - 1, literal.column - 1 + literal.length
            text = text[:start] + "•" * len(text[start:end]) + text[end:]
    for piece in pieces:
        text = text.replace(piece, "•" * len(piece))
    return replace(place, text=text)
