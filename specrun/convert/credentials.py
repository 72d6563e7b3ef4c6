"""What is a secret in other people's files: it is never copied, and the spec names a variable for it."""

from __future__ import annotations

import re

from specrun.spec.masking import names_secret

_HARMLESS = re.compile(
    r"(?i)(true|false|none|null|\d{0,5}(\.\d*)?|\$[A-Za-z_]\w*(/\S*)?|\$\{[^}]*\}|\$\(.*\)|[./~][^\s=]*)", re.DOTALL
)
_VALUES = re.compile(
    r"(?i)((AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)=[^;\s\"'${]{3,}"
    r"|(^|[?&])sig=[^&\s\"'${]{3,}|\bgh[pousr]_[A-Za-z0-9]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|:/{1,2}[^/\s:@$]+:[^/\s:@$]+@"
    r"|(?<![\w:/.-])(?!azureml:)[^/\s:@$\"']{1,100}:[^/\s:@$\"']{1,300}@[\w-]{1,100}\.[\w-]"
    r"|(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{86}==)"
)

_MARKS = ("=", "@", "gh", "BEGIN")
"""Few texts have one of them, and each of these values does."""


def is_secret(name: str, value: str) -> bool:
    """Whether a variable holds a secret, by its name or by what it holds."""
    return reveals(value) or (names_secret(name) and not _HARMLESS.fullmatch(value.strip()))


def reveals(value: str) -> bool:
    """Whether a text has a credential in it: an account key, a signature, a password in an address."""
    return any(mark in value for mark in _MARKS) and bool(_VALUES.search(value))


def variable(*parts: str) -> str:
    """The name of an environment variable for a secret: `TRAINING_ACCOUNT_KEY`."""
    name = re.sub(r"[^A-Z0-9]+", "_", "_".join(parts).upper()).strip("_") or "SECRET"
    return name if name[0].isalpha() else f"S_{name}"


def secret(name: str) -> str:
    """The expression for a secret."""
    return f"${{{{ secrets.{name} }}}}"
