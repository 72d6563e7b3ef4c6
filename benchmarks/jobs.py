"""Small jobs that run on this machine, with their code and data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

TENSORFLOW = "{type: tensorflow, parameter_server_count: 1, worker_count: 2}"
PYTORCH = "{type: pytorch, process_count_per_instance: 1}"

_SPEC = """\
apiVersion: specrun/v1
name: benchmark
engine: local

compute:
  name: benchmark-cluster
  size: STANDARD_D4DS_V5
  min_instances: 0
  max_instances: {instances}

data:
  numbers:
    path: data
    target: datasets/numbers

job:
  code: src
  command: {command}
  inputs:
    numbers: {{data: numbers, mode: ro_mount}}
  outputs:
    model: {{}}
  distribution: {distribution}
  resources:
    instance_count: {instances}
  limits:
    timeout: 600
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A job of two or more processes; `data_size` in bytes is that of each data file. `scripts` are its code."""

    command: str
    scripts: Mapping[str, str] = field(default_factory=dict)
    distribution: str = TENSORFLOW
    instances: int = 2
    data_files: int = 1
    data_size: int = 100

    def write(self, folder: Path) -> Path:
        """Write the spec, the code and the data into a folder; the spec's path."""
        (folder / "src").mkdir()
        for name, text in {"README": "A job for a benchmark.\n", **self.scripts}.items():
            (folder / "src" / name).write_text(text, encoding="utf-8")
        (folder / "data").mkdir()
        for number in range(self.data_files):
            line = b"%08d,a,line,of,a,data,file\n" % number
            (folder / "data" / f"part-{number:05}.csv").write_bytes(
                (line * (self.data_size // 27 + 1))[: self.data_size]
            )
        file = folder / "job.yaml"
        values = {"command": self.command, "distribution": self.distribution, "instances": self.instances}
        file.write_text(_SPEC.format(**values), encoding="utf-8")
        return file
