"""Batch AI's words put together by a script: what it does not tell is a variable of the spec, wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specrun.convert.batchai import BatchaiOptions, write_parts
from specrun.convert.document import Document
from specrun.convert.imported import Imported
from specrun.convert.report import FieldPath, Ledger, Verdict, leaves
from specrun.convert.section import Fields, Section
from specrun.convert.sources import Refused
from specrun.convert.unknown import Mixed, Secret, Unknown
from tests.convert.imports import mistakes, read_back

ROOT = "$AZ_BATCHAI_JOB_MOUNT_ROOT"
ROLES = {
    "pythonScriptFilePath": f"{ROOT}/share/fit.py",
    "pythonInterpreterPath": "/opt/python",
    "masterCommandLineArgs": f"--chief --index $AZ_BATCHAI_TASK_INDEX --data {ROOT}/share/data",
    "workerCommandLineArgs": "--work $AZ_BATCHAI_INPUT_TREES $AZ_BATCHAI_OUTPUT_MODEL",
    "parameterServerCommandLineArgs": "--keep",
    "workerCount": 2,
    "parameterServerCount": 1,
}
MPI = {"commandLine": f"bash {ROOT}/share/go.sh --out {ROOT}/share/made", "processCount": 4}
JOB = {
    "name": "fit-trees",
    "experimentName": "trees",
    "properties": {
        "nodeCount": 2,
        "cluster": {"id": "/subscriptions/0/clusters/big"},
        "containerSettings": {
            "shmSize": "4g",
            "imageSourceRegistry": {
                "image": "trees:2",
                "serverUrl": "https://trees.azurecr.io",
                "credentials": {"username": "u", "password": "p"},
            },
        },
        "constraints": {"maxWallClockTime": "PT1H"},
        "environmentVariables": [
            {"name": "SEED", "value": "7"},
            {"name": "WHERE", "value": f"{ROOT}/share/maps"},
        ],
        "inputDirectories": [{"id": "TREES", "path": f"{ROOT}/share/trees"}],
        "jobPreparation": {"commandLine": "pip install trees"},
        "mountVolumes": {
            "azureFileShares": [
                {
                    "accountName": "treestore",
                    "azureFileUrl": "https://treestore.file.core.windows.net/code/old",
                    "relativeMountPath": "share",
                    "credentials": {"accountKey": "secret"},
                }
            ],
            "azureBlobFileSystems": [
                {"accountName": "treestore", "containerName": "leaves", "relativeMountPath": "blobs"}
            ],
        },
        "outputDirectories": [{"id": "MODEL", "pathPrefix": f"{ROOT}/share/models", "pathSuffix": "new"}],
        "secrets": [{"name": "HUB_TOKEN", "value": "hidden"}],
        "stdOutErrPathPrefix": f"{ROOT}/share",
    },
}
CLUSTER = {
    "name": "big",
    "properties": {
        "vmSize": "STANDARD_NC6",
        "vmPriority": "lowpriority",
        "scaleSettings": {"autoScale": {"minimumNodeCount": 0, "maximumNodeCount": 4, "initialNodeCount": 0}},
        "nodeSetup": {
            "setupTask": {
                "commandLine": "pip install -r $AZ_BATCHAI_MOUNT_ROOT/afs/needs.txt",
                "environmentVariables": [{"name": "PIP_INDEX", "value": "1"}],
            },
            "mountVolumes": {
                "azureFileShares": [
                    {
                        "accountName": "treestore",
                        "azureFileUrl": "https://treestore.file.core.windows.net/all",
                        "relativeMountPath": "afs",
                    }
                ]
            },
        },
        "userAccountSettings": {"adminUserName": "me", "adminUserSshPublicKey": "ssh-rsa A", "adminUserPassword": "p"},
        "subnet": {"id": "/subscriptions/0/subnets/s"},
    },
}


def job(settings: str = "tensorFlowSettings", **values: object) -> dict[str, Any]:
    toolkit = ROLES if settings == "tensorFlowSettings" else MPI
    return {**JOB, "properties": {**JOB["properties"], settings: {**toolkit, **values}}}  # type: ignore[dict-item]


def put(values: object, path: FieldPath, value: object) -> object:
    """A document with another value at a path."""
    if not path:
        return value
    first, *rest = path
    if isinstance(values, list):
        return [put(item, tuple(rest), value) if number == first else item for number, item in enumerate(values)]
    assert isinstance(values, dict)
    return {key: put(item, tuple(rest), value) if key == first else item for key, item in values.items()}


def lowered(values: object, path: FieldPath = ()) -> Any:
    """A document as a script hands it over: each field remembers where it stands."""
    if isinstance(values, dict):
        fields = Fields(path)
        for key, value in values.items():
            fields.put(key, lowered(value, (*path, key)), (*path, key))
        return fields
    return [lowered(item, (*path, n)) for n, item in enumerate(values)] if isinstance(values, list) else values


def write(job: object, cluster: object = None, **options: Any) -> tuple[Imported, Ledger]:
    """What both are imported as, with the ledger of the script that they stand in."""
    ledger = Ledger("train.py", {"job": job, "cluster": cluster}, lambda path: f"line {len(path)}")
    draft = Document()
    sections = [
        Section(ledger, draft, (name,), lowered(values, (name,)), loose=True) if values is not None else None
        for name, values in (("job", job), ("cluster", cluster))
    ]
    return write_parts(*sections, BatchaiOptions(**options)), ledger


def texts(imported: Imported, ledger: Ledger) -> Iterator[str]:
    yield from (imported.draft.text(), *imported.files.values())
    yield from (f"{entry.to} {entry.note} {entry.flag}" for entry in ledger.close("").entries)


def unknown(path: FieldPath) -> Unknown:
    return Unknown(f"settings[{path[-1]!r}]", "line 7", "".join(filter(str.isalnum, f"open{path[-2]}{path[-1]}")))


CASES = [
    *(("job", "tensorFlowSettings", path) for path in leaves(job())),
    *(("job", "customMpiSettings", path) for path in leaves(MPI)),
    *(("cluster", "tensorFlowSettings", path) for path in leaves(CLUSTER)),
]


NAMES = ("name", "id", "accountKey", "adminUserPassword", "relativeMountPath", "serverUrl")
"""What is never copied, or stands in a spec only as a name."""


@pytest.mark.parametrize(
    ("which", "toolkit", "path"),
    CASES,
    ids=lambda value: value if isinstance(value, str) else ".".join(map(str, value)),
)
def test_every_field_may_be_unknown(which: str, toolkit: str, path: FieldPath, tmp_path: Path) -> None:
    path = ("properties", toolkit, *path) if toolkit == "customMpiSettings" else path
    documents = {"job": job(toolkit), "cluster": CLUSTER}
    value = unknown(path if len(path) > 1 else ("", *path))
    documents[which] = put(documents[which], path, value)  # type: ignore[assignment]
    imported, ledger = write(documents["job"], documents["cluster"])
    assert mistakes(imported, tmp_path) == []
    assert not [text for text in texts(imported, ledger) if re.search("[\ue000\ue001]|Unknown\\(|\\$ {{", text)]
    assert not [text for text in imported.files.values() if "${{" in text], "a script has no expressions"
    imported, ledger = write(documents["job"], documents["cluster"])
    told = [entry for entry in ledger.close("").entries if entry.path == (which, *path)[: len(entry.path)]]
    assert all(entry.note or entry.verdict is Verdict.CARRIED for entry in told), "nothing is said of it"
    if not any(entry.verdict in (Verdict.NEEDS_YOU, Verdict.DROPPED) for entry in told):
        assert path[-1] in NAMES or "secrets" in path


def inner(values: object, path: FieldPath = ()) -> Iterator[FieldPath]:
    """The paths of all mappings and lists in a document."""
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in items:
        if isinstance(value, dict | list):
            yield from ((*path, key), *inner(value, (*path, key)))


@pytest.mark.parametrize(
    ("which", "path"), [*(("job", path) for path in inner(job())), *(("cluster", path) for path in inner(CLUSTER))]
)
def test_every_section_may_be_unknown(which: str, path: FieldPath, tmp_path: Path) -> None:
    documents: dict[str, object] = {"job": job(), "cluster": CLUSTER}
    documents[which] = put(documents[which], path, Unknown("made()", "line 7", "made"))
    if (which, path) == ("job", ("properties",)):
        with pytest.raises(Refused, match="without a toolkit"):
            write(documents["job"], documents["cluster"])
        return
    imported, ledger = write(documents["job"], documents["cluster"])
    assert mistakes(imported, tmp_path) == []
    entries = ledger.close("not spoken of").entries
    told = [entry for entry in entries if entry.path == (which, *path)[: len(entry.path)] and entry.path]
    assert told
    if not {"credentials", "secrets", "userAccountSettings", "cluster"} & {*path}:
        assert any(entry.verdict is Verdict.NEEDS_YOU for entry in told), "what is in it is lost"


def test_all_at_once(tmp_path: Path) -> None:
    documents = [job("customMpiSettings"), CLUSTER]
    for number, document in enumerate(documents):
        for path in leaves(document):
            documents[number] = put(documents[number], path, unknown(("", *path)))  # type: ignore[assignment]
    imported, ledger = write(*documents)
    assert mistakes(imported, tmp_path) == []
    assert not [text for text in texts(imported, ledger) if "\ue000" in text]


def test_a_count_is_the_variable_and_what_is_computed_with_it_is_asked() -> None:
    nodes = Unknown("args.nodes", "line 3", "nodes")
    document = put(job(), ("properties", "nodeCount"), nodes)
    document = put(document, ("properties", "tensorFlowSettings", "workerCount"), None)
    written: Any = read_back(write(document)[0])
    assert written["vars"] == {"nodes": "TODO"}
    assert written["job"]["resources"]["instance_count"] == "${{ vars.nodes }}"
    assert written["job"]["distribution"]["worker_count"] == "${{ vars.nodes }}"
    assert written["job"]["distribution"]["parameter_server_count"] == 1
    each = ("job", "distribution", "process_count_per_instance")
    of_nodes = put(job("customMpiSettings", processCount=nodes), ("properties", "nodeCount"), nodes)
    assert write(of_nodes)[0].draft.get(each) == 1
    of_one = put(job("customMpiSettings", processCount=nodes), ("properties", "nodeCount"), 1)
    assert write(of_one)[0].draft.get(each) == "${{ vars.nodes }}"
    imported, ledger = write(put(job("customMpiSettings"), ("properties", "nodeCount"), nodes))
    assert imported.draft.get(each) == "TODO"
    what = {entry.to: (entry.note, entry.place) for entry in ledger.close("").todos}
    assert what["job.distribution.process_count_per_instance"][0] == "write how many processes run on each instance"
    assert what["job.resources.instance_count"] == ("`args.nodes` is not known here: say what it is", "line 3")


def test_parts_of_a_command_are_variables_of_it(tmp_path: Path) -> None:
    rate, folder = Unknown("rate()", "line 3", "rate"), Unknown("folder()", "line 4", "folder")
    line = Mixed((f"python {ROOT}/share/", folder, "/fit.py --rate ", rate, " --again ", rate))
    values = {"properties": {"nodeCount": 1, "customToolkitSettings": {"commandLine": line}}}
    written: Any = read_back(write(values, mounts={"share": "store"})[0])
    command = "python ${{ inputs.scripts }}/fit.py --rate ${{ vars.rate }} --again ${{ vars.rate }}"
    assert written["job"]["command"] == command
    assert written["job"]["inputs"]["scripts"]["path"] == "azureml://datastores/store/paths/${{ vars.folder }}"


def test_a_script_of_its_own_gets_what_is_open_in_variables() -> None:
    rate = Unknown("rate()", "line 3", "rate")
    imported, _ = write(job(masterCommandLineArgs=Mixed(("--rate ", rate))))
    assert 'export RATE="${{ vars.rate }}"' in str(imported.draft.get(("job", "command")))
    script = imported.files["fit-trees-code/fit-trees.sh"]
    assert "/fit.py --rate ${RATE}\n" in script
    assert "vars." not in script


def test_credentials_are_named_and_expressions_of_others_are_open() -> None:
    line = Mixed(("fit --token ", Secret("hub"), " ${{ github.sha }} <your-name>/x < in.txt"))
    values = {"properties": {"nodeCount": 1, "customToolkitSettings": {"commandLine": line}}}
    written: Any = read_back(write(values)[0])
    assert written["job"]["environment_variables"] == {"HUB": "${{ secrets.HUB }}"}
    assert "--token $HUB " in written["job"]["command"]
    assert "github" not in written["job"]["command"]


def test_a_word_in_angle_brackets_is_open_in_a_command() -> None:
    line = "fit --who <YOUR-NAME> --in '<share>/x' < in.txt > out.txt; sort <a >b"
    written: Any = read_back(write({"properties": {"nodeCount": 1, "customToolkitSettings": {"commandLine": line}}})[0])
    assert written["job"]["command"] == (
        "fit --who ${{ vars.your_name }} --in '${{ vars.share }}/x' < in.txt > out.txt; sort <a >b"
    )


def test_an_account_of_unknown_name_has_its_key_by_that_name() -> None:
    account = Unknown("cfg.account", "line 3", "storage_account_name")
    key = Unknown("environ", "line 4", environment="SHARE_KEY")
    place = ("properties", "mountVolumes", "azureFileShares", 0)
    document = put(job(), (*place, "accountName"), account)
    named: Any = read_back(write(document)[0])["datastores"]["share"]  # type: ignore[index]
    assert named["account_name"] == "${{ vars.storage_account_name }}"
    assert named["credentials"]["account_key"] == "${{ secrets.STORAGE_ACCOUNT_NAME_KEY }}"
    document = put(document, (*place, "credentials", "accountKey"), key)
    named = read_back(write(document)[0])["datastores"]["share"]  # type: ignore[index]
    assert named["credentials"]["account_key"] == "${{ secrets.SHARE_KEY }}"


def test_a_cluster_alone() -> None:
    cluster = put(CLUSTER, ("properties", "vmSize"), Unknown("args.size", "line 2", "size"))
    imported, _ = write(None, cluster)
    written: Any = read_back(imported)
    assert (written["name"], written["compute"]["size"]) == ("big", "${{ vars.size }}")
    assert "job" not in written


def test_characters_that_stand_for_what_is_open_are_kept() -> None:
    line, value = "fit \ue0001\ue001 \ue000", "\ue001 \ue0000\ue001"
    properties = {
        "nodeCount": 1,
        "customToolkitSettings": {"commandLine": Mixed((line, Unknown("x()", "", "x")))},
        "environmentVariables": [{"name": "A", "value": value}, {"name": "B", "value": {"no": "text"}}],
    }
    written: Any = read_back(write({"properties": properties})[0])
    assert written["job"]["command"] == f"{line}${{{{ vars.x }}}}"
    assert written["job"]["environment_variables"] == {"A": value, "B": "TODO"}
