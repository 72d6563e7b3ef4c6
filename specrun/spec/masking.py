"""Hides credentials: what is written out in lines of source, in messages and in addresses, and the values of secrets.

The time that each expression here takes grows as the text does, and no faster, whatever the text is. Each is compiled,
and kept by `re`, when a text has a word of its kind: few commands meet one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

from specrun.spec.secrets import hide

Span: TypeAlias = tuple[int, int]

_SECRET_NAMES = (
    r"passw|passphrase|pwd($|_)|secret|credential|token(?!i[sz])|conn(ection)?_?str|sas$|(^|_)sas_|(^|_)pat$"
    r"|key(_?\d+)?$|(^|_)key_|(access|account|api|auth|client|instrumentation|master|primary|private|secondary|shared"
    r"|storage|subscription)_?key"
)
_ABOUT = (
    r"_(name|path|file|env|var|vault|dir|folder|count|size|length|column|dim|type)s?$|(?<!sas)_ur[il]s?$"
    r"|(?<!access_key)_ids?$|public_?key|keys?(file|path|name)|(num|max|min|pad|mask|unk|bos|eos|sep|cls)_?token"
)
"""Names of what is about a secret, or about tokens and keys that are none."""

# In a text in lower case, as are all of these that have no capitals.
_NAME = r"(?:passw|passphrase|pwd|secret|credential|token|key|conn(?:ection)?[-_ ]?str)[\w-]{0,20}(?![\w-])"
_KINDS = (
    *("access", "account", "api", "auth", "bearer", "client", "encryption", "function", "functions", "id"),
    *("instrumentation", "master", "oauth", "primary", "private", "refresh", "sas", "secondary", "session", "shared"),
    *("signing", "storage", "subscription"),
)
_LETTERS = r"[\w-]*"
_JOINT = r"\\{0,7}[\"'`]?[ \t]{0,4}(?P<sign>[:=]=?>?|%3d|%3a)[ \t]{0,4}|\\{0,7}[\"']?(?:\s*,)?[ \t]{1,8}"
_VALUE = r"""(?x) \\{1,7}"(?P<nested>[^"\\\n]+) | "(?P<double>[^"\\\n]*(?:\\.[^"\\\n]*)*) | '(?P<single>[^'\n]+)
           | `(?P<ticked>[^`\n]+)
           | (?P<bare>[^\s,;&"'`}\]\\\x1b]*(?:\\[^"'\s][^\s,;&"'`}\]\\\x1b]*)*)"""
_VARIABLE = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
"""A variable's name: of a secret it is what is kept."""
_NO_VALUE = (
    r"(?i)[${|>*<\[(…•]|(true|false|yes|no|on|off|none|null|nil|undefined|unset|not|empty|missing|required|optional"
    r"|invalid|incorrect|wrong|expired|unknown|absent|given|set|read|write|the|a|an|is|was|and|or|text|string|str|number|integer"
    r"|object|array|boolean|\d{0,5}(\.\d*)?|[./~][^\s=]*)[.:!?]?$|\w+\(|(ssh|ecdsa)-"
)
"""What stands behind such a name and is none: an expression, a mapping, a block's mark, an alias, a word, a path."""

# A password in front of a host, up to the last @; a token alone there. Never an expression: a name is for everyone to
# see.
_PASSWORD = r"://[^\s/:@\"'?#\\]*:(?P<value>(?:[^\s/\"'?#$\\]|\$(?!\{))+)(?=@)"
_TOKEN = r"://(?P<value>(?:[^\s/:@\"'?#$\\]|\$(?!\{))+):?(?=@)"
_ENCODED_PASSWORD = r"%2f%2f[^\s/%\"']{0,200}%3a(?P<value>[^\s/\"'&]{1,300}?)(?=%40)"

_SIGNATURE = r"sig(?:=|%3d)(?P<value>[^&\s\"'<>`\\;]+)"
_SCHEME = r"(?:bearer|basic|sharedkey(?:lite)?)[ \t:]{1,4}(?P<value>[^\s\"'`\\<>,;&){}|$*\x1b]+)"
_AUTHORIZATION = (
    r"authorization\\?[\"']?\s{0,4}[:=,]\s{0,4}\\?[\"']?(?:[\w-]{1,30}[ \t]{1,4})?"
    r"(?P<value>[^\s\"'`\\<>,;&){}|$*\x1b]+)"
)
_PRIVATE_KEY = r"-----begin [a-z0-9 ]{0,40}private key[a-z ]{0,10}-----(?P<value>(?:[^-]+|-(?!----))*)"
_USER = r"-(?:u|-user|-creds)[ =][\"']?[^\s:\"'$]{1,100}:(?!\d+\b|//)(?P<value>[^\s\"'$\\]+)"

_TOKENS = (
    r"(?P<value>eyJ(?<![A-Za-z0-9_+/=-]eyJ)[A-Za-z0-9_=-]{8,}\.[A-Za-z0-9_=-]{8,}(?:\.[A-Za-z0-9_=-]*){0,3}"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_[A-Za-z0-9]{30,}|xox[abprs]-[\w-]{10,}"
    r"|sk-[\w-]{20,}|pypi-[\w-]{30,})"
)
_ACCOUNT_KEY = r"(?<![A-Za-z0-9+/=-])(?P<value>[A-Za-z0-9+/]{86}==)(?!=)"

_KEY = r"(?m)^[ \t]*(?:-[ \t]+)?[\"']?(?P<key>[\w-]{1,60})[\"']?[ \t]*:[ \t]+(?P<value>[^\s#|>*&!$•].*?)[ \t]*$"
"""A line of YAML with a key and its value."""

_LONGEST_LINE = 1000
"""Nobody reads more of a line, and a file may be a single one."""


def names_secret(name: str) -> bool:
    """Whether a variable, argument or flag of that name holds a password, key or token."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").replace(" ", "_").lower()
    return bool(re.compile(_SECRET_NAMES).search(plain)) and not re.compile(_ABOUT).search(plain)


@lru_cache(maxsize=1000)  # specs share their keys
def is_credential_key(name: str) -> bool:
    """Whether a credential stands behind a key of a spec; there are others, of a table, of a cache."""
    found = re.compile(_NAME).search(name.lower())
    is_some_key = found is not None and found[0].startswith("key")
    told = found is not None and (not is_some_key or name[: found.start()].lower().rstrip("-_").endswith(_KINDS))
    return told and names_secret(name)


def source_line(line: str) -> str:
    """The line as a message may show it."""
    return masked(line[:_LONGEST_LINE])


def masked(line: str) -> str:
    """Lines of YAML with credentials replaced by asterisks, as many as they had characters, so that a caret fits."""
    return mask(_starred(line, (found.span("value") for found in re.compile(_KEY).finditer(line) if _is_keyed(found))))


def mask(text: str) -> str:
    """A text as it may be shown or kept: without the value of a secret, and without any credential written out."""
    return mask_literals(hide(text))


def mask_literals(text: str) -> str:
    """The text with each credential that is written out in it replaced by asterisks."""
    lowered = text.replace("İ", "I").lower()  # the one character that would be two
    return _starred(text, [span for find in _FINDERS for span in find(text, lowered)])


def mask_addresses(text: str) -> str:
    """The text with the password of every address in it, or the token that stands for one, replaced by asterisks."""
    return _starred(text, _in_addresses(text, text)) if "@" in text and "//" in text else text


def mask_properties(values: Mapping[str, object]) -> dict[str, object]:
    """JSON values, in mappings and lists of any depth, as they may be shown or kept."""
    return {name: mask_property(name, value) for name, value in values.items()}


def mask_property(name: str, value: object) -> object:
    """A JSON value as it may be shown or kept under a name, which may be a credential's."""
    if isinstance(value, Mapping):
        names_one = set(value) == {"secret"} and name != "environment_variables"  # of a variable: its secret's name
        return dict(value) if names_one else mask_properties(value)
    if isinstance(value, list):
        return [mask_property(name, item) for item in value]
    if not isinstance(value, str):
        return value
    return "*" * len(value) if is_credential_key(name) and not re.compile(_NO_VALUE).match(value) else mask(value)


def _starred(text: str, spans: Iterable[Span]) -> str:
    parts, end = [], 0
    for start, stop in sorted(spans):
        if stop > end:
            start = max(start, end)
            hidden = text[start:stop]
            stars = re.sub(r"\S", "*", hidden) if "\n" in hidden else "*" * len(hidden)
            parts += [text[end:start], stars]
            end = stop
    return "".join([*parts, text[end:]]) if parts else text


def _spans(pattern: str, text: str) -> Iterator[Span]:
    return (found.span("value") for found in re.compile(pattern).finditer(text))


def _named(text: str, lowered: str) -> Iterator[Span]:
    """What stands behind the name of a credential."""
    end = 0
    for found in re.compile(_NAME).finditer(lowered):
        joint = re.compile(_JOINT).match(lowered, found.end())
        if joint is None or found.start() < end:
            continue
        before = text[max(end, found.start() - 40) : found.start()]
        letters = re.compile(_LETTERS).match(before[::-1])
        name = f"{letters[0][::-1] if letters else ''}{text[found.start() : found.end()]}"
        if joint["sign"] is None and not name.startswith("--"):
            continue
        kind = before.lower().rstrip("-_ ").endswith(_KINDS)
        if found[0].startswith("key") and not kind:
            continue  # there are others: of a table, of a cache
        value = re.compile(_VALUE).match(text, joint.end())
        if value is None or value.lastgroup is None or not names_secret(name.lstrip("-")):
            continue
        start, end_of_value = value.span(value.lastgroup)
        in_words = (joint["sign"] or "").startswith(":") and _goes_on(text, end_of_value)
        told = kind or name.lower() != "token"
        if _is_credential(value[value.lastgroup], value.lastgroup == "bare", told=told, in_words=in_words):
            yield start, end_of_value
            end = end_of_value


def _is_credential(value: str, bare: bool, *, told: bool, in_words: bool) -> bool:
    """Whether a value is one. `told`: its name says so, since a token may be one of a language; `in_words`: a sentence
    goes on behind it, `password: must be set`.
    """
    if (
        value.strip("*") == ""
        or re.compile(_NO_VALUE).match(value.rstrip(")].,;:!?"))
        or re.compile(_VARIABLE).fullmatch(value)
    ):
        return False
    if not bare:
        return True
    return not (in_words and re.compile(_WORD).fullmatch(value)) if told else _looks_random(value)


_WORD = r"[A-Za-z.'-]+"


def _goes_on(text: str, stop: int) -> bool:
    """Whether another word stands behind."""
    return re.match(r"[ \t]+\w", text[stop : stop + 20]) is not None


def _looks_random(value: str) -> bool:
    return len(value) >= 20 or (
        len(value) >= 8 and bool(re.search(r"\d", value)) and bool(re.search("[A-Za-z]", value))
    )


def _in_addresses(text: str, lowered: str) -> Iterator[Span]:
    if "@" in text:
        plain = text.replace(":\\\\/\\\\/", "____://").replace(":\\/\\/", "__://") if "\\/" in text else text
        for written in {text, plain}:
            yield from _in_plain_addresses(written)
    if "%40" in lowered:
        yield from _spans(_ENCODED_PASSWORD, lowered)


def _in_plain_addresses(text: str) -> Iterator[Span]:
    yield from _spans(_PASSWORD, text)
    for found in re.compile(_TOKEN).finditer(text):
        # Other schemes have names of users or containers there.
        if text[max(0, found.start() - 9) : found.start()].rstrip("_").lower().endswith(("http", "https")):
            yield found.span("value")


def _signatures(text: str, lowered: str) -> Iterator[Span]:
    for found in re.compile(_SIGNATURE).finditer(lowered):
        if found.start() and lowered[max(0, found.start() - 5) : found.start()].endswith(
            ("?", "&", ";", "u0026", "%26", "%3f")
        ):
            yield found.span("value")


def _schemes(text: str, lowered: str) -> Iterator[Span]:
    """`Bearer X`, and not what is said of bearers."""
    for found in re.compile(_SCHEME).finditer(lowered):
        value = found["value"]
        told = re.search(r"[\d._~+/=-]", value) or len(value) >= 20 or not _goes_on(lowered, found.end())
        if told and re.compile(_SAID_OF_SCHEMES).fullmatch(value) is None:
            yield found.span("value")
    for found in re.compile(_AUTHORIZATION).finditer(lowered):
        if re.compile(_SAID_OF_SCHEMES).fullmatch(found["value"]) is None and not _goes_on(lowered, found.end()):
            yield found.span("value")


_SAID_OF_SCHEMES = (
    r"(bearer|basic|sharedkey|token|auth\w*|credential|challenge|scheme|header|realm|error|failed|denied|tier|is|was"
    r"|not|http)s?[.:!?]?|[a-z_]+="
)


def _tokens(text: str, lowered: str) -> Iterator[Span]:
    for found in re.compile(_TOKENS).finditer(text):
        if not re.match(r"[\w+/=-]", text[max(0, found.start() - 1) : found.start()]):
            yield found.span("value")


def _is_keyed(line: re.Match[str]) -> bool:
    value = line["value"].strip("\"'")
    if value[:1] in ("[", "{"):  # where no list or mapping belongs, unless it is that of a store's credentials
        return is_credential_key(line["key"]) and not line["key"].endswith("s") and "${{" not in value
    return is_credential_key(line["key"]) and not re.compile(_NO_VALUE).match(value)


def _where(words: tuple[str, ...], find: Callable[[str, str], Iterator[Span]]) -> Callable[[str, str], Iterator[Span]]:
    """Look only where one of the words is: that is a hundred times as fast as an expression."""

    def found(text: str, lowered: str) -> Iterator[Span]:
        return find(text, lowered) if any(word in lowered for word in words) else iter(())

    return found


_FINDERS = (
    _where(("passw", "passphrase", "pwd", "secret", "credential", "token", "key", "str"), _named),
    _where(("://", "\\/\\/", "\\\\/", "%2f%2f"), _in_addresses),
    _where(("sig=", "sig%3d"), _signatures),
    _where(("bearer", "basic", "sharedkey", "authorization"), _schemes),
    _where(("eyj", "gh", "glpat-", "hf_", "xox", "sk-", "pypi-"), _tokens),
    _where(("==",), lambda text, _: _spans(_ACCOUNT_KEY, text)),
    _where(("-----begin",), lambda _, lowered: _spans(_PRIVATE_KEY, lowered)),
    _where(("-u", "--creds"), lambda text, _: _spans(_USER, text)),
)
