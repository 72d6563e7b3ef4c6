"""Which literals are credentials, and how an expression is shown without any."""

from __future__ import annotations

import ast
import copy
import re

from specrun.convert.credentials import reveals
from specrun.spec.masking import names_secret

_LITERAL = re.compile(
    r"(?i)AccountKey\s*=|SharedAccess|\bsv=\d|password\s*[=:]|PRIVATE KEY"
    r"|^[A-Za-z0-9+/]{20,}={1,2}$|^[A-Za-z0-9+/]{64,}$"
)


def is_key(value: str) -> bool:
    """Whether a literal is a key or a connection string as a whole, or has a credential in it."""
    opaque = bool(_LITERAL.search(value)) and not value.startswith("/") and "://" not in value[:8]
    return opaque or reveals(value)


def shown(node: ast.expr, length: int = 100) -> str:
    """An expression's source on one line, credentials left out."""
    text = " ".join(ast.unparse(_Masked().visit(copy.deepcopy(node))).split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


class _Masked(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        secret = isinstance(node.value, str | bytes) and is_key(
            node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        )
        return ast.Name("…") if secret else node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        self.generic_visit(node)
        if node.arg and names_secret(node.arg):
            node.value = _hidden(node.value)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        for index, key in enumerate(node.keys):
            if isinstance(key, ast.Constant) and names_secret(str(key.value)):
                node.values[index] = _hidden(node.values[index])
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`get("api_key", "the key")`: what stands beside a credential's name."""
        self.generic_visit(node)
        named = [isinstance(word, ast.Constant) and names_secret(str(word.value)) for word in node.args]
        if any(named):
            node.args = [word if name else _hidden(word) for word, name in zip(node.args, named, strict=True)]
        return node


def _hidden(node: ast.expr) -> ast.expr:
    literal = any(isinstance(inner, ast.Constant) and isinstance(inner.value, str) for inner in ast.walk(node))
    return ast.Name("…") if literal and not isinstance(node, ast.Subscript | ast.Call) else node
