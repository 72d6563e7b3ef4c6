"""inputDirectories and outputDirectories."""

from __future__ import annotations

from specrun.convert.batchai.job_folders import JobFolder
from specrun.convert.batchai.rewriting import Rewriter
from specrun.convert.batchai.secrets import hide
from specrun.convert.batchai.section import LooseSection, Text
from specrun.convert.document import TODO, Document


def inputs(job: LooseSection, rewriter: Rewriter) -> None:
    """Declare the job's inputs."""
    for item in job.items("inputDirectories"):
        identity, path = item.text("id"), item.text("path")
        if identity is None:
            item.ledger.drop(item.path, "an input without an id cannot be used")
            continue
        address = _address(path, rewriter)
        comment = f"inputDirectories: {hide(path.value).text}" if path else ""
        place = rewriter.places.declare("inputs", identity.value, address or TODO, comment, item.path)
        to = f"job.inputs.{place.name}"
        if address is None:
            what = "it is on no mount that is known: write its path"
            item.ledger.ask(item.path, f"{to}.path", what, f"apply --input {place.name}=PATH")
        else:
            item.ledger.rewrite(item.path, to, f"`{place.expression}`, on the datastore of its mount")


def outputs(job: LooseSection, rewriter: Rewriter, name: str) -> None:
    """Declare the job's outputs; each has a folder of the spec's name, where Batch AI had one of the job's."""
    for item in job.items("outputDirectories"):
        identity, prefix, suffix = item.text("id"), item.text("pathPrefix"), item.text("pathSuffix")
        if identity is None:
            item.ledger.drop(item.path, "an output without an id cannot be used")
            continue
        address = _address(prefix, rewriter)
        below = "/".join(part for part in (name, suffix.value.strip("/") if suffix else "") if part)
        path = f"{address.rstrip('/')}/{below}" if address else None
        path = path if path is None or ".." not in path else None
        written = f"{prefix.value if prefix else ''} {suffix.value if suffix else ''}".strip()
        comment = f"outputDirectories: {hide(written).text}"
        place = rewriter.places.declare("outputs", identity.value, path, comment, item.path)
        to = f"job.outputs.{place.name}"
        if path is None:
            what = "it is on no mount that is known, so it is kept with the run; or write where it goes (path)"
            item.ledger.ask(item.path, to, what, "--mount REL=DATASTORE[:PATH]")
        else:
            note = f"`{place.expression}`: Batch AI had a folder for each job below the prefix; here it is `{name}`"
            item.ledger.rewrite(item.path, to, f"{note}, for all runs")
        item.drop("a kind of output, of which Azure ML has only one", "type")
        item.drop("a folder is made when it is missing", "createNew")


def write(draft: Document, places: list[JobFolder]) -> None:
    """The sections `inputs` and `outputs`."""
    for place in places:
        here = ("job", place.kind, place.name)
        if place.path is None:
            draft.set(here, {}, place.comment)
        else:
            draft.set((*here, "path"), place.path)
            if place.comment:
                draft.comment(here, place.comment)


def _address(path: Text | None, rewriter: Rewriter) -> str | None:
    """Where a directory lies, where it is on a mount."""
    if path is None:
        return None
    location = rewriter.location(path.value.rstrip("/"))
    return location if location and location.startswith("azureml://") else None
