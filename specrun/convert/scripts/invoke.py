"""Calls in a script: those of the SDKs are recorded, those of the script itself are followed, the rest is not run."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from specrun.convert.scripts.arguments import Words, bound, evaluate_all, split_words
from specrun.convert.scripts.builtin import builtin, can_join, joined, method
from specrun.convert.scripts.run import ScriptPass, member, parameters
from specrun.convert.scripts.signatures import FILES, LOOSE, METHODS, SIGNATURES, SUBMITS, kind_of
from specrun.convert.scripts.steps import (
    DECORATOR,
    MADE_WHOLE,
    PIPELINE,
    STEP,
    build,
    is_component,
    may_be_step,
    step,
    swept,
)
from specrun.convert.scripts.sweep_words import OTHER_INPUTS, SWEEPS
from specrun.convert.scripts.values import Argument, Call, Computed, Function, Member, Object, Reference, Value
from specrun.spec.masking import names_secret

_TABLES = {
    "compute_targets": "compute_targets",
    "datastores": "datastores",
    "environments": "Environment.get",
    "datasets": "Dataset.get_by_name",
}
"""What a workspace of SDK v1 holds by name, and the call that gives the same."""

_IN_PLACE = ("update", "set_resources", "set_limits", "set_objective", "upload", "upload_files")
"""Methods that change what they are called on."""

V1_STEPS = ("PythonScriptStep", "EstimatorStep", "MpiStep", "HyperDriveStep", "CommandStep")
_COMMAND_LINES = ("tyro.cli", "simple_parsing.parse", "pyrallis.parse", "draccus.parse")
"""What fills a class of the script from the command line: its values are what is taken where nothing is said."""


def invoke(run: ScriptPass, node: ast.Call) -> Value:
    """What a call gives: the SDK's object, a known value, or Computed."""
    owner = run.evaluate(run, node.func.value) if isinstance(node.func, ast.Attribute) else None
    attribute = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if isinstance(owner, Call | Member):
        return _on_object(run, node, owner, attribute)
    if isinstance(owner, Reference) and owner.dotted == "__file__" and attribute in ("resolve", "absolute"):
        return owner
    target = member(run, node.func, owner) if isinstance(node.func, ast.Attribute) else run.evaluate(run, node.func)
    words = evaluate_all(run, node)
    values, named = split_words(words)
    if isinstance(target, Function) and target.made_by is not None:
        if target.made_by.kind == DECORATOR:
            return build(run, node, target, words)
        target = target.made_by if run.pipeline is not None else target
    if isinstance(target, Call) and is_component(run, target):
        return step(run, node, target, words)
    if isinstance(target, Function):
        return _follow(run, node, target, values, named)
    if isinstance(target, Object):
        return _instance(run, node, target, values, named)
    if isinstance(target, Call):
        if _is_job(target) and words:
            return run.record(OTHER_INPUTS, node, bound(run, words, ()), target)
        return target  # a component that is put into a pipeline
    if isinstance(target, Reference):
        found = _of_file(run, node, target, words)
        if found is not None:
            return found
        kind = kind_of(target, set(named))
        if kind:
            made = run.record(kind, node, bound(run, words, SIGNATURES.get(kind, ())))
            made.only_if = run.only_if if kind in V1_STEPS else ""
            if kind == "PipelineParameter" and made.get("default_value") is not None:
                return made.get("default_value")
            if run.pipeline is not None and kind.startswith(MADE_WHOLE):
                run.pipeline.steps.append(made)
            return made
        if target.dotted in _COMMAND_LINES and values and isinstance(values[0], Object):
            return _of_command_line(values[0], run.place(node))
    if attribute in ("create", "begin_create") and any(map(_is_model, (*values, *named.values()))):
        return run.record("batchai.create", node, bound(run, words, _creation(words)))
    if attribute in SUBMITS and values + list(named.values()) and isinstance(owner, Computed | Reference):
        given = values[0] if values else next(iter(named.values()))
        if isinstance(given, Member) and given.path == "component":
            return given.call
        if isinstance(given, Call):
            return _submitted(run, node, given, words)
    if attribute == "get" and isinstance(owner, Computed | Reference) and isinstance(node.func, ast.Attribute):
        held = node.func.value  # `client.environments.get(…)`, where the client comes from a module of the user's
        cluster = named.get("cluster_name", values[-1] if 1 < len(values) < 4 else None)
        if isinstance(held, ast.Attribute) and held.attr == "clusters" and cluster:
            return Object(
                "cluster", {"id": cluster, "name": cluster}
            )  # Batch AI's: the last part of its id is the name
        kind = f"v2:{held.attr}.get" if isinstance(held, ast.Attribute) else ""
        if kind in SIGNATURES and values + list(named.values()):
            return run.record(kind, node, bound(run, words, SIGNATURES[kind]))
        if isinstance(owner, Computed) and len(values) == 2 and isinstance(values[0], str):
            return _with_default(node, run.place(node), values[0], values[1])
    if attribute == "add_argument":
        _add_argument(run, values, named)
    if attribute == "result" and not words and run.pipeline is not None:
        return owner  # the value that a pipeline's parameter is given
    plain = isinstance(owner, str | list | dict)
    if run.only_if and isinstance(owner, list | dict) and attribute in ("append", "extend", "insert", "update"):
        run.conditional.setdefault(id(owner), run.only_if)
    value = method(attribute, owner, values, named) if plain else builtin(target, values, named)
    if value is not None:
        return value
    if not plain and may_be_step(run, target, words):
        return step(run, node, target, words)
    loose = attribute in LOOSE or (attribute == "upload" and {"src_dir", "target_path"} & set(named))
    if loose and (isinstance(owner, Computed) or (isinstance(owner, Reference) and not owner.imported)):
        return run.record(attribute, node, bound(run, words, METHODS[attribute]), owner)
    return None if plain and attribute in ("append", "extend", "update") else run.unknown(node)


def _of_command_line(made: Object, place: str) -> Object:
    """What the command line makes of a class of the script: each value is what is taken where nothing is said."""
    given: dict[str, Value] = {
        name: _with_default(ast.Name(f"--{name}"), place, name, value)
        if isinstance(value, str | int | float)
        else value
        for name, value in made.attributes.items()
    }
    return Object(made.name, given)


def _with_default(node: ast.expr, place: str, name: str, default: Value) -> Computed:
    """What a setting is where nobody says it; a credential's is not kept."""
    told = isinstance(default, str | int | float) and default != "" and not names_secret(name)
    return Computed(node, place, name, default if told else None)  # type: ignore[arg-type]


def element(run: ScriptPass, node: ast.Subscript, holder: Value, key: Value) -> Value:
    """`holder[key]`; None where it is not known."""
    if isinstance(holder, dict) and isinstance(key, str):
        return holder.get(key)
    if isinstance(holder, list) and isinstance(key, int) and -len(holder) <= key < len(holder):
        return holder[key]
    if isinstance(node.value, ast.Attribute) and node.value.attr == "parents" and isinstance(key, int) and 0 <= key < 9:
        path = run.evaluate(run, node.value.value)
        if isinstance(path, Reference) and path.dotted == "__file__":
            return "/".join([".."] * key) or "."
    table = holder.path if isinstance(holder, Member) else ""
    if isinstance(holder, Computed) and isinstance(node.value, ast.Attribute):
        table = node.value.attr
    if isinstance(holder, Reference) and holder.dotted == "os.environ":
        return builtin(Reference("os.getenv", imported=True), [key], {})
    if isinstance(holder, Reference) and not holder.imported:
        table = holder.dotted.rpartition(".")[2]
    if isinstance(holder, Member) and table == "jobs" and holder.call.kind == PIPELINE:
        return next((step for step in holder.call.steps if step.variable == key), None)
    if isinstance(holder, Member) and table in ("outputs", "inputs") and isinstance(key, str):
        return Member(holder.call, f"{table}.{key}")
    if table in _TABLES:
        return run.record(_TABLES[table], node, {"name": Argument(key, node.slice, run.place(node))})
    return None


def _on_object(run: ScriptPass, node: ast.Call, owner: Call | Member, name: str) -> Value:
    call, at = (owner.call, owner.call.own(owner.path)) if isinstance(owner, Member) else (owner, "")
    words = evaluate_all(run, node)
    if name in METHODS:
        recorded = run.record(name, node, bound(run, words, METHODS[name]), call, at)
        return call if name in _IN_PLACE else recorded
    values, named = split_words(words)
    if any(map(_is_model, (*values, *named.values()))) and name in ("create", "begin_create"):
        return run.record("batchai.create", node, bound(run, words, _creation(words)))
    if at in _TABLES and name == "get" and values and call.kind.startswith("Workspace"):
        return run.record(_TABLES[at], node, {"name": Argument(values[0], node.args[0], run.place(node))})
    if call.kind == "open":
        return _write(call, name, values)
    if name == "sweep" and (_is_job(call) or call.kind == STEP):
        sweep = run.record("sweep", node, bound(run, words, ()), call)
        swept(run, sweep, call)
        return sweep
    if name == "get" and f"v2:{at}.get" in SIGNATURES:
        return run.record(f"v2:{at}.get", node, bound(run, words, SIGNATURES[f"v2:{at}.get"]), call)
    if name in ("resolve", "to_config", "register", "register_on_complete", "create", "create_if_not_exists"):
        return call  # the same thing under another form
    given = next(iter((*values, *named.values())), None)
    if name in SUBMITS and isinstance(given, Member) and given.path == "component":
        return given.call  # a component that is registered, too
    if name in SUBMITS and values and isinstance(values[0], Call):
        return _submitted(run, node, values[0], words, call)
    return run.unknown(node)


def _submitted(run: ScriptPass, node: ast.Call, given: Call, words: Words, owner: Value = None) -> Call:
    """What is made on Azure is the same thing; a job is submitted, with whatever inputs."""
    while given.kind == OTHER_INPUTS and isinstance(given.owner, Call):
        words = [(name, given.owner if value is given else value, word) for name, value, word in words]
        given = given.owner
    if _is_job(given) or given.kind in (*SWEEPS, PIPELINE, "Pipeline") or given.kind.startswith("elsewhere:"):
        run.record("submit", node, bound(run, words, METHODS["submit"]), owner)
    return given


def _of_file(run: ScriptPass, node: ast.Call, function: Reference, words: Words) -> Value | None:
    """A file that is written or copied; None for any other call."""
    parameters = FILES.get(function.dotted)
    if parameters is None:
        return None
    given = bound(run, words, parameters)
    mode = given.get("mode")
    if function.dotted == "open" and (mode is None or mode.value not in ("w", "wt", "a", "w+")):
        return None
    return run.record_file(function.dotted, node, given)


def _write(file: Call, name: str, values: list[Value]) -> Value:
    """`file.write("text")`: the text grows; what is computed makes it unknown."""
    if name in ("write", "writelines"):
        before = file.arguments.get("text")
        parts = values[0] if values and isinstance(values[0], list) else values[:1]
        text = joined([before.value if before is not None else "", *parts]) if all(map(can_join, parts)) else None
        file.arguments["text"] = Argument(text, None, file.place)
    return None


def _is_model(value: Value) -> bool:
    return isinstance(value, Call) and value.kind.startswith("batchai:")


def _creation(words: Words) -> tuple[str, ...]:
    """What `clusters.create` and `jobs.create` take, which has more in the last version of the service."""
    job = any(isinstance(value, Call) and value.kind == "batchai:JobCreateParameters" for _, value, _ in words)
    newer = len(words) > 3
    workspace = ("workspace", "experiment") if job else ("workspace",)
    return ("resource_group", *(workspace if newer else ()), "job_name" if job else "cluster_name", "parameters")


def _is_job(call: Call) -> bool:
    return call.kind in ("v2:command", "v2:CommandJob", OTHER_INPUTS)


def _follow(run: ScriptPass, node: ast.Call, function: Function, values: list[Value], named: dict[str, Value]) -> Value:
    names = [word.arg for word in (*function.node.args.posonlyargs, *function.node.args.args)]
    names = names if function.owner is None else names[1:]
    arguments: Mapping[str, Value] = {
        **parameters(run, function.node),
        **dict(zip(names, values, strict=False)),
        **named,
    }
    value = run.follow(function, arguments)
    return run.unknown(node) if value is None else value


def _instance(run: ScriptPass, node: ast.Call, made: Object, values: list[Value], named: dict[str, Value]) -> Value:
    """What a class of the script makes, by its `__init__`, or as a dataclass by its attributes in order."""
    found = Object(made.name, dict(made.attributes))
    start = made.attributes.get("__init__")
    if isinstance(start, Function):
        _follow(run, node, Function(start.node, found), values, named)
    else:
        fields = [name for name, value in found.attributes.items() if not isinstance(value, Function)]
        found.attributes.update({**dict(zip(fields, values, strict=False)), **named})
    return found


def _add_argument(run: ScriptPass, values: list[Value], named: dict[str, Value]) -> None:
    flags = [value for value in values if isinstance(value, str)]
    name = named.get("dest") or next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
    if isinstance(name, str) and "default" in named:
        run.defaults[name.lstrip("-").replace("-", "_")] = named["default"]
