"""What somebody who imports Batch AI files says beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from specrun.convert.sources import Source
from specrun.spec.frozen import dataclass
from specrun.spec.model import Properties


@dataclass(frozen=True, slots=True)
class BatchaiOptions:
    """Each may be left out.

    `cluster` is the file of the cluster that the job ran on: its mounts, its setup task and its size go into the job's
    spec. `mounts` maps a relative mount path to DATASTORE or DATASTORE:PATH. `image` is the container's, or the name
    of a registered environment (azureml:NAME:VERSION). `code` is the folder with the script, relative to the spec.
    `name` is the spec's, or the cluster's where a file holds just a cluster.
    """

    cluster: Source | None = None
    mounts: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None
    code: str | None = None
    name: str | None = None
    workspace: Properties | None = None
