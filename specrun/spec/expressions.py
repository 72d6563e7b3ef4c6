"""The grammar of expressions: `${{ NAMESPACE.NAME }}` and nothing more. No functions, no conditions.

What they stand for is decided in `substitution` (env, vars, secrets) and by the engines (inputs, outputs and
search_space), which alone know the paths, and the values of a trial.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from specrun.spec.diagnostics import Location, Path
from specrun.spec.masking import source_line
from specrun.spec.nearest import nearest, suggestion

if TYPE_CHECKING:
    from specrun.spec.model import Scalar
    from specrun.spec.source import Document

OPEN = "${{"
NAMESPACES = ("env", "vars", "secrets", "inputs", "outputs", "search_space")

OF_A_RUN = ("inputs", "outputs")
"""What has a path only while the job runs: the command and the arguments may name it."""

DECLARED: Mapping[str, tuple[str, tuple[str, str]]] = {
    "inputs": ("unknown-input", ("job", "inputs")),
    "outputs": ("unknown-output", ("job", "outputs")),
    "search_space": ("unknown-parameter", ("sweep", "search_space")),
}
"""Where the names of a namespace are declared that only a run has values for, and what a name is that is not there."""

# The body ends at `}}` or where the next expression opens: an unclosed one must not swallow its neighbour.
_SPAN = re.compile(r"\$\{\{((?:(?!\$\{\{|\}\}).)*)(\}\})?", re.DOTALL)
_REFERENCE = re.compile(r"\s*([A-Za-z_][\w-]*)\s*\.\s*([A-Za-z_][\w-]*)\s*")
_BEGUN = r"\$\{\{[ \t]*([A-Za-z_][\w-]*)[ \t]*\.[ \t]*([A-Za-z_][\w-]*)(?:[ \t]*\})?"
"""What there is of an expression that is not closed, where it has a name."""

_FORM = f"An expression is `${{{{ NAMESPACE.NAME }}}}` with one of {', '.join(f'`{name}`' for name in NAMESPACES)}."

# What people bring along from GitHub Actions, Azure Pipelines and Azure ML pipelines.
_FOREIGN = {
    "var": "vars",
    "variables": "vars",
    "parameters": "vars",
    "params": "vars",
    "matrix": "vars",
    "sweep": "search_space",
    "environ": "env",
    "environment": "env",
    "secret": "secrets",
    "input": "inputs",
    "data": "inputs",
    "datasets": "inputs",
    "output": "outputs",
}


class Expression(NamedTuple):
    """A well-formed `${{ namespace.name }}`; `text[start:end]` is how it was written, `number` counts from 0."""

    namespace: str
    name: str
    start: int
    end: int
    number: int

    def __str__(self) -> str:
        return f"${{{{ {self.namespace}.{self.name} }}}}"


class Malformed(NamedTuple):
    """A `${{` that begins no expression that exists; `code` and `detail` are the diagnostic's."""

    code: str
    detail: str
    start: int
    end: int
    number: int


@lru_cache(maxsize=4096)  # the files of one repository repeat the same few
def parse(text: str) -> tuple[Expression | Malformed, ...]:
    """Every `${{` of a scalar, in order."""
    found: list[Expression | Malformed] = []
    for number, match in enumerate(_SPAN.finditer(text)):
        reference = _REFERENCE.fullmatch(match[1]) if match[2] else None
        if reference is not None and reference[1] in NAMESPACES:
            found.append(Expression(reference[1], reference[2], match.start(), match.end(), number))
        else:
            code, detail = _malformed(match[1].strip()) if match[2] else _unclosed(match[0])
            found.append(Malformed(code, detail, match.start(), match.end(), number))
    return tuple(found)


def references(text: str, namespace: str) -> list[str]:
    """The names that the scalar refers to in `namespace`, in order and with repetitions."""
    if OPEN not in text:
        return []
    return [e.name for e in parse(text) if isinstance(e, Expression) and e.namespace == namespace]


def secret_names(text: str) -> Iterator[str]:
    """The names of all secrets in a text of any length, whether or not they may stand there."""
    if OPEN in text:
        bodies = (match[1] for match in _SPAN.finditer(text) if match[2])
        found = (reference for body in bodies if (reference := _REFERENCE.fullmatch(body)))
        yield from (reference[2] for reference in found if reference[1] == "secrets")


def whole(text: str) -> Expression | None:
    """The expression, if the scalar is one whole expression."""
    if OPEN not in text:
        return None
    found = parse(text)
    one = found[0]
    if len(found) > 1 or not isinstance(one, Expression):
        return None
    return one if not text[: one.start].strip() and not text[one.end :].strip() else None


def misplaced(expression: Expression, path: Path) -> str:
    """Why one that only a run has a value for cannot stand at a path outside of command and arguments; "": it can."""
    if expression.namespace in OF_A_RUN:
        return (
            f"`{expression.namespace}` have a path only while the job runs: they may stand in `job.command` and "
            "`job.arguments`. Hand the path to the script as an argument."
        )
    if path[:2] == ("job", "environment_variables"):
        return ""
    return (
        "A parameter has a value in a trial only: it may stand in `job.command`, `job.arguments` and "
        "`job.environment_variables`."
    )


def undeclared(namespace: str, name: str, names: Sequence[str], *, has_sweep: bool) -> str:
    """What there is to say of a name that is not declared where those of its namespace are."""
    place = ".".join(DECLARED[namespace][1])
    if namespace == "search_space" and not has_sweep:
        return (
            f"There is no `sweep` in this spec, and so no trial that has a value for `{name}`. Write `sweep:` with a "
            f"`search_space` that has `{name}`; one value for all runs is a variable, `${{{{ vars.{name} }}}}`."
        )
    kind = "parameters" if namespace == "search_space" else namespace
    return f"`{place}` has no `{name}`. {suggestion(name, names, kind=kind)}"


def literal_text(text: str) -> str:
    """What the scalar says besides its expressions."""
    return _SPAN.sub("", text).strip() if OPEN in text else text


def scalar_text(value: Scalar) -> str:
    """A scalar inside a text, spelled as YAML spells it."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
    return str(value)


def locate(document: Document, path: Path, text: str, expression: Expression | Malformed) -> Location:
    """The place of an expression inside the scalar `text` at `path`, on its own line and column.

    Quoting and folding move characters but never `${{`, so the n-th of the scalar is the n-th of the source from where
    the scalar begins. Where that does not hold (an alias stands there, not the text), it is the scalar's own place.
    """
    from specrun.spec.locations import lines_of  # late: it reads YAML, and the supervisor of a sweep has none to read

    part = document.part(path)
    place = part.document.location(part.path)
    lines = lines_of(part.document.text)
    first, column = place.line - 1, place.column - 1
    remaining = expression.number
    written = "".join(text[expression.start : expression.end].split())
    for offset in range(first, min(len(lines), first + text.count("\n") + 200)):
        line = lines[offset]
        at = line.find(OPEN, column)
        while at >= 0:
            if remaining == 0:
                if not _same_start(line[at : at + 200], written[:200]):
                    return place
                length = _length(line, at, closed=written.endswith("}}"))
                shown = place.text if offset == first else source_line(line)
                return Location(place.file, offset + 1, at + 1, length, shown)
            remaining -= 1
            at = line.find(OPEN, at + len(OPEN))
        column = 0
    return place


def _length(line: str, at: int, *, closed: bool) -> int:
    """How much of a line an expression takes that begins there."""
    if closed:
        end = line.find("}}", at)
        return (end + 2 if end >= 0 else len(line.rstrip())) - at
    begun = re.match(_BEGUN, line[at:])
    return begun.end() if begun is not None else len(OPEN)


def _same_start(line: str, written: str) -> bool:
    found = "".join(line.split())
    return found.startswith(written) or written.startswith(found)


def _unclosed(written: str) -> tuple[str, str]:
    begun = re.match(_BEGUN, written)
    instead = f"Write `${{{{ {begun[1]}.{begun[2]} }}}}`." if begun is not None and begun[1] in NAMESPACES else _FORM
    return "expression-unclosed", f"After `{OPEN}` the closing `}}}}` is missing. {instead}"


def _malformed(body: str) -> tuple[str, str]:
    if not body:
        return "expression-syntax", f"The expression is empty. {_FORM}"
    if "(" in body:
        return "expression-syntax", f"There are no functions in a spec: `{body}` cannot be called. {_FORM}"
    if any(operator in body for operator in ("==", "!=", "&&", "||", "!", "?", "<", ">", "|", "+", "*", "/")):
        return "expression-syntax", f"There are no conditions or operators in a spec. {_FORM}"
    reference = _REFERENCE.fullmatch(body)
    if reference is not None:
        return "unknown-namespace", _unknown_namespace(reference[1], reference[2])
    if "." not in body:
        return "expression-syntax", f"`{body}` names no namespace; perhaps `${{{{ vars.{body} }}}}`? {_FORM}"
    if body.split(".")[0].strip() in ("parent", "github", "steps", "needs", "jobs"):
        head, *between, last = (part.strip() for part in body.split("."))
        if between[0] == "jobs" and between[-1] == "outputs" and len(between) == 3:
            reads = f"{last}: {{run: {between[1]}, output: {last}}}"
            why = "in a spec an input names the spec whose run it reads from, and that one runs first"
            return "unknown-namespace", f"A job of a pipeline is a spec of its own, and {why}: `inputs: {{{reads}}}`."
        instead = f"${{{{ inputs.{last} }}}}" if head == "parent" else f"${{{{ env.{last.upper()} }}}}"
        return "unknown-namespace", f"`{head}` does not exist in a spec; perhaps `{instead}`? {_FORM}"
    return "expression-syntax", f"`{body}` is not a namespace and one name. {_FORM}"


def _unknown_namespace(namespace: str, name: str) -> str:
    if namespace == "github":
        instead = f"${{{{ env.GITHUB_{name.upper()} }}}}"
        return f"GitHub's contexts do not exist here; its variables do: write `{instead}`. {_FORM}"
    right = _FOREIGN.get(namespace.lower()) or nearest(namespace, NAMESPACES)
    instead = f"Did you mean `${{{{ {right}.{name} }}}}`? " if right else ""
    return f"There is no namespace `{namespace}`. {instead}{_FORM}"
