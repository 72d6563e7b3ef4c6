"""The example of a chain, on this machine as its pages have it, and through the unmodified SDK on the emulator: what is
prepared is learned with a parameter server, evaluated, and registered as a model.
"""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from emulator.emulator import Emulator
from tests.examples.test_apply import ROOT, specrun
from tests.faults.cloud import Azure
from tests.local.runs import needs_proc

pytestmark = pytest.mark.slow

CHAIN = ("digits-prepare", "digits-train", "digits-evaluate")


def commands(page: str) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.MULTILINE | re.DOTALL)
    return re.findall(r"^specrun .*$", "".join(blocks), re.MULTILINE)


def small(folder: Path) -> Path:
    """The examples in a folder, with one worker and few steps, and in what is installed here."""
    examples = Path(shutil.copytree(ROOT / "specs" / "examples", folder / "examples"))
    (examples / ".git").mkdir()
    for file in (examples / "digits-chain").glob("*.yaml"):
        text = file.read_text().replace("vars: {steps: 200, workers: 2}", "vars: {steps: 60, workers: 1}")
        file.write_text(re.sub(r"^  environment:\n(?:    .*\n)+", "", text, flags=re.MULTILINE))
    return examples


@needs_proc
def test_the_chain_of_the_pages_runs_to_its_end_once(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    examples = small(tmp_path)
    said: dict[str, str] = {}
    for line in [*commands("chains.md"), *commands("models.md")]:
        words = shlex.split(line)[1:]
        done = specrun(*words, cwd=examples)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        said.setdefault(line, done.stdout + done.stderr)

    assert "model digits: version 1, of digits-train-" in said["specrun apply digits-chain"]
    assert re.search(r"accuracy 0\.[89]\d+ on 359 digits", said["specrun apply digits-chain"])
    assert "digits-train-" in said["specrun models digits"]
    runs = examples / ".specrun" / "runs"
    assert sorted(folder.name.rpartition("-")[0] for folder in runs.iterdir()) == sorted(CHAIN), "each once"
    again = specrun("apply", "digits-chain", cwd=examples)
    assert (again.returncode, "No changes" in again.stderr) == (0, True), again.stdout + again.stderr
    assert again.stderr.count("not run again: nothing upstream changed") == 2


def test_the_chain_runs_on_azure(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    chain = str(ROOT / "specs" / "examples" / "digits-chain")
    smaller = ("--var", "steps=60", "--var", "workers=1")
    (tmp_path / "user").mkdir()
    with Emulator(tmp_path / "azure") as emulator:
        emulator.service.retry_after = 0  # SDKs that are told nothing look every 30 s
        azure = Azure(emulator, tmp_path, "azureml")
        said = azure.apply(*smaller, chain)
        assert said.code == 0, said.out + said.err
        assert "model digits: version 1" in said.out
        assert re.search(r"accuracy 0\.[89]\d+ on 359 digits", said.out)
        again = azure.apply(*smaller, chain)
        assert (again.code, "No changes" in again.err) == (0, True), again.out + again.err
        model = azure.specrun("models", "digits", "-o", "json", f"{chain}/train.yaml")
        assert '"digits-train' in model.out, model.out + model.err
        assert emulator.unserved == []
