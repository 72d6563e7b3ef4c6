"""A run's identity: what can change its result, and the SHA-256 of that.

The rule is a promise (`fp: 1`): the same job has the same fingerprint on every engine, machine, locale and version of
Python, and an upgrade of specrun resubmits nothing. Golden values in the tests pin it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from specrun.plan.files import SourceFile
from specrun.plan.hashes import canonical, content_digest
from specrun.plan.parameters import flags_in, flags_in_command
from specrun.plan.trials import identity_of_sweep
from specrun.spec.expressions import scalar_text
from specrun.spec.frozen import dataclass
from specrun.spec.model import Input, Job, Output, Secret
from specrun.spec.scalars import plain
from specrun.spec.sweep import Sweep

FP = 1

FIELDS = frozenset({"command", "script", "arguments", "inputs", "outputs", "environment", "environment_variables"}) | {
    *("distribution", "instance_count", "gpu", "code", "sweep")
}
"""What lines of `explain` begin with that are about no flag."""


@dataclass(frozen=True, slots=True)
class InputContent:
    """What an input reads: its files; or, where nobody lists them, a digest of what was observed or is to be fetched.

    `extra` is a digest of the files beside them that the run would see, too ("": there are none). `data` is the entry
    of `data` that it is, however the input names it. `run` is the fingerprint of the run whose `output` it is, `model`
    the name of the model.
    """

    files: tuple[SourceFile, ...] | None = None
    digest: str = ""
    extra: str = ""
    data: str = ""
    run: str = ""
    output: str = ""
    model: str = ""


def identify(
    job: Job,
    environment: Mapping[str, object],
    code: Iterable[SourceFile],
    inputs: Mapping[str, InputContent],
    sweep: Sweep | None = None,
) -> dict[str, object]:
    """What the fingerprint is taken of: plain JSON values, fields at their default left out.

    `environment` is the environment's content, `inputs` what each input reads. The job of a sweep names its parameters,
    and what they may be stands beside it. Tags, descriptions, limits, the experiment and sizes are not part of it.
    """
    fields: dict[str, object] = {
        "command": job.command,
        "script": job.script,
        "arguments": list(job.arguments),
        "inputs": {name: _input(entry, inputs[name]) for name, entry in job.inputs.items()},
        "outputs": {name: _without_defaults(entry, Output(name)) for name, entry in job.outputs.items()},
        "environment": dict(environment),
        "environment_variables": {
            name: {"secret": value.name} if isinstance(value, Secret) else value
            for name, value in job.environment_variables.items()
        },
        "distribution": _distribution(job),
        "instance_count": job.resources.instance_count if job.resources.instance_count != 1 else None,
        "gpu": job.resources.gpu,
        "code": _listing(code),
        "sweep": identity_of_sweep(sweep) if sweep is not None else None,
    }
    return {"fp": FP, **{name: value for name, value in fields.items() if value not in (None, [], {})}}


def fingerprint(identity: Mapping[str, object]) -> str:
    """SHA-256 (hex) over the identity's canonical JSON."""
    return content_digest(identity)


def explain(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    """What changed between two identities, a line each: `code: train.py changed`, `lr: 0.1 → 0.01` of a flag.

    Nothing where it is not known what there was before.
    """
    if not before:
        return ()
    lines: list[str] = []
    for name in dict.fromkeys([*after, *before]):
        old, new = before.get(name), after.get(name)
        if old == new and (name != "sweep" or canonical(old) == canonical(new)):  # 1 is not 1.0 there
            continue
        if name in ("command", "arguments"):
            lines.extend(_flags_between(name, old, new))
        elif name == "sweep":
            lines.extend(_sweep(old, new))
        else:
            lines.extend(f"{name}: {line}" for line in _entries(old, new))
    return tuple(lines)


def _flags_between(name: str, old: object, new: object) -> Iterable[str]:
    """The flags that differ, each by itself, and what differs besides; all words, where it is not flags that do."""
    was, now = _show(old).split(), _show(new).split()
    if was == now:
        yield f"{name}: other blanks"
        return
    (before, rest), (after, rest_now) = _without_flags(old), _without_flags(new)
    changed = [flag for flag in dict.fromkeys([*after, *before]) if before.get(flag) != after.get(flag)]
    for flag in changed:
        shown = f"--{flag}" if flag in FIELDS else flag
        yield f"{shown}: {_value(before.get(flag))} → {_value(after.get(flag))}"
    if rest != rest_now or not changed:
        yield f"{name}: {_words_between(rest, rest_now) if changed else _words_between(was, now)}"


def _without_flags(text: object) -> tuple[Mapping[str, str | bool], list[str]]:
    """The flags of a command or of arguments, but for those that are given several times; and the other words."""
    if not isinstance(text, (str, list)):
        return {}, _show(text).split()
    words = [str(word) for word in text] if isinstance(text, list) else []
    flags = [*(flags_in(words) if isinstance(text, list) else flags_in_command(text))]
    names = [flag.name for flag in flags]
    once = [flag for flag in flags if names.count(flag.name) == 1 and flag.start >= 0]
    rest: list[str] = []
    at = 0
    for flag in once:
        rest += words[at : flag.start] if isinstance(text, list) else text[at : flag.start].split()
        at = flag.end
    rest += words[at:] if isinstance(text, list) else text[at:].split()
    return {flag.name: flag.value for flag in once}, rest


def _value(value: str | bool | None) -> str:
    return "true" if value is True else _show(value)


def _words_between(old: list[str], new: list[str]) -> str:
    """The words that differ, with one on either side: a long command is not to be read twice."""
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    rest = 0
    while rest < min(len(old), len(new)) - same and old[-1 - rest] == new[-1 - rest]:
        rest += 1
    first, last = (hidden if hidden > 2 else 0 for hidden in (same - 1, rest - 1))

    def shown(words: list[str]) -> str:
        part = words[first : len(words) - last]
        return " ".join([*(["…"] if first else []), *part, *(["…"] if last else [])])

    return f"{shown(old)} → {shown(new)}"


def _sweep(old: object, new: object) -> Iterable[str]:
    """What differs of a sweep, value by value; as a whole, where there was none, or is none any more."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        yield "sweep is new" if old is None else "sweep is gone" if new is None else "sweep changed"
        return
    yield from (f"sweep: {line}" for line in _values("", old, new))


def _values(name: str, old: object, new: object) -> Iterable[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping) and old.get("type") == new.get("type"):
        for inner in dict.fromkeys([*new, *old]):
            yield from _values(f"{name}.{inner}" if name else inner, old.get(inner), new.get(inner))
    elif old is None or new is None:
        yield f"{name} is {f'new: {_written(new)}' if old is None else 'gone'}"
    elif _written(old) != _written(new):
        yield f"{name} {_written(old)} → {_written(new)}"


def _written(value: object) -> str:
    """A value of a sweep on a line: `16, 32, 64`, `uniform(min_value 0, max_value 1)`."""
    if isinstance(value, Mapping):
        fields = ", ".join(f"{name} {_written(one)}" for name, one in value.items() if name != "type")
        return f"{value.get('type', '')}({fields})"
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    is_text = not isinstance(value, str) or isinstance(plain(value), str)
    return scalar_text(value) if is_text else f'"{value}"'  # type: ignore[arg-type]


def _entries(old: object, new: object) -> Iterable[str]:
    was, now = ({} if value is None else value for value in (old, new))
    if not isinstance(was, Mapping) or not isinstance(now, Mapping):
        yield f"{_show(old)} → {_show(new)}"
        return
    for name in dict.fromkeys([*now, *was]):
        if name not in was:
            yield f"{name} is new"
        elif name not in now:
            yield f"{name} is gone"
        elif was[name] != now[name]:
            before, after = was[name], now[name]
            if isinstance(before, Mapping) and isinstance(after, Mapping):
                yield from (f"{name}/{line}" for line in _entries(before.get("files", {}), after.get("files", {})))
                fields = ({k: v for k, v in entry.items() if k != "files"} for entry in (before, after))
                yield from (f"{name}.{line}" for line in _entries(*fields))
            elif isinstance(before, list):
                yield f"{name} changed"
            elif name == "run":  # a fingerprint, as the names of runs have it
                yield f"{name} {_show(before)[:10]} → {_show(after)[:10]}"
            else:
                yield f"{name} {_show(before)} → {_show(after)}"


def _show(value: object) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    return str(value)


def _input(entry: Input, content: InputContent) -> dict[str, object]:
    # A local path says where the files lie on this machine; what the run sees is their content.
    default = Input(entry.name)
    fields: dict[str, object] = {
        "value": entry.source if entry.is_scalar else None,
        "data": content.data or None,
        "path": entry.uri if not content.data else None,
        "type": entry.type if entry.type != default.type else None,
        "mode": entry.mode if entry.mode != default.mode else None,
        "files": _listing(content.files) if content.files is not None else None,
        "content": content.digest or None,
        "extra": content.extra or None,
        "run": content.run or None,
        "output": content.output or None,
        "model": content.model or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _listing(files: Iterable[SourceFile]) -> dict[str, list[object]]:
    return {file.path: [file.md5, file.executable] for file in files}


def _distribution(job: Job) -> dict[str, object] | None:
    if job.distribution is None:
        return None
    workers = job.resources.instance_count
    defaults = {"parameter_server_count": 0, "worker_count": workers, "process_count_per_instance": 1}
    fields = dataclasses.asdict(job.distribution).items()
    return {name: value for name, value in fields if value is not None and value != defaults.get(name)}


def _without_defaults(entry: Output, default: Output) -> dict[str, object]:
    # Under which name it is registered changes nothing in it.
    fields = (field.name for field in dataclasses.fields(entry) if not field.name.startswith("model"))
    values = ((name, getattr(entry, name)) for name in fields)
    return {name: value for name, value in values if value != getattr(default, name)}
