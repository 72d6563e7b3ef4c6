"""What is said of a failure, by what a role wrote last and how it ended: what is so, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specrun.apply.failures import failure_of
from specrun.apply.hints import Case, hint_of
from specrun.engines.base import EngineError, LogLine
from specrun.engines.local import memory
from specrun.engines.reliable import Reliable
from specrun.plan.observed import Loss, RoleStatus, Run, RunStatus
from tests.engine_double import Double

CODE = {
    "train.py": [],
    "src/lib/nets.py": [],
    "tools/__init__.py": [],
    "go.sh": [],
    "scripts/run.py": [],
    "pkg/x/a.py": [],
}


def hint(raised: str, *lines: str, code: int = 1, why: str = "", here: bool = True, **identity: Any) -> str:
    return hint_of(Case([*lines, raised], raised, code, why, here, lambda: {"code": CODE, **identity}))


MISSING = "ModuleNotFoundError: No module named '{}'"
OS = '  File "<frozen os>", line 679, in __getitem__'


@pytest.mark.parametrize(
    ("module", "environment", "said"),
    [
        ("cv2", None, "`environment: {pip: [opencv-python-headless, …]}` in `job`, or install it in the Python"),
        ("sklearn", {"pip": ["torch"]}, "Add `scikit-learn` to `job.environment.pip`."),
        ("PIL", {"conda": "0"}, "Add `pillow` to the conda file of `job.environment`."),
        ("yaml", {"image": "i"}, "The image of `job.environment` lacks the package `PyYAML`."),
        ("torch", {"pip": []}, "Add `torch` to `job.environment.pip`."),
        ("google.cloud.storage", {"pip": []}, "Add `google-cloud-storage` to"),
        ("ourstuff", {"pip": []}, "Neither the job's code nor its environment has `ourstuff`"),
        ("nets", None, "`nets` is in the job's code (src/lib/nets.py)"),
        ("nets", None, "`environment_variables: {PYTHONPATH: src/lib}`"),
        ("lib", None, "PYTHONPATH: src}"),
        ("tools", None, "PYTHONPATH: .}"),
        ("torch.nothing", {"pip": []}, ""),
        ("tools.nothing", {"pip": []}, ""),
        ("readline", {"pip": []}, ""),
        ("distutils", {"pip": []}, "Add `setuptools`"),
    ],
)
def test_a_module_that_is_missing(module: str, environment: dict[str, Any] | None, said: str) -> None:
    given = {} if environment is None else {"environment": environment}
    told = hint(MISSING.format(module), **given)
    assert (said in told) if said else told == ""
    assert "Python that it ran in" not in hint(MISSING.format(module), here=False, **given)


def test_a_relative_path_is_not_advised_where_the_command_goes_elsewhere() -> None:
    assert hint(MISSING.format("nets"), command="cd src && python a.py").endswith("add its folder to PYTHONPATH.")


@pytest.mark.parametrize(
    ("raised", "before", "code", "said"),
    [
        ("ImportError: libGL.so.1: cannot open shared object file: No such file", (), 1, "`opencv-python-headless`"),
        ("torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", (), 1, "The GPU's memory is full"),
        ("RuntimeError: DataLoader worker (pid 7) is killed by signal: Bus error.", (), 1, "Shared memory"),
        ("RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed. ", (), 1, "out of memory"),
        ("MemoryError", (), 1, "Memory is full"),
        ("numpy.core._exceptions._ArrayMemoryError: Unable to allocate 9 TiB", (), 1, "Memory is full"),
        ("OSError: [Errno 28] No space left on device", (), 1, "this machine's disk"),
        ("PermissionError: [Errno 13] Permission denied: '/r/inputs/data/x'", (), 1, "Inputs are only read"),
        ("OSError: [Errno 30] Read-only file system: '/mnt/wd/INPUT_data/x'", (), 1, "Inputs are only read"),
        ("PermissionError: [Errno 13] Permission denied: '/etc/passwd'", (), 1, ""),
        ("OSError: [Errno 98] Address already in use", (), 1, "MASTER_PORT"),
        ("KeyError: 'WANDB_API_KEY'", (OS,), 1, "`WANDB_API_KEY: ${{ secrets.WANDB_API_KEY }}`"),
        ("KeyError: 'loss'", ('  File "train.py", line 3, in f',), 1, ""),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'data/a.csv'", (), 1, "`inputs`"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'run.py'", (), 1, "no run.py, but scripts/run.py"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/data/a.csv'", (), 1, ""),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'train.py'", (), 1, ""),
        ("ValueError: wrong", (), 1, ""),
        ("", ("bash: line 1: torchrun: command not found",), 127, "pip: [torch"),
        ("", ("bash: line 1: go.sh: command not found",), 127, "`bash go.sh`"),
        ("", ("bash: line 2: --epochs: command not found",), 127, "`command: >-`"),
        ("", ("bash: line 1: frobnicate: command not found",), 127, ""),
        ("", ("bash: line 1: ./go.sh: Permission denied",), 126, "`chmod +x go.sh`"),
        ("", ("bash: ./go.sh: /bin/bash^M: bad interpreter: No such file or directory",), 126, "Windows line ends"),
        ("", ("env: 'python3\\r': No such file or directory",), 127, "Windows line ends"),
        ("", ("python: can't open file '/h/runs/r/code/run.py': [Errno 2] No such file",), 2, "but scripts/run.py"),
        ("", ("/usr/bin/python3: No module named torch",), 1, "pip: [torch"),
        ("", ("step 1",), -9, "out of memory (this machine has "),
        ("", ("step 1",), 137, "out of memory (this machine has "),
        ("", ("bash: line 1:   77 Killed                  python train.py",), 1, "out of memory"),
        ("", ("step 1",), -15, ""),
        ("", ("step 1",), 1, ""),
        ("", (), 3, ""),
    ],
)
def test_hints(raised: str, before: tuple[str, ...], code: int, said: str) -> None:
    told = hint(raised, *before, code=code)
    assert (said in told) if said else told == ""


def test_on_azure_other_things_help() -> None:
    assert "`resources.shm_size`" in hint("x: killed by signal: Bus error", here=False)
    assert "larger `size`" in hint("", code=137, here=False)
    assert "the disk of the node" in hint("OSError: [Errno 28] No space left on device", here=False)


TRACEBACK = ("Traceback (most recent call last):", '  File "train.py", line 4, in f', "    import cv2")


def failed(lines: list[LogLine], role: str | None = None, **fields: Any) -> Any:
    double = Double(lines=lines, identities={"r": {"code": CODE}})
    run = Run("r", "s", "f", 1, fields.pop("status", RunStatus.FAILED), failed_role=role, **fields)
    return failure_of(Reliable(double), run), double


def log(role: str, *texts: str) -> list[LogLine]:
    return [LogLine(role, text) for text in texts]


def test_the_line_that_tells_most_is_shown_whatever_was_written_since() -> None:
    own = [*TRACEBACK, MISSING.format("cv2"), *(f"tidying up {number}" for number in range(40))]
    failure, _ = failed(log("worker/1", *own) + log("worker/0", "x"), "worker/1")
    assert failure.raised == MISSING.format("cv2")
    assert [line.text for line in failure.lines][-4:] == [MISSING.format("cv2"), "…", *own[-2:]]
    assert "opencv-python-headless" in failure.hint


def test_what_started_the_process_that_failed_says_less() -> None:
    ranked = [f"[rank1]: {text}" for text in (*TRACEBACK, MISSING.format("cv2"))]
    around = [TRACEBACK[0], '  File "torchrun", line 8', "torch.distributed.elastic.errors.ChildFailedError: "]
    failure, _ = failed(log("main/0", *ranked, "E1130 failed (exitcode: 1)", *around, "===", "  rank: 1"))
    assert (failure.role, failure.raised) == ("main/0", MISSING.format("cv2"))


def test_where_nobody_says_which_role_failed_it_is_the_one_that_failed_of_itself() -> None:
    lost = log("worker/0", *TRACEBACK[:2], "ConnectionResetError: [Errno 104] Connection reset by peer")
    own = log("worker/1", *TRACEBACK[:2], "ValueError: too few")
    assert failed(lost + own)[0].role == "worker/1"
    assert failed(lost + log("worker/1", "fine"))[0].role == "worker/0"
    neither, _ = failed(log("worker/0", *map(str, range(20))) + log("worker/1", "fine"))
    assert (neither.role, [line.text for line in neither.lines]) == ("", [*map(str, range(15, 20)), "fine"])


@pytest.mark.parametrize("status", [one for one in RunStatus if one is not RunStatus.FAILED])
def test_nothing_is_read_of_a_run_that_did_not_fail(status: RunStatus) -> None:
    failure, double = failed(log("main/0", "x"), status=status, loss=Loss.PREEMPTED)
    assert (failure.lines, double.calls) == ((), [])


def test_that_nothing_can_be_read_is_said() -> None:
    double = Double(faults={"tail r": [EngineError("no logs")]})
    assert failure_of(Reliable(double), Run("r", "s", "f", 1, RunStatus.FAILED)).unread == "no logs"


def test_the_code_is_read_from_the_services_words() -> None:
    reason = "Execution failed. User process 'python' exited with status code 137."
    assert "out of memory" in failed(log("main/0", "x"), reason=reason)[0].hint
    signal = (RoleStatus("main/0", "failed", None, 9),)
    assert "out of memory" in failed(log("main/0", "x"), "main/0", roles=signal)[0].hint


def test_that_the_kernel_ended_it_for_want_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = tmp_path / "vmstat"
    monkeypatch.setattr(memory, "COUNTS", counts)
    assert memory.kills() is None
    counts.write_text("nr_free_pages 1\noom_kill 3\n")
    before = memory.kills()
    assert not memory.was_short(-9, before)
    counts.write_text("nr_free_pages 1\noom_kill 4\n")
    assert [memory.was_short(code, before) for code in (-9, 137, -15, 1)] == [True, True, False, False]
    assert not memory.was_short(-9, None)
    assert hint("", code=-9, why=f"main/0 was killed by SIGKILL (9): {memory.IS_SHORT}").startswith("Memory was short")


@pytest.mark.parametrize(
    ("raised", "here", "said"),
    [
        (
            "mlflow.exceptions.MlflowException: The filesystem tracking backend is in maintenance mode",
            True,
            "`environment_variables: {MLFLOW_TRACKING_URI: …}`",
        ),
        ("mlflow.exceptions.MlflowException: FileStore is gone", False, ""),
        ("mlflow.exceptions.MlflowException: API request failed", True, ""),
        (
            "mlflow.tracking.registry.UnsupportedModelRegistryStoreURIException:  Model registry functionality is "
            "unavailable; got unsupported URI 'azureml://x' for model registry data storage.",
            False,
            "Add `azureml-mlflow` to `job.environment.pip`.",
        ),
    ],
)
def test_mlflow_that_cannot_write_where_it_was_told_to(raised: str, here: bool, said: str) -> None:
    told = hint(raised, here=here, environment={"pip": ["mlflow"]})
    assert said in told
    assert bool(said) == bool(told)
