"""The environment of a job: registered, or said by what it consists of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from specrun.convert import coerce, conda, credentials, locations
from specrun.convert.document import TODO, Key, Value
from specrun.convert.locations import environment_name
from specrun.convert.section import Row, Section, dropped
from specrun.convert.unknown import is_open
from specrun.convert.writers.reading import Reading
from specrun.engines.azure.images import CPU_IMAGE, GPU_IMAGE, PYTHON
from specrun.spec.sizes import has_gpu

TO: Key = ("job", "environment")
_GPU: Key = ("job", "resources", "gpu")
_FORMS = ("image", "conda_file", "pip", "build", "framework")

_ROWS = (
    Row("framework", coerce.word, "a framework"),
    *dropped("it says what kind of file this is", "$schema"),
    *(
        Row(name, why=f"an environment that stands in a spec has no {name}: it is known by its content")
        for name in ("name", "description", "tags", "properties")
    ),
    *dropped("it is for serving; specrun trains", "inference_config"),
    *dropped("a run is on Linux", "os_type"),
    *dropped("the build's folder goes to the default datastore", "datastore"),
    *dropped("what the service tells of an environment that is there", "id"),
)


def write_environment(reading: Reading, section: Section) -> None:
    """Take the field `environment` over; of one that is not there nothing is asked."""
    raw = section.known("environment")
    if isinstance(raw, Mapping | Section):
        if isinstance(raw, Section):
            section.carry("environment", TO)
        _write_inline(reading, section.inner("environment", to=TO))
    elif is_open(raw) or raw is None:
        section.copy("environment", TO, coerce.word, "")
    elif (name := environment_name(coerce.word(raw) or "")) is not None:
        section.put("environment", TO, name)
    else:
        section.ask("environment", TO, f"no environment's name, nor a mapping: {coerce.shown(raw)}")


def settle_gpu(reading: Reading) -> None:
    """Say whether the job uses GPUs, where an image that specrun itself takes says other than the machines' size."""
    draft = reading.draft
    size = draft.get(("compute", "size")) or draft.get(("job", "resources", "instance_type"))
    expected = bool(size and has_gpu(str(size)))
    if reading.gpu_image is not None and reading.gpu_image != expected and draft.get(_GPU) is None:
        draft.set(_GPU, reading.gpu_image, "as the image was")


def _write_inline(reading: Reading, section: Section) -> None:
    listed = _write_conda(reading, section)
    section.copy("pip", (*TO, "pip"), _lines, "a list of requirements")
    _write_image(reading, section, listed)
    _write_build(reading, section, section.inner("build", to=(*TO, "build")))
    section.take(_ROWS, TO)
    if section.get("framework") is not None:
        section.copy("version", (*TO, "version"), coerce.text, "the framework's version")
    else:
        section.drop("version", "an environment that stands in a spec has no version: it is known by its content")
    if listed is None and not _forms(section) and section.draft.get((*TO, "build", "path")) is None:
        registered = coerce.word(section.get("name"))
        what = "it says neither image, conda_file nor build"
        section.ask("name", TO, f"{what}{f'; {registered} may be registered' if registered else ''}")


def _forms(section: Section) -> list[str]:
    return [name for name in _FORMS if section.draft.get((*TO, name)) is not None]


def _lines(value: object) -> list[Value] | None:
    lines = [coerce.word(one) for one in (value if isinstance(value, list) else [value])]
    return [line for line in lines if line is not None] if all(lines) else None


def _write_image(reading: Reading, section: Section, listed: list[str] | None) -> None:
    """Write the image, unless specrun takes it by itself for what is `listed`, or for a conda file."""
    image = section.known("image")
    own = image in (CPU_IMAGE, GPU_IMAGE) and (listed is not None or section.draft.has((*TO, "conda_file")))
    if listed or (listed is not None and not own):
        section.draft.set((*TO, "pip"), listed)
    if own:
        section.rewrite("image", TO, "what specrun takes where a spec names no image")
        reading.gpu_image = image == GPU_IMAGE
    elif isinstance(image, str) and credentials.reveals(image):
        section.ask("image", (*TO, "image"), "a credential stands in it, which is not copied")
    else:
        section.copy("image", (*TO, "image"), coerce.word, "an image's name")


def _write_conda(reading: Reading, section: Section) -> list[str] | None:
    """Write the conda file; back comes what pip installs, where the file is one that specrun exports."""
    raw, to = section.known("conda_file"), (*TO, "conda_file")
    if isinstance(raw, Mapping):
        pip = conda.pip_of(raw, PYTHON)
        if pip is not None:
            section.rewrite("conda_file", (*TO, "pip"), "what pip installs, as specrun exports it")
            return pip
        file = f"{reading.name}.conda.yml"
        text = conda.conda_text(_closed(raw), locations.base_name(section.ledger.file))
        if text is None:
            section.ask("conda_file", to, "a credential stands in it: it is not copied")
            return None
        reading.files[file] = text
        section.draft.set(to, file)
        section.rewrite("conda_file", to, f"written to {file}, beside the spec")
        if is_open(raw):
            section.doubt("conda_file", to, f"not all that {file} needs is known here: write it in the place of {TODO}")
    elif isinstance(raw, str) and locations.is_address(raw):
        section.ask("conda_file", to, "a file beside the spec is expected here")
    elif isinstance(raw, str):
        local = reading.local(section, raw)
        section.put("conda_file", to, local, "" if local == raw else "relative to the spec")
    else:
        section.copy("conda_file", to, lambda value: None, "a file's path")
    return None


def _closed(value: object) -> Mapping[str, object]:
    """What stands in a file of its own, in which nothing can be left to a variable."""

    def closed(value: object) -> object:
        if isinstance(value, Mapping):
            return {str(key): closed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [closed(item) for item in value]
        return TODO if is_open(value) else value

    return cast("Mapping[str, object]", closed(value))


def _write_build(reading: Reading, environment: Section, section: Section) -> None:
    """A folder with a Dockerfile, or the Dockerfile's text, which is written beside the spec."""
    to: Key = (*TO, "build")
    if not list(section.names()):
        return
    others, text = _forms(environment), coerce.text(section.get("dockerfile"))
    folder = f"{reading.name}.docker"
    if text is not None and credentials.reveals(text):
        section.ask("dockerfile", (*to, "path"), "a credential stands in it: it is not copied")
        return
    if text is not None:
        reading.files[f"{folder}/Dockerfile"] = text.strip("\n") + "\n"
    if others:
        what = f"build stands alone, and {' and '.join(others)} stands here already: put that into the Dockerfile"
        environment.doubt("build", to, what)
    elif text is not None:
        section.draft.set((*to, "path"), folder)
        section.rewrite("dockerfile", (*to, "path"), "its text is written beside the spec")
    else:
        _write_folder(reading, section, to)


def _write_folder(reading: Reading, section: Section, to: Key) -> None:
    path = section.known("path")
    if path is None:
        section.draft.set((*to, "path"), reading.local(section, "."))
    elif isinstance(path, str) and not locations.is_address(path):
        local = reading.local(section, path)
        section.put("path", (*to, "path"), local, "" if local == path else "relative to the spec")
    elif is_open(path):
        section.copy("path", (*to, "path"), coerce.word, "a folder")
    else:
        section.ask("path", (*to, "path"), "a folder beside the spec is expected here")
    section.copy("dockerfile_path", (*to, "dockerfile_path"), _dockerfile, "a Dockerfile's path")


def _dockerfile(value: object) -> str | None:
    return (coerce.word(value) or "").removeprefix("file:").removeprefix("./") or None
