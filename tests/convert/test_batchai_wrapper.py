"""The scripts that the importer writes are run, once for each process of a job."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from specrun.convert.batchai import BatchaiOptions, import_batchai
from specrun.convert.sources import Source

HOSTS = {"ps": ["p:1"], "worker": ["a:1", "b:1", "c:1"]}
ROOT = "$AZ_BATCHAI_JOB_MOUNT_ROOT"
MOUNTS = {"share": "store"}
ROLES = {
    "parameterServerCount": 1,
    "workerCount": 3,
    "pythonScriptFilePath": f"{ROOT}/share/fit.py",
    "masterCommandLineArgs": "--chief --index=$AZ_BATCHAI_TASK_INDEX --save $AZ_BATCHAI_OUTPUT_MODEL/x",
    "workerCommandLineArgs": "--work --index=$AZ_BATCHAI_TASK_INDEX --workers=$AZ_BATCHAI_WORKER_HOSTS",
    "parameterServerCommandLineArgs": "--keep --index=$AZ_BATCHAI_TASK_INDEX --servers=$AZ_BATCHAI_PS_HOSTS",
}


def job(nodes: int = 3, **properties: object) -> Source:
    outputs = [{"id": "MODEL", "pathPrefix": f"{ROOT}/share"}]
    container = {"imageSourceRegistry": {"image": "i"}}
    rest = {"nodeCount": nodes, "outputDirectories": outputs, "containerSettings": container}
    return Source("trees.json", "", {"properties": {**rest, **properties}})


def start(source: Source, folder: Path, environment: Mapping[str, str], code: str | None = None) -> str:
    """What one process of the imported job prints: the words it was started with, one on a line."""
    imported = import_batchai(source, BatchaiOptions(mounts=MOUNTS, code=code))
    inputs, code_folder = folder / "the inputs", folder / (code or "trees-code")
    for place in (inputs, folder / "out put", code_folder):
        place.mkdir(exist_ok=True)
    (inputs / "fit.py").write_text("import sys; print('\\n'.join(sys.argv[1:]))")
    (code_folder / "fit.py").write_text((inputs / "fit.py").read_text())
    for path, text in imported.files.items():
        (folder / path).write_text(text)
    command = str(imported.draft.get(("job", "command")))
    for kind, place in (("inputs", inputs), ("outputs", folder / "out put")):
        for name in ("scripts", "model"):
            command = command.replace(f"${{{{ {kind}.{name} }}}}", f"'{place}'")
    assert "${{" not in command
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AZ")}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=code_folder,
        env={**plain, "TMPDIR": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def task(kind: str, index: int, cluster: Mapping[str, list[str]] = HOSTS) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


@pytest.mark.parametrize("code", [None, "src"])
def test_each_role_gets_its_arguments(tmp_path: Path, code: str | None) -> None:
    source = job(tensorFlowSettings=ROLES)
    chief = start(source, tmp_path, task("worker", 0), code).split("\n")
    assert chief[:3] == ["--chief", "--index=0", "--save"]
    assert chief[3] == f"{tmp_path}/out put/x", "a path with a blank is one word"
    worker = start(source, tmp_path, task("worker", 2), code).split("\n")
    assert worker[:3] == ["--work", "--index=2", "--workers=a:1,b:1,c:1"]
    server = start(source, tmp_path, task("ps", 0), code).split("\n")
    assert server[:3] == ["--keep", "--index=0", "--servers=p:1"]


def test_a_chief_counts_as_the_first_worker(tmp_path: Path) -> None:
    cluster = {"chief": ["z:1"], "worker": ["a:1"], "ps": ["p:1"]}
    source = job(tensorFlowSettings=ROLES)
    assert start(source, tmp_path, task("chief", 0, cluster)).startswith("--chief\n--index=0\n")
    worker = start(source, tmp_path, task("worker", 0, cluster))
    assert worker.startswith("--work\n--index=1\n--workers=z:1,a:1\n")


def test_a_role_without_arguments_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no arguments are known for the role evaluator"):
        start(job(tensorFlowSettings=ROLES), tmp_path, task("evaluator", 0))


def test_an_instance_is_prepared_once(tmp_path: Path) -> None:
    settings = {
        "pythonScriptFilePath": f"{ROOT}/share/fit.py",
        "commandLineArgs": "$AZ_BATCHAI_JOB_TEMP $AZ_BATCHAI_TASK_INDEX",
        "processCount": 4,
    }
    preparation = {"commandLine": f"echo once >> $AZ_BATCHAI_JOB_TEMP/done; ls {ROOT}/share > /dev/null"}
    source = job(nodes=2, horovodSettings=settings, jobPreparation=preparation)
    printed = [
        start(source, tmp_path, {"AZUREML_RUN_ID": "r1", "OMPI_COMM_WORLD_RANK": str(rank)}).split("\n")
        for rank in range(2)
    ]
    assert printed[0][0] == printed[1][0], "the processes of an instance share their scratch space"
    assert [words[1] for words in printed] == ["0", "1"]
    assert (Path(printed[0][0]) / "done").read_text() == "once\n"


def test_a_preparation_that_fails_ends_the_job(tmp_path: Path) -> None:
    for nodes in (1, 2):
        settings = {"pythonScriptFilePath": f"{ROOT}/share/fit.py", "processCount": 2}
        source = job(nodes=nodes, horovodSettings=settings, jobPreparation={"commandLine": "echo no >&2; false"})
        with pytest.raises(AssertionError, match="no"):
            start(source, tmp_path, {})
