"""Specs whose runs read from each other as one pipeline job: each a step of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from specrun.convert.document import Document
from specrun.convert.naming import identifier
from specrun.convert.to_azureml.job import job_page
from specrun.convert.to_azureml.sweep import declare
from specrun.convert.to_azureml.words import az_create, schema_url, verb_of
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.model import RunOutput, Spec

PIPELINE = "pipeline.yml"


def chains_of(specs: Sequence[Spec]) -> list[tuple[Spec, ...]]:
    """Those of the specs that read from each other, upstream first; each lot that hangs together by itself."""
    by_name = {spec.name: spec for spec in specs}
    lots: list[list[str]] = []
    for spec in specs:
        together = [spec.name, *(name for name in upstream_of(spec) if name in by_name)]
        joined = [lot for lot in lots if set(lot) & set(together)]
        lots = [lot for lot in lots if lot not in joined]
        lots.append(list(dict.fromkeys([*(name for lot in joined for name in lot), *together])))
    return [tuple(by_name[name] for name in _in_order(lot, by_name)) for lot in lots if len(lot) > 1]


def upstream_of(spec: Spec) -> list[str]:
    """The specs that its job reads from."""
    entries = spec.job.inputs.values() if spec.job is not None else ()
    return [entry.source.spec for entry in entries if isinstance(entry.source, RunOutput)]


def _in_order(lot: Sequence[str], by_name: Mapping[str, Spec]) -> list[str]:
    """The names, each after those that it reads from; of a ring, as they come."""
    found: list[str] = []
    left = [name for name in by_name if name in lot]
    while left:
        ready = [name for name in left if not {*upstream_of(by_name[name])} & {*left} - {name}]
        found += ready or left[:1]
        left = [name for name in left if name not in found]
    return found


def pipeline_text(chain: Sequence[Spec], folder: Path, file: str, others: Sequence[Path]) -> str:
    """The file of a pipeline job. `others` are the files that it needs, in their order."""
    last = chain[-1]
    page = Document(plain=True)
    page.comment(
        (), f"From {', '.join(spec.file.name for spec in chain)}, by specrun export: {az_create(last, 'job', file)}"
    )
    if others:
        page.comment((), "It needs what these describe:")
        page.comment((), *(f"  {az_create(last, verb_of(other.name), other.as_posix())}" for other in others))
    page.put("$schema", schema_url("pipelineJob"))
    page.put("type", "pipeline")
    page.put("display_name", last.name)
    unsaid = any(spec.experiment == spec.name != last.experiment for spec in chain)
    one = "One for all steps: a spec that says none is in an experiment of its own name"
    page.put("experiment_name", last.experiment, *([one] if unsaid else []))
    computes = Counter(spec.cluster_name for spec in chain if spec.cluster_name)
    default = computes.most_common(1)[0][0] if computes and all(spec.cluster_name for spec in chain) else ""
    if default:
        page.put("settings", {"default_compute": f"azureml:{default}"})
    steps = steps_of(chain)
    of_chain = {spec.name: (steps[spec.name], spec.job) for spec in chain if spec.job is not None}
    page.set(("jobs",), {})
    for spec in chain:
        assert spec.job is not None
        step = job_page(spec, spec.job, folder, (), of_chain)
        if spec.sweep is not None:
            declare(step, spec.sweep)
        if default and spec.cluster_name == default:
            step.put("compute", None)
        elif not spec.cluster_name:  # which a job leaves out, and a step has to say
            step.put("compute", "azureml:serverless", "No compute: it runs serverless.")
        page.take(step, ("jobs", steps[spec.name]))
    return page.text()


def steps_of(chain: Sequence[Spec]) -> dict[str, str]:
    """What each spec is called as a step: letters, digits and underscores."""
    found: dict[str, str] = {}
    for spec in chain:
        found[spec.name] = identifier(spec.name.lower(), found.values())
    return found


def losses_of_chain(chain: Sequence[Spec]) -> Iterator[Diagnostic]:
    """What a pipeline job does not say, or does otherwise, at its place in the specs."""
    last = chain[-1]
    for spec in chain[:-1]:
        if spec.experiment not in (spec.name, last.experiment):
            detail = f"experiment {spec.experiment}: a pipeline has one for all of its steps, {last.experiment}."
            yield spec.at("experiment").diagnostic("not-in-azureml", detail)
        if spec.workspace is not None and last.workspace is not None and spec.workspace != last.workspace:
            detail = f"workspace: a pipeline is in one, and {last.name} has another."
            yield spec.at("workspace").diagnostic("not-in-azureml", detail)


def unfilled(specs: Sequence[Spec]) -> Iterator[Diagnostic]:
    """Inputs that come from the run of a spec that is not given, or from what no step says that it writes."""
    given = {spec.name: spec.job.outputs for spec in specs if spec.job is not None}
    for spec in specs:
        for name, entry in spec.job.inputs.items() if spec.job is not None else ():
            source = entry.source
            if isinstance(source, RunOutput) and source.spec in given and source.output not in given[source.spec]:
                detail = (
                    f"inputs.{name}: a TODO stands for what {source.spec} writes to ./outputs, which no step of a "
                    "pipeline reads. Have the script write to an output of that spec, and name it here."
                )
                yield spec.at("job", "inputs", name, "output").diagnostic("not-in-azureml", detail)
            elif isinstance(source, RunOutput) and source.spec not in given:
                detail = (
                    f"inputs.{name}: a TODO stands for what the run of {source.spec} has written. Give the file of "
                    f"{source.spec}, too, for a pipeline of both; or write where its output {source.output} lies."
                )
                yield spec.at("job", "inputs", name, "run").diagnostic("not-in-azureml", detail)
