"""Puts env and vars into a document's values; secrets, inputs and outputs stay, spelled one way.

A scalar that cannot be substituted stays as it was written and its path becomes a *hole*: its mistake is known, so
that neither the schema nor a rule speaks of it again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from specrun.spec import codes, expressions
from specrun.spec.diagnostics import MAX_DIAGNOSTICS, Diagnostic, Path, Severity
from specrun.spec.env_names import objection, objection_to_value
from specrun.spec.expressions import OPEN, Expression, Malformed, locate, parse, references, scalar_text, whole
from specrun.spec.nearest import suggestion
from specrun.spec.repository_file import ANYTHING, RepositoryFile
from specrun.spec.secret_places import is_credential, misplaced_secret
from specrun.spec.secrets import how_to_set

if TYPE_CHECKING:
    from specrun.spec.model import Scalar
    from specrun.spec.source import Document

_SCALARS = (str, int, float, bool, type(None))


class Substituted(NamedTuple):
    """A document's values with env and vars in place. `engine` is the engine that the spec runs on.

    `read` has what was read of the environment: values by their names.
    """

    values: Any
    engine: str
    holes: frozenset[Path]
    diagnostics: tuple[Diagnostic, ...]
    read: Mapping[str, str] = {}


def substitute(
    document: Document,
    variables: Mapping[str, Scalar] = {},
    *,
    engine: str | None = None,
    unread: Mapping[str, tuple[Path, ...]] = {},
    secrets_required: bool = False,
    repository: RepositoryFile = ANYTHING,
) -> Substituted:
    """The document with env and vars in place; `variables` replace those that the document declares, and the
    `repository` says which variables of the environment may be read.
    """
    values = document.values
    if not isinstance(values, dict) or not (OPEN in document.text or "\\" in document.text or variables):
        return Substituted(values, engine or _engine(values), frozenset(), ())
    walk = _Walk(document, secrets_required, repository)
    values = walk.top(values, variables)
    chosen = engine or _engine(values)
    unread_here = unread.get(chosen, ())
    mistakes = chain(walk.mistakes, *walk.doubts.values())
    diagnostics = tuple(mistake.diagnostic(document, chosen, unread_here) for mistake in mistakes)
    return Substituted(values, chosen, frozenset(walk.holes), diagnostics, walk.read)


def _engine(values: object) -> str:
    engine = values.get("engine") if isinstance(values, dict) else None
    return engine if isinstance(engine, str) and OPEN not in engine else "local"


class _Mistake(NamedTuple):
    code: str
    detail: str
    path: Path
    text: str
    expression: Expression | Malformed | None = None
    severity: Severity | None = None
    advice: str = ""
    """What to do about it, where the engine reads the field."""

    def diagnostic(self, document: Document, engine: str, unread: tuple[Path, ...]) -> Diagnostic:
        severity, advice = self.severity, self.advice
        if self.code in ("unset-env", "unset-secret") and any(self.path[: len(p)] == p for p in unread):
            severity = Severity.NOTE
            advice = f"The engine `{engine}` does not read this field, so nothing is amiss."
        detail = f"{self.detail} {advice}".rstrip()
        place = (
            document.location(self.path, key=True)
            if self.expression is None
            else locate(document, self.path, self.text, self.expression)
        )
        return codes.diagnostic(self.code, detail, self.path, place, severity)


class _Walk:
    """One pass over one document."""

    def __init__(self, document: Document, secrets_required: bool, repository: RepositoryFile) -> None:
        self.document = document
        self.secrets_required = secrets_required
        self.repository = repository
        self.read: dict[str, str] = {}
        self.given: dict[str, list[str]] = {}  # what each variable of the document takes from the environment
        self.doubts: dict[str | int, list[_Mistake]] = {}  # of those variables, unless more is said where one is used
        self.mistakes: list[_Mistake] = []
        self.told: dict[Path, int] = {}
        self.holes: set[Path] = set()
        self.variables: dict[str, Any] | None = {}
        self.broken_variables: set[str] = set()
        self.declared: dict[str, Any] = {}  # what the engine gives values to, by namespace

    def top(self, values: dict[str, Any], overrides: Mapping[str, Scalar]) -> dict[str, Any]:
        declared = values.get("vars")
        if isinstance(declared, dict):
            self.variables = self._variables(declared, overrides)
            values = {**values, "vars": self.variables}
        elif declared is not None:
            self.variables = None
        for namespace, (_, (section, name)) in expressions.DECLARED.items():
            within = values.get(section)
            self.declared[namespace] = within.get(name) if isinstance(within, dict) else None
        return self._mapping(values, (), skip="vars")

    def _variables(self, declared: dict[str, Any], overrides: Mapping[str, Scalar]) -> dict[str, Any]:
        effective: dict[str, Any] = {}
        for name, value in declared.items():
            if name in overrides:
                effective[name] = overrides[name]
                continue
            path = ("vars", name)
            self.given[name] = references(value, "env") if isinstance(value, str) else []
            effective[name] = self._text(value, path) if isinstance(value, str) and OPEN in value else value
            if path in self.holes or not isinstance(value, _SCALARS):
                self.broken_variables.add(name)
        return effective

    def _mapping(self, values: dict[Any, Any], path: Path, skip: str | None = None) -> dict[Any, Any]:
        """The very mapping where nothing in it changes; most do not."""
        changed: dict[Any, Any] | None = None
        for key, value in values.items():
            if type(key) is str and OPEN in key:
                self._key(key, (*path, key))
                continue
            kind = type(value)
            if kind is str:
                if OPEN not in value:
                    continue
                new = self._text(value, (*path, key))
            elif kind is dict and key != skip:
                new = self._mapping(value, (*path, key))
            elif kind is list:
                new = self._list(value, (*path, key))
            else:
                continue
            if new is not value:
                changed = dict(values) if changed is None else changed
                changed[key] = new
        return values if changed is None else changed

    def _list(self, values: list[Any], path: Path) -> list[Any]:
        as_mapping = dict(enumerate(values))
        new = self._mapping(as_mapping, path)
        return values if new is as_mapping else list(new.values())

    def _key(self, key: str, path: Path) -> None:
        self.holes.add(path)
        detail = f"Only values are substituted: write the name out instead of `{key}`."
        self._mistake("expression-in-key", detail, path, key)

    def _mistake(
        self,
        code: str,
        detail: str | Callable[[], str],
        path: Path,
        text: str,
        at: Expression | Malformed | None = None,
    ) -> None:
        """One more; a `detail` that takes long is asked for when it is told."""
        self.holes.add(path)
        if self._is_told(code, path):
            self.mistakes.append(_Mistake(code, detail if isinstance(detail, str) else detail(), path, text, at))

    def _is_told(self, code: str, path: Path) -> bool:
        """Whether this is one of the first of its code, in a part of the spec that an engine reads or does not read."""
        part = (code, *path[: 2 if path[0] == "compute" else 1])
        self.told[part] = told = self.told.get(part, 0) + 1
        return told <= MAX_DIAGNOSTICS

    def _text(self, text: str, path: Path) -> Any:
        """The scalar's value; as it was written where something in it is wrong."""
        found = parse(text)
        if is_credential(path) and not any(isinstance(e, Malformed) for e in found):
            return self._credential(text, path)
        one = whole(text)
        parts: list[str] = []
        end = 0
        for expression in found:
            if isinstance(expression, Malformed):
                self._mistake(expression.code, expression.detail, path, text, expression)
                continue
            value = self._resolve(expression, path, text, is_whole=one is not None)
            if one is not None and expression.namespace in ("env", "vars"):
                return text if path in self.holes else value
            parts += (text[end : expression.start], scalar_text(value))
            end = expression.end
        return text if path in self.holes else "".join([*parts, text[end:]])

    def _credential(self, text: str, path: Path) -> str:
        one = whole(text)
        if one is None or one.namespace != "secrets":
            return text  # never substituted, so that no message can show it; the rule on credentials refuses it
        self._secret(one, path, text)
        return str(one)

    def _resolve(self, expression: Expression, path: Path, text: str, *, is_whole: bool) -> Scalar:
        if expression.namespace == "env":
            return self._env(expression, path, text)
        if expression.namespace == "vars":
            return self._variable(expression, path, text)
        in_command = path == ("job", "command") or path[:2] == ("job", "arguments")
        if expression.namespace == "secrets":
            problem = misplaced_secret(path, text, expression, in_command=in_command, is_whole=is_whole)
            if problem is not None:
                self._mistake(*problem, path, text, expression)
            else:
                self._secret(expression, path, text)
        elif not in_command and (detail := expressions.misplaced(expression, path)):
            self._mistake("expression-misplaced", detail, path, text, expression)
        else:
            self._declared(expression, path, text)
        return str(expression)

    def _is_refused(self, expression: Expression, path: Path, text: str, name: str) -> bool:
        """Whether a variable of the environment may not be read, or not there; what there is to say is said."""
        found = objection(name, path, self.repository) or objection_to_value(name, os.environ.get(name, ""), path)
        if found is None:
            return False
        through = expression.namespace == "vars"
        if through:
            self.doubts.pop(expression.name, None)
            line = self.document.line(("vars", expression.name), path)
            found = found._replace(detail=f"`vars.{expression.name}` ({line}) takes it over. {found.detail}")
        if found.severity is None:
            if not (through and found.code == "unlisted-env"):  # which is said where the variable is declared
                self._mistake(found.code, found.detail, path, text, expression)
            return True
        mistake = _Mistake(found.code, found.detail, path, text, expression, found.severity)
        if self._is_told(found.code, path):
            (self.doubts.setdefault(path[1], []) if path[0] == "vars" else self.mistakes).append(mistake)
        return False

    def _env(self, expression: Expression, path: Path, text: str) -> Scalar:
        value = os.environ.get(expression.name)
        if self._is_refused(expression, path, text, expression.name):
            return None
        if value is None:
            detail = f"The environment of this command has no `{expression.name}`."
            advice = f"Set it: {how_to_set(expression.name, 'env')}."
            if self._is_told("unset-env", path):
                self.mistakes.append(_Mistake("unset-env", detail, path, text, expression, advice=advice))
            self.holes.add(path)
            return None
        if OPEN in value:
            detail = f"The value of `{expression.name}` holds `{OPEN}` itself: expressions do not nest."
            self._mistake("expression-syntax", detail, path, text, expression)
        self.read[expression.name] = value
        return value

    def _variable(self, expression: Expression, path: Path, text: str) -> Scalar:
        name = expression.name
        if path[0] == "vars":
            detail = "A variable takes its value from a scalar or from `${{ env.NAME }}`, never from another variable."
            self._mistake("expression-misplaced", detail, path, text, expression)
            return None
        refused = [self._is_refused(expression, path, text, given) for given in self.given.get(name, ())]
        if self.variables is None or name in self.broken_variables or any(refused):
            self.holes.add(path)
            return None
        if name not in self.variables:
            names = self.variables
            self._mistake(
                "unknown-variable",
                lambda: f"`vars` has no `{name}`. {suggestion(name, map(str, names), kind='vars')}",
                path,
                text,
                expression,
            )
            return None
        value = cast("Scalar", self.variables[name])
        if isinstance(value, str) and OPEN in value:
            detail = f"The value given to `{name}` holds `{OPEN}` itself: expressions do not nest."
            self._mistake("expression-syntax", detail, path, text, expression)
        return value

    def _declared(self, expression: Expression, path: Path, text: str) -> None:
        declared = self.declared.get(expression.namespace)
        if declared is not None and not isinstance(declared, dict):
            return
        names = [str(name) for name in declared or ()]
        if expression.name not in names:
            namespace, has_sweep = expression.namespace, "sweep" in self.document.values
            detail = partial(expressions.undeclared, namespace, expression.name, names, has_sweep=has_sweep)
            self._mistake(expressions.DECLARED[namespace][0], detail, path, text, expression)

    def _secret(self, expression: Expression, path: Path, text: str) -> None:
        if expression.name in os.environ or not self._is_told("unset-secret", path):
            return
        detail = f"The environment of this command has no `{expression.name}`."
        advice = f"`specrun apply` needs it: {how_to_set(expression.name)}."
        severity = Severity.ERROR if self.secrets_required else None
        self.mistakes.append(_Mistake("unset-secret", detail, path, text, expression, severity, advice))
