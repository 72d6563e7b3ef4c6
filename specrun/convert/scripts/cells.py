"""A script's or a notebook's Python, with the place of each line as people find it."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import field

from specrun.convert.sources import HUGE, MAX_BITS, MAX_BYTES, Refused, whole
from specrun.spec.frozen import dataclass

MAX_NODES = 60_000
"""Of syntax trees in a file: some 6,000 lines."""

_MAGIC = re.compile(
    r"(\s*)([%!?].*|\S.*[^?]\?{1,2}\s*|(?:pip|conda|mamba|ls|cd|cat|cp|mv|rm|mkdir|pwd|man|less|who)(?:\s+[\w./~*-].*)?)$"
)
_SHELL_VALUE = re.compile(r"(\s*[\w.,][\w., ]*=\s*)[%!](?!=).*$")
WRITES = "%%writefile"
"""What stands before a cell's text that is a file."""

_PYTHON_CELL = ("%%time", "%%timeit", "%%capture", "%%prun")
_PYTHON_2 = re.compile(
    r"\s*(print\s+[^\s(=.,:\[)]|print\s*$|print\s*>>|except\s+[\w.]+\s*,\s*\w+\s*:|raise\s+[\w.]+\s*,|exec\s+['\"])"
)


@dataclass(frozen=True, slots=True)
class Code:
    """The syntax trees of a file, in order, and for each the words that stand before a line's number.

    `functions` are those that it defines, with the same words, and `called` the names of what it calls.
    """

    parts: list[tuple[str, ast.Module]] = field(default_factory=list)
    functions: list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]] = field(default_factory=list)
    called: set[str] = field(default_factory=set)

    def add(self, cell: str, nodes: list[ast.AST]) -> None:
        """A tree more, whose nodes these are, with what it defines and calls."""
        if isinstance(nodes[0], ast.Module):
            self.parts.append((cell, nodes[0]))
        functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        self.functions.extend((cell, node) for node in sorted(functions, key=lambda node: node.lineno))
        for node in nodes:
            if isinstance(node, ast.Call):
                self.called.add(node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", ""))


def read_code(file: str, text: str) -> Code:
    """The Python of a script, or of a notebook's code cells. Raises Refused, with the place of wrong syntax."""
    code = Code()
    if not file.endswith(".ipynb"):
        code.add("", _parse(file, "", text))
        return code
    cells = list(code_cells(file, text))
    if sum(len(source) for _, source in cells) > MAX_BYTES:
        raise Refused(file, f"its code has more than {MAX_BYTES:,} characters")
    for number, source in cells:
        code.add(f"cell {number}, ", _parse(file, f"cell {number}: ", source))
    return code


def code_cells(file: str, text: str) -> Iterator[tuple[int, str]]:
    """The code cells of a notebook, with their numbers among all cells, from 1. Raises Refused."""
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        raise Refused(file, f"it is not a notebook, which is JSON: {error.msg}", error.lineno, error.colno) from error
    except RecursionError as error:
        raise Refused(file, "it is nested too deeply") from error
    except ValueError as error:
        raise Refused(file, HUGE) from error
    sheets = notebook.get("worksheets") if isinstance(notebook, Mapping) else None
    holder = sheets[0] if isinstance(sheets, list) and sheets else notebook
    cells = holder.get("cells") if isinstance(holder, Mapping) else None
    if not isinstance(cells, list):
        raise Refused(file, "it is not a notebook: it has no list of cells")
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, Mapping) and cell.get("cell_type") == "code":
            source = cell.get("source", cell.get("input"))
            lines = source if isinstance(source, list) else [source]
            yield number, "".join(line for line in lines if isinstance(line, str))


def _parse(file: str, cell: str, text: str) -> list[ast.AST]:
    """The nodes of a text's syntax tree, itself first. Raises Refused."""
    first, _, rest = text.lstrip().partition("\n")
    if first.startswith(WRITES):
        return list(_walk(_written(first, rest)))
    if first.startswith("%%") and not first.startswith(_PYTHON_CELL):
        return [ast.Module([], [])]
    try:
        return _bounded(file, cell, _tree(text))
    except SyntaxError:
        try:
            return _bounded(file, cell, _tree("\n".join(map(_without_magic, text.split("\n")))))
        except SyntaxError as inner:
            error = inner
        raise Refused(file, cell + _explain(error, text), error.lineno or 0, error.offset or 0) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise Refused(file, f"{cell}it is not Python that can be read: {error or type(error).__name__}") from error


def _written(first: str, text: str) -> ast.Module:
    """A cell that writes a file, as a call of what its first line names: with the path, and with the text."""
    _, *words = first.split(None, 1)
    path = (words[0] if words else "").strip().removeprefix("-a ").strip().strip("\"'")
    formatted = re.sub(r"\$(\w+)", r"{\1}", path)
    try:
        where = ast.parse(f"f{formatted!r}", mode="eval").body
    except (SyntaxError, ValueError):
        where = ast.Constant(path)
    call = ast.Call(ast.Name(WRITES), [where, ast.Constant(whole(text))], [])
    for node in ast.walk(call):
        ast.copy_location(node, ast.Constant("", lineno=1, col_offset=0, end_lineno=1, end_col_offset=0))
    return ast.Module([ast.Expr(call)], [])


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about escapes in other people's texts
        try:
            return ast.parse(text)
        except (RecursionError, MemoryError) as error:
            raise ValueError("it is nested too deeply") from error


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes, in no order: as `ast.walk`, in half of its time."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                waiting += [inner for inner in value if isinstance(inner, ast.AST)]
            elif isinstance(value, ast.AST) and value._fields:
                waiting.append(value)


def _bounded(file: str, cell: str, tree: ast.Module) -> list[ast.AST]:
    """The tree's nodes, if all of them can be followed and written. Raises Refused."""
    nodes: list[ast.AST] = []
    for number, node in enumerate(_walk(tree)):
        nodes.append(node)
        if number >= MAX_NODES:
            raise Refused(file, f"{cell}it has more code than is followed")
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value.bit_length() > MAX_BITS:
            raise Refused(file, f"{cell}{HUGE}", node.lineno, node.col_offset + 1)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = whole(node.value)
    return nodes


def _without_magic(line: str) -> str:
    value = _SHELL_VALUE.match(line)
    if value is not None:
        return f"{value[1]}output_of_a_command"
    magic = _MAGIC.match(line)
    return f"{magic[1]}pass" if magic is not None and not line.strip().startswith("#") else line


def _explain(error: SyntaxError, text: str) -> str:
    lines = text.split("\n")
    number = error.lineno or 0
    line = lines[number - 1] if 0 < number <= len(lines) else ""
    if _PYTHON_2.match(line) or "Missing parentheses in call" in error.msg:
        return "it is Python 2, such as `print` without brackets: convert it with `2to3 -w FILE`, then import it"
    return f"it is not Python: {error.msg}"
