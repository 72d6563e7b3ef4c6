"""A job's inputs and outputs on a node, and what the service writes into its command for them."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from emulator.addresses import Address, is_public, is_storage, kind_of, long_form, output_uri, resolve
from emulator.jobs_checks import BINDING
from emulator.jobs_form import DEFAULT_OUTPUT
from emulator.references import Reference, Unusable, contents, fetch, open_store
from emulator.router import Refused
from emulator.runs_state import Plane, Run
from emulator.sweep_form import is_sweep

_PATIENCE = 30.0
"""Seconds for a server of this machine to answer."""


@dataclass(frozen=True)
class Brought:
    """`values` stand for "inputs.NAME" and "outputs.NAME" in the command."""

    references: Mapping[str, Reference]
    values: Mapping[str, str]


def bring(plane: Plane, run: Run, folder: Path) -> Brought:
    """Put a job's inputs into its folder, and make room for its outputs. Raises Unusable."""
    assert run.job is not None
    references: dict[str, Reference] = {}
    values = {f"outputs.{DEFAULT_OUTPUT}": str(folder / "code" / "outputs")}
    for name, given in (run.job.get("inputs") or {}).items():
        found = given["value"] if "value" in given else _input(plane, folder / "inputs" / name, name, given)
        values[f"inputs.{name}"] = str(found.path) if isinstance(found, Reference) else found
        if isinstance(found, Reference):
            references[name] = found
    for name, given in outputs_of(run).items():
        found = _output(plane, run, folder / "outputs" / name, name, given)
        values[f"outputs.{name}"] = str(found.path) if isinstance(found, Reference) else found
        if isinstance(found, Reference):
            references[name] = found
    return Brought(references, values)


def filled(command: str, values: Mapping[str, str]) -> str:
    """A command with its bindings replaced, letter by letter: quoting is the author's."""
    return BINDING.sub(lambda match: values.get(f"{match[1]}.{match[2]}", match[0]), command)


def outputs_of(run: Run) -> dict[str, Any]:
    """A job's outputs by name, but for the default one; a sweep has none: its trials have them."""
    if is_sweep(run):
        return {}
    return {name: given for name, given in ((run.job or {}).get("outputs") or {}).items() if name != DEFAULT_OUTPUT}


def long_output_uri(plane: Plane, run: Run, name: str, given: Mapping[str, Any]) -> str:
    """Where an output goes, as run history writes it."""
    uri = output_uri(plane, run.id, name, given)
    address = resolve(plane, uri)
    return long_form(plane, address.store.name, address.path + ("/" if uri.endswith("/") else ""))


def _input(plane: Plane, root: Path, name: str, given: Mapping[str, Any]) -> Reference | str:
    """An input's folder or file on the node; the address itself if it is to be read directly."""
    mode = given.get("mode") or "ReadOnlyMount"
    if is_public(given["uri"]):
        return given["uri"] if mode == "Direct" else str(_public(root, name, given["uri"]))
    try:
        address = resolve(plane, given["uri"], kind_of(given))
    except Refused as gone:
        raise Unusable(f"Input {name}: {gone.message}") from None
    if mode == "Direct" and is_storage(given["uri"]):
        return str(given["uri"])
    if mode == "Direct":
        return long_form(plane, address.store.name, address.path)
    root.mkdir(parents=True)
    fetch(open_store(plane, f"Input {name}", address.store), address.store.container, address.path, root)
    before = contents(root)
    if not before:
        raise Unusable(f"Input {name}: there is nothing at {address.path} in the {_place(address)}.")
    path = root / PurePosixPath(address.path).name if given["jobInputType"] == "uri_file" else root
    if not path.exists():
        raise Unusable(f"Input {name}: {address.path} in the {_place(address)} is no file.")
    kept = "mount" if mode == "ReadWriteMount" else "download"
    return Reference(kept, address.store, address.path and address.path + "/", root, path, before)


def _place(address: Address) -> str:
    store = address.store
    return f"datastore {store.name}" if store.name else f"container {store.container} of {store.account}"


def _output(plane: Plane, run: Run, root: Path, name: str, given: Mapping[str, Any]) -> Reference | str:
    """The folder for an output, or the file that is to be made."""
    if given.get("mode") == "Direct":
        return long_output_uri(plane, run, name, given)
    try:
        address = resolve(plane, output_uri(plane, run.id, name, given))
    except Refused as gone:
        raise Unusable(f"Output {name}: {gone.message}") from None
    blobs = open_store(plane, f"Output {name}", address.store)
    root.mkdir(parents=True)
    one_file = given["jobOutputType"] == "uri_file"
    base, _, file = address.path.rpartition("/") if one_file else (address.path, "", "")
    if given.get("mode") != "Upload" and not one_file:
        fetch(blobs, address.store.container, base, root)
    before = contents(root)
    return Reference("upload", address.store, base and base + "/", root, root / file if one_file else root, before)


def _public(root: Path, name: str, uri: str) -> Path:
    """A file of a web server on this machine; there is no way to any other."""
    parts = urlsplit(uri)
    if parts.hostname != "127.0.0.1":
        raise Unusable(f"Input {name}: {parts.hostname} cannot be reached from the emulator's nodes.")
    file = root / (re.sub(r"[^\w.-]", "_", PurePosixPath(parts.path).name) or "data")
    root.mkdir(parents=True)
    open_directly = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    try:
        with open_directly(uri, timeout=_PATIENCE) as answer:
            file.write_bytes(answer.read())
    except (urllib.error.URLError, TimeoutError) as problem:
        raise Unusable(f"Input {name}: {uri} cannot be read: {problem}.") from None
    return file
