"""A pipeline that a script builds, as the job of a file of the CLI v2, whose importer takes it apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from specrun.convert.report import FieldPath, Verdict
from specrun.convert.scripts.clusters import FROM_CONFIG, KINDS
from specrun.convert.scripts.lowering import Lowering, told
from specrun.convert.scripts.step_fields import COMPUTES, StepFields, name_compute, put_output, settings_of
from specrun.convert.scripts.steps import PIPELINE, STEP, nodes_of
from specrun.convert.scripts.uploads import Uploads
from specrun.convert.scripts.values import DEEPEST, Call, Member, Value
from specrun.convert.section import Fields, Section
from specrun.convert.unknown import Missing, Open

_SETTINGS = ("default_datastore", "continue_on_step_failure", "continue_run_on_step_failure", "force_rerun")
_OF_CALLS = ("func", "non_pipeline_inputs", "non_pipeline_parameters")
_CLIENTS = (*KINDS, *FROM_CONFIG)
_METHODS = ("set_resources", "set_limits", "set_objective")


@dataclass(slots=True)
class Building:
    """A pipeline on its way: the names of its steps by the identity of their calls, and of each field its place.

    `lowering` is apart from that of the script's report: what becomes of a field the pipeline's importer says.
    """

    lowering: Lowering
    pipeline: Call
    uploads: Uploads
    keys: dict[int, str] = field(default_factory=dict)
    places: dict[FieldPath, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    """The keys of calls that are taken besides."""

    def values(self) -> Mapping[str, object]:
        """What a file of the CLI v2 would hold."""
        self.lowering.refer = self._refer
        nodes = nodes_of(self.pipeline)
        for node in nodes:
            self.keys[id(node.call)] = node.key
            if node.call.kind == "sweep" and isinstance(node.call.owner, Call):
                self.keys.setdefault(id(node.call.owner), node.key)
        for around in {id(one): one for node in nodes for one in node.within}.values():
            for name in around.attributes:
                what = "it is set on a pipeline within: write it where the step says the same"
                self.lowering.ask(around, name, "job", what)
            for name in around.owner.arguments if isinstance(around.owner, Call) else ():
                if name in COMPUTES:
                    what = "the SDK leaves out what a pipeline within says: its steps run where those around it do"
                    self.lowering.ask(around.owner, name, "compute", what)  # type: ignore[arg-type]
        whole = self._whole()
        jobs = Fields((self.pipeline.key,))
        steps = StepFields(self.lowering, self.uploads, self._results())
        for node in nodes:
            jobs.put(node.key, steps.of(node), (node.call.key,))
        whole.put("jobs", jobs, (self.pipeline.key,))
        found = self.plain(whole, ())
        assert isinstance(found, dict)
        return found

    def consumed(self) -> set[str]:
        """The keys of the calls that the pipeline is made of."""
        found: set[str] = set()
        entries = self.lowering.ledger.close("").entries
        by_key = {call.key: call for call in self.lowering.calls}
        waiting: list[Value] = [self.pipeline, *(by_key.get(key) for key in self.taken)]
        waiting += [by_key.get(str(entry.path[0])) for entry in entries if entry.verdict is not Verdict.DROPPED]
        while waiting:
            value = waiting.pop()
            if isinstance(value, Member):
                waiting.append(value.call)
            elif isinstance(value, list | dict):
                waiting += value.values() if isinstance(value, dict) else value
            elif isinstance(value, Call) and value.key not in found and value.kind not in _CLIENTS:
                found.add(value.key)
                waiting += [one.value for one in (*value.arguments.values(), *value.attributes.values())]
                waiting += [value.owner, *value.steps, *self.lowering.on(value, *_METHODS)]
        return found

    def asked(self) -> Iterator[tuple[FieldPath, str, str, str]]:
        """What somebody has to look at of the calls themselves: the path, what it is about, the question, the flag."""
        for entry in self.lowering.ledger.close("").entries:
            if entry.verdict is Verdict.NEEDS_YOU:
                yield entry.path, entry.to, entry.note, entry.flag

    def _whole(self) -> Fields:
        """What the pipeline says of itself."""
        pipeline, lowering = self.pipeline, self.lowering
        whole = Fields((pipeline.key,))
        whole.put("type", "pipeline", (pipeline.key,))
        decorator = [pipeline.owner] if isinstance(pipeline.owner, Call) else []
        for holder in (*decorator, settings_of(pipeline)):
            for name, argument in told(holder):
                self._put_whole(whole, holder, name, argument.value)
        for submitted in lowering.of("submit"):
            if submitted.get("config") is pipeline:
                lowering.rewrite(submitted, "config", "job", "the jobs that `specrun apply` submits")
                if submitted.loop and not pipeline.loop:
                    lowering.ask(submitted, "", "job", f"{submitted.loop}: here is one; apply it once for each")
                for name in ("experiment_name", "tags", "description"):
                    lowering.put(whole, name, submitted, name)
                if submitted.get("compute") is not None:
                    name_compute(lowering, whole.inner("settings"), "default_compute", submitted, "compute")
        given = Fields((pipeline.key,))
        for name, argument in told(settings_of(pipeline, arguments=True)):
            path = (pipeline.key, name)
            given.put(name, lowering.value(argument.value, path, f"job.inputs.{name}"), path)
        if given:
            whole.put("inputs", given, (pipeline.key,))
        if pipeline.result is not None and not isinstance(pipeline.result, dict):
            what = "what the pipeline gives back is not known here: see that its outputs are those of the steps"
            lowering.ask(pipeline, "", "job.outputs", what)
        outputs = whole.inner("outputs", (pipeline.key,))
        for name in self._results().values():
            outputs.setdefault(name, {})
        if not outputs:
            whole.pop("outputs")
        return whole

    def _put_whole(self, whole: Fields, holder: Call, name: str, value: Value) -> None:
        path, first, rest = (holder.key, name), name.partition(".")[0], name.partition(".")[2]
        if name in COMPUTES:
            name_compute(self.lowering, whole.inner("settings", path), "default_compute", holder, name)
        elif name in _SETTINGS or (first == "settings" and rest):
            whole.inner("settings", path).put(rest or name, self.lowering.value(value, path, name), path)
        elif first == "outputs":
            put_output(self.lowering, whole.inner("outputs", path), name, value, path)
        elif first == "inputs":
            what = f"the script gives the pipeline another {rest} later: write it where it is used"
            self.lowering.ask(holder, name, "job.inputs", what)
        elif name not in _OF_CALLS:
            whole.put(name, self.lowering.value(value, path, name), path)

    def _results(self) -> dict[tuple[str, str], str]:
        """The pipeline's outputs, by the step and the output of it that each is; the first of several names."""
        found: dict[tuple[str, str], str] = {}
        result = self.pipeline.result
        for name, value in result.items() if isinstance(result, dict) else ():
            written = self._output(value)
            if written is not None:
                found.setdefault(written, name)
        return found

    def _refer(self, value: Value, hint: str) -> str | Open | None:
        """An output of a step as an expression; None for what is none."""
        call = value.call if isinstance(value, Member) else value
        if not isinstance(call, Call) or (call.kind not in (STEP, PIPELINE) and id(call) not in self.keys):
            return None
        found = self._output(value)
        if found is not None:
            return f"${{{{parent.jobs.{found[0]}.outputs.{found[1]}}}}}"
        return Missing(f"it is of the step {call.key} ({call.place}), and not one output of it: write what is meant")

    def _output(self, value: Value, depth: int = 0) -> tuple[str, str] | None:
        """The step and the output that a value is; through what a pipeline within gives back."""
        if not isinstance(value, Member) or depth > DEEPEST:
            return None
        first, _, rest = value.path.partition(".")
        name = rest.partition(".")[0]
        if first != "outputs" or not name:
            return None
        if value.call.kind == PIPELINE:
            inner = value.call.result
            return self._output(inner.get(name), depth + 1) if isinstance(inner, dict) else None
        key = self.keys.get(id(value.call))
        return (key, name) if key is not None else None

    def plain(self, value: object, at: FieldPath) -> object:
        """Fields as a file has them, and where in the script each of them stands."""
        if isinstance(value, Section):
            value = value.values
        if isinstance(value, Fields):
            for name, origins in value.origins.items():
                if origins and (place := self.lowering.ledger.place_of(origins[0])):
                    self.places[(*at, name)] = place
                remark = value.remarks.get(name)
                if remark is not None and remark.doubt:
                    self.lowering.ledger.ask(origins[0] if origins else (), f"job.{name}", remark.doubt, remark.flag)
        if isinstance(value, Mapping):
            return {str(name): self.plain(inner, (*at, str(name))) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.plain(inner, (*at, number)) for number, inner in enumerate(value)]
        return value
