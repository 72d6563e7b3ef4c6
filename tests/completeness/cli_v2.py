"""The fields of the installed SDK's jobs, steps of pipelines and clusters, as its marshmallow schemas have them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any


@cache
def fields_of(kind: str) -> tuple[str, ...]:
    """The fields of a `job`, `sweep`, `compute`, `pipeline` or `… step`: dotted, `*` for an entry of a mapping and `[]`
    for one of a list.
    """
    from azure.ai.ml._schema import CommandJobSchema
    from azure.ai.ml._schema._sweep import SweepJobSchema
    from azure.ai.ml._schema.compute.aml_compute import AmlComputeSchema
    from azure.ai.ml._schema.pipeline import component_job, pipeline_component, pipeline_job
    from azure.ai.ml.constants._common import BASE_PATH_CONTEXT_KEY

    schema = {
        "job": CommandJobSchema,
        "sweep": SweepJobSchema,
        "compute": AmlComputeSchema,
        "pipeline": pipeline_job.PipelineJobSchema,
        "command step": pipeline_component.PipelineCommandJobSchema,
        "component step": component_job.CommandSchema,
        "sweep step": component_job.SweepSchema,
        "pipeline step": pipeline_component.PipelineSchema,
        "parallel step": component_job.ParallelSchema,
        "spark step": component_job.SparkSchema,
        "data transfer step": component_job.DataTransferCopySchema,
    }[kind]
    fields = schema(context={BASE_PATH_CONTEXT_KEY: "."}).fields
    return tuple(dict.fromkeys(path for name, one in fields.items() for path in _below(one, one.data_key or name)))


def _below(field: Any, path: str) -> Iterator[str]:
    """The fields below one; itself, where there are none."""
    found = [inner for one, at in _inside(field, path) for inner in _below(one, at)]
    yield from found or [path]


def _inside(field: Any, path: str) -> Iterator[tuple[Any, str]]:
    """What a field consists of, each with its path: unions and wrappers stand where they stand.

    What is in a mapping of mappings, as spaces within a space, is not gone into: it has no end.
    """
    if path.count("*") > 1:
        return
    for wrapped in (*getattr(field, "_union_fields", ()), getattr(field, "experimental_field", None)):
        if wrapped is not None and any(True for _ in _inside(wrapped, path)):
            yield wrapped, path
    nested = getattr(field, "nested", None)
    for name, one in field.schema.fields.items() if nested is not None else ():
        yield one, f"{path}.{one.data_key or name}"
    for attribute, step in (("inner", "[]"), ("value_field", "*")):
        inner = getattr(field, attribute, None)
        if inner is not None and any(True for _ in _inside(inner, path)):
            yield inner, f"{path}.{step}"
