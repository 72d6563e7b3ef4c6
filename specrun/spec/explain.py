"""What to tell people about a value that the schema refuses: what may stand there, why, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specrun.spec.diagnostics import Diagnostic, Path
from specrun.spec.failures import Failure, Otherwise, bound
from specrun.spec.from_variables import explain_variable
from specrun.spec.lookalikes import first
from specrun.spec.names import foreign_value, section
from specrun.spec.nearest import nearest
from specrun.spec.predicate import expression
from specrun.spec.source import Document
from specrun.spec.wording import example, field_name, kind_of, kinds, listed, shown, snippet
from specrun.spec.wrong_types import hint

_CREDENTIALS = frozenset(("account_key", "sas_token", "client_secret", "admin_password"))


def explain(document: Document, failure: Failure, otherwise: Otherwise) -> Diagnostic:
    """The diagnostic of any failure but an unknown or missing key (those are looked at together, in `keys`)."""
    explained = explain_variable(document, failure)
    if explained is None and failure.keyword == "type":
        explained = _type(document, failure, otherwise)
    code, detail = explained if explained is not None else _EXPLANATIONS[failure.keyword](document, failure)
    odd = first(failure.key or "" if failure.keyword == "propertyNames" else str(failure.value))
    detail = detail if odd is None or _is_credential(failure.path) else f"{odd} {detail}"
    if failure.keyword == "propertyNames":
        assert failure.key is not None
        return document.diagnostic(code, detail, (*failure.path, failure.key), key=True)
    return document.diagnostic(code, detail, failure.path)


def _type(document: Document, failure: Failure, otherwise: Otherwise) -> tuple[str, str]:
    name = field_name(failure.path)
    wanted = failure.schema["type"]
    wanted = [wanted] if isinstance(wanted, str) else list(wanted)
    detail = f"`{name}` takes {kinds(wanted)}; this is {kind_of(failure.value)}."
    more = "" if _is_credential(failure.path) else hint(document, failure, wanted, otherwise)
    return "wrong-type", _joined(detail, more or _example(failure), _default(failure))


def _enum(document: Document, failure: Failure) -> tuple[str, str]:
    allowed = failure.schema.get("enum") or [failure.schema["const"]]
    name = field_name(failure.path)
    detail = f"`{name}` is {listed(allowed, 'or')}."
    if isinstance(failure.value, str):
        right = foreign_value(_field(failure.path), failure.value) or nearest(failure.value, allowed)
        if right is None and failure.path[:1] == ("data",):  # what people take for the path
            more = "The files are named by `path`; where `source` is left out they have to be there."
            return "not-allowed", _joined(detail, more)
        if failure.path[:2] == ("sweep", "sampling_algorithm") and failure.value.lower() == "sobol":
            more = (
                "Sobol is a rule of random sampling: write `sampling_algorithm: random`, and beside it `rule: sobol`."
            )
            return "not-allowed", _joined(detail, more)
        right = right or (allowed[0] if len(allowed) == 1 else None)
        if right is not None:
            return "not-allowed", _joined(detail, f"Write `{snippet(failure.path[-1], right)}`.", _default(failure))
    elif isinstance(failure.value, (dict, list)):
        return "wrong-type", _joined(f"`{name}` takes text; this is {kind_of(failure.value)}.", detail)
    return "not-allowed", _joined(detail, _what(failure), _default(failure))


def _pattern(document: Document, failure: Failure) -> tuple[str, str]:
    schema, name = failure.schema, field_name(failure.path)
    says = schema.get("patternErrorMessage", f"text of the form {schema['pattern']}")
    if schema.get("x-kind") == "name":
        return "bad-name", _refused_name(failure.value, schema, f"as `{name}`")
    if failure.path == ("job", "environment"):
        return "bad-value", _environment(failure.value, says)
    given = "" if _is_credential(failure.path) else f"{shown(failure.value)} does not fit. "
    return "bad-value", _joined(f"{given}`{name}` takes {says}.", _example(failure))


def _environment(name: str, says: str) -> str:
    if name.startswith("azureml:"):
        return f"{shown(name)} does not fit. `job.environment` takes {says}, or a mapping."
    if "/" in name:
        return f"For a container image write `environment: {{image: {name}}}`."
    package = name.partition(":")[0].lower()
    return (
        f"For packages write `environment: {{pip: [{package}]}}`; "
        f"for an environment that is registered in the workspace, `environment: azureml:{name}`."
    )


def _property_names(document: Document, failure: Failure) -> tuple[str, str]:
    return "bad-name", _refused_name(failure.key or "", failure.schema, f"as a name in `{field_name(failure.path)}`")


def _bounds(document: Document, failure: Failure) -> tuple[str, str]:
    detail = f"`{field_name(failure.path)}` is {bound(failure)}; this is {failure.value}."
    return "out-of-range", _joined(detail, _what(failure), _default(failure))


def _length(document: Document, failure: Failure) -> tuple[str, str]:
    name = field_name(failure.path)
    if failure.keyword == "minLength":
        return "out-of-range", _joined(f"`{name}` must not be empty.", _example(failure), _default(failure))
    most = failure.schema["maxLength"]
    return "out-of-range", f"`{name}` has at most {most} characters; this has {len(failure.value)}."


def _size(document: Document, failure: Failure) -> tuple[str, str]:
    name = field_name(failure.path)
    says = failure.schema.get("x-says")
    detail = f"`{name}` has {says}." if says else f"`{name}` must not be empty."
    return "out-of-range", _joined(detail, _example(failure))


_EXPLANATIONS = {
    "enum": _enum,
    "const": _enum,
    "pattern": _pattern,
    "propertyNames": _property_names,
    "minimum": _bounds,
    "exclusiveMinimum": _bounds,
    "maximum": _bounds,
    "minLength": _length,
    "maxLength": _length,
    "minItems": _size,
    "minProperties": _size,
    "maxProperties": _size,
}


def _refused_name(name: str, schema: Mapping[str, Any], role: str) -> str:
    says = schema.get("patternErrorMessage", schema["pattern"])
    detail = f"{shown(name)} cannot stand {role}: {says}."
    if len(name) > 32:
        detail += f" It has {len(name)} characters."
    right = _allowed_name(name, schema["pattern"])
    return f"{detail} {shown(right)} could." if right else detail


def _allowed_name(name: str, pattern: str) -> str | None:
    """A name like the refused one that the pattern allows."""
    import re

    fits = expression(pattern).search
    # What is there of an address, without the parts that every storage account has.
    name = re.sub(r"^https?://|\.(?:blob|file|dfs)\.core\.windows\.net.*$", "", name.removeprefix("azureml:"))
    for joint in ("-", "_", ""):
        plain = re.sub(r"[^A-Za-z0-9]+", joint, name).strip("-_")
        for candidate in (plain, plain.lower(), f"_{plain}"):
            for length in (255, 63, 40, 33, 32, 24):
                if plain and fits(candidate[:length].rstrip("-_")):
                    return candidate[:length].rstrip("-_")
    return None


def _is_credential(path: Path) -> bool:
    return bool(path) and path[-1] in _CREDENTIALS


def _field(path: Path) -> str:
    where = section(path[:-1])
    return f"{where}.{path[-1]}" if where else str(path[-1])


def _what(failure: Failure) -> str:
    return str(failure.field.get("description", ""))


def _default(failure: Failure) -> str:
    if "default" not in failure.field or not failure.path:
        return ""
    return f"Left out, it is {shown(failure.field['default'])}."


def _example(failure: Failure) -> str:
    if not failure.path or not isinstance(failure.path[-1], str):
        return ""
    shown_there = example(failure.path[-1], failure.field)
    return f"For example `{shown_there}`." if shown_there else ""


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
