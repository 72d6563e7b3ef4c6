"""Values and fields in words and in YAML, for messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from specrun.spec.diagnostics import Path
from specrun.spec.visible import visible_characters

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "nothing",
}
_LONGEST = 60


def kinds(types: Sequence[str]) -> str:
    """JSON types in words: "a whole number", "text or a mapping"."""
    return listed([_KINDS[name] for name in types], "or", code=False)


def kind_of(value: object) -> str:
    """What a value is, in words."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {shown(value)}"
    if isinstance(value, str):
        return f"the text {shown(value)}" if value else "an empty text"
    return "a list" if isinstance(value, list) else "a mapping"


def listed(words: Sequence[Any], conjunction: str, *, code: bool = True) -> str:
    """The words as a sentence lists them."""
    spelled = [f"`{word}`" if code else str(word) for word in words]
    if len(spelled) < 2:
        return "".join(spelled)
    return f"{', '.join(spelled[:-1])} {conjunction} {spelled[-1]}"


def command(*words: str) -> str:
    """A command of specrun, or a part of one, as a shell takes it when it is pasted.

    What does not show is spelled within `$'…'`, as bash and zsh read it.
    """
    return " ".join(map(_word, words))


def file_word(path: str) -> str:
    """A file as a word of a command: one that begins as options do says that it is none."""
    return f"./{path}" if path.startswith("-") and path != "-" else path


def _word(text: str) -> str:
    shown = visible_characters(text)
    if shown == list(text):
        import shlex  # late: few commands print one

        return shlex.quote(text)
    return "$'" + "".join(_in_dollars(*pair) for pair in zip(text, shown, strict=True)) + "'"


def _in_dollars(character: str, shown: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # a byte of a name that is not UTF-8
        return f"\\x{number - 0xDC00:02x}"
    return f"\\u{number:04x}" if 0x80 <= number < 0x100 and character != shown else shown


def field_name(path: Path) -> str:
    """A field's path as people say it: job.inputs.mnist, job.environment.pip[0]."""
    name = ""
    for step in path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else str(step)
    return _shortened(name or "a spec")


def shown(value: object) -> str:
    """A value as YAML spells it, in quotes where it is text, cut when it is long."""
    return _shortened(yaml_text(value, quoted=True))


def snippet(key: object, value: object) -> str:
    """`key: value` in YAML, on one line."""
    return f"{key}: {_shortened(yaml_text(value))}"


def example(key: object, field: Mapping[str, Any]) -> str:
    """`key: value` with the first of the values that a schema shows of a field, whole: it is there to be taken over. ""
    where there is none.
    """
    return "".join(f"{key}: {yaml_text(one)}" for one in examples(field)[:1])


def size(count: float) -> str:
    """Bytes in decimal units: `34 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def examples(field: Mapping[str, Any]) -> list[Any]:
    """What a schema shows as values of a field: its examples, and the mappings that editors write for people."""
    return [*field.get("examples", ()), *(_unescaped(one["body"]) for one in field.get("defaultSnippets", ()))]


def _unescaped(body: Any) -> Any:
    """An editor writes text as it is, `{}` too, and takes a dollar sign for its own but for one behind a backslash."""
    if isinstance(body, dict):
        return {key: _unescaped(value) for key, value in body.items()}
    if isinstance(body, str):
        return {} if body == "{}" else body.replace("\\$", "$")
    return body


def yaml_text(value: object, *, quoted: bool = False) -> str:
    """A value in YAML's flow style."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        plain = not quoted and bool(value) and not _needs_quotes(value)
        return value if plain else '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, list):
        return "[" + ", ".join(_inside(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_inside(item)}" for key, item in value.items()) + "}"
    return str(value)


def _inside(value: object) -> str:
    """A value inside of { } or [ ], where braces and commas need quotes."""
    if isinstance(value, str) and any(character in value for character in "{}[],"):
        return yaml_text(value, quoted=True)
    return yaml_text(value)


def _needs_quotes(text: str) -> bool:
    from specrun.spec.scalars import plain

    mark = text[0] in "&*!|>%@`'\"#{[, " or (text[0] in "?-:" and text[1:2].strip() == "")
    special = mark or text[-1] in ": " or ": " in text or " #" in text or "\n" in text
    return special or not isinstance(plain(text), str)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
