"""Which names hold credentials, and how an expression is shown without any."""

from __future__ import annotations

import ast
import copy
import re

_CREDENTIAL = re.compile(
    r"(?i)passw|pwd|passphrase|secret|token(?!i)|credential|"
    r"(account|storage|access|api|shared|primary|secondary|subscription|client|master|private|auth)[_-]?key|"
    r"(^|[_-])key$|connection[_-]?str|(^|[_-])sas([_-]|$)"
)
_ABOUT = re.compile(r"(?i)([_-](name|path|file|url|uri|id|env|var|vault|dir|count|size|length)s?|public[_-]?key)$")
_LOOKS_SECRET = re.compile(
    r"(?i)AccountKey\s*=|SharedAccess|[?&]sig=|\bsv=\d|^[A-Za-z0-9+/]{20,}={1,2}$|^[A-Za-z0-9+/]{64,}$"
    r"|password\s*[=:]|PRIVATE KEY"
)


def is_credential(name: str) -> bool:
    """Whether a variable, argument or flag of that name holds a password, key or token."""
    return bool(_CREDENTIAL.search(name)) and not _ABOUT.search(name)


def looks_secret(value: str) -> bool:
    """Whether a text is a key or a connection string, whatever it is called."""
    return bool(_LOOKS_SECRET.search(value)) and not (
        value.startswith("/") or ("://" in value[:8] and "sig=" not in value)
    )


def secret_name(*words: str) -> str:
    """The environment variable that is to hold it: letters, digits and underscores."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", "_".join(word for word in words if word)).strip("_").upper()
    return name if name and not name[0].isdigit() else f"S_{name}"


def shown(node: ast.expr, length: int = 100) -> str:
    """An expression's source on one line, credentials left out."""
    text = " ".join(ast.unparse(_Masked().visit(copy.deepcopy(node))).split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


class _Masked(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        secret = isinstance(node.value, str | bytes) and looks_secret(
            node.value if isinstance(node.value, str) else node.value.decode("latin-1")
        )
        return ast.Name("…") if secret else node

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        self.generic_visit(node)
        if node.arg and is_credential(node.arg):
            node.value = _hidden(node.value)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        for index, key in enumerate(node.keys):
            if isinstance(key, ast.Constant) and is_credential(str(key.value)):
                node.values[index] = _hidden(node.values[index])
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """`get("api_key", "the key")`: what stands beside a credential's name."""
        self.generic_visit(node)
        named = [isinstance(word, ast.Constant) and is_credential(str(word.value)) for word in node.args]
        if any(named):
            node.args = [word if name else _hidden(word) for word, name in zip(node.args, named, strict=True)]
        return node


def _hidden(node: ast.expr) -> ast.expr:
    literal = any(isinstance(inner, ast.Constant) and isinstance(inner.value, str) for inner in ast.walk(node))
    return ast.Name("…") if literal and not isinstance(node, ast.Subscript | ast.Call) else node
