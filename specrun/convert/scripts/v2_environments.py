"""Environments of SDK v2."""

from __future__ import annotations

from specrun.convert import coerce
from specrun.convert.document import TODO
from specrun.convert.locations import folder_of, rebased
from specrun.convert.scripts.values import Call, Value
from specrun.convert.scripts.writing import Writing


def write_v2_environment(writing: Writing, job: Call) -> None:
    value, to = job.get("environment"), ("job", "environment")
    if value is None:
        return
    if isinstance(value, Call) and value.kind == "v2:Environment":
        writing.rewrite(job, "environment", to, "its fields are those of the section")
        for name in ("image", "conda_file"):
            given = value.get(name)
            if name == "conda_file" and isinstance(given, str) and "${{" not in given:
                path = rebased(given, folder_of(writing.file), writing.options.folder)
                writing.draft.set((*to, name), path)
                writing.rewrite(value, name, (*to, name), "relative to the spec")
            elif given is not None:
                writing.copy(value, name, (*to, name), coerce.word, "text")
        build = value.get("build")
        if isinstance(build, Call):
            writing.rewrite(value, "build", (*to, "build"), "its fields are those of the section")
            context = build.get("path")
            start = folder_of(writing.file)
            where = (
                rebased(context, start, writing.options.folder)
                if isinstance(context, str) and "${{" not in context
                else TODO
            )
            writing.draft.set((*to, "build", "path"), where)
            writing.rewrite(build, "path", (*to, "build", "path"), "relative to the spec")
            writing.copy(build, "dockerfile_path", (*to, "build", "dockerfile_path"), coerce.word, "a path")
        if all(writing.draft.get((*to, name)) is None for name in ("image", "conda_file")) and not isinstance(
            build, Call
        ):
            writing.draft.set(to, _registered(str(value.get("name") or TODO), value.get("version")))
        return
    found = writing.word(value, "environment")
    text = str(found.value)
    writing.draft.set(to, _registered(text, None) if isinstance(value, str) else f"azureml:{text}")
    writing.settle(job, "environment", to, found, "" if writing.draft.get(to) == value else "a registered environment")


def _registered(name: str, version: Value) -> str:
    plain = name.strip().removeprefix("azureml:")
    if plain.startswith("//") or set(plain) & set(":@"):
        return f"azureml:{plain}"
    return f"azureml:{plain}:{version}" if isinstance(version, str | int) else f"azureml:{plain}@latest"
