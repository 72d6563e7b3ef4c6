"""What jobs are given and what befalls them, with the unmodified SDK: data, estimators, lost computes and emulators."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.azurite.server import account_key
from emulator.runs_state import COMPLETED, FAILED, RUNNING
from emulator.training import ROOT
from tests.emulator.sdk import COMPUTE, Sdk
from tests.emulator.test_runs import PATIENCE, configured, executed, logs_of
from tests.searching import Search


@pytest.fixture(scope="module", autouse=True)
def cluster(sdk: Sdk) -> None:
    sdk.cluster()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    return tmp_path / "src"


def test_data_comes_and_goes(sdk: Sdk, folder: Path, tmp_path: Path) -> None:
    from azureml.data.data_reference import DataReference

    store = sdk.workspace.get_default_datastore()
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "a.txt").write_text("input")
    store.upload(str(tmp_path / "data"), "sets/one", show_progress=False)
    references = {
        "given": DataReference(store, "given", "sets/one", mode="mount"),
        "copied": DataReference(store, "copied", "sets/one/deep/a.txt", mode="download"),
        "model": DataReference(store, "model", "models/one", mode="upload", path_on_compute="made"),
    }
    script = """
import os, sys
given, copied, model = sys.argv[1:]
assert os.environ["AZUREML_DATAREFERENCE_given"] == given
assert open(given + "/deep/a.txt").read() == open(copied).read() == "input"
os.makedirs(model + "/sub", exist_ok=True)
open(model + "/sub/m.txt", "w").write("model")
"""
    config = configured(folder, script, arguments=[str(one) for one in references.values()])
    config.run_config.data_references = {name: one.to_config() for name, one in references.items()}
    run, record = executed(sdk, config, "data-0123456789")
    assert record.status == COMPLETED, (record.error, logs_of(run))
    store.download(str(tmp_path / "got"), "models/one", show_progress=False)
    assert (tmp_path / "got" / "models" / "one" / "sub" / "m.txt").read_text() == "model"


def test_what_is_not_in_storage_is_not_on_the_node(sdk: Sdk, folder: Path) -> None:
    from azureml.data.data_reference import DataReference

    store = sdk.workspace.get_default_datastore()
    config = configured(folder, "import os; assert not os.path.exists(os.environ['AZUREML_DATAREFERENCE_given'])")
    config.run_config.data_references = {"given": DataReference(store, "given", "no/where").to_config()}
    _, record = executed(sdk, config, "absent-mount")
    assert record.status == COMPLETED, record.error
    reference = DataReference(store, "given", "no/where", mode="download")
    config.run_config.data_references = {"given": reference.to_config()}
    run, record = executed(sdk, config, "absent-download")
    assert record.status == FAILED
    assert "nothing at no/where" in run.get_details()["error"]["error"]["message"]


def test_a_datastore_must_open_with_its_own_credential(sdk: Sdk, folder: Path) -> None:
    from azureml.core import Datastore
    from azureml.data.data_reference import DataReference

    store = Datastore.register_azure_blob_container(
        sdk.workspace, "locked", "c-locked", "mlstore", account_key=account_key("trainingstore"), skip_validation=True
    )
    config = configured(folder)
    config.run_config.data_references = {"given": DataReference(store, "given", "x").to_config()}
    run, record = executed(sdk, config, "locked-1")
    assert record.status == FAILED
    assert "datastore locked cannot be opened" in run.get_details()["error"]["error"]["message"]


def test_variables_in_arguments_are_expanded_without_quotes(sdk: Sdk, folder: Path) -> None:
    config = configured(
        folder, "import sys; print(sys.argv[1:])", arguments=["$AZUREML_RUN_ID", "${WORDS}/x", "$NOBODY", "'$WORDS'"]
    )
    config.run_config.environment_variables = {"WORDS": "two words"}
    run, _ = executed(sdk, config, "variables-1")
    assert logs_of(run)[""] == "['variables-1', 'two words/x', '$NOBODY', \"'two words'\"]\n"


def test_a_compute_that_is_deleted_takes_its_runs_along(sdk: Sdk, folder: Path) -> None:
    sdk.cluster("doomed")
    config = configured(folder, "import time; time.sleep(600)")
    config.run_config.target = "doomed"
    run = sdk.experiment().submit(config, run_id="doomed-1")
    record = sdk.plane.runs[run.id]
    assert record.wait(RUNNING, timeout=PATIENCE)
    place = sdk.plane.place
    del sdk.emulator.service.workspace(place.subscription, place.group, place.name).computes["doomed"]
    assert record.wait(timeout=PATIENCE)
    assert record.status == FAILED


@pytest.mark.long
@pytest.mark.slow
def test_the_estimator(sdk: Sdk, folder: Path, search: Search) -> None:
    if not search.whole:
        pytest.skip("only with -m long: to import it takes ten seconds, which the conformance suite spends")
    from azureml.core import ScriptRunConfig
    from azureml.core.runconfig import TensorflowConfiguration
    from azureml.train.dnn import TensorFlow

    script = "import json, os, sys; print(json.loads(os.environ['TF_CONFIG'])['task']['type'], sys.argv[1:])"
    (folder / "train.py").write_text(script)
    shape = TensorflowConfiguration(worker_count=2, parameter_server_count=1)
    estimator = TensorFlow(
        str(folder),
        compute_target=sdk.workspace.compute_targets[COMPUTE],
        entry_script="train.py",
        script_params={"--steps": 3, "--data": sdk.workspace.get_default_datastore().as_mount()},
        node_count=2,
        distributed_training=shape,
        framework_version="2.3",
        use_gpu=False,
    )
    run = sdk.experiment().submit(estimator)
    assert sdk.plane.runs[run.id].wait(timeout=PATIENCE)
    assert run.get_status() == COMPLETED, run.get_details().get("error")
    logs = logs_of(run)
    assert set(logs) == {"ps_0", "worker_0", "worker_1"}
    assert logs["worker_1"].startswith("worker ['--steps', '3', '--data', '/")
    config = ScriptRunConfig(str(folder), run_config=estimator.run_config)
    run, record = executed(sdk, config, "estimator-0123456789")
    assert record.status == COMPLETED, record.error
    assert set(logs_of(run)) == set(logs)


ALONE = """
import os, sys, time
from pathlib import Path
from emulator.emulator import Emulator
from tests.emulator.sdk import Sdk, make_workspace, open_workspace
from tests.emulator.test_runs import configured
folder = Path(sys.argv[1])
with Emulator(folder / "emulator") as emulator:
    os.environ |= emulator.environment
    plane = make_workspace(emulator)
    sdk = Sdk(emulator, open_workspace(emulator), plane)
    sdk.cluster()
    (folder / "src").mkdir()
    script = f"import os, time; open({str(folder / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    sdk.experiment().submit(configured(folder / "src", script), run_id="alone-1")
    time.sleep(600)
"""


@pytest.mark.slow
def test_nothing_is_left_when_the_emulator_is_killed(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    emulator = subprocess.Popen([sys.executable, "-c", ALONE, str(tmp_path)], env=environment)
    try:
        assert eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text() != "")
    finally:
        emulator.kill()
        emulator.wait()
    pid = int((tmp_path / "pid").read_text())
    gone = eventually(lambda: not _alive(pid))
    if not gone:
        os.kill(pid, signal.SIGKILL)
    assert gone


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it holds before patience is at its end."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True
