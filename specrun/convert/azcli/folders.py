"""Where a shell script is run, and the files that its calls name."""

from __future__ import annotations

import os
from collections.abc import Iterator

from specrun.convert import locations
from specrun.convert.azcli.calls import SUBMIT, Call

_FOLDERS = (".azureml", "aml_config", "")
"""Where SDK v1 looks for a run configuration, in the project's folder."""

_UPWARDS = 3
"""How many folders above the script's may be the one in which it is run."""


def base_of(file: str, call: Call) -> str:
    """The folder in which a script's call is run: the first from the script's own upwards that has what it names."""
    begin, named = locations.folder_of(file), [*_named(call)]
    for number in range(_UPWARDS + 1):
        folder = os.path.normpath(os.path.join(begin, *[".."] * number, call.folder or ""))  # noqa: PTH118
        if any(os.path.exists(os.path.join(folder, name)) for name in named):  # noqa: PTH110, PTH118
            return folder
    return begin


def project_of(file: str, call: Call) -> str:
    """The project's folder: --path, from where the call is run."""
    path = call.get("path")
    return os.path.normpath(os.path.join(base_of(file, call), path if isinstance(path, str) else ""))  # noqa: PTH118


def configuration_of(file: str, call: Call, name: str) -> str | None:
    """The file of a run configuration; None where there is none."""
    tried = (os.path.join(project_of(file, call), one) for one in _configurations(name))  # noqa: PTH118
    return next((os.path.normpath(one) for one in tried if os.path.isfile(one)), None)  # noqa: PTH113


def rebased(path: object, file: str, call: Call, project: str) -> object:
    """A path of the command line as one that begins at the project's folder."""
    if not isinstance(path, str) or not path or locations.is_address(path):
        return path
    return os.path.relpath(os.path.join(base_of(file, call), path), project).replace(os.sep, "/")  # noqa: PTH118


def _configurations(name: str) -> Iterator[str]:
    return (os.path.join(folder, f"{name.removesuffix('.runconfig')}.runconfig") for folder in _FOLDERS)  # noqa: PTH118


def _named(call: Call) -> Iterator[str]:
    """Files and folders that a call names, relative to where it is run."""
    path, name, source = (call.get(option) for option in ("path", "run-configuration-name", "source-directory"))
    root = path if isinstance(path, str) else ""
    if isinstance(name, str):
        yield from (os.path.join(root, one) for one in _configurations(name))  # noqa: PTH118
    if isinstance(source, str) and source not in ("", "."):
        yield source
    elif call.command == SUBMIT and call.words and isinstance(call.words[0], str):
        yield os.path.join(root, call.words[0])  # noqa: PTH118
    for option in ("conda-dependencies", "src-path"):
        if isinstance(value := call.get(option), str) and value:
            yield value
