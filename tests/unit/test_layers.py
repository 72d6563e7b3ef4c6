"""Each contract of import-linter holds something: an import against it, in a copy of the package, breaks it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BREAKS = {
    "data flows one way": ("spec/names.py", "import specrun.plan.hashes"),
    "within the plan, too": ("plan/resources.py", "import specrun.plan.graph"),
    "and within what is different from a commit": ("plan/since/blobs.py", "import specrun.plan.since.specs"),
    "imports: shell scripts, scripts": ("convert/section.py", "import specrun.convert.writers.words"),
    "apply and views know the engines' contract": ("views/bars.py", "import specrun.engines.local.gpus"),
    "what is known of the engines is known without them": ("engines/facts.py", "import specrun.engines.azure.images"),
    "what the Azure engines share knows neither": ("engines/azure/images.py", "import specrun.engines.azureml_v2.sdk"),
    "the engines do not know each other": ("engines/azureml_v1/sdk.py", "import specrun.engines.azureml_v2.sdk"),
    "the command line is for cli alone": ("apply/stage.py", "import click"),
}


def contracts() -> list[str]:
    return re.findall(r'^name = "([^"]+)"\ntype', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)


def test_each_contract_is_broken_here_once() -> None:
    assert [name for name in contracts() if not any(name.startswith(start) for start in BREAKS)] == []


@pytest.mark.slow
def test_imports_against_contracts_break_each(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "specrun", tmp_path / "specrun", ignore=shutil.ignore_patterns("__pycache__"))
    for file, line in BREAKS.values():
        broken = tmp_path / "specrun" / file
        broken.write_text(f"{broken.read_text(encoding='utf-8')}\n\n{line}  # noqa\n", encoding="utf-8")
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    _, _, told = done.stdout.partition("\nBroken contracts\n")
    titles = re.split(r"^(.+)\n-+\n", told, flags=re.MULTILINE)
    broken_by = dict(zip(titles[1::2], titles[2::2], strict=True))
    for contract, (file, line) in BREAKS.items():
        importer = f"specrun.{file.removesuffix('.py').replace('/', '.')}"
        (found,) = (text for title, text in broken_by.items() if title.startswith(contract))
        assert f"{importer} -> {line.removeprefix('import ')} (l." in found, contract
