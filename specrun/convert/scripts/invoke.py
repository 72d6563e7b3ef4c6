"""Calls in a script: those of the SDKs are recorded, those of the script itself are followed, the rest is not run."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from specrun.convert.scripts.builtin import builtin, method
from specrun.convert.scripts.kinds import kind_of
from specrun.convert.scripts.members import member
from specrun.convert.scripts.run import ScriptPass, parameters
from specrun.convert.scripts.secrets import shown
from specrun.convert.scripts.signatures import LOOSE, METHODS, SIGNATURES
from specrun.convert.scripts.values import Argument, Call, Computed, Function, Hidden, Member, Reference, Value
from specrun.spec.masking import names_secret


def invoke(run: ScriptPass, node: ast.Call) -> Value:
    """What a call gives: the SDK's object, a known value, or Computed."""
    owner = run.evaluate(run, node.func.value) if isinstance(node.func, ast.Attribute) else None
    attribute = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if isinstance(owner, Call | Member):
        return _on_object(run, node, owner, attribute)
    target = member(run, node.func, owner) if isinstance(node.func, ast.Attribute) else run.evaluate(run, node.func)
    words = _evaluate_all(run, node)
    values, named = _split(words)
    if isinstance(target, Function):
        return _follow(run, node, target, values, named)
    if isinstance(target, Reference):
        kind = kind_of(target, set(named))
        if kind:
            return run.record(kind, node, _bound(run, words, SIGNATURES.get(kind, ())))
    if attribute in ("create", "begin_create") and any(map(_is_model, (*values, *named.values()))):
        return run.record("batchai.create", node, _bound(run, words, _creation(words)))
    if attribute == "add_argument":
        _add_argument(run, values, named)
    plain = isinstance(owner, str | list | dict)
    value = method(attribute, owner, values, named) if plain else builtin(target, values, named)
    if value is not None:
        return value
    loose = attribute in LOOSE or (attribute == "upload" and {"src_dir", "target_path"} & set(named))
    if loose and (isinstance(owner, Computed) or (isinstance(owner, Reference) and not owner.imported)):
        return run.record(attribute, node, _bound(run, words, METHODS[attribute]), owner)
    return None if plain and attribute in ("append", "extend", "update") else run.unknown(node)


def element(run: ScriptPass, node: ast.Subscript, holder: Value, key: Value) -> Value:
    """`holder[key]`; None where it is not known."""
    if isinstance(holder, dict) and isinstance(key, str):
        return holder.get(key)
    if isinstance(holder, list) and isinstance(key, int) and -len(holder) <= key < len(holder):
        return holder[key]
    table = holder.path if isinstance(holder, Member) else ""
    if isinstance(holder, Computed) and isinstance(node.value, ast.Attribute):
        table = node.value.attr
    if isinstance(holder, Reference) and holder.dotted == "os.environ":
        return builtin(Reference("os.getenv", imported=True), [key], {})
    if isinstance(holder, Reference) and not holder.imported:
        table = holder.dotted.rpartition(".")[2]
    if table in ("compute_targets", "datastores"):
        return run.record(table, node, {"name": Argument(key, shown(node.slice), run.place(node))})
    return None


def _on_object(run: ScriptPass, node: ast.Call, owner: Call | Member, name: str) -> Value:
    call, at = (owner.call, owner.call.own(owner.path)) if isinstance(owner, Member) else (owner, "")
    words = _evaluate_all(run, node)
    if name in METHODS:
        recorded = run.record(name, node, _bound(run, words, METHODS[name]), call, at)
        return recorded if name not in ("update", "set_resources", "set_limits", "upload", "upload_files") else call
    values, named = _split(words)
    if any(map(_is_model, (*values, *named.values()))) and name in ("create", "begin_create"):
        return run.record("batchai.create", node, _bound(run, words, _creation(words)))
    if at in ("compute_targets", "datastores") and name == "get" and values:
        return run.record(at, node, {"name": Argument(values[0], shown(node.args[0]), run.place(node))})
    if name in ("resolve", "to_config", "register", "register_on_complete", "create", "create_if_not_exists"):
        return call  # the same thing under another form
    if name in ("begin_create_or_update", "create_or_update") and values and isinstance(values[0], Call):
        if _is_job(values[0]):
            run.record("submit", node, _bound(run, words, METHODS["submit"]), call)
        return values[0]
    return run.unknown(node)


def _is_model(value: Value) -> bool:
    return isinstance(value, Call) and value.kind.startswith("batchai:")


def _creation(words: list[tuple[str, Value, ast.expr]]) -> tuple[str, ...]:
    """What `clusters.create` and `jobs.create` take, which has more in the last version of the service."""
    job = any(isinstance(value, Call) and value.kind == "batchai:JobCreateParameters" for _, value, _ in words)
    newer = len(words) > 3
    workspace = ("workspace", "experiment") if job else ("workspace",)
    return ("resource_group", *(workspace if newer else ()), "job_name" if job else "cluster_name", "parameters")


def _is_job(call: Call) -> bool:
    return call.kind in ("v2:command", "v2:CommandJob")


def _evaluate_all(run: ScriptPass, node: ast.Call) -> list[tuple[str, Value, ast.expr]]:
    """Each argument once, with its keyword; "" for one by position, and `**` for what cannot be told apart."""
    words: list[tuple[str, Value, ast.expr]] = []
    for word in node.args:
        value = run.evaluate(run, word)
        parts = value if isinstance(word, ast.Starred) and isinstance(value, list) else [value]
        words += [("", part, word) for part in parts]
    for keyword in node.keywords:
        value = run.evaluate(run, keyword.value)
        if keyword.arg is None and isinstance(value, dict):
            words += [(name, part, keyword.value) for name, part in value.items() if name]
        else:
            words.append((keyword.arg or "**", value, keyword.value))
    return words


def _split(words: list[tuple[str, Value, ast.expr]]) -> tuple[list[Value], dict[str, Value]]:
    return [value for name, value, _ in words if not name], {name: value for name, value, _ in words if name}


def _bound(
    run: ScriptPass, words: list[tuple[str, Value, ast.expr]], parameters: tuple[str, ...]
) -> dict[str, Argument]:
    """A call's arguments by name; what has no name is numbered, so that nothing is lost."""
    found: dict[str, Argument] = {}
    names = list(parameters)
    for number, (keyword, value, source) in enumerate(words, 1):
        name = keyword or (names.pop(0) if names else f"argument {number}")
        hidden = names_secret(name) and isinstance(value, str) and value
        kept: Value = Hidden(name) if hidden else value
        found[name] = Argument(kept, "…" if isinstance(kept, Hidden) else shown(source), run.place(source))
    return found


def _follow(run: ScriptPass, node: ast.Call, function: Function, values: list[Value], named: dict[str, Value]) -> Value:
    names = [word.arg for word in (*function.node.args.posonlyargs, *function.node.args.args)]
    arguments: Mapping[str, Value] = {
        **parameters(run, function.node),
        **dict(zip(names, values, strict=False)),
        **named,
    }
    value = run.follow(function, arguments)
    return run.unknown(node) if value is None else value


def _add_argument(run: ScriptPass, values: list[Value], named: dict[str, Value]) -> None:
    flags = [value for value in values if isinstance(value, str)]
    name = named.get("dest") or next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
    if isinstance(name, str) and "default" in named:
        run.defaults[name.lstrip("-").replace("-", "_")] = named["default"]
