"""Finds what looks like a credential, so that it is never copied."""

from __future__ import annotations

import re
from dataclasses import dataclass

from specrun.convert.batchai.names import unique, variable

_NAME = re.compile(
    r"(?i)(key$|_key|key_|secret|passw|passphrase|token|credential|conn(ection)?_?str|sas$|(^|_)sas_|(^|_)pwd$)"
)
_NO_NAME = re.compile(
    r"(?i)(keyboard|tokeni[sz]|num_?tokens|max_?tokens|keys?_?(path|file|name|column)|token_?(file|path))"
)
_KEY = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{86}==")
_SIGNATURE = re.compile(r"(?<=[?&]sig=)[^&\s\"'|;]+|(?<=AccountKey=)[^;\s\"']+|(?<=SharedAccessSignature=)[^;\s\"']+")
_FLAG = re.compile(r"(?P<flag>--?[A-Za-z][\w-]*)(?P<between>[=\s]\s*)(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'|;&<>()]+)")
_ASSIGNED = re.compile(r"(?<![\w$-])(?P<flag>[A-Za-z_]\w*)(?P<between>=)(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'|;&<>()]+)")
_IN_ADDRESS = re.compile(r"(?<=://)(?P<user>[^\s:/@$]+):(?P<value>[^\s:/@$]+)(?=@)")


@dataclass(frozen=True, slots=True)
class Hidden:
    """A text without its credentials, and the variables that stand for them."""

    text: str
    variables: tuple[str, ...]


def is_secret(name: str, value: str) -> bool:
    """Whether a variable of this name, with this value, holds a credential."""
    told = bool(value) and not value.startswith("$") and _names_secret(name)
    return told or bool(_KEY.search(value) or _SIGNATURE.search(value) or _IN_ADDRESS.search(value))


def hide(text: str) -> Hidden:
    """A command line with each credential replaced by a variable of the shell."""
    found: list[str] = []

    def stands_for(name: str) -> str:
        chosen = unique(variable(name), found)
        found.append(chosen)
        return f"${{{chosen}}}"

    def flagged(match: re.Match[str]) -> str:
        value = match["value"].strip("\"'")
        if not value or value.startswith(("$", "-")) or not _names_secret(match["flag"].lstrip("-")):
            return match[0]
        return f'{match["flag"]}{match["between"]}"{stands_for(match["flag"].lstrip("-"))}"'

    text = _ASSIGNED.sub(flagged, _FLAG.sub(flagged, text))
    text = _KEY.sub(lambda match: stands_for("STORAGE_KEY"), text)
    text = _SIGNATURE.sub(lambda match: match[0] if match[0].startswith(("$", '"')) else stands_for("SAS_TOKEN"), text)
    text = _IN_ADDRESS.sub(lambda match: f"{match['user']}:{stands_for('PASSWORD')}", text)
    return Hidden(text, tuple(found))


def _names_secret(name: str) -> bool:
    plain = name.replace("-", "_")
    return bool(_NAME.search(plain)) and not _NO_NAME.search(plain)
