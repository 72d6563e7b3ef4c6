"""The graph of resources, with the edges that follow from the specs' own references.

It covers all the specs that were given. Two that declare the same cluster of the same place share its node; two that
declare it differently contradict each other, which is a user's mistake with two places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from graphlib import TopologicalSorter

from specrun.plan.agreement import Declarations
from specrun.plan.chains import check_chains, ring_in
from specrun.plan.files import LeadsOut
from specrun.plan.hashes import HashCache
from specrun.plan.kinds import KINDS
from specrun.plan.kinds.base import Planned
from specrun.plan.kinds.environment import read_content
from specrun.plan.kinds.run import RunRequest
from specrun.plan.makers import Maker
from specrun.plan.observed import CloudContent
from specrun.plan.resources import Capability, Key, Kind, Place, Resource
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.frozen import dataclass
from specrun.spec.model import ModelVersion, Spec


@dataclass(frozen=True, slots=True)
class Graph:
    """Resources by key, in an order in which each stands after all it needs.

    `spec_digests` are the digests of the specs that they come from, by file.
    """

    resources: Mapping[Key, Planned]
    spec_digests: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...] = ()
    used: frozenset[Key] = frozenset()
    """What belongs to specs alone that were not given, and whose runs are read from: looked at, and left alone."""

    @property
    def places(self) -> tuple[Place, ...]:
        """The places of the resources, in the order of the specs."""
        return tuple(dict.fromkeys(key.place for key in self.resources))

    def is_looked_at(self, resource: Resource) -> bool:
        """Whether it matters what its place has of it: of what is only used, what counts in fingerprints."""
        return resource.key not in self.used or resource.kind == "data"

    def in_place(self, place: Place) -> tuple[Planned, ...]:
        """The resources of one place, in order."""
        return tuple(resource for key, resource in self.resources.items() if key.place == place)


def build_graph(
    specs: Iterable[Spec],
    place_of: Callable[[Spec], Place],
    hashes: HashCache,
    maker_of: Callable[[Spec], Maker] = lambda spec: Maker(spec.name),
    capabilities_of: Callable[[Place], Mapping[Kind, Capability]] = lambda _: {},
    is_used: Callable[[Spec], bool] = lambda _: False,
) -> Graph:
    """The resources of all specs; contradictions between them, and what cannot be read, are diagnostics.

    `is_used`: whether a spec was not given, and is there for what its run has written.
    """
    named: dict[Key, Planned] = {}
    declared: dict[Key, Declarations] = {}
    diagnostics: list[Diagnostic] = []
    digests: dict[str, str] = {}
    given: set[Key] = set()
    for spec in specs:
        digests[str(spec.file)] = spec.digest
        try:
            found = list(_declared(spec, place_of(spec), maker_of(spec), hashes))
        except OSError as error:  # of an environment's files: the rules have seen them a moment ago
            code = "outside-repository" if isinstance(error, LeadsOut) else "unreadable-environment"
            unreadable = f"{error.filename}: {error.strerror}."
            diagnostics.append(spec.at("job", "environment").diagnostic(code, unreadable))
            continue
        used = is_used(spec)
        for resource in found:
            if not used:
                given.add(resource.key)
            named.setdefault(resource.key, resource)
            if resource.managed:
                declared.setdefault(resource.key, Declarations()).add(resource)
    resources = dict(named)
    for key, declarations in declared.items():
        capability = capabilities_of(key.place).get(named[key].kind, Capability())
        resources[key] = declarations.agreed()
        if contradiction := declarations.contradiction(capability):
            diagnostics.append(contradiction)
    diagnostics += check_chains(resources)
    return Graph(_ordered(resources), digests, tuple(diagnostics), frozenset(resources.keys() - given))


def _declared(spec: Spec, place: Place, maker: Maker, hashes: HashCache) -> Iterator[Planned]:
    environment = spec.job.environment if spec.job is not None else None
    content = read_content(environment, hashes) if environment is not None else None
    for kind in KINDS:
        yield from kind.declared(spec, place, maker, content)


def cloud_contents(resources: Iterable[Resource]) -> list[CloudContent]:
    """What jobs read and specrun does not put there: on datastores, of assets, on the web."""
    requests = (resource for resource in resources if isinstance(resource, RunRequest))
    return list(dict.fromkeys(content for request in requests for content in request.cloud_contents()))


def models_read(resources: Iterable[Resource]) -> list[ModelVersion]:
    """The versions of models that jobs read."""
    requests = (resource for resource in resources if isinstance(resource, RunRequest))
    sources = (entry.source for request in requests for entry in request.job.inputs.values())
    return list(dict.fromkeys(source for source in sources if isinstance(source, ModelVersion)))


def _ordered(resources: Mapping[Key, Planned]) -> dict[Key, Planned]:
    needs: dict[Key, list[Key]] = {}
    for key, resource in resources.items():
        needs[key] = [need for need in resource.needs if need in resources]
        # A datastore may be declared by another of the given specs than what uses it.
        needs[key] += [need for need in resource.datastore_keys if need in resources]
    while ring := ring_in({key: tuple(several) for key, several in needs.items()}):
        needs[ring[0]].remove(ring[1])  # told at its place: nothing is planned of it
    order = TopologicalSorter(needs).static_order()
    return {key: replace(resources[key], needs=tuple(dict.fromkeys(needs[key]))) for key in order}
