"""Where benchmarks work: a temporary folder, the programs, and the environment in which they run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import LeftOut, Taken, WentWrong, take
from benchmarks.specs import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[1]
SCHEMA = ROOT / "schemas" / "specrun.v1.schema.json"
_BESIDE_PYTHON = Path(sys.executable).parent
_LEFT_OUT = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "SPECRUN_ENGINE", "SPECRUN_HOME")


@dataclass(frozen=True, slots=True)
class Workplace:
    """`folder` goes when the benchmarks are over; `environment` is what every process gets.

    `short`: each row is measured once and of little, to see that it can be.
    """

    folder: Path
    environment: Mapping[str, str]
    short: bool = False

    def rounds(self, most: int) -> int:
        """How often to measure."""
        return 1 if self.short else most

    def amount(self, whole: int, little: int) -> int:
        """Of how much to measure."""
        return little if self.short else whole

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
        command = [peer("check-jsonschema"), "--schemafile", str(SCHEMA), *files]
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


def peer(name: str) -> str:
    """A peer beside this Python, else on the path. Raises LeftOut when it is not installed."""
    found = shutil.which(name, path=str(_BESIDE_PYTHON)) or shutil.which(name)
    if found is None:
        raise LeftOut(f"{name} is not installed")
    return found
