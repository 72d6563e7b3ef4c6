"""Values of other people's files as what they clearly mean: "2" is a number, and yes is true."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping

from specrun.convert import credentials
from specrun.convert.unknown import Open, Unknown

_SHM = re.compile(r"([0-9]+)\s*([bkmg])(?:i?b)?", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][-+]?[0-9]{1,3})?", re.ASCII)
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def matching(pattern: re.Pattern[str]) -> Callable[[object], str | None]:
    """What reads a word that a pattern fits, and gives None for all else."""

    def read(value: object) -> str | None:
        found = word(value)
        return found if found and pattern.fullmatch(found) else None

    return read


def is_empty(value: object) -> bool:
    """Whether a field says nothing: null, an empty text, mapping or list."""
    return value is None or (isinstance(value, (str, Mapping, list)) and not value)


def text(value: object) -> str | None:
    """A scalar as text; None for what is no scalar."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else None


def word(value: object) -> str | None:
    """A text without blanks at its ends; None for what is none, or is blank."""
    found = text(value)
    return (found.strip() or None) if found is not None else None


def whole(value: object) -> int | None:
    """A whole number that is not negative, also one that is written as a text or with `.0`; None for all else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        digits = value.strip().removesuffix(".0")
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value == int(value) and 0 <= value < 1e18 else None
    return value if isinstance(value, int) and 0 <= value < 10**18 else None


def count(value: object) -> int | None:
    """A whole number of at least 1."""
    return whole(value) or None


def number(value: object) -> int | float | None:
    """A number, also one that is written as a text, such as `1e-4`, which YAML takes for one; None for all else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        plain = value.strip()
        try:
            value = float(plain) if _NUMBER.fullmatch(plain) else None
        except OverflowError:
            return None
        value = int(plain) if value is not None and plain.lstrip("+-").isdigit() else value
    return value if isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1e300 else None


def truth(value: object) -> bool | None:
    """Whether a value is true; also as YAML 1.1 and people write it; None for all else."""
    if isinstance(value, bool):
        return value
    written = value.strip().lower() if isinstance(value, str) else value
    return True if written in _TRUE else False if written in _FALSE else None


def mapping(value: object) -> Mapping[str, object]:
    """A mapping as it is; one without fields for all else."""
    return value if isinstance(value, Mapping) else {}


def tier(value: object) -> str | None:
    """A cluster's tier: `dedicated` or `low_priority`, however it is spelled; None for all else."""
    written = (word(value) or "").lower().replace("_", "").replace("-", "")
    return {"dedicated": "dedicated", "lowpriority": "low_priority"}.get(written)


def shm_size(value: object) -> str | None:
    """A size of shared memory as Docker writes it, such as 8g; None for all else."""
    match = _SHM.fullmatch(word(value) or "")
    return f"{match[1]}{match[2].lower() if match[0] != match[1] + match[2] else match[2]}" if match else None


def shown(value: object, longest: int = 60) -> str:
    """A value for a message, on one line and shortened; nothing of one with a credential in it."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Unknown):
        return f"`{value.expression}`, which is not known here"
    if isinstance(value, Open):
        return "something that is not known here"
    written = json.dumps(value, ensure_ascii=False, default=str)
    if credentials.reveals(written):
        return "a text with a credential in it"
    return written if len(written) <= longest else f"{written[: longest - 1]}…"


def at(values: object, path: tuple[str | int, ...]) -> object:
    """What stands at a path; None where there is nothing."""
    for key in path:
        if isinstance(values, Mapping):
            values = next((value for name, value in values.items() if str(name) == key), None)
        elif isinstance(values, list) and isinstance(key, int) and key < len(values):
            values = values[key]
        else:
            return None
    return values
