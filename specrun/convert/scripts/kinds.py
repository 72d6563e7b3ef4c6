"""Which call of which SDK a dotted name is."""

from __future__ import annotations

from collections.abc import Collection

from specrun.convert.scripts.batchai_models import MODELS
from specrun.convert.scripts.signatures import ELSEWHERE, SIGNATURES, V2_NAMES, V2_ONLY
from specrun.convert.scripts.values import Reference

_ALIASES = {"CNTKSettings": "CNTKsettings", "CntkSettings": "CNTKsettings", "EnvironmentSetting": "EnvironmentVariable"}


def kind_of(function: Reference, keywords: Collection[str]) -> str:
    """The name in `SIGNATURES`, `elsewhere:NAME` for what is known and has no place in a spec; else nothing.

    In snippets without imports a class that both SDKs have is told by its keywords.
    """
    words = function.dotted.split(".")
    tails = [".".join(words[-length:]) for length in (3, 2, 1) if length <= len(words)]
    if tails[-1] == "urlretrieve":
        return "urlretrieve"
    if not function.imported:
        return _loose(tails, keywords)
    if words[0] in ("azure", "azureml") or words[0].startswith("azureml"):
        if "batchai" in words:
            return _batchai(tails)
        prefix = "v2:" if words[:3] == ["azure", "ai", "ml"] else ""
        return next((f"{prefix}{tail}" for tail in tails if f"{prefix}{tail}" in SIGNATURES), "") or _elsewhere(tails)
    return _batchai(tails) if "models" in words or "batchai" in words else ""


def _loose(tails: list[str], keywords: Collection[str]) -> str:
    last = tails[-1]
    if len(tails) == 1 and last in ("Input", "Output", "command", "Data"):
        telling = {
            "Input": {"type", "path"},
            "Output": {"type", "path", "mode"},
            "command": {"command"},
            "Data": {"path"},
        }
        return f"v2:{last}" if telling[last] & set(keywords) else ""
    if last in V2_ONLY and V2_ONLY[last] & set(keywords) and not any(tail in SIGNATURES for tail in tails[:-1]):
        return f"v2:{last}"
    for tail in tails:
        if tail in SIGNATURES:
            return tail
        if tail in V2_NAMES and tail != "command":
            return f"v2:{tail}"
    return _batchai(tails) or _elsewhere(tails)


def _batchai(tails: list[str]) -> str:
    last = _ALIASES.get(tails[-1], tails[-1])
    return f"batchai:{last}" if last in MODELS else ""


def _elsewhere(tails: list[str]) -> str:
    return next((f"elsewhere:{tail}" for tail in tails if tail in ELSEWHERE), "")
