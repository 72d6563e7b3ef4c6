"""Where benchmarks work: a temporary folder, the programs, and the environment in which they run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Taken, WentWrong, take
from benchmarks.specs import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "schemas" / "specrun.v1.schema.json"
_BESIDE_PYTHON = Path(sys.executable).parent
_LEFT_OUT = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "SPECRUN_ENGINE", "SPECRUN_HOME")


@dataclass(frozen=True, slots=True)
class Workplace:
    """`folder` goes when the benchmarks are over; `environment` is what every process gets."""

    folder: Path
    environment: Mapping[str, str]

    def subfolder(self, name: str) -> Path:
        """A new, empty folder."""
        made = self.folder / name
        made.mkdir()
        return made

    def specrun(
        self, *arguments: str, home: Path | None = None, exit_code: int = 0, output: Path | None = None
    ) -> Taken:
        """What a call of specrun takes; `home` is its state folder, one for all calls when it is left out."""
        environment = {**self.environment, "SPECRUN_HOME": str(home or self.folder / "home")}
        return take([program("specrun"), *arguments], environment, exit_code=exit_code, output=output)

    def check_jsonschema(self, *files: str, exit_code: int = 0) -> Taken:
        """What check-jsonschema takes for the same files and the same schema."""
        command = [program("check-jsonschema"), "--schemafile", str(SCHEMA), *files]
        return take(command, self.environment, exit_code=exit_code)


def workplace(folder: Path) -> Workplace:
    """A workplace in an empty folder, with specrun compiled as pip compiles what it installs."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(ROOT / "specrun")], check=True, stdout=sys.stderr)
    kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    path = f"{_BESIDE_PYTHON}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return Workplace(folder, {**kept, **ENVIRONMENT, "PATH": path})


def program(name: str) -> str:
    """The program that stands beside this Python. Raises WentWrong when it is not installed."""
    found = _BESIDE_PYTHON / name
    if not found.exists():
        raise WentWrong(f"{found} is not there: `make benchmark` sets everything up")
    return str(found)
