"""Keys that a mapping does not have and keys that it lacks; looked at together, since one typo makes one of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

from specrun.spec import codes
from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.failures import Failure
from specrun.spec.lookalikes import first
from specrun.spec.masking import masked
from specrun.spec.names import Foreign, foreign_key, foreign_value, section
from specrun.spec.nearest import nearest
from specrun.spec.source import Document
from specrun.spec.wording import example, field_name, listed, snippet

_CREDENTIALS = frozenset(("account_key", "sas_token", "client_secret", "admin_password"))
_SWITCHES = frozenset(("gpu", "create", "prune", "ssh_public_access_enabled", "enable_node_public_ip"))
_DECIDE = ("run", "model", "type", "from_config", "data")
"""The keys that say what else stands beside them."""
_GO_WITH = {"output": "run", "version": "model"}
_AS_GOOD_AS_CERTAIN = 0.8
_NEARLY = 0.9


class Keys:
    """The keys of a schema: `places` maps a key's name to the sections that have it."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._definitions = schema["$defs"]
        self._called = schema.get("x-called", "a spec")
        self.places: dict[str, list[str]] = {}
        self._collect(schema, "")
        self._of: dict[str, frozenset[str]] = {}

    def of(self, where: str) -> frozenset[str]:
        """The keys of a section."""
        if where not in self._of:
            self._of[where] = frozenset(name for name, sections in self.places.items() if where in sections)
        return self._of[where]

    def explain(self, document: Document, found: Sequence[Failure]) -> Iterator[Diagnostic]:
        """The diagnostics of unknown and missing keys, without those that one typo brings twice."""
        meant: dict[Path, set[str]] = {}
        beside = self._of_other_branches(found)
        unknown: list[tuple[Failure, Diagnostic]] = []
        for failure in found:
            if failure.keyword == "additionalProperties":
                if failure.key in beside.get(failure.path, ())[1:]:
                    continue  # told with the first of them
                right, told = self._unknown(document, failure, beside.get(failure.path, ()))
                meant.setdefault(failure.path, set()).update(right)
                unknown.append((failure, told))
        for failure, told in unknown:
            if _GO_WITH.get(str(failure.key)) not in meant[failure.path]:  # else it is right once that is spelled right
                yield told
        for failure in found:
            known = meant.get(failure.path, set())
            if failure.keyword == "required":
                assert failure.key is not None
                would_do = {failure.key, *failure.schema.get("x-or", {}).get(failure.key, ())}
                if not would_do & known:
                    yield self._missing(document, failure, would_do)
            elif failure.keyword == "anyOf" and not _choices(failure) & known:
                detail = f"At least one of {listed(sorted(_choices(failure)), 'and')} must stand in a spec."
                yield document.diagnostic("missing-key", detail, failure.path, key=True)

    def _of_other_branches(self, found: Sequence[Failure]) -> dict[Path, list[str]]:
        """The keys that their mapping has, but not together with what else stands in it."""
        keys: dict[Path, list[str]] = {}
        for failure in found:
            if failure.keyword == "additionalProperties" and section(failure.path) in self.places.get(
                str(failure.key), ()
            ):
                keys.setdefault(failure.path, []).append(str(failure.key))
        return keys

    def _unknown(self, document: Document, failure: Failure, beside: Sequence[str]) -> tuple[Iterable[str], Diagnostic]:
        """The keys that were probably meant, and what to say."""
        key = failure.key
        assert key is not None
        path = (*failure.path, key)
        odd = first(key)
        if odd is not None:
            place = document.location(path, key=True)
            at = replace(place, column=place.column + odd.at, length=1)
            meant = "".join(sign for sign in key if sign.isascii()).strip()
            return (meant,), codes.diagnostic("lookalike", str(odd), path, at)
        if key in beside:
            detail = _of_another_branch(failure, beside, self._allowed(failure))
            return failure.schema.get("required", ()), document.diagnostic("unknown-key", detail, path, key=True)
        right, detail = self._instead(failure, key)
        return right, document.diagnostic("unknown-key", detail, path, key=True)

    def _instead(self, failure: Failure, key: str) -> tuple[Iterable[str], str]:
        path, value = failure.path, failure.value[key]
        where = section(path)
        allowed = self._allowed(failure)
        cut = _cut(key, value)
        if cut is not None and cut[0] in allowed:
            return (cut[0],), f"A key has a colon and a blank after it: write `{masked(f'{cut[0]}: {cut[1]}')}`."
        close = nearest(key, allowed)
        likeness = _likeness(key, close) if close is not None else 0.0
        # What other programs call by a name that nearly is one of ours is a word there, and no mapping.
        own = likeness == 1 or (likeness > _NEARLY and isinstance(value, dict))
        foreign = foreign_key(where, key) if not own and self._called == "a spec" else None
        if foreign is not None and foreign.target is None:
            return (), f"`{key}` comes from {foreign.origin}. {foreign.note}"
        if foreign is not None and foreign.target is not None:
            right = foreign.target.removeprefix(f"{where}.").split(".")[0]
            return (
                right,
            ), f"{_renamed(path, key, foreign)}: {_write(path, foreign.target, value)} {foreign.note}".rstrip()
        if close is not None and likeness >= _AS_GOOD_AS_CERTAIN:
            return (close,), f"`{key}` looks like `{close}`: {_write(path, _below(where, close), value)}"
        elsewhere = self._elsewhere(where, key)
        if elsewhere is not None:
            return (), f"`{key}` does not belong in {_said(path)}: {_write(path, elsewhere, value)}"
        if close is not None:
            return (close,), f"Did you mean `{close}`? In {_said(path, self._called)} stand {listed(allowed, 'and')}."
        return (), f"There is no `{key}` in {_said(path, self._called)}: there stand {listed(allowed, 'and')}."

    def _missing(self, document: Document, failure: Failure, would_do: set[str]) -> Diagnostic:
        key = failure.key
        assert key is not None
        others = sorted(would_do - {key})
        detail = f"{_said(failure.path)} needs `{key}`" + (f" or {listed(others, 'or')}." if others else ".")
        field = failure.schema.get("properties", {}).get(key, {})
        if isinstance(field, dict):
            field = {**self._resolved(field), **field}
            detail += f" {field['description']}" if "description" in field else ""
            detail += f" For example `{shown}`." if (shown := example(key, field)) else ""
        return document.diagnostic("missing-key", detail[0].upper() + detail[1:], (*failure.path, key), key=True)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        definition: Mapping[str, Any] = self._definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else {}
        return definition

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
        self._collect(schema.get("additionalProperties"), f"{where}.*")
        self._collect(schema.get("items"), where)


def _cut(key: str, value: object) -> tuple[str, str] | None:
    """Name and value where their colon is missing (`{data mnist}`, `{gpu=true}`), or the blank after it."""
    import re

    found = re.fullmatch(r"(\w+)\s*[\s=:]\s*([^\s=:].*)", key) if value is None and len(key) < 200 else None
    return (found[1], found[2]) if found is not None else None


def _choices(failure: Failure) -> set[str]:
    return {name for branch in failure.schema["anyOf"] for name in branch["required"]}


def _said(path: Path, whole: str = "a spec") -> str:
    return f"`{field_name(path)}`" if path else whole


def _likeness(key: str, name: str) -> float:
    one, other = (word.lower().replace("-", "").replace("_", "") for word in (key, name))
    return SequenceMatcher(None, one, other).ratio()


def _below(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _of_another_branch(failure: Failure, keys: Sequence[str], allowed: list[str]) -> str:
    value = failure.value
    if (needs := _GO_WITH.get(keys[0])) is not None and needs not in value:
        return f"`{keys[0]}` goes with `{needs}`, which does not stand in {_said(failure.path)}."
    decided = next((name for name in _DECIDE if name in value and name not in keys), None)
    beside = f"`{snippet(decided, value[decided])}`" if decided is not None else "what else stands there"
    go = "does not go" if len(keys) == 1 else "do not go"
    takes = listed(sorted(allowed), "and")
    return f"{listed(keys, 'and')} {go} with {beside} in {_said(failure.path)}, which takes {takes}."


def _renamed(path: Path, key: str, foreign: Foreign) -> str:
    assert foreign.target is not None
    leaf = foreign.target.rpartition(".")[2]
    if leaf == key:
        return f"`{key}` does not belong in {_said(path)}"
    called = leaf if foreign.target == _below(section(path), leaf) else _named(path, foreign.target)
    verb = "call" if " and " in foreign.origin else "calls"
    return f"`{key}` is what {foreign.origin} {verb} `{called}`"


def _named(path: Path, target: str) -> str:
    """The target with the names of `path` in place of its stars."""
    where = section(path)
    return f"{field_name(path)}{target[len(where) :]}" if where and target.startswith(f"{where}.") else target


def _write(path: Path, target: str, value: object) -> str:
    """What to write, and where, for a key that is called `target`; with its value where that can be shown."""
    parent, _, leaf = target.rpartition(".")
    place = "" if parent == section(path) else f" under `{_named(path, parent)}`" if parent else " at the top"
    if leaf in _CREDENTIALS:
        return f"write `{leaf}: ${{{{ secrets.NAME }}}}`{place}."
    if (
        leaf == "credentials"
        or isinstance(value, (dict, list))
        or value is None
        or (isinstance(value, str) and "\n" in value)
    ):
        return f"write `{leaf}`{place}."
    right = foreign_value(target, value) if isinstance(value, str) else None
    if leaf in _SWITCHES and value in (0, 1):
        return f"write `{leaf}: {'true' if value else 'false'}`{place}."
    return f"write `{snippet(leaf, value if right is None else right)}`{place}."
