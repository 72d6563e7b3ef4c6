"""What the specs ask for: resources, and the edges that follow from their references to each other.

The graph covers all the specs that were given. Two that declare the same cluster share its node; two that declare it
differently contradict each other, which is a user's mistake with two places.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from typing import Literal, TypeAlias

from specrun.plan.hashes import md5_of
from specrun.spec.diagnostics import Diagnostic, Location, Path, Severity
from specrun.spec.model import Data, Environment, Input, Properties, Spec

Kind: TypeAlias = Literal["workspace", "compute", "datastore", "data", "environment", "run"]

DEFAULT_DATASTORE = "default"
"""Stands in keys for the workspace's default datastore, whose name only the engine knows."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing that must exist. `properties` are what was asked for, in the spec's own spelling.

    `managed` is false for what a spec only names (a bare `compute`, a workspace without `create`): it is used and
    never changed. `needs` are keys of resources that must be there first.
    """

    key: str
    kind: Kind
    name: str
    properties: Properties
    needs: tuple[str, ...]
    spec: Spec = field(compare=False)
    path: Path = ()
    managed: bool = True

    @property
    def location(self) -> Location:
        """The place in the spec that asks for it."""
        return self.spec.document.location(self.path, key=True)


@dataclass(frozen=True, slots=True)
class Graph:
    """Resources by key, in an order in which each stands after all it needs."""

    resources: Mapping[str, Resource]
    diagnostics: tuple[Diagnostic, ...] = ()


def build_graph(specs: Iterable[Spec]) -> Graph:
    """The resources of all specs; contradictions between them are diagnostics."""
    resources: dict[str, Resource] = {}
    diagnostics: list[Diagnostic] = []
    for spec in specs:
        for resource in _resources(spec):
            known = resources.get(resource.key)
            if known is None:
                resources[resource.key] = resource
            elif known.managed and resource.managed:
                contradiction = _contradiction(known, resource)
                if contradiction is not None:
                    diagnostics.append(contradiction)
            elif resource.managed:
                resources[resource.key] = resource
    return Graph(_ordered(resources), tuple(diagnostics))


def _ordered(resources: Mapping[str, Resource]) -> dict[str, Resource]:
    needs: dict[str, list[str]] = {}
    for key, resource in resources.items():
        needs[key] = [need for need in resource.needs if need in resources]
        # A datastore may be declared by another of the given specs than the data that goes there.
        datastore = f"datastore/{resource.properties.get('datastore')}"
        if resource.kind == "data" and datastore in resources:
            needs[key].append(datastore)
    order = TopologicalSorter(needs).static_order()
    return {key: replace(resources[key], needs=tuple(dict.fromkeys(needs[key]))) for key in order}


def run_key(spec: Spec) -> str:
    """The key of a spec's run."""
    return f"run/{spec.name}"


def input_data(spec: Spec, entry: Input) -> Data | None:
    """What must be on a datastore for an input: its `data` entry, or an entry of its own for a local path."""
    if entry.data is not None:
        return spec.data[entry.data]
    if entry.path is None or ":" in entry.path.partition("/")[0]:
        return None
    return Data(name=f"inputs.{entry.name}", path=entry.path, datastore=None, target=f"inputs/{spec.name}/{entry.name}")


def cloud_inputs(graph: Graph) -> list[str]:
    """The paths that jobs read and specrun does not put there: on datastores, of assets, on the web."""
    specs = [resource.spec for resource in graph.resources.values() if resource.kind == "run"]
    entries = [(spec, entry) for spec in specs if spec.job is not None for entry in spec.job.inputs.values()]
    paths = (entry.path for spec, entry in entries if entry.path is not None and input_data(spec, entry) is None)
    return list(dict.fromkeys(paths))


def data_key(data: Data) -> str:
    """A data resource is identified by where it lands, not by its entry's name."""
    return f"data/{data.datastore or DEFAULT_DATASTORE}/{data.target}"


def environment_content(spec: Spec, environment: Environment) -> Properties:
    """What decides an environment: its fields, and the bytes of a conda file or a build context instead of the path.

    Raises OSError.
    """
    content: dict[str, object] = {}
    for name in ("registered", "image", "dockerfile_path", "framework", "version"):
        value = getattr(environment, name)
        if value is not None:
            content[name] = value
    if environment.pip is not None:
        content["pip"] = list(environment.pip)
    if environment.conda_file is not None:
        # Bytes as they are: the same file on any path, on any machine, is the same environment.
        content["conda"] = hashlib.sha256((spec.folder / environment.conda_file).read_bytes()).hexdigest()
    if environment.build_path is not None:
        context = spec.folder / environment.build_path
        files = sorted(path for path in context.rglob("*") if path.is_file())
        content["build"] = {path.relative_to(context).as_posix(): md5_of(path) for path in files}
    return content


def content_digest(content: object) -> str:
    """SHA-256 (hex) over canonical JSON: sorted keys, no blanks, UTF-8 as it is."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _resources(spec: Spec) -> Iterable[Resource]:
    workspace: tuple[str, ...] = ()
    if spec.workspace is not None:
        resource = _workspace(spec, spec.workspace)
        workspace = (resource.key,)
        yield resource
    if spec.compute is not None:
        yield _compute(spec, workspace)
    for name, properties in spec.datastores.items():
        yield Resource(f"datastore/{name}", "datastore", name, properties, workspace, spec, ("datastores", name))
    for name, data in spec.data.items():
        yield _data(spec, data, ("data", name), workspace)
    if spec.job is not None:
        yield from _run(spec, workspace)


def _workspace(spec: Spec, properties: Properties) -> Resource:
    name = str(properties.get("name") or properties.get("from_config"))
    wanted = {key: value for key, value in properties.items() if key not in ("create", "from_config")}
    managed = bool(properties.get("create", False))
    return Resource(f"workspace/{name}", "workspace", name, wanted, (), spec, ("workspace",), managed)


def _compute(spec: Spec, workspace: tuple[str, ...]) -> Resource:
    if isinstance(spec.compute, str):
        key = f"compute/{spec.compute}"
        return Resource(key, "compute", spec.compute, {"name": spec.compute}, workspace, spec, ("compute",), False)
    assert spec.compute is not None
    name = str(spec.compute["name"])
    return Resource(f"compute/{name}", "compute", name, spec.compute, workspace, spec, ("compute",))


def _data(spec: Spec, data: Data, path: Path, workspace: tuple[str, ...]) -> Resource:
    source = data.path if data.path.startswith("https://") else str((spec.folder / data.path).resolve())
    properties: dict[str, object] = {
        "datastore": data.datastore or DEFAULT_DATASTORE,
        "target": data.target,
        "path": source,
        "prune": data.prune,
    }
    if data.sha256 is not None:
        properties["sha256"] = data.sha256
    return Resource(data_key(data), "data", data.name, properties, workspace, spec, path)


def _run(spec: Spec, workspace: tuple[str, ...]) -> Iterable[Resource]:
    job = spec.job
    assert job is not None
    needs = list(workspace)
    if spec.compute is not None:
        needs.append(f"compute/{spec.compute if isinstance(spec.compute, str) else spec.compute['name']}")
    for name, entry in job.inputs.items():
        data = input_data(spec, entry)
        if data is None:
            continue
        needs.append(data_key(data))
        if entry.data is None:
            yield _data(spec, data, ("job", "inputs", name), workspace)
    if job.environment is not None:
        content = environment_content(spec, job.environment)
        digest = content_digest(content)[:10]
        yield Resource(f"environment/{digest}", "environment", digest, content, workspace, spec, ("job", "environment"))
        needs.append(f"environment/{digest}")
    unique = tuple(dict.fromkeys(needs))
    yield Resource(run_key(spec), "run", spec.name, {}, unique, spec, ("job",))


def _contradiction(first: Resource, second: Resource) -> Diagnostic | None:
    if first.kind == "run":
        detail = f"{first.location} already declares a job named {first.name}: give one of the two specs another name."
    elif first.kind == "data" and first.properties["path"] != second.properties["path"]:
        detail = (
            f"{first.location} puts {first.properties['path']} there, this entry {second.properties['path']}: "
            "a target mirrors one source. Give one of them another target."
        )
    else:
        differing = [
            name
            for name in dict.fromkeys([*first.properties, *second.properties])
            if first.properties.get(name) != second.properties.get(name)
        ]
        if not differing:
            return None
        detail = (
            f"{first.location} declares it with a different {', '.join(differing)}: "
            "one of the two must change, or only name it."
        )
    return Diagnostic(
        Severity.ERROR,
        "declared-differently",
        "Two specs declare the same thing differently.",
        f"{second.kind} {second.name}: {detail}",
        second.path,
        second.location,
    )
