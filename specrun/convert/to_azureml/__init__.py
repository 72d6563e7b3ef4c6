"""A spec as the files that the Azure ML CLI v2 reads: what the engine azureml would send, without asking anybody.

What is specrun's own is left out: its tags, by which it knows what it has made, and the fingerprint. What `az` makes of
these files is nobody's but the person's who typed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from specrun.convert.to_azureml.job import job_text
from specrun.convert.to_azureml.losses import losses
from specrun.convert.to_azureml.pipeline import PIPELINE, chains_of, losses_of_chain, pipeline_text, unfilled
from specrun.convert.to_azureml.resources import compute_text, data_text, datastore_text
from specrun.convert.to_azureml.words import az_create, verb_of
from specrun.spec.model import Spec

__all__ = ["chains_of", "command_line", "export_azureml", "export_chain", "losses", "losses_of_chain", "unfilled"]

JOB, COMPUTE = "job.yml", "compute.yml"


def export_azureml(spec: Spec, folder: Path | None = None) -> Mapping[str, str]:
    """The text of each file by its name, in the order in which `az` has to be given them.

    `folder` is where they will lie, for the paths in them; left out, beside the spec.
    """
    folder = folder or spec.file.parent
    files = {f"datastore-{name}.yml": datastore_text(spec, name, wanted) for name, wanted in spec.datastores.items()}
    files |= {f"data-{name}.yml": data_text(spec, data, folder) for name, data in spec.data.items()}
    if spec.compute is not None and not isinstance(spec.compute, str):
        files[COMPUTE] = compute_text(spec, spec.compute)
    if spec.job is not None:
        files[JOB] = job_text(spec, spec.job, folder, tuple(files))
    return files


def export_chain(chain: Sequence[Spec], folder: Path, file: str = PIPELINE) -> Mapping[str, str]:
    """The files of specs that read from each other: one pipeline job, and what it needs in a folder for each spec."""
    files: dict[str, str] = {}
    for spec in chain:
        below = folder / spec.name
        files |= {f"{spec.name}/{name}": text for name, text in export_azureml(spec, below).items() if name != JOB}
    files[file] = pipeline_text(chain, folder, file, [Path(name) for name in files])
    return files


def command_line(spec: Spec, file: Path) -> str:
    """What makes what an exported file describes: `az ml compute create -f out/compute.yml …`."""
    return az_create(spec, verb_of(file.name), str(file))
