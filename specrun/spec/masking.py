"""Hides credentials: in lines of source, in addresses, and, where a secret's value is known, wherever it turns up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from specrun.spec.visible import json_text, visible

MASK = "••••"

SHORTEST = 4
"""Characters: shorter values of secrets would turn up everywhere, and are none."""

_SHORTEST_ENCODED = 8
"""Characters of a piece of base64, which says less by itself."""

_NAMED = re.compile(
    r"""(?ix) (?P<name> (?:account|access|api|shared)_?key | sas_?token | (?:access|auth)_?token | client_?secret
                      | pass(?:word|wd) | secret | credentials? | connection_?string ) ["']? \s* [:=] \s*
             (?P<value> ["']? [^\s,}&;"'${|>*] [^\s,}&;]* )"""
)
# A value does not begin like an expression, a mapping, a block's mark or an alias.
_SIGNATURE = re.compile(r"(?i)[?&]sig=(?P<value>[^&\s\"']+)")
# Up to the last @, and never an expression: a name is for everyone to see.
_PASSWORD = re.compile(r"(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@\"'?#]*:(?P<value>(?:[^\s/\"'?#$]|\$(?!\{))+)(?=@)")
# A token alone, as in https://TOKEN@host; other schemes have names of users or containers there.
_TOKEN = re.compile(r"(?i)\b(?:[a-z]+\+)?https?://(?P<value>(?:[^\s/:@\"'?#$]|\$(?!\{))+):?(?=@)")

_LONGEST_LINE = 1000
"""Nobody reads more of a line, and a file may be a single one."""


def source_line(line: str) -> str:
    """The line as a message may show it."""
    return masked(line[:_LONGEST_LINE])


def masked(line: str) -> str:
    """The line with credentials replaced by asterisks, as many as they had characters, so that a caret still fits."""
    for form in (_NAMED, _SIGNATURE):
        line = form.sub(_stars, line)
    return mask_addresses(line)


def mask_addresses(text: str) -> str:
    """The text with the password of every address in it, or the token that stands for one, replaced by asterisks."""
    if "://" in text and "@" in text:
        text = _TOKEN.sub(_stars, _PASSWORD.sub(_stars, text))
    return text


def without_passwords(value: object) -> object:
    """JSON values without the password of any address."""
    if isinstance(value, str):
        return mask_addresses(value)
    if isinstance(value, Mapping):
        return {name: without_passwords(item) for name, item in value.items()}
    return [without_passwords(item) for item in value] if isinstance(value, list) else value


def forms_of(secret: str) -> Iterator[str]:
    """What a secret looks like when it is shown: as it is, each of its lines, in an address, in JSON, in base64.

    What is too short to be told from ordinary text is not among them.
    """
    import json  # late: most specs have no secrets
    from urllib.parse import quote, quote_plus

    secret = secret.strip()
    if len(secret) < SHORTEST:
        return
    lines = [line.strip() for line in secret.splitlines()]
    texts = [secret, *lines, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]]
    texts += [json.dumps(secret, ensure_ascii=False)[1:-1], json_text(secret)[1:-1], visible(secret)]
    yield from dict.fromkeys(text for text in texts if len(text) >= SHORTEST)
    yield from dict.fromkeys(_base64(secret.encode("utf-8", "surrogateescape")))


def _base64(value: bytes) -> Iterator[str]:
    """Its characters in base64 that do not depend on what stands around it, wherever it begins."""
    from base64 import b64encode

    for before in range(3):
        encoded = b64encode(b"\0" * before + value).decode()
        certain = encoded[-(-before * 8 // 6) : (before + len(value)) * 8 // 6]
        if len(certain) >= _SHORTEST_ENCODED:
            yield certain
            yield certain.translate(str.maketrans("+/", "-_"))


def longest_first(secrets: Iterable[str]) -> tuple[str, ...]:
    """The forms of all secrets, in the order in which they are to be replaced."""
    forms = {form for secret in secrets for form in forms_of(secret)}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _stars(match: re.Match[str]) -> str:
    value = match["value"]
    start = match.start("value") - match.start()
    return match[0][:start] + "*" * len(value) + match[0][start + len(value) :]
