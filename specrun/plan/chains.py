"""Chains: specs whose runs read what the runs of other specs have written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from specrun.plan.kinds.base import Planned
from specrun.plan.kinds.model import ModelRegistration
from specrun.plan.kinds.run import RunRequest
from specrun.plan.models import LATEST
from specrun.plan.resources import Key
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import ModelVersion
from specrun.spec.nearest import suggestion

DEFAULT_OUTPUT = "default"
"""What a script writes to ./outputs, which every run has."""


def check_chains(resources: Mapping[Key, Planned]) -> Iterator[Diagnostic]:
    """Runs that nobody knows, outputs that they do not have, runs in another place, and specs that wait for themselves:
    each at the input that says so.
    """
    requests = {key: one for key, one in resources.items() if isinstance(one, RunRequest)}
    elsewhere = {one.name: one for one in requests.values()}
    for key, request in requests.items():
        for name, source in request.upstream.items():
            origin = request.input_origin(name)
            upstream = requests.get(Key(key.place, f"run/{source.spec}"))
            if upstream is None and source.spec in elsewhere:
                other = elsewhere[source.spec].place.title
                detail = (
                    f"{source.spec} runs on {other} and {request.name} on {key.place.title}: a run reads from runs of "
                    f"its own place. Have both in one place; or fetch what {source.spec} has written with `specrun "
                    "outputs --fetch FOLDER`, and make that an entry of `data`."
                )
                yield origin.diagnostic("upstream-elsewhere", detail)
            elif upstream is None:
                advice = suggestion(source.spec, list(elsewhere), kind="specs")
                yield origin.diagnostic("unknown-run", f"There is no spec `{source.spec}` here. {advice}")
            elif source.output not in (*upstream.job.outputs, DEFAULT_OUTPUT):
                known = [*upstream.job.outputs, DEFAULT_OUTPUT]
                advice = suggestion(source.output, known, kind="outputs")
                detail = f"`job.outputs` of {source.spec} has no `{source.output}`. {advice}"
                yield origin.diagnostic("unknown-run-output", detail)
    made = {(key.place, one.model): one for key, one in resources.items() if isinstance(one, ModelRegistration)}
    for key, request in requests.items():
        for name, entry in request.job.inputs.items():
            wanted = entry.source
            if not isinstance(wanted, ModelVersion) or wanted.version != LATEST:
                continue
            if (registration := made.get((key.place, wanted.model))) is not None:
                written = f"{{run: {registration.spec}, output: {registration.output}}}"
                instead = f"Write `{name}: {written}`."
                if _needs(requests, Key(key.place, f"run/{registration.spec}"), key):
                    instead = f"Write the number of the one to begin with, which `specrun models {wanted.model}` lists."
                detail = (
                    f"{registration.spec} registers a version of {wanted.model} in the same call, and which one is the "
                    f"latest depends on when that is. {instead}"
                )
                yield request.input_origin(name).diagnostic("latest-of-same-call", detail)
    needs = {key: one.needs for key, one in requests.items()}
    while ring := ring_in(needs):
        needs = {key: several for key, several in needs.items() if key not in ring}
        names = " → ".join(key.address.removeprefix("run/") for key in ring)
        request = requests[ring[0]]
        follows = ring[1].address.removeprefix("run/")
        name = next(name for name, source in request.upstream.items() if source.spec == follows)
        yield request.input_origin(name).diagnostic("chain-loop", f"Each waits for the next, for ever: {names}.")


def _needs(requests: Mapping[Key, RunRequest], key: Key, other: Key) -> bool:
    """Whether a run is another one, or waits for it, however far up."""
    waiting = [key]
    for one in waiting:  # grows as it is gone through
        waiting += [need for need in requests[one].needs if need in requests and need not in waiting]
    return other in waiting


def ring_in(needs: Mapping[Key, tuple[Key, ...]]) -> tuple[Key, ...]:
    """Some that need each other in a ring, the first of them again at the end; none where there is no ring."""
    sorter = TopologicalSorter({key: [need for need in several if need in needs] for key, several in needs.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        found: list[Key] = error.args[1]  # each is needed by the next
        return tuple(reversed(found))
    return ()
