"""The values of secrets, hidden in whatever is shown or kept.

Which ones there are is known from the names that documents have for them, noted as each is read, and from every value
that is taken from the environment as a secret's: nobody needs to remember them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator

from specrun.spec.visible import json_text, visible

MASK = "••••"

SHORTEST = 4
"""Characters: shorter values of secrets would turn up everywhere, and are none."""

_SHORTEST_ENCODED = 8
"""Characters of a piece of base64, which says less by itself."""

_noting = threading.Lock()
_values: tuple[str, ...] = ()
_forms: tuple[str, ...] = ()
"""What must not show of the values, the longest first."""


def note(names: Iterable[str]) -> None:
    """Take the values of these environment variables for secrets from here on."""
    note_values(os.environ.get(name, "") for name in names)


def note_values(values: Iterable[str]) -> None:
    """Take these texts for secrets from here on."""
    global _values, _forms
    with _noting:
        fresh = [value for value in dict.fromkeys(values) if value not in _values and len(value.strip()) >= SHORTEST]
        if fresh:
            _forms = _sorted({*_forms, *longest_first(fresh)})
            _values = (*_values, *fresh)


def noted() -> tuple[str, ...]:
    """The values that were noted so far."""
    return _values


def how_to_set(name: str, namespace: str = "secrets") -> str:
    """What to type for a variable that is not set; no shell sets one with a hyphen in its name."""
    if "-" not in name:
        return f"`export {name}=…`"
    right = name.replace("-", "_")
    return f"no shell takes a hyphen in a name, so write `${{{{ {namespace}.{right} }}}}`, and `export {right}=…`"


def hide(text: str) -> str:
    """The text without the value of any secret that was noted so far."""
    for form in _forms:
        if form in text:
            text = text.replace(form, MASK)
    return text


def longest_first(secrets: Iterable[str]) -> tuple[str, ...]:
    """The forms of all secrets, in the order in which they are to be replaced."""
    return _sorted({form for secret in secrets for form in forms_of(secret)})


def _sorted(forms: set[str]) -> tuple[str, ...]:
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def forms_of(secret: str) -> Iterator[str]:
    """What a secret looks like when it is shown: as it is, each of its lines, as programs quote it, in base64.

    What is too short to be told from ordinary text is not among them.
    """
    secret = secret.strip()
    if len(secret) < SHORTEST:
        return
    lines = [line.strip() for line in secret.splitlines()]
    texts = [secret, *lines] if secret.isalnum() and secret.isascii() else [secret, *lines, *_quoted(secret)]
    yield from dict.fromkeys(text for text in texts if len(text) >= SHORTEST)
    yield from dict.fromkeys(_base64(secret.encode("utf-8", "surrogateescape")))


def _quoted(secret: str) -> Iterator[str]:
    """The secret as programs quote it, and each of these in JSON."""
    import json  # late: most specs have no secrets

    for text in dict.fromkeys([secret, *_spelled(secret)]):
        in_json = json.dumps(text)[1:-1]
        yield from (text, in_json, in_json.replace("/", "\\/"))
        yield from (json.dumps(text, ensure_ascii=False)[1:-1], json_text(text)[1:-1])


def _spelled(secret: str) -> Iterator[str]:
    """The secret as it stands in an address, in JSON, in Python's `repr`, in YAML, in a shell's line, in HTML, in a
    table of Markdown, and where `visible` has seen it.
    """
    import json
    from html import escape
    from shlex import quote as in_shell
    from urllib.parse import quote, quote_plus

    data = secret.encode("utf-8", "surrogateescape")
    for address in (quote(data, safe=""), quote(data), quote(data, safe="!~*'()"), quote_plus(data)):
        yield from (address, _in_lower_case(address))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from (repr(secret)[1:-1], repr(data)[2:-1], secret.encode("unicode_escape", "replace").decode())
    yield from (secret.replace("'", "''"), secret.replace("'", "\\'"))
    yield in_shell(secret).removeprefix("'").removesuffix("'")
    html = escape(secret)
    yield from (html, html.replace("&#x27;", "&#39;"), html.replace("&#x27;", "&apos;"), escape(secret, quote=False))
    yield secret.replace("|", "\\|")
    yield visible(secret)


def _in_lower_case(address: str) -> str:
    first, *rest = address.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _base64(value: bytes) -> Iterator[str]:
    """Its characters in base64 that do not depend on what stands around it, wherever it begins."""
    from base64 import b64encode

    for before in range(3):
        encoded = b64encode(b"\0" * before + value).decode()
        certain = encoded[-(-before * 8 // 6) : (before + len(value)) * 8 // 6]
        if len(certain) >= _SHORTEST_ENCODED:
            yield certain
            yield certain.translate(str.maketrans("+/", "-_"))
