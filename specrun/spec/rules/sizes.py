"""VM sizes: what they have and how long they will be there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from specrun.spec import sizes
from specrun.spec.diagnostics import Diagnostic
from specrun.spec.rules.subject import Subject, mapping, number, text

if TYPE_CHECKING:
    from specrun.spec.size_table import Series


def gpus(subject: Subject) -> Iterator[Diagnostic]:
    """GPUs that are asked for must be there; GPUs that are there should be used."""
    resources = mapping(subject.job.get("resources"))
    size = text(resources.get("instance_type", subject.compute.get("size")))
    if size is None or not subject.job:
        return
    has = sizes.has_gpu(size)
    asked = resources.get("gpu")
    if asked is True and has is False:
        detail = (
            f"{size} has no GPU. Choose a size of an N family, such as `STANDARD_NC4AS_T4_V3`, or write `gpu: false`."
        )
        yield subject.at("gpu-on-cpu-size", detail, "job", "resources", "gpu")
    elif asked is False and has is True:
        detail = f"{size} has GPUs, which cost money and would stand idle. Choose a CPU size, or leave `gpu` out."
        yield subject.at("idle-gpu", detail, "job", "resources", "gpu")
    elif has and asked is not False:
        yield from _processes(subject, size)


def _processes(subject: Subject, size: str) -> Iterator[Diagnostic]:
    count = number(mapping(subject.job.get("distribution")).get("process_count_per_instance"))
    there = sizes.gpu_count(size)
    if count is not None and there is not None and count > there:
        detail = f"{size} has {there} GPU{'s' * (there > 1)}, which {count} processes on each instance would share."
        place = ("job", "distribution", "process_count_per_instance")
        yield subject.at("more-processes-than-gpus", detail, *place)


def retired(subject: Subject) -> Iterator[Diagnostic]:
    """A size that is gone, or will be within a year."""
    for place in (("compute", "size"), ("job", "resources", "instance_type")):
        parent = subject.compute if place[0] == "compute" else mapping(subject.job.get("resources"))
        size = text(parent.get(place[-1]))
        if size is None:
            continue
        series = sizes.series_of(size)
        if series is None:
            yield from _unknown(subject, size, *place)
        elif series.retires and series.retires <= subject.today:
            yield subject.at("retired-size", _advice(series, "retired"), *place)
        elif series.retires and series.retires <= _in_a_year(subject.today):
            yield subject.at("retiring-size", _advice(series, "retires"), *place)


def _advice(series: Series, verb: str) -> str:
    return f"Azure {verb} the {series.name} series on {series.retires}. Use {series.instead}. Source: {series.source}"


def _unknown(subject: Subject, size: str, *place: str) -> Iterator[Diagnostic]:
    near = sizes.near_miss(size)
    if near is not None:
        detail = f"specrun does not know `{size}` (which may be newer than its table). Did you mean `{near}`?"
        yield subject.at("unknown-size", detail, *place)


def _in_a_year(today: str) -> str:
    return f"{int(today[:4]) + 1}{today[4:]}"
