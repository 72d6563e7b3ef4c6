"""Jobs of SDK v2: `command(...)` and `CommandJob(...)`."""

from __future__ import annotations

import re

from specrun.convert import coerce, naming
from specrun.convert.document import TODO
from specrun.convert.document import Value as Written
from specrun.convert.scripts.arguments import write_code
from specrun.convert.scripts.clusters import write_bare_name, write_cluster
from specrun.convert.scripts.references import References
from specrun.convert.scripts.tags import write_tags
from specrun.convert.scripts.v2_data import write_data
from specrun.convert.scripts.v2_environments import write_v2_environment
from specrun.convert.scripts.values import Call, Value
from specrun.convert.scripts.variables import write_variables
from specrun.convert.scripts.writing import Expressed, Writing
from specrun.convert.writers.resources import FLAT

KINDS = ("v2:command", "v2:CommandJob")
_TYPES = {"tensorflow": "tensorflow", "pytorch": "pytorch", "mpi": "mpi"}
_COUNTS = {
    "tensorflow": ("parameter_server_count", "worker_count"),
    "pytorch": ("process_count_per_instance",),
    "mpi": ("process_count_per_instance",),
}
_REFERENCE = re.compile(r"\$\{\{\s*(inputs|outputs)\s*\.\s*([A-Za-z_]\w*)\s*\}\}")
_IDENTITIES = {
    "v2:UserIdentityConfiguration": "user_identity",
    "v2:ManagedIdentityConfiguration": "managed",
    "v2:AmlTokenConfiguration": "aml_token",
}


def write_v2_job(writing: Writing, job: Call, references: References) -> None:
    """The section `job`, and the cluster that it names."""
    writing.draft.comment(("job",), f"from {job.key} ({job.place})")
    if job.get("compute") is not None:
        target = job.get("compute")
        plain = target.removeprefix("azureml:") if isinstance(target, str) else target
        if write_cluster(writing, plain):
            writing.rewrite(job, "compute", ("compute",), "the cluster that the script makes")
        else:
            write_bare_name(writing, job, "compute", target)
    for name in ("display_name", "description"):
        writing.copy(job, name, ("job", name), coerce.word, "text")
    if job.get("code") is not None:
        write_code(writing, job, "code")
    _command(writing, job)
    for name in ("inputs", "outputs"):
        write_data(writing, job, name, references)
    write_v2_environment(writing, job)
    write_variables(writing, job, "environment_variables")
    _distribution(writing, job)
    _resources(writing, job)
    writing.copy(job, "experiment_name", ("experiment",), _experiment, "a name")
    write_tags(writing, job, "tags", ("job", "tags"))
    identity = job.get("identity")
    if isinstance(identity, Call) and identity.kind in _IDENTITIES:
        writing.draft.set(("job", "identity", "type"), _IDENTITIES[identity.kind])
        writing.rewrite(job, "identity", ("job", "identity"), _IDENTITIES[identity.kind])
        for name in ("client_id", "object_id", "resource_id"):
            writing.copy(identity, name, ("job", "identity", name), coerce.word, "an id")
    for call in writing.of("submit"):
        if call.get("config") is job:
            writing.rewrite(call, "config", ("job",), "the job that `specrun apply` submits")


def _command(writing: Writing, job: Call) -> None:
    value, to = job.get("command"), ("job", "command")
    if value is None:
        found = Expressed(TODO, [("a job needs a command", "")])
    else:
        found = writing.express(value, "command") if isinstance(value, str) else writing.word(value, "command")
    text = str(found.value)
    if isinstance(value, str):
        known = {name for key in ("inputs", "outputs") for name in _names(job.get(key))}
        text = _REFERENCE.sub(lambda match: f"${{{{ {match[1]}.{match[2]} }}}}", value)
        strange = [match[2] for match in _REFERENCE.finditer(value) if match[2] not in known]
        rest = _REFERENCE.sub("", value)
        if "${{" in rest or "$[[" in rest:
            found.asked.append(("the command has an expression that specrun does not have", ""))
            text = TODO
        elif strange:
            found.asked.append((f"the job declares no {strange[0]}", ""))
            text = TODO
    writing.draft.set(to, text.strip() or TODO)
    writing.settle(job, "command", to, found, "" if text == value else "expressions as specrun spells them")


def _names(value: Value) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _distribution(writing: Writing, job: Call) -> None:
    value, to = job.get("distribution"), ("job", "distribution")
    if isinstance(value, dict):
        kind = _TYPES.get(str(value.get("type") or "").lower())
        if kind is None:
            writing.ask(job, "distribution", to, "which type: tensorflow, pytorch or mpi")
            return
        entry: dict[str, Written] = {"type": kind}
        whole = Expressed(None)
        for name in _COUNTS[kind]:
            if value.get(name) is not None:
                found = writing.express(value[name], name)
                number = coerce.whole(found.value)
                entry[name] = number if number is not None else found.value
                whole.asked += found.asked
                whole.notes += found.notes
        writing.draft.set(to, entry)
        writing.settle(job, "distribution", to, whole, "" if entry == value else "in specrun's words")
    elif isinstance(value, Call):
        kind = value.kind.removeprefix("v2:").removesuffix("Distribution").lower()
        if kind not in _COUNTS:
            writing.ask(job, "distribution", to, "which type: tensorflow, pytorch or mpi")
            return
        writing.draft.set((*to, "type"), kind)
        writing.rewrite(job, "distribution", to, f"written as type: {kind}")
        if not value.arguments:
            writing.rewrite(value, "", to, f"written as type: {kind}")
        for name in _COUNTS[kind]:
            writing.copy(value, name, (*to, name), coerce.whole, "a whole number")
    elif value is not None:
        writing.ask(job, "distribution", to, "the distribution is computed: write it")


def _resources(writing: Writing, job: Call) -> None:
    holders = [job, *(call for call in writing.of("set_resources", "set_limits") if call.owner is job)]
    for name in ("resources", "limits"):
        inner = job.get(name)
        if isinstance(inner, Call):
            writing.rewrite(job, name, ("job", name), "its fields are those of the section")
            holders.append(inner)
    for call in holders:
        for prefix in ("", "resources.", "limits."):
            for section, rows in FLAT.items():
                for row in rows:
                    if row.read is not None:
                        writing.copy(call, f"{prefix}{row.name}", ("job", section, row.name), row.read, row.expected)


def _experiment(value: object) -> str | None:
    return naming.experiment(value) or None if isinstance(value, str) else None
