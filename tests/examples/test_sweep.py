"""The example of a sweep, on this machine as its page has it, and through the unmodified SDK on the emulator: its
trials train for real.
"""

from __future__ import annotations

import json
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

JOB = "digits-sweep/job.yaml"
PAGE = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^specrun .*$", "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)), re.M)
SHOWN = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@needs_proc
def test_the_sweep_of_the_page_finds_its_best_trial_and_runs_what_is_missing(tmp_path: Path) -> None:
    examples = Path(shutil.copytree(ROOT / "specs" / "examples", tmp_path / "examples"))
    trials: list[str] = []
    said: dict[str, str] = {}
    for line in COMMANDS:
        words = shlex.split(line)[1:]
        # One more trial tells as much as six, and what is installed here takes no time.
        words = [{"trials=12": "trials=7", "TRIAL": trials[-1:], "OTHER": trials[:1]}.get(word, word) for word in words]
        words = [word if isinstance(word, str) else word[0] for word in words]
        words += ["--environment", "current"] * (words[0] in ("plan", "apply"))
        done = specrun(*words, cwd=examples)
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        said[line] = done.stdout + done.stderr
        trials = [folder.name for folder in runs(examples) if not (folder / "sweep.json").exists()]

    assert COMMANDS[2] == f"specrun apply --var trials=12 {JOB}"
    assert "6 are there already" in said[COMMANDS[2]]
    assert "1 to run" in said[COMMANDS[2]]
    listed = [line.split() for line in said[f"specrun runs --tree {JOB}"].splitlines()]
    assert SHOWN[0].splitlines()[3].split() in listed, "the columns of the page"
    status = json.loads(specrun("status", JOB, "-o", "json", cwd=examples).stdout)
    assert (status["status"], status["sweep"]["counts"]) == ("succeeded", {"succeeded": 6})
    best = status["sweep"]["best"]
    assert best["value"] > 0.95
    weights = Path("model", "weights.npz")
    run = next(folder for folder in runs(examples) if folder.name == best["run"])
    assert (examples / "best" / weights).read_bytes() == (run / "outputs" / weights).read_bytes()
    assert sum((folder / "sweep.json").exists() for folder in runs(examples)) == 3, "two, and one again"
    assert len(runs(examples)) == 3 + 7, "each trial once"
    assert "No changes" in specrun("apply", JOB, "--environment", "current", cwd=examples).stderr


def runs(examples: Path) -> list[Path]:
    folder = examples / "digits-sweep" / ".specrun" / "runs"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_the_sweep_is_the_services_own_on_azure(tmp_path: Path) -> None:
    example = str(ROOT / "specs" / "examples" / JOB)
    fewer = ("--var", "trials=2", "--var", "epochs=4")
    (tmp_path / "user").mkdir()
    with Emulator(tmp_path / "azure") as emulator:
        emulator.service.retry_after = 0  # SDKs that are told nothing look every 30 s
        azure = Azure(emulator, tmp_path, "azureml")
        said = azure.apply(*fewer, example)
        assert said.code == 0, said.out + said.err
        status = json.loads(azure.specrun("status", "-o", "json", example).out)
        assert (status["status"], status["sweep"]["counts"]) == ("succeeded", {"succeeded": 2})
        assert set(status["sweep"]["best"]["parameters"]) == {"learning_rate", "hidden"}
        assert status["sweep"]["best"]["value"] > 0.5
        assert azure.specrun("outputs", "--best", "--fetch", "best", example).code == 0
        assert (tmp_path / "best" / "model" / "weights.npz").exists()
        assert "No changes" in azure.apply(*fewer, example).err
        assert emulator.unserved == []
