"""Calls of an SDK as fields: each argument under its name, with where it stands and what is known of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from specrun.convert.credentials import variable
from specrun.convert.document import Document
from specrun.convert.options import ImportOptions
from specrun.convert.report import FieldPath, Ledger
from specrun.convert.scripts.sweep_words import SWEEP_TYPES
from specrun.convert.scripts.values import (
    DEEPEST,
    Argument,
    Call,
    Computed,
    Function,
    Member,
    Reference,
    Template,
    Value,
    place_of,
    report_values,
)
from specrun.convert.section import Fields, doubt
from specrun.convert.unknown import Mixed, Open, Secret, Unknown, opened

Refer = Callable[[Value, str], "str | Open | None"]

TYPES = {
    "v2:TensorFlowDistribution": "tensorflow",
    "v2:PyTorchDistribution": "pytorch",
    "v2:MpiDistribution": "mpi",
    "v2:UserIdentityConfiguration": "user_identity",
    "v2:ManagedIdentityConfiguration": "managed",
    "v2:AmlTokenConfiguration": "aml_token",
    "v2:AzureBlobDatastore": "azure_blob",
    "v2:AzureFileDatastore": "azure_file",
    "v2:AzureDataLakeGen2Datastore": "azure_data_lake_gen2",
    "v2:SshJobService": "ssh",
    "v2:JupyterLabJobService": "jupyter_lab",
    "v2:TensorBoardJobService": "tensor_board",
    "v2:VsCodeJobService": "vs_code",
    **{f"{prefix}{name}": kind for prefix in ("", "v2:") for name, kind in SWEEP_TYPES.items()},
}
"""Classes whose name says what a file says in its field `type`."""

_CONSTANTS = re.compile(
    r"(AssetTypes|InputOutputModes|DataType|JobServiceNames|PrimaryMetricGoal|Goal|SamplingAlgorithmType)"
    r"\.([A-Z][A-Z0-9_]*)$"
)
_NAMED_BY_PLACE = ("account_key", "sas_token", "client_secret", "admin_password", "admin_user_password")
"""Credentials that are called by what they belong to: a store's, the cluster's."""

_INNER = "its fields are those of the section"


def nothing(value: Value, hint: str) -> None:
    """Where no data is expected."""


@dataclass(slots=True)
class Lowering:
    """The calls of one script, on their way to fields. `refer` gives the expression for data used as a value."""

    file: str
    options: ImportOptions
    calls: list[Call]
    draft: Document
    ledger: Ledger = field(init=False)
    files: dict[str, str] = field(default_factory=dict)
    refer: Refer = nothing

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.file, report_values(self.calls), place_of(self.calls))

    def also(self, files: list[Call]) -> None:
        """Files that the job needs are in the report, too."""
        everything = [*self.calls, *files]
        self.ledger.values, self.ledger.place_of = report_values(everything), place_of(everything)
        self.calls = everything

    def of(self, *kinds: str) -> list[Call]:
        """The calls of these kinds that the script comes to, in order."""
        return [call for call in self.calls if call.kind in kinds and not call.skipped]

    def on(self, owner: Call, *kinds: str) -> list[Call]:
        """The methods of these kinds that are called on an object."""
        return [call for call in self.of(*kinds) if call.owner is owner]

    def put(self, fields: Fields, name: str, call: Call, argument: str, to: str = "", note: str = "") -> bool:
        """Put an argument under a name; False where it is not there, or None."""
        found = call.find(argument)
        if found is None or found.value is None:
            return False
        path = (call.key, argument)
        fields.put(name, self.value(found.value, path, to or name), path, note=note)
        return True

    def fields(self, call: Call, to: str, rename: Callable[[str], str] = str) -> Fields:
        """All arguments of a call, and the attributes set on it: those with a point are fields of fields."""
        made = Fields((call.key,))
        if call.kind in TYPES:
            made.put("type", TYPES[call.kind])
        if not list(told(call)):
            self.ledger.rewrite((call.key,), to, f"written as {TYPES.get(call.kind, 'a section')}")
        for name, argument in told(call):
            path = (call.key, name)
            *above, last = name.split(".")
            place, at = made, to
            for word in above:
                inner = place.get(rename(word))
                if inner is not None and not isinstance(inner, Fields):
                    break
                place, at = place.inner(rename(word), path), f"{at}.{rename(word)}"
            else:
                place.put(rename(last), self.value(argument.value, path, f"{at}.{rename(last)}", rename), path)
        return made

    def nest(self, call: Call, path: FieldPath, to: str, rename: Callable[[str], str] = str) -> Fields:
        """The fields of a call that stands as an argument: of that argument nothing else is to say."""
        self.ledger.rewrite(path, to if rename is str else to.partition(".")[0], _INNER)
        return self.fields(call, to, rename)

    def value(
        self, value: Value, path: FieldPath, to: str, rename: Callable[[str], str] = str, depth: int = 0
    ) -> object:
        """A value as fields have it: known, Unknown, Mixed or Secret; mappings are Fields."""
        if depth > DEEPEST or len(path) > 2 * DEEPEST:
            return Unknown("…", self.ledger.place_of(path), to.rpartition(".")[2])
        match value:
            case Call(kind=kind) if kind.startswith(("v2:", "batchai:")) and not kind.endswith(".get"):
                return self.nest(value, path, to, rename)
            case dict():
                made = Fields(path)
                for key, item in value.items():
                    here = (*path, key)
                    if key == "**":
                        more = getattr(self.word(item, key), "expression", "…")
                        what = f"`{more}` adds entries that are not known here: write them"
                        doubt(self.ledger, self.draft, here, tuple(to.split(".")), what)
                        continue
                    made.put(key, self.value(item, here, f"{to}.{key}", rename, depth + 1), here)
                return made
            case list():
                flags = [before if isinstance(before, str) and before[:1] == "-" else "" for before in ["", *value]]
                return [
                    self.word(item, flag)
                    if flag and not isinstance(item, list | dict)
                    else self.value(item, (*path, n), to, rename, depth + 1)
                    for n, (flag, item) in enumerate(zip(flags, value, strict=False))
                ]
            case _:
                named = next((key for key in reversed(path) if isinstance(key, str)), "")
                return self.word(value, named.rpartition(".")[2])

    def word(self, value: Value, hint: str) -> object:
        """A value that is no mapping and no list."""
        match value:
            case Computed():
                return Unknown(value.text, value.place, value.name or hint, value.default)
            case Template():
                return _mixed([self.word(part, hint) for part in value.parts])
            case Call() | Member() | Reference() | Function():
                constant = _CONSTANTS.search(value.dotted) if isinstance(value, Reference) else None
                if constant is not None:
                    return constant[2].lower()
                if isinstance(value, Reference) and value.imported and "batchai" in value.dotted:
                    return value.dotted.rpartition(".")[2]  # a member of an enumeration
                return self.refer(value, hint) or _object(value, hint)
            case Unknown(default=str() as default) if opened(default) != default:
                return replace(value, default=None)  # which is a placeholder
            case Secret():
                named = hint if value.name == "credential" else value.name
                return "…" if hint in _NAMED_BY_PLACE else Secret(variable(named))
            case _:
                return value

    def rewrite(self, call: Call, name: str, to: str, note: str) -> None:
        """Something of a call stands in the spec in another form."""
        self.ledger.rewrite((call.key, name) if name else (call.key,), to, note)

    def drop(self, call: Call, name: str, why: str) -> None:
        """Something of a call has no counterpart."""
        self.ledger.drop((call.key, name) if name else (call.key,), why)

    def ask(self, call: Call, name: str, to: str, what: str, flag: str = "") -> None:
        """Somebody has to decide."""
        self.ledger.ask((call.key, name) if name else (call.key,), to, what, flag)

    def doubt(self, call: Call, name: str, to: str, what: str, flag: str = "") -> None:
        """Somebody has to look at what stands in the spec."""
        path = (call.key, name) if name else (call.key,)
        doubt(self.ledger, self.draft, path, tuple(to.split(".")), what, flag)

    def origin(self, call: Call) -> str:
        """What a comment says of where a section comes from."""
        return f"from {call.key} ({call.place})"


def told(call: Call) -> Iterator[tuple[str, Argument]]:
    """What a call says: arguments and attributes that are not None; what was set last counts."""
    return ((name, one) for name, one in {**call.arguments, **call.attributes}.items() if one.value is not None)


def is_expression(value: object) -> bool:
    """Whether a text has something in it that another tool replaces."""
    return isinstance(value, str) and "${{" in value


def _mixed(words: list[object]) -> Mixed:
    """Words one after the other; numbers are as they are written."""
    flat: list[str | Open] = []
    for word in words:
        flat += word.parts if isinstance(word, Mixed) else [word if isinstance(word, Open) else str(word)]
    return Mixed(tuple(flat))  # type: ignore[arg-type]


def _object(value: Value, hint: str) -> Unknown:
    match value:
        case Reference():
            return Unknown(value.dotted, value.place, value.dotted.rpartition(".")[2])
        case Member():
            return Unknown(f"{value.call.key}(…).{value.path}", name=hint)
        case Call():
            return Unknown(f"{value.key}(…)", value.place, hint)
        case _:
            return Unknown("a function of the script", name=hint)
