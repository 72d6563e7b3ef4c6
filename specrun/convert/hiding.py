"""Puts variables of the shell in the place of credentials that stand in command lines, so that none is copied."""

from __future__ import annotations

import re

from specrun.convert.credentials import is_secret, variable
from specrun.convert.naming import unique
from specrun.spec.frozen import dataclass
from specrun.spec.masking import names_secret

_KEY = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{86}==")
_SIGNATURE = re.compile(r"(?<=[?&]sig=)[^&\s\"'|;]+|(?<=AccountKey=)[^;\s\"']+|(?<=SharedAccessSignature=)[^;\s\"']+")
_FLAG = re.compile(
    r"(?P<flag>--?[A-Za-z][\w-]{0,200})(?P<between>[=\s]\s*)(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'|;&<>()]+)"
)
_ASSIGNED = re.compile(r"(?<![\w$-])(?P<flag>[A-Za-z_]\w*)(?P<between>=)(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'|;&<>()]+)")
_IN_ADDRESS = re.compile(r"(?<=://)(?P<user>[^\s:/@$]+):(?P<value>[^\s:/@$]+)(?=@)")


@dataclass(frozen=True, slots=True)
class Hidden:
    """A text without its credentials, and the variables that stand for them."""

    text: str
    variables: tuple[str, ...]


def hide(text: str) -> Hidden:
    """A command line with each credential replaced by a variable of the shell."""
    found: list[str] = []

    def stands_for(name: str) -> str:
        chosen = unique(variable(name), found)
        found.append(chosen)
        return f"${{{chosen}}}"

    def flagged(match: re.Match[str]) -> str:
        flag, value = match["flag"].lstrip("-"), match["value"].strip("\"'")
        if value.startswith(("$", "-", "\ue000")) or not names_secret(flag) or not is_secret(flag, value):
            return match[0]
        return f'{match["flag"]}{match["between"]}"{stands_for(flag)}"'

    text = _ASSIGNED.sub(flagged, _FLAG.sub(flagged, text))
    text = _KEY.sub(lambda match: stands_for("STORAGE_KEY"), text)
    text = _SIGNATURE.sub(lambda match: match[0] if match[0].startswith(("$", '"')) else stands_for("SAS_TOKEN"), text)
    text = _IN_ADDRESS.sub(lambda match: f"{match['user']}:{stands_for('PASSWORD')}", text)
    return Hidden(text, tuple(found))
