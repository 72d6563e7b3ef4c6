"""What is a secret in other people's files: it is never copied, and the spec names a variable for it."""

from __future__ import annotations

import re

_NAMES = re.compile(
    r"passw|passphrase|pwd($|_)|secret|credential|token(?!i[sz])|conn(ection)?_?str|sas$|(^|_)sas_|(^|_)pat$"
    r"|key(_?\d+)?$|(^|_)key_|(access|account|api|auth|client|instrumentation|master|primary|private|secondary|shared"
    r"|storage|subscription)_?key"
)
_ABOUT = re.compile(
    r"_(name|path|file|env|var|vault|dir|folder|count|size|length|column|dim|type)s?$|(?<!sas)_ur[il]s?$"
    r"|(?<!access_key)_ids?$|public_?key|keys?(file|path|name)|(num|max|min|pad|mask|unk|bos|eos|sep|cls)_?token"
)
"""Names of what is about a secret, or about tokens and keys that are none."""

_HARMLESS = re.compile(
    r"(?i)(true|false|none|null|\d{0,5}(\.\d*)?|\$[A-Za-z_]\w*(/\S*)?|\$\{[^}]*\}|\$\(.*\)|[./~][^\s=]*)", re.DOTALL
)
_VALUES = re.compile(
    r"(?i)((AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd)=[^;\s\"'${]{3,}"
    r"|(^|[?&])sig=[^&\s\"'${]{3,}|\bgh[pousr]_[A-Za-z0-9]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|://[^/\s:@$]+:[^/\s:@$]+@|(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{86}==)"
)


def names_secret(name: str) -> bool:
    """Whether a variable, argument or flag of that name holds a password, key or token."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()
    return bool(_NAMES.search(plain)) and not _ABOUT.search(plain)


def is_secret(name: str, value: str) -> bool:
    """Whether a variable holds a secret, by its name or by what it holds."""
    return reveals(value) or (names_secret(name) and not _HARMLESS.fullmatch(value.strip()))


def reveals(value: str) -> bool:
    """Whether a text has a credential in it: an account key, a signature, a password in an address."""
    return bool(_VALUES.search(value))


def variable(*parts: str) -> str:
    """The name of an environment variable for a secret: `TRAINING_ACCOUNT_KEY`."""
    name = re.sub(r"[^A-Z0-9]+", "_", "_".join(parts).upper()).strip("_") or "SECRET"
    return name if name[0].isalpha() else f"S_{name}"


def secret(name: str) -> str:
    """The expression for a secret."""
    return f"${{{{ secrets.{name} }}}}"
