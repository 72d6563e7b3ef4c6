"""The environment of a job: registered, inline, or in a file of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specrun.convert import coerce, conda, credentials, locations
from specrun.convert.azureml.reading import JobImport
from specrun.convert.azureml.references import asset_name, environment_name
from specrun.convert.document import Key
from specrun.convert.section import Section, ask, has_expression
from specrun.convert.sources import Source
from specrun.engines.azure.images import CPU_IMAGE, GPU_IMAGE, PYTHON
from specrun.spec.sizes import has_gpu

TO: Key = ("job", "environment")
_GPU: Key = ("job", "resources", "gpu")

_DROPPED = {
    "$schema": "it says what kind of file this is",
    "name": "an environment that stands in a spec has no name: it is known by its content",
    "version": "an environment that stands in a spec has no version: it is known by its content",
    "description": "an environment that stands in a spec has no description",
    "tags": "an environment that stands in a spec has no tags",
    "properties": "an environment that stands in a spec has no properties",
    "inference_config": "it is for serving; specrun trains",
    "os_type": "a run is on Linux",
    "datastore": "the build's folder goes to the default datastore",
    "id": "what the service tells of an environment that is there",
}


def write_environment(reading: JobImport, section: Section) -> None:
    """Take the field `environment` over."""
    raw = section.get("environment")
    if isinstance(raw, Mapping):
        _write_inline(reading, section.inner("environment"))
    elif isinstance(raw, str):
        _write_named(reading, section, raw.strip())
    elif raw is None:
        what = "the CLI wants an environment; left out, a run gets a plain Python"
        section.ask("environment", TO, what)
    else:
        section.ask("environment", TO, f"a name or a mapping is expected here, and this is {coerce.shown(raw)}")


def _write_named(reading: JobImport, section: Section, name: str) -> None:
    given = _given(reading, section.ledger.file, name)
    registered = environment_name(name)
    if given is not None:
        section.rewrite("environment", TO, f"what {locations.base_name(given.file)} says stands in the spec itself")
        _write_inline(reading, reading.open(given))
    elif has_expression(name):
        section.ask("environment", TO, "an expression that specrun does not have", write=True)
    elif registered is not None:
        section.put("environment", TO, registered)
    elif locations.is_address(name):
        section.ask("environment", TO, f"no name of an environment: {coerce.shown(name)}", write=True)
    else:
        what = f"the environment is in a file of its own: import {name.removeprefix('file:')} together with this one"
        section.ask("environment", TO, what)


def _given(reading: JobImport, file: str, name: str) -> Source | None:
    """The environment's file, if it was given: by its path, or by the name that it registers."""
    asset, version = asset_name(name)
    for source in reading.beside.environments:
        values = source.values
        assert isinstance(values, dict)
        if asset:
            theirs = coerce.word(values.get("version")) or ""
            if coerce.word(values.get("name")) == asset and (not theirs or version in ("", "latest", theirs)):
                return source
        elif locations.same_file(name, locations.folder_of(file), source.file):
            return source
    return None


def _write_inline(reading: JobImport, section: Section) -> None:
    base = locations.folder_of(section.ledger.file)
    docker = section.inner("docker")  # of the 2021 preview
    pip = _write_conda(reading, section, base)
    _write_image(reading, section if section.get("image") is not None else docker, pip)
    _write_build(reading, section.inner("build") if section.get("build") is not None else docker.inner("build"), base)
    for key, why in _DROPPED.items():
        section.drop(key, why)
    registered = coerce.word(section.get("name"))
    if pip is None and not any(_has(section, key) for key in ("conda_file", "image", "build")):
        what = "it says neither image, conda_file nor build"
        section.ask("environment", TO, f"{what}{f'; {registered} may be registered' if registered else ''}")


def _has(section: Section, key: str) -> bool:
    place = (*TO, key)
    return section.draft.get(place) is not None or section.draft.get((*place, "path")) is not None


def settle_gpu(reading: JobImport) -> None:
    """Say whether the job uses GPUs, where an image that specrun itself takes says other than the machines' size."""
    draft = reading.draft
    size = draft.get(("compute", "size")) or draft.get(("job", "resources", "instance_type"))
    expected = bool(size and has_gpu(str(size)))
    if reading.gpu_image is not None and reading.gpu_image != expected:
        draft.set(_GPU, reading.gpu_image, "as the image was")


def _write_image(reading: JobImport, section: Section, pip: Sequence[str] | None) -> None:
    """Write the image, unless specrun takes it by itself for what `pip` lists, or for a conda file."""
    image = coerce.word(section.get("image"))
    stands_on_it = pip is not None or section.draft.get((*TO, "conda_file")) is not None
    own = stands_on_it and image in (CPU_IMAGE, GPU_IMAGE)
    if pip or (pip is not None and not own):
        section.draft.set((*TO, "pip"), pip)
    if image is None:
        if section.get("image") is not None:
            section.ask("image", (*TO, "image"), "an image's name is expected here")
    elif has_expression(image) or credentials.reveals(image):
        section.ask("image", (*TO, "image"), "an expression or a credential is not copied", write=True)
    elif own:
        section.rewrite("image", TO, "what specrun takes where a spec names no image")
        reading.gpu_image = image == GPU_IMAGE
    else:
        section.put("image", (*TO, "image"), image)


def _write_conda(reading: JobImport, section: Section, base: str) -> list[str] | None:
    """Write the conda file; back comes what pip installs, where the file is one that specrun exports."""
    raw, to = section.get("conda_file"), (*TO, "conda_file")
    if isinstance(raw, Mapping):
        pip = conda.pip_of(raw, PYTHON)
        if pip is not None:
            section.rewrite("conda_file", (*TO, "pip"), "what pip installs, as specrun exports it")
            return pip
        file = f"{reading.name}.conda.yml"
        text = conda.conda_text(raw, locations.base_name(section.ledger.file))
        if text is None:
            section.ask("conda_file", to, "a credential stands in it: it is not copied", write=True)
            return None
        reading.files[file] = text
        section.draft.set(to, file)
        section.rewrite("conda_file", to, f"written to {file}, beside the spec")
    elif isinstance(raw, str) and (has_expression(raw) or locations.is_address(raw)):
        section.ask("conda_file", to, "a file beside the spec is expected here", write=True)
    elif isinstance(raw, str):
        local = locations.rebased(raw, base, reading.options.folder)
        section.put("conda_file", to, local, "" if local == raw else "relative to the spec")
    elif raw is not None:
        section.ask("conda_file", to, f"a file's path is expected here, and this is {coerce.shown(raw)}")
    return None


def _write_build(reading: JobImport, section: Section, base: str) -> None:
    to: Key = (*TO, "build")
    key = "path" if section.get("path") is not None else "context_path"
    path = coerce.word(section.get(key))
    file_key = "dockerfile_path" if section.get("dockerfile_path") is not None else "dockerfile"
    dockerfile = coerce.word(section.get(file_key))
    if path is None and dockerfile is None:
        return
    others = [name for name in ("image", "conda_file", "pip") if section.draft.get((*TO, name)) is not None]
    if others:
        what = f"build stands alone, and {' and '.join(others)} stands here already: put that into the Dockerfile"
        ask(section.ledger, section.draft, section.path, to, what)
        return
    if path is not None and (has_expression(path) or locations.is_address(path)):
        section.ask(key, (*to, "path"), "a folder beside the spec is expected here", write=True)
    elif path is not None:
        local = locations.rebased(path, base, reading.options.folder)
        section.put(key, (*to, "path"), local, "" if local == path else "relative to the spec")
    else:
        section.draft.set((*to, "path"), locations.rebased(".", base, reading.options.folder))
    if dockerfile is not None:
        section.put(file_key, (*to, "dockerfile_path"), dockerfile.removeprefix("file:").removeprefix("./"))
