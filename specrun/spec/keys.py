"""Keys that a mapping does not have and keys that it lacks; looked at together, since one typo makes one of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.explain import diagnostic
from specrun.spec.failures import Failure
from specrun.spec.names import foreign_key, foreign_value, section
from specrun.spec.nearest import nearest
from specrun.spec.source import Document
from specrun.spec.wording import field_name, listed, snippet

_CREDENTIALS = frozenset(("account_key", "sas_token", "client_secret", "admin_password"))
_AS_GOOD_AS_CERTAIN = 0.8


class Keys:
    """The keys of a schema: `places` maps a key's name to the sections that have it."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._definitions = schema["$defs"]
        self._reserved: Mapping[str, str] = schema["x-reserved"]
        self.places: dict[str, list[str]] = {}
        self._collect(schema, "")

    def explain(self, document: Document, found: Sequence[Failure]) -> Iterator[Diagnostic]:
        """The diagnostics of unknown and missing keys, without those that one typo brings twice."""
        meant: dict[Path, set[str]] = {}
        for failure in found:
            if failure.keyword == "additionalProperties":
                right, told = self._unknown(document, failure)
                meant.setdefault(failure.path, set()).update(right)
                yield told
        for failure in found:
            if failure.keyword == "required":
                assert failure.key is not None
                would_do = {failure.key, *failure.schema.get("x-or", {}).get(failure.key, ())}
                if not would_do & meant.get(failure.path, set()):
                    yield _missing(document, failure, would_do)
            elif failure.keyword == "anyOf" and not _choices(failure) & meant.get(failure.path, set()):
                detail = f"At least one of {listed(sorted(_choices(failure)), 'and')} must stand in a spec."
                yield diagnostic(document, "missing-key", detail, failure.path, key=True)

    def _unknown(self, document: Document, failure: Failure) -> tuple[Iterable[str], Diagnostic]:
        """The keys that were probably meant, and what to say."""
        key = failure.key
        assert key is not None
        path = (*failure.path, key)
        if not failure.path and key in self._reserved:
            detail = f"`{key}` has no meaning yet. {self._reserved[key]} Until then, leave it out."
            return (), diagnostic(document, "reserved-key", detail, path, key=True)
        right, detail = self._instead(failure, key)
        return right, diagnostic(document, "unknown-key", detail, path, key=True)

    def _instead(self, failure: Failure, key: str) -> tuple[Iterable[str], str]:
        where = section(failure.path)
        allowed = self._allowed(failure)
        value = failure.value[key]
        foreign = foreign_key(where, key)
        if foreign is not None:
            if foreign.target is None:
                return (), f"`{key}` comes from {foreign.origin}. {foreign.note}"
            beside = foreign.target.rpartition(".")[0] == where
            called = foreign.target.rpartition(".")[2] if beside else foreign.target
            told = f"`{key}` is what {foreign.origin} calls `{called}`: {_write(where, foreign.target, value)}"
            return (foreign.target.removeprefix(f"{where}.").split(".")[0],), f"{told} {foreign.note}".rstrip()
        close = nearest(key, allowed)
        if close is not None and _similar(key, close):
            return (close,), f"`{key}` looks like `{close}`: {_write(where, close, value)}"
        elsewhere = self._elsewhere(where, key)
        if elsewhere is not None:
            return (), f"`{key}` does not belong in {_said(failure.path)}: {_write(where, elsewhere, value)}"
        if close is not None:
            return (close,), f"Did you mean `{close}`? {_said(failure.path).capitalize()} has {listed(allowed, 'and')}."
        if not allowed:
            return (), f"{_said(failure.path)} has no keys."
        return (), f"There is no `{key}` in {_said(failure.path)}: it has {listed(allowed, 'and')}."

    def _allowed(self, failure: Failure) -> list[str]:
        """The keys that may stand there, first those that do not yet."""
        names = list(failure.schema.get("properties", {}))
        for others in failure.schema.get("x-or", {}).values():
            names += others
        return sorted(names, key=lambda name: name in failure.value)

    def _elsewhere(self, where: str, key: str) -> str | None:
        """The one other place of a key with this name, if there is one, preferring the same part of the spec."""
        places = [place for place in self.places.get(key, []) if place != where]
        near = [place for place in places if place.split(".")[0] == where.split(".")[0]]
        for candidates in (near, places):
            if len(candidates) == 1:
                return f"{candidates[0]}.{key}" if candidates[0] else key
        return None

    def _collect(self, schema: Any, where: str) -> None:
        if not isinstance(schema, dict):
            return
        if "$ref" in schema:
            self._collect(self._definitions[schema["$ref"].rpartition("/")[2]], where)
        for branch in ("then", "else"):
            self._collect(schema.get(branch), where)
        for name, member in schema.get("properties", {}).items():
            places = self.places.setdefault(name, [])
            if where not in places:
                places.append(where)
            self._collect(member, f"{where}.{name}" if where else name)
        if where in ("datastores", "data", "job.inputs", "job.outputs"):
            self._collect(schema.get("additionalProperties"), f"{where}.*")
        self._collect(schema.get("items"), where)


def _missing(document: Document, failure: Failure, would_do: set[str]) -> Diagnostic:
    key = failure.key
    assert key is not None
    others = sorted(would_do - {key})
    detail = f"{_said(failure.path)} needs `{key}`".removeprefix("`a spec`") + (f" or {listed(others, 'or')}." if others else ".")
    field = failure.schema.get("properties", {}).get(key, {})
    if isinstance(field, dict):
        examples = field.get("examples")
        detail += f" {field['description']}" if "description" in field else ""
        detail += f" For example `{snippet(key, examples[0])}`." if examples else ""
    return diagnostic(document, "missing-key", detail[0].upper() + detail[1:], (*failure.path, key), key=True)


def _choices(failure: Failure) -> set[str]:
    return {name for branch in failure.schema["anyOf"] for name in branch["required"]}


def _said(path: Path) -> str:
    return f"`{field_name(path)}`" if path else "a spec"


def _similar(key: str, name: str) -> bool:
    one, other = (word.lower().replace("-", "").replace("_", "") for word in (key, name))
    return SequenceMatcher(None, one, other).ratio() >= _AS_GOOD_AS_CERTAIN


def _write(where: str, target: str, value: object) -> str:
    """What to write for a key that is called `target`, with its value where that can be shown."""
    leaf = target.rpartition(".")[2]
    path = target.replace("*", "NAME")
    full = path if "." in path or not where else f"{where.replace('*', 'NAME')}.{path}"
    beside = "." not in path or full.rpartition(".")[0] == where.replace("*", "NAME")
    name = leaf if beside else path
    if leaf in _CREDENTIALS:
        return f"write `{name}: ${{{{ secrets.NAME }}}}`."
    if isinstance(value, (dict, list)) or value is None or (isinstance(value, str) and "\n" in value):
        return f"write `{name}`."
    right = foreign_value(f"{where}.{leaf}" if beside and where else target, value) if isinstance(value, str) else None
    return f"write `{snippet(name, value if right is None else right)}`."
