"""The body that arrives at the service for a spec's job."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from emulator.dataplane import data_of
from emulator.jobs_form import seconds
from specrun.engines.azure import images
from tests.azure_engines.launching import TOP, Launch, launch
from tests.azureml_v2.place import Place, resource
from tests.azureml_v2.test_assets import register

ID = "00000000-0000-0000-0000-000000000001"
IDENTITY = "/subscriptions/0/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/a"


def prepared(place: Place, job: str, top: str = TOP) -> Launch:
    """A workspace in which nobody gets a node."""
    data_of(place.emulator.service).training.starved = True
    return launch(place, job, "print('hello')", top)


def body(place: Place, job: str, top: str = TOP) -> dict[str, Any]:
    """The properties of the job that the service was asked for."""
    launched = prepared(place, job, top)
    return sent(launched, launched.submit())


def sent(launched: Launch, name: str) -> dict[str, Any]:
    job = launched.run(name).job
    assert job is not None
    return job


def test_what_a_job_says_of_itself(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TOKEN", "hush")
    launched = prepared(
        place,
        """
        code: src
        command: python train.py | tee $LOG
        display_name: Digits
        description: handwritten
        tags: {team: vision}
        environment_variables: {LEVEL: "2", EMPTY: "", HUB: "${{ secrets.HUB_TOKEN }}"}
        resources: {instance_count: 2, shm_size: 8g, docker_args: --ulimit memlock=-1}
        limits: {timeout: 600}
        """,
    )
    job = sent(launched, launched.submit())
    assert (job["displayName"], job["description"], job["experimentName"]) == ("Digits", "handwritten", "digits")
    fingerprint = launched.submission().fingerprint
    ours = {"specrun": "job", "specrun.spec.job": fingerprint[:10], "specrun.fingerprint": fingerprint}
    assert job["tags"] == {"team": "vision", **ours}
    variables = {"LEVEL": "2", "EMPTY": "", "HUB": "hush", "SPECRUN_FINGERPRINT": fingerprint}
    assert job["environmentVariables"] == variables
    assert job["command"] == "python train.py | tee $LOG"
    assert str(job["computeId"]).endswith("/computes/cpu-cluster")
    resources = job["resources"]
    assert (resources["instanceCount"], resources["shmSize"]) == (2, "8g")
    assert resources["dockerArgs"] == "--ulimit memlock=-1"
    assert seconds(job["limits"]["timeout"]) == 600
    assert {name for name in job["properties"] if name.startswith("specrun.record.")} == {"specrun.record.0"}
    assert job.get("identity") is None
    assert job.get("distribution") is None


def test_what_a_serverless_job_says_of_its_queue_and_of_the_ways_into_it(place: Place) -> None:
    job = body(
        place,
        """
        command: echo
        resources: {instance_type: STANDARD_DS3_V2, max_instance_count: 3, locations: [westeurope, northeurope]}
        queue_settings: {job_tier: spot, priority: low}
        services:
          shell: {type: ssh, ssh_public_keys: ssh-ed25519 AAAA me, nodes: all}
          board: {type: tensor_board, log_dir: outputs/runs}
          lab: {type: jupyter_lab}
          code: {type: vs_code, port: 8080}
        """,
        top="",
    )
    resources = job["resources"]
    assert (resources["maxInstanceCount"], resources["locations"]) == (3, ["westeurope", "northeurope"])
    assert job["queueSettings"] == {"jobTier": "Spot", "priority": 1}
    assert job["services"] == {
        "shell": {
            "jobServiceType": "SSH",
            "nodes": {"nodesValueType": "All"},
            "properties": {"sshPublicKeys": "ssh-ed25519 AAAA me"},
        },
        "board": {"jobServiceType": "TensorBoard", "properties": {"logDir": "outputs/runs"}},
        "lab": {"jobServiceType": "JupyterLab"},
        "code": {"jobServiceType": "VSCode", "port": 8080},
    }


def test_what_a_job_does_not_say(place: Place) -> None:
    launched = prepared(place, "command: echo")
    name = launched.submit()
    job = sent(launched, name)
    assert job["displayName"] == name
    assert job.get("codeId") is None
    assert job.get("description") is None
    assert (job["resources"]["instanceCount"], job["resources"]["shmSize"]) == (1, "2g")
    assert (job.get("limits") or {}).get("timeout") is None
    registered = launched.plane.assets.of("environments", str(job["environmentId"]).split("/")[-3])
    assert registered[-1].properties["image"] == images.CPU_IMAGE


def test_without_a_cluster(place: Place) -> None:
    job = body(place, "command: echo\nresources: {instance_type: STANDARD_DS3_V2, instance_count: 2}", top="")
    assert not job.get("computeId")
    assert (job["resources"]["instanceType"], job["resources"]["instanceCount"]) == ("STANDARD_DS3_V2", 2)


@pytest.mark.parametrize(
    ("distribution", "form"),
    [
        (
            "type: tensorflow, worker_count: 1, parameter_server_count: 1",
            {"distributionType": "TensorFlow", "workerCount": 1, "parameterServerCount": 1},
        ),
        ("type: tensorflow", {"distributionType": "TensorFlow", "workerCount": 2, "parameterServerCount": 0}),
        ("type: mpi, process_count_per_instance: 4", {"distributionType": "Mpi", "processCountPerInstance": 4}),
        ("type: mpi", {"distributionType": "Mpi", "processCountPerInstance": 1}),
        ("type: pytorch, process_count_per_instance: 4", {"distributionType": "PyTorch", "processCountPerInstance": 4}),
        ("type: pytorch", {"distributionType": "PyTorch", "processCountPerInstance": 1}),
    ],
)
def test_distributions_with_all_their_counts(place: Place, distribution: str, form: dict[str, object]) -> None:
    """The SDK's own counts are not the spec's: a parameter server that nobody asked for, and no worker."""
    job = body(place, f"command: echo\nresources: {{instance_count: 2}}\ndistribution: {{{distribution}}}\n")
    assert job["distribution"] == form


@pytest.mark.parametrize(
    ("identity", "form"),
    [
        ("type: managed", {"identityType": "Managed"}),
        (f"type: managed, client_id: {ID}", {"identityType": "Managed", "clientId": ID}),
        (f"type: managed, object_id: {ID}", {"identityType": "Managed", "objectId": ID}),
        (f"type: managed, resource_id: {IDENTITY}", {"identityType": "Managed", "resourceId": IDENTITY}),
        ("type: user_identity", {"identityType": "UserIdentity"}),
        ("type: aml_token", {"identityType": "AMLToken"}),
    ],
)
def test_identities(place: Place, identity: str, form: dict[str, str]) -> None:
    job = body(place, f"command: echo\nidentity: {{{identity}}}\n")
    assert {name: value for name, value in job["identity"].items() if value is not None} == form


def test_inputs_of_every_kind(place: Place) -> None:
    (place.folder / "other").mkdir()
    (place.folder / "other" / "a b.csv").write_text("1")
    launched = prepared(
        place,
        """
        command: echo ${{ inputs.digits }}
        inputs:
          digits: {data: digits}
          fetched: {data: digits, mode: download}
          local: {path: other}
          one: {path: other/a b.csv, type: uri_file}
          all: {path: azureml://datastores/workspaceblobstore/paths/sets/, mode: mount}
          asset: {path: azureml:digits:7}
          newest: {path: azureml:digits@latest}
          bare: {path: "azureml:digits"}
          web: {path: "https://example.org/x.csv", type: uri_file, mode: download}
        """,
    )
    register(launched.engine, "7")
    register(launched.engine, "9")
    inputs = sent(launched, launched.submit())["inputs"]
    store = "azureml://datastores/workspaceblobstore/paths"
    assert inputs["digits"] == {"jobInputType": "uri_folder", "mode": "ReadOnlyMount", "uri": f"{store}/sets/digits"}
    assert (inputs["fetched"]["uri"], inputs["fetched"]["mode"]) == (f"{store}/sets/digits", "Download")
    assert inputs["local"]["uri"] == f"{store}/inputs/job/local"
    assert (inputs["one"]["jobInputType"], inputs["one"]["uri"]) == ("uri_file", f"{store}/inputs/job/one/a b.csv")
    assert (inputs["all"]["uri"], inputs["all"]["mode"]) == (f"{store}/sets/", "ReadOnlyMount")
    assert str(inputs["asset"]["uri"]).endswith("/data/digits/versions/7")
    assert str(inputs["newest"]["uri"]).endswith("/data/digits/versions/9")
    assert str(inputs["bare"]["uri"]).endswith("/data/digits/versions/9")
    web = {"jobInputType": "uri_file", "mode": "Download", "uri": "https://example.org/x.csv"}
    assert inputs["web"] == web


def test_data_on_a_datastore_of_ones_own(place: Place) -> None:
    account = place.make_workspace()
    place.plane.blobs.ensure("more")
    top = (
        f"{TOP.replace('target: sets/digits', 'target: sets/digits, datastore: training')}"
        f"datastores: {{training: {{type: azure_blob, account_name: {account}, container_name: more}}}}\n"
    )
    launched = prepared(place, "command: echo\ninputs: {digits: {data: digits}}\n", top)
    from specrun.plan.changes import Action

    place.change(launched.engine, Action.CREATE, resource(launched.spec, "datastore/training"))
    job = sent(launched, launched.submit())
    assert job["inputs"]["digits"]["uri"] == "azureml://datastores/training/paths/sets/digits"


def test_outputs(place: Place) -> None:
    job = body(
        place,
        """
        command: echo ${{ outputs.model }}
        outputs:
          model: {}
          kept: {path: azureml://datastores/workspaceblobstore/paths/kept, mode: upload}
        """,
    )
    outputs = job["outputs"]
    assert (outputs["model"]["jobOutputType"], outputs["model"].get("uri")) == ("uri_folder", None)
    assert outputs["kept"]["uri"] == "azureml://datastores/workspaceblobstore/paths/kept"
    assert outputs["kept"]["mode"] == "Upload"
    assert job["command"] == 'echo "${{outputs.model}}"'


LITERALS = """
inputs:
  digits: {data: digits}
  rate: 0.1
  title: it's $HOME "now"
  fast: true
  slow: false
  empty: ""
  dash: "-"
  words: a b
"""


def test_literals_that_bash_takes_as_one_word_are_shown_with_the_run(place: Place) -> None:
    job = body(place, f"command: echo ${{{{ inputs.rate }}}} ${{{{ inputs.title }}}} ${{{{inputs.empty}}}}{LITERALS}")
    inputs = {name: one.get("value") for name, one in job["inputs"].items()}
    assert inputs == {"digits": None, "rate": "0.1", "fast": "true", "slow": "false"}
    assert job["command"] == "echo ${{inputs.rate}} 'it'\"'\"'s $HOME \"now\"' ''"


def in_bash(command: str, **values: str) -> list[str]:
    """The words that bash makes of a command's arguments, once the service has replaced what it replaces."""
    for name, value in values.items():
        command = command.replace(f"${{{{inputs.{name}}}}}", value)
    shown = f'python() {{ printf "%s\\0" "$@"; }}\n{command}'
    done = subprocess.run(["bash", "-c", shown], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\0")[:-1]


def test_a_script_is_given_its_arguments_as_they_are(place: Place) -> None:
    arguments = [
        "--price",
        "$5",
        "${{ inputs.digits }}",
        "--data=${{ inputs.digits }}/x y",
        "",
        "${{ inputs.title }}",
        "${{ inputs.empty }}",
        "${{ inputs.rate }}%",
        "${{ inputs.dash }}",
        "it's",
    ]
    written = ", ".join("'" + one.replace("'", "''") + "'" for one in arguments)
    job = body(place, f"code: src\nscript: train.py\narguments: [{written}]{LITERALS}")
    assert in_bash(job["command"], digits="/mnt/digits", rate="0.1") == [
        "train.py",
        "--price",
        "$5",
        "/mnt/digits",
        "--data=/mnt/digits/x y",
        "",
        'it\'s $HOME "now"',
        "",
        "0.1%",
        "-",
        "it's",
    ]


def test_secrets_stand_in_the_job_and_not_in_its_record(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_TOKEN", "hush-hush")
    launched = prepared(place, 'command: echo\nenvironment_variables: {HUB: "${{ secrets.HUB_TOKEN }}"}\n')
    name = launched.submit()
    job = sent(launched, name)
    assert job["environmentVariables"]["HUB"] == "hush-hush"
    assert "hush-hush" not in str(job["properties"])
    assert "hush-hush" not in str(launched.renew().runs.identity(name))
