"""A spec that is being written from a script's calls: each argument with what became of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from specrun.convert import coerce
from specrun.convert.credentials import variable
from specrun.convert.document import TODO, Document, Key
from specrun.convert.document import Value as Written
from specrun.convert.naming import unique
from specrun.convert.options import ImportOptions
from specrun.convert.report import Ledger
from specrun.convert.scripts.values import (
    DEEPEST,
    Call,
    Computed,
    Environ,
    Function,
    Hidden,
    Member,
    Reference,
    Template,
    Value,
)

Reader = Callable[[object], Written]


@dataclass(slots=True)
class Expressed:
    """A value as the spec has it. `asked` are questions that it leaves, each with the flag that settles it."""

    value: Written
    asked: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Writing:
    """The draft and the ledger of one script. `refer` gives the expression for data that is used as a value."""

    file: str
    options: ImportOptions
    draft: Document
    ledger: Ledger
    calls: list[Call]
    files: dict[str, str] = field(default_factory=dict)
    refer: Callable[[Value, str], str | None] = lambda value, hint: None
    _variables: dict[str, str] = field(default_factory=dict)

    def of(self, *kinds: str) -> list[Call]:
        """The calls of these kinds that the script comes to, in order."""
        return [call for call in self.calls if call.kind in kinds and not call.skipped]

    def copy(self, call: Call, name: str, to: Key, read: Reader, expected: str, note: str = "") -> Written:
        """Take an argument over as `read` understands it, and give that back; None where there is none."""
        argument = call.find(name)
        if argument is None:
            return None
        raw = argument.value
        if raw is None:
            self.drop(call, name, "None is what is taken where nothing is said")
            return None
        literal = isinstance(raw, str | int | float | list | dict | Function)
        found = Expressed(None) if literal else self.express(raw, name)
        value = read(raw) if literal else found.value
        if value is None or (literal and isinstance(raw, str) and "${{" in raw and not isinstance(value, int)):
            self.draft.set(to, TODO, f"TODO: {expected} ({argument.place})")
            self.ask(call, name, to, f"{expected} is expected, and this is {argument.text}")
            return TODO
        self.draft.set(to, value)
        self.settle(
            call,
            name,
            to,
            found,
            ""
            if literal and value == raw and type(value) is type(raw)
            else note or f"written as {coerce.shown(value)}",
        )
        return value

    def settle(self, call: Call, name: str, to: Key, found: Expressed, note: str = "") -> None:
        """Say what became of an argument: a question where there is one, else rewritten where there is a note."""
        for what, flag in found.asked:
            self.ask(call, name, to, what, flag)
        notes = "; ".join([*found.notes, *([note] if note and not found.notes else [])])
        if not found.asked:
            self.rewrite(call, name, to, notes) if notes else self.carry(call, name, to)

    def word(self, value: Value, hint: str) -> Expressed:
        """A text as the spec has it: what is none, or has another tool's expression in it, becomes TODO."""
        if isinstance(value, list | dict | Function) or value is None or (isinstance(value, str) and "${{" in value):
            return Expressed(TODO, [(f"{hint}: a text is expected", "")])
        found = self.express(value, hint)
        found.value = str(found.value)
        return found

    def express(self, value: Value, hint: str, *, data: bool = False, depth: int = 0) -> Expressed:
        """A value as the spec has it: what is not known becomes an entry of `vars`. `data`: it may be an input."""
        if depth > DEEPEST:
            return Expressed(TODO, [("it is nested too deeply", "")])
        match value:
            case Computed():
                return self._variable(value, hint)
            case Environ():
                default = f"; left out, the script takes {value.default!r}" if value.default is not None else ""
                return Expressed(f"${{{{ env.{value.name} }}}}", [], [f"the environment's {value.name}{default}"])
            case Hidden():
                name = variable(hint if value.name == "credential" else value.name)
                what = f"a credential is not copied: let the script read the environment's {name}"
                return Expressed(self._declare(name.lower(), TODO, "a credential of the script"), [(what, "")])
            case Template():
                parts = [self.express(part, hint, data=data, depth=depth + 1) for part in value.parts]
                asked = [question for part in parts for question in part.asked]
                notes = [note for part in parts for note in part.notes] or ["put together from its parts"]
                return Expressed("".join(str(part.value) for part in parts), asked, notes)
            case Call() | Member() | Reference():
                referred = self.refer(value, hint) if data else None
                return Expressed(referred, [], [f"the data is {referred}"]) if referred else self._object(value, hint)
            case list():
                items = [self.express(item, hint, data=data, depth=depth + 1) for item in value]
                return Expressed(
                    [item.value for item in items],
                    [question for item in items for question in item.asked],
                    [note for item in items for note in item.notes],
                )
            case dict():
                named = {
                    str(key): self.express(item, str(key), data=data, depth=depth + 1) for key, item in value.items()
                }
                return Expressed(
                    {key: item.value for key, item in named.items()},
                    [question for item in named.values() for question in item.asked],
                    [note for item in named.values() for note in item.notes],
                )
            case str() | int() | float() | None:
                return Expressed(value)
            case _:
                return self._object(value, hint)

    def text(self, call: Call, name: str, to: Key, note: str = "") -> str:
        """An argument as text, accounted for as a part of the field `to`; empty where there is none."""
        if call.get(name) is None:
            return ""
        found = self.word(call.get(name), name)
        self.settle(call, name, to, found, note)
        return str(found.value)

    def secret(self, call: Call, name: str, to: Key, *words: str) -> None:
        """A credential: by the name of an environment variable, never its value."""
        value = call.get(name)
        if value is None:
            self.drop(call, name, "None is what is taken where nothing is said")
            return
        named = value.name if isinstance(value, Environ) else variable(*words)
        self.draft.set_secret(to, named)
        self.rewrite(call, name, to, f"a secret is not copied: set {named} in the environment in which specrun runs")

    def carry(self, call: Call, name: str, to: Key) -> None:
        """The argument stands in the spec as it was."""
        self.ledger.carry(self._at(call, name), ".".join(to), self._place(call, name))

    def rewrite(self, call: Call, name: str, to: Key, note: str) -> None:
        """The argument stands in the spec in another form."""
        self.ledger.rewrite(self._at(call, name), ".".join(to), f"{self._place(call, name)}: {note}")

    def drop(self, call: Call, name: str, why: str) -> None:
        """The argument has no counterpart."""
        self.ledger.drop(self._at(call, name), f"{self._place(call, name)}: {why}")

    def ask(self, call: Call, name: str, to: Key, what: str, flag: str = "") -> None:
        """Somebody has to decide."""
        self.ledger.ask(self._at(call, name), ".".join(to), f"{self._place(call, name)}: {what}", flag)

    def lack(self, to: Key, what: str, flag: str = "") -> None:
        """Something that the script does not say at all."""
        self.ledger.ask((), ".".join(to), what, flag)

    def _at(self, call: Call, name: str) -> tuple[str, ...]:
        return (call.key, name) if name else (call.key,)

    def _place(self, call: Call, name: str) -> str:
        argument = call.find(name)
        return argument.place if argument is not None else call.place

    def _variable(self, value: Computed, hint: str) -> Expressed:
        text = value.text
        comment = f"{value.place}: {text}"
        if value.default is not None:
            expression = self._declare(value.name or hint, value.default, f"{comment}, whose default this is")
            return Expressed(expression, [], [f"`{text}`, with the default that the script gives it"])
        expression = self._declare(value.name or hint, TODO, f"TODO: {comment}")
        name = expression.removeprefix("${{ vars.").removesuffix(" }}")
        return Expressed(expression, [(f"`{text}` is computed: say what it is", f"--var {name}=VALUE")])

    def _object(self, value: Value, hint: str) -> Expressed:
        text, place = "an object", value.place if isinstance(value, Call) else ""
        if isinstance(value, Reference):
            text, place = value.dotted, value.place
        elif isinstance(value, Member):
            text = f"{value.call.key}(…).{value.path}"
        elif isinstance(value, Call):
            text = f"{value.key}(…)"
        name = value.dotted.rpartition(".")[2] if isinstance(value, Reference) else hint
        expression = self._declare(name, TODO, f"TODO: {place}: {text}" if place else f"TODO: {text}")
        named = expression.removeprefix("${{ vars.").removesuffix(" }}")
        return Expressed(expression, [(f"`{text}` is not known: say what it is", f"--var {named}=VALUE")])

    def _declare(self, name: str, value: Written, comment: str) -> str:
        plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-") or "value"
        plain = f"_{plain}" if plain[0].isdigit() else plain
        known = self._variables.get(comment)
        if known is None:
            known = unique(plain, self._variables.values())
            self._variables[comment] = known
            self.draft.set(("vars", known), value, comment)
        return f"${{{{ vars.{known} }}}}"

    def ledger_text(self, call: Call, name: str) -> str:
        """The last word of what stands in the script, such as `uri_folder` of `AssetTypes.URI_FOLDER`."""
        argument = call.find(name)
        text = argument.value if argument is not None and isinstance(argument.value, str) else ""
        text = text or (argument.text if argument is not None else "")
        return text.rpartition(".")[2].strip("'\"").lower()
