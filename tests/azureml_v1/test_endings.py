"""What the service says of a run's end, in specrun's words."""

from __future__ import annotations

from typing import Any

import pytest

from specrun.engines.azure.endings import ending_of, seconds, status_of, told_status
from specrun.engines.azure.logs import expected_logs, logs_of, role_of
from specrun.engines.base import EngineError
from specrun.plan.observed import Loss, RunStatus

PREEMPTED = {"code": "NodePreempted"}


def details(status: str, code: str = "", message: str = "", **more: Any) -> dict[str, Any]:
    error = {"error": {"error": {"code": code, "message": message, **more.pop("error", {})}}} if code else {}
    return {"status": status, **error, **more}


@pytest.mark.parametrize("status", ["NotStarted", "Starting", "Provisioning", "Preparing", "Queued", "Unheard"])
def test_before_the_first_process_a_run_is_queued(status: str) -> None:
    assert status_of(status) is RunStatus.QUEUED


@pytest.mark.parametrize("status", ["Running", "Finalizing", "CancelRequested", "NotResponding"])
def test_a_run_that_is_being_ended_has_not_ended(status: str) -> None:
    assert status_of(status) is RunStatus.RUNNING


def test_success() -> None:
    assert ending_of(details("Completed")).status is RunStatus.SUCCEEDED


def test_cancelled() -> None:
    assert (
        ending_of(details("Canceled", "UserError", "The run was cancelled by somebody.")).status is RunStatus.CANCELLED
    )


def test_a_failed_script_is_a_failure_of_its_role() -> None:
    message = "Process 'worker_1' exited with code 3.\n  See the log."
    ending = ending_of(details("Failed", "UserError", message))
    assert ending.status is RunStatus.FAILED
    assert ending.reason == "Process 'worker_1' exited with code 3. See the log."
    assert ending.failed_role == "worker/1"


@pytest.mark.parametrize(
    ("message", "role"),
    [
        ("Process 'ps 0' exited with code 1", "ps/0"),
        ("Execution failed. Process exited with status code 1 on rank 2", "worker/2"),
        ("see azureml-logs/70_driver_log_worker_0.txt", "worker/0"),
        ("see user_logs/std_log_process_03.txt", "worker/3"),
        ("Process exited with status code 1", None),
    ],
)
def test_the_failed_role_is_the_one_that_is_named(message: str, role: str | None) -> None:
    assert ending_of(details("Failed", "UserError", message)).failed_role == role


STARTED = {"startTimeUtc": "2026-11-24T10:00:00Z"}


@pytest.mark.parametrize(
    ("said", "loss"),
    [
        (details("Failed", "ServiceError", "Something broke.", **STARTED), Loss.SERVICE_ERROR),
        (details("Failed", "ServiceError", "Something broke."), Loss.NEVER_STARTED),
        (details("Failed", "SystemError", "Something broke.", **STARTED), Loss.SERVICE_ERROR),
        (details("Failed", "ServiceError", "The node was lost.", **STARTED), Loss.SERVICE_ERROR),
        (details("Failed", "ServiceError", "Preempted: it was preempted.", **STARTED), Loss.PREEMPTED),
        (details("Failed", "UserError", "The node was preempted."), Loss.PREEMPTED),
        (
            details(
                "Failed",
                "UserError",
                "Failed.",
                error={"innerError": {"code": "A", "innerError": {"code": "NodePreempted"}}},
            ),
            Loss.PREEMPTED,
        ),
        (details("Failed", "UserError", "AmlCompute: JobNodeUnusable"), Loss.NODE_LOST),
        (details("Failed", "UserError", "There is no capacity for STANDARD_NC6."), Loss.NEVER_STARTED),
        (details("Failed", "ServiceError", "AllocationFailed: none", **STARTED), Loss.NEVER_STARTED),
    ],
)
def test_what_the_platform_did_is_a_loss(said: dict[str, Any], loss: Loss) -> None:
    ending = ending_of(said)
    assert (ending.status, ending.loss) == (RunStatus.LOST, loss)


RUNNER = "Failed to run ['python', 'azureml-setup/run_script.py', 'train.py']"
WRAPPER = "Failed to execute command group with error Docker container `0f-execution-wrapper` failed with"
BESIDE = "Failed to execute command group with error Container `0f-execution-wrapper-init` failed with"


@pytest.mark.parametrize(
    "message",
    [
        f"{RUNNER} \\n Exit code 250 \\nDetails can be found in azureml-logs/60_control_log.txt log file.",
        f"AzureMLCompute job failed.\nOrchestrateJobError: {WRAPPER} status code `1` due to response error: None",
        "AzureMLCompute job failed.\nJobFailed: Submitted script failed with a non-zero exit code; see the driver log",
        "Execution failed. Process exited with status code 139",
        "Process 'worker_0' exited with code 3.",
        "User program failed with RuntimeError: the buffer was deallocated, there is no capacity",
    ],
)
@pytest.mark.parametrize("code", ["ServiceError", "UserError"])
def test_what_the_jobs_own_process_did_is_a_failure_whatever_the_service_calls_it(code: str, message: str) -> None:
    ending = ending_of(details("Failed", code, message, **STARTED))
    assert (ending.status, ending.loss) == (RunStatus.FAILED, None)


@pytest.mark.parametrize(
    ("message", "loss"),
    [
        (f"{BESIDE} status code `1` and exited with no word: `0f-lifecycler` exited with code 1", Loss.SERVICE_ERROR),
        ("The node was preempted: process exited with code 137", Loss.PREEMPTED),
        ("The job was to exit, and 3 of 4 did not", Loss.SERVICE_ERROR),
    ],
)
def test_what_ends_beside_the_job_is_none_of_its_own(message: str, loss: Loss) -> None:
    ending = ending_of(details("Failed", "ServiceError", message, **STARTED))
    assert (ending.status, ending.loss) == (RunStatus.LOST, loss)


def test_failed_without_a_word_is_a_failure() -> None:
    assert ending_of(details("Failed")).status is RunStatus.FAILED


@pytest.mark.parametrize("status", ["Canceled", "Failed"])
def test_a_run_that_took_too_long_timed_out(status: str) -> None:
    times = {"startTimeUtc": "2026-11-24T10:00:00.1234567+00:00", "endTimeUtc": "2026-11-24T10:01:01Z"}
    said = details(status, runDefinition={"maxRunDurationSeconds": 60}, **times)
    assert ending_of(said).status is RunStatus.FAILED
    assert ending_of(said).reason == "timed out after 60 s"


def test_a_run_that_was_cancelled_in_time_is_cancelled() -> None:
    times = {"startTimeUtc": "2026-11-24T10:00:00Z", "endTimeUtc": "2026-11-24T10:00:59Z"}
    said = details("Canceled", runDefinition={"maxRunDurationSeconds": 60}, **times)
    assert ending_of(said).status is RunStatus.CANCELLED


def test_times() -> None:
    assert seconds("2026-11-24T10:00:00.5000000Z") == seconds("2026-11-24 10:00:00.5+00:00") == 1795514400.5
    assert seconds(None) is None


@pytest.mark.parametrize(
    ("log", "role"),
    [
        ("azureml-logs/70_driver_log.txt", "main/0"),
        ("azureml-logs/70_driver_log_0.txt", "worker/0"),
        ("azureml-logs/70_driver_log_worker_10.txt", "worker/10"),
        ("azureml-logs/70_driver_log_ps_0.txt", "ps/0"),
        ("azureml-logs/70_driver_log_rank_1.txt", "worker/1"),
        ("user_logs/std_log.txt", "main/0"),
        ("user_logs/std_log_0.txt", "worker/0"),
        ("user_logs/std_log_process_01.txt", "worker/1"),
        ("user_logs/std_log_ps_0.txt", "ps/0"),
        ("user_logs/std_log_process_0_ps.txt", "ps/0"),
        ("user_logs/std_log_process_0003_ps.txt", "ps/3"),
        ("user_logs/std_log_ps.txt", "ps/0"),
        ("user_logs/std_log_worker_0_process_2.txt", "worker/2"),
        ("user_logs/std_log_process.txt", "worker/0"),
        ("azureml-logs/20_image_build_log.txt", None),
        ("azureml-logs/55_azureml-execution-tvmps_0.txt", None),
        ("azureml-logs/70_mpi_log.txt", None),
        ("system_logs/lifecycler/execution-wrapper.log", None),
        ("logs/azureml/70_driver_log.txt", None),
    ],
)
def test_which_logs_are_roles(log: str, role: str | None) -> None:
    assert role_of(log) == role


def test_roles_are_in_the_order_of_their_numbers() -> None:
    files = {f"azureml-logs/70_driver_log_worker_{n}.txt": str(n) for n in (0, 10, 2)}
    assert list(logs_of({"logFiles": files})) == ["worker/0", "worker/2", "worker/10"]


@pytest.mark.parametrize(
    ("definition", "count"),
    [
        ({"framework": "Python"}, 1),
        ({"framework": "TensorFlow", "tensorflow": {"workerCount": 2, "parameterServerCount": 1}}, 3),
        ({"framework": "PyTorch", "pytorch": {"processCount": 4}}, 4),
        ({"framework": "PyTorch", "pytorch": None}, 1),
    ],
)
def test_how_many_logs_there_will_be(definition: dict[str, Any], count: int) -> None:
    assert expected_logs({"runDefinition": definition}) == count


@pytest.mark.parametrize("status", [None, -1e999, "", "\x1b[2J::error::", "it is fine", ["Running"]])
def test_what_is_no_word_is_no_status(status: object) -> None:
    with pytest.raises(EngineError, match="not what Azure answers"):
        told_status(status)
    with pytest.raises(EngineError, match="not what Azure answers"):
        ending_of({"status": status})
