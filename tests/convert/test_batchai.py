"""Batch AI jobs and clusters, part by part."""

from __future__ import annotations

import json
from typing import Any

import pytest

from specrun.convert.batchai import BatchaiOptions, folder_imports, import_batchai, import_cluster, kind_of
from specrun.convert.batchai.custom import launch_of, launches
from specrun.convert.batchai.job import seconds_of
from specrun.convert.credentials import is_secret
from specrun.convert.hiding import hide
from specrun.convert.imported import Imported
from specrun.convert.report import Verdict
from specrun.convert.sources import Refused, Source
from tests.convert.imports import read_back

ROOT = "$AZ_BATCHAI_JOB_MOUNT_ROOT"
SHARE = {"azureFileUrl": "https://treestore.file.core.windows.net/code/old", "relativeMountPath": "share"}
MOUNTS = {"azureFileShares": [SHARE]}
CLUSTER = {
    "properties": {
        "vmSize": "STANDARD_NC6",
        "scaleSettings": {"manual": {"targetNodeCount": 2}},
        "nodeSetup": {
            "setupTask": {"commandLine": "pip install -r $AZ_BATCHAI_MOUNT_ROOT/afs/needs.txt"},
            "mountVolumes": {
                "azureFileShares": [
                    {"azureFileUrl": "https://treestore.file.core.windows.net/all", "relativeMountPath": "afs"}
                ]
            },
        },
    }
}


def job(nodes: object = 1, **properties: object) -> Source:
    container = {"imageSourceRegistry": {"image": "i"}}
    return Source("trees.json", "", {"properties": {"nodeCount": nodes, "containerSettings": container, **properties}})


def custom(line: str, nodes: int = 1, **properties: object) -> Source:
    return job(nodes, customToolkitSettings={"commandLine": line}, mountVolumes=MOUNTS, **properties)


def spec_of(source: Source, options: BatchaiOptions | None = None) -> dict[str, Any]:
    written = read_back(import_batchai(source, options or BatchaiOptions()))
    assert isinstance(written, dict)
    return written


def asked(imported: Imported) -> set[tuple[str, str]]:
    return {(entry.to, entry.flag) for entry in imported.report.todos}


def test_a_path_below_a_mount_is_an_input_or_an_output() -> None:
    found = spec_of(custom(f"train --data {ROOT}/share/a/b --out {ROOT}/share/c > {ROOT}/share/logs/x.txt"))["job"]
    assert found["command"] == "train --data ${{ inputs.b }} --out ${{ outputs.c }} > ${{ outputs.logs }}/x.txt"
    assert found["inputs"] == {"b": {"path": "azureml://datastores/share/paths/old/a/b"}}
    assert found["outputs"]["logs"] == {"path": "azureml://datastores/share/paths/old/logs"}


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("fit.py --model {0}/m", "${{ outputs.m }}"),
        ("fit.py --train_dir={0}/m", "${{ outputs.m }}"),
        ("fit.py --pretrained_model {0}/m/a.h5", "${{ inputs.m }}/a.h5"),
        ("fit.py --checkpoint {0}/m/a.h5", "${{ outputs.m }}/a.h5"),
        ("cp a.h5 {0}/m", "${{ outputs.m }}"),
        ("cp {0}/m/a.h5 .", "${{ inputs.m }}/a.h5"),
        ("OUT={0}/m fit.py", "${{ outputs.m }}"),
        ("fit.py --work {0}/m", "${{ inputs.m }}"),
    ],
)
def test_what_is_called_like_a_place_to_write_to_is_an_output(line: str, command: str) -> None:
    imported = import_batchai(custom(line.format(f"{ROOT}/share")), BatchaiOptions())
    written = str(imported.draft.get(("job", "command")))
    assert written == line.replace("{0}/m/a.h5", command).replace("{0}/m", command)
    kind = "outputs" if "outputs" in command else "inputs"
    assert imported.draft.get(("job", kind, "m", "path")) == "azureml://datastores/share/paths/old/m"
    doubts = [entry.to for entry in imported.report.todos if "nothing tells" in entry.note]
    assert doubts == (["job.inputs.m"] if "--work" in line else []), "only what nothing tells is asked"


def test_a_variable_that_is_called_like_a_place_to_write_to_is_an_output() -> None:
    variables = [{"name": "MODEL_DIR", "value": f"{ROOT}/share/m"}, {"name": "DATA_DIR", "value": f"{ROOT}/share/d"}]
    found = spec_of(custom("fit", environmentVariables=variables))["job"]
    assert found["command"] == "export MODEL_DIR=${{ outputs.m }}\nexport DATA_DIR=${{ inputs.d }}\nfit"


def test_what_is_read_and_written_is_told() -> None:
    imported = import_batchai(custom(f"fit.py --data {ROOT}/share/d --out {ROOT}/share/d"), BatchaiOptions())
    assert imported.draft.get(("job", "command")) == "fit.py --data ${{ inputs.d }} --out ${{ outputs.d }}"
    assert [entry.to for entry in imported.report.todos if "writes to it as outputs.d" in entry.note] == [
        "job.outputs.d"
    ]


def test_what_is_written_below_an_input_is_an_output() -> None:
    inputs = [{"id": "D", "path": f"{ROOT}/share/d"}, {"id": "WEB", "path": "https://x/y"}]
    line = "fit.py --model $AZ_BATCHAI_INPUT_D/m.h5 --logs $AZ_BATCHAI_INPUT_D/logs > $AZ_BATCHAI_INPUT_WEB/x.txt"
    imported = import_batchai(custom(line, inputDirectories=inputs), BatchaiOptions())
    command = "fit.py --model ${{ inputs.d }}/m.h5 --logs ${{ outputs.logs }} > ${{ inputs.web }}/x.txt"
    assert imported.draft.get(("job", "command")) == command
    assert imported.draft.get(("job", "outputs", "logs", "path")) == "azureml://datastores/share/paths/old/d/logs"
    assert [entry.to for entry in imported.report.todos if "only read" in entry.note] == ["job.inputs.web"]


def test_a_place_that_is_an_output_already_is_read_there() -> None:
    found = spec_of(custom(f"fit.py --out {ROOT}/share/m; show.py {ROOT}/share/m"))["job"]
    assert found["command"] == "fit.py --out ${{ outputs.m }}; show.py ${{ outputs.m }}"


def test_a_field_that_cannot_be_read_is_open_where_it_stands() -> None:
    settings = {"pythonScriptFilePath": "fit.py", "commandLineArgs": ["--a", 1], "processCount": "many"}
    constraints = {"maxWallClockTime": "a while"}
    imported = import_batchai(job("two", horovodSettings=settings, constraints=constraints), BatchaiOptions())
    found = {key: imported.draft.get(("job", *key.split("."))) for key in ("command", "limits.timeout")}
    assert found == {"command": "python fit.py TODO", "limits.timeout": "TODO"}
    assert imported.draft.get(("job", "resources", "instance_count")) == "TODO"
    assert imported.draft.get(("job", "distribution", "process_count_per_instance")) == "TODO"
    places = {"job.command", "job.limits.timeout", "job.resources.instance_count"}
    assert places <= {entry.to for entry in imported.report.todos if entry.path}


def test_a_file_in_a_declared_folder_is_named_by_it() -> None:
    inputs = [{"id": "Data", "path": f"{ROOT}/share/a"}]
    found = spec_of(custom(f"cat {ROOT}/share/a/b/c.txt $AZ_BATCHAI_INPUT_Data/d", inputDirectories=inputs))["job"]
    assert found["command"] == "cat ${{ inputs.data }}/b/c.txt ${{ inputs.data }}/d"


def test_a_folder_that_no_line_names_is_handed_over_in_its_variable() -> None:
    inputs = [{"id": "Data", "path": f"{ROOT}/share/a"}]
    found = spec_of(custom("python -m trees", inputDirectories=inputs))["job"]
    assert found["command"] == "export AZ_BATCHAI_INPUT_Data=${{ inputs.data }}\npython -m trees"


def test_code_takes_the_place_of_the_scripts_folder() -> None:
    settings = {
        "pythonScriptFilePath": f"{ROOT}/share/a/fit.py",
        "masterCommandLineArgs": f"--more {ROOT}/share/a/m.json",
    }
    source = job(tensorFlowSettings=settings, mountVolumes=MOUNTS)
    assert (
        spec_of(source)["job"]["command"] == "python ${{ inputs.scripts }}/fit.py --more ${{ inputs.scripts }}/m.json"
    )
    assert ("job.command", "--code DIR") in asked(import_batchai(source, BatchaiOptions()))
    with_code = spec_of(source, BatchaiOptions(code="../src"))["job"]
    assert (with_code["code"], with_code["command"]) == ("../src", "python fit.py --more m.json")
    assert "inputs" not in with_code
    assert ("job.command", "--code DIR") not in asked(import_batchai(source, BatchaiOptions(code="../src")))


def test_a_declared_script_folder_is_not_needed_with_code() -> None:
    inputs = [{"id": "SCRIPT", "path": f"{ROOT}/share/a"}]
    source = custom("python $AZ_BATCHAI_INPUT_SCRIPT/fit.py", inputDirectories=inputs)
    imported = import_batchai(source, BatchaiOptions(code="src"))
    assert spec_of(source, BatchaiOptions(code="src"))["job"]["command"] == "python fit.py"
    entries = [entry for entry in imported.report.entries if entry.path == ("properties", "inputDirectories", 0)]
    assert any(entry.to == "job.code" for entry in entries)


@pytest.mark.parametrize(
    ("line", "nodes", "command", "count"),
    [
        ("mpirun -n 8 --hostfile $AZ_BATCHAI_MPI_HOST_FILE python a.py -n 3", 4, "python a.py -n 3", 2),
        ("cd /x && mpirun -np 4 -ppn 2 -hosts $AZ_BATCH_HOST_LIST python a.py", 2, "cd /x && python a.py", 2),
        ("/usr/bin/mpiexec --mca btl tcp,self --allow-run-as-root python a.py", 3, "python a.py", 1),
        ("bash -c 'mpirun --np=2 -bind-to none python a.py'", 2, "python a.py", 1),
        ("mpirun -n 3 python a.py", 2, "python a.py", "TODO"),
        ("mpirun -n $N python a.py", 2, "python a.py", "TODO"),
        ("mpirun -n 2 python a.py", 1, "python a.py", 2),
        ("mpirun -n 3 -ppn 2 python a.py", 2, "python a.py", "TODO"),
        ("mpirun -n 12345678901 python a.py", 1, "python a.py", "TODO"),
    ],
)
def test_a_job_that_starts_mpirun_is_an_mpi_job(line: str, nodes: int, command: str, count: object) -> None:
    found = spec_of(custom(line, nodes))["job"]
    assert found["command"] == command
    assert found["distribution"] == {"type": "mpi", "process_count_per_instance": count}


def test_what_mpirun_exports_is_exported() -> None:
    options = "-x A=1 -x B -genv E=2 -genv C 'two words' -env D $AZ_BATCHAI_INPUT_X"
    found = spec_of(custom(f"mpirun {options} python a.py"))["job"]
    assert found["command"].split("\n") == [
        "export A=1",
        "export E=2",
        'export C="two words"',
        "export D=${{ inputs.x }}",
        "python a.py",
    ]


def test_what_cannot_be_said_of_mpirun_is_asked() -> None:
    todos = import_batchai(custom("mpirun -n 2 --weird 3 python a.py; rm -r /x", 2), BatchaiOptions()).report.todos
    assert any("--weird" in entry.note for entry in todos)
    assert any("other commands" in entry.note for entry in todos)


def test_mpirun_in_a_text_or_a_path_is_no_launch() -> None:
    assert not launches("echo 'run mpirun now'")
    assert not launches("cat /data/mpirun.txt")
    assert launch_of("mpirun a b -n 3").command == "a b -n 3"


def test_a_script_that_starts_processes_itself_is_asked_about() -> None:
    imported = import_batchai(custom("bash run_mpirun.sh", 2), BatchaiOptions())
    assert imported.draft.get(("job", "resources", "instance_count")) == "TODO"
    assert any("first of 2 nodes" in entry.note for entry in imported.report.todos)


@pytest.mark.parametrize(
    ("settings", "nodes", "distribution"),
    [
        ({"pyTorchSettings": {"pythonScriptFilePath": "a.py", "processCount": 8}}, 2, ("pytorch", 4)),
        ({"pyTorchSettings": {"pythonScriptFilePath": "a.py", "communicationBackend": "MPI"}}, 2, ("mpi", 1)),
        ({"horovodSettings": {"pythonScriptFilePath": "a.py", "processCount": "4"}}, "2", ("mpi", 2)),
        ({"chainerSettings": {"pythonScriptFilePath": "a.py"}}, 2, ("mpi", 1)),
        ({"customMpiSettings": {"commandLine": "x", "processCount": 6}}, 2, ("mpi", 3)),
        ({"cntkSettings": {"pythonScriptFilePath": "a.py", "numberOfProcesses": 2}}, 1, ("mpi", 2)),
        ({"cntkSettings": {"pythonScriptFilePath": "a.py"}}, 1, None),
        ({"caffeSettings": {"configFilePath": "s.prototxt", "processCount": 2}}, 2, ("mpi", 1)),
        ({"caffe2Settings": {"pythonScriptFilePath": "a.py"}}, 2, ("mpi", 1)),
        ({"tensorFlowSettings": {"pythonScriptFilePath": "a.py"}}, 1, None),
    ],
)
def test_totals_become_counts_of_each_instance(
    settings: dict[str, object], nodes: object, distribution: object
) -> None:
    found = spec_of(job(nodes, **settings))["job"].get("distribution")
    assert (found and (found["type"], found["process_count_per_instance"])) == distribution


def test_a_cluster_brings_its_mounts_its_setup_and_its_size() -> None:
    source = job(tensorFlowSettings={"pythonScriptFilePath": "$AZ_BATCHAI_MOUNT_ROOT/afs/fit.py"})
    found = spec_of(source, BatchaiOptions(cluster=Source("big.json", "", CLUSTER)))
    assert found["compute"]["size"] == "STANDARD_NC6"
    assert (found["compute"]["min_instances"], found["compute"]["max_instances"]) == (2, 2)
    assert found["datastores"]["afs"]["file_share_name"] == "all"
    assert found["job"]["command"].split("\n")[-2:] == [
        "pip install -r ${{ inputs.afs }}/needs.txt || exit",
        "python ${{ inputs.afs }}/fit.py",
    ]


def test_a_mount_that_is_named_is_no_question() -> None:
    source = job(tensorFlowSettings={"pythonScriptFilePath": "$AZ_BATCHAI_MOUNT_ROOT/afs/a/fit.py"})
    assert ("job", "--cluster CLUSTER.json, or --mount afs=DATASTORE[:PATH]") in asked(
        import_batchai(source, BatchaiOptions())
    )
    options = BatchaiOptions(mounts={"afs": "store:base"})
    assert spec_of(source, options)["job"]["inputs"]["scripts"]["path"] == "azureml://datastores/store/paths/base/a"
    assert {to for to, _ in asked(import_batchai(source, options))} == {"compute", "job.command"}


def test_a_folder_of_files() -> None:
    files = [
        Source("a/cluster.json", "", CLUSTER),
        Source("a/job.json", "", custom("echo $AZ_BATCHAI_MOUNT_ROOT/afs/x").values),
        Source("b/job.json", "", custom("echo 2", cluster={"id": "/subscriptions/0/clusters/other"}).values),
    ]
    cluster, first, second = [one() for one in folder_imports(files, BatchaiOptions())]
    assert cluster.draft.get(("compute", "name")) == "cluster"
    assert not [entry for entry in cluster.report.todos if entry.flag.startswith("--cluster")]
    assert (first.name, second.name) == ("a-job", "b-job")
    assert (first.draft.get(("compute",)), second.draft.get(("compute",))) == ("cluster", "other")
    assert "echo ${{ inputs.afs }}/x" in first.draft.text()


def test_image_and_workspace_are_taken_from_options() -> None:
    options = BatchaiOptions(image="azureml:trees:3", workspace={"name": "ws"}, name="My Trees!")
    found = spec_of(custom("x"), options)
    assert found["job"]["environment"] == "azureml:trees:3"
    assert (found["name"], found["workspace"]) == ("my-trees", {"name": "ws"})


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"name": "c", "vmSize": "S", "poolSize": {}, "rPackages": {}}, "doAzureParallel"),
        ({"sharedKey": {"batchAccount": {}, "storageAccount": {}}}, "doAzureParallel"),
        ({"ArgumentVector": ["a.py"], "Framework": "Python"}, "Workbench"),
        ({"script": "a.py", "framework": "Python", "target": "x"}, "specrun import runconfig"),
        ({"$schema": "https://azuremlschemas.azureedge.net/latest/commandJob.schema.json"}, "specrun import azureml"),
        ({"apiVersion": "batch/v1", "kind": "Job"}, "Kubernetes"),
        ({"properties": {"vmSize": "S", "sshConfiguration": {}, "dataDisks": {}}}, "file server"),
        ({"properties": {"nodeCount": 1}}, "without a toolkit"),
        (
            {"properties": {"nodeCount": 1, "caffeSettings": {}, "cntkSettings": {}}},
            "two toolkits, cntkSettings and caffe",
        ),
        ({"properties": {"vmSize": "S"}}, "it is a Batch AI cluster"),
        ({"some": "thing"}, "nor fields that tell"),
        ([1], "it holds a list"),
        (None, "it holds nothing"),
    ],
)
def test_other_files_are_refused_by_name(values: object, word: str) -> None:
    with pytest.raises(Refused, match=word):
        import_batchai(Source("job.json", "", values), BatchaiOptions())


def test_kinds() -> None:
    def kind(values: object) -> str:
        return kind_of(Source("a.json", "", values))

    assert kind_of(custom("x")) == "job"
    assert kind(CLUSTER) == "cluster"
    assert kind(json.loads('{"nodeCount": 2, "tensorFlowSettings": {}}')) == "job"
    assert kind({"a": 1}) == kind([]) == kind("x") == ""
    with pytest.raises(Refused, match="is a Batch AI job"):
        import_cluster(custom("x"), BatchaiOptions())


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT1H30M", 5400), ("P7D", 604_800), ("1.02:03:04", 93_784), ("00:10:00", 600), ("P", None), ("soon", None)],
)
def test_durations(text: str, seconds: int | None) -> None:
    assert seconds_of(text) == seconds


def test_credentials_in_a_line_become_variables() -> None:
    key = "A" * 86 + "=="
    hidden = hide(f"x --api-key k1 --password=p2 PWD=$PWD --keyboard de --max_tokens 3 --k {key} 'u?sv=1&sig=s3&x'")
    assert not {"k1", "p2", key, "s3"} & set(hidden.text.replace("=", " ").replace("&", " ").split())
    assert "--keyboard de --max_tokens 3" in hidden.text
    assert set(hidden.variables) == {"API_KEY", "PASSWORD", "STORAGE_KEY", "SAS_TOKEN"}
    assert is_secret("AZURE_STORAGE_KEY", "x")
    assert not is_secret("TOKENIZERS_PARALLELISM", "true")
    assert not is_secret("EPOCHS", "3")


def test_every_dropped_field_says_why() -> None:
    imported = import_batchai(custom("x", schedulingPriority="high", odd={"a": [1]}), BatchaiOptions())
    dropped = {entry.source: entry.note for entry in imported.report.entries if entry.verdict is Verdict.DROPPED}
    assert set(dropped) == {"properties.schedulingPriority", "properties.odd.a[0]"}
    assert all(dropped.values())


def test_data_beside_the_script_is_no_code() -> None:
    settings = {"pythonScriptFilePath": f"{ROOT}/share/fit.py", "commandLineArgs": f"{ROOT}/share/data {ROOT}/share"}
    found = spec_of(job(tensorFlowSettings=settings, mountVolumes=MOUNTS), BatchaiOptions(code="src"))["job"]
    assert found["command"] == "python fit.py ${{ inputs.data }} ${{ inputs.old }}"


def test_each_folder_has_a_variable_of_its_own() -> None:
    line = f"bash a.sh {ROOT}/share/data $AZ_BATCHAI_INPUT_DATA $AZ_BATCHAI_INPUT_data"
    inputs = [{"id": "DATA", "path": f"{ROOT}/share/1"}, {"id": "data", "path": f"{ROOT}/share/2"}]
    found = spec_of(custom(line, inputDirectories=inputs))["job"]
    assert found["command"].split("\n") == [
        "export AZ_BATCHAI_INPUT_DATA=${{ inputs.data }}",
        "export AZ_BATCHAI_INPUT_data=${{ inputs.data_2 }}",
        "export INPUT_DATA_3=${{ inputs.data_3 }}",
        "bash a.sh ${{ inputs.data_3 }} ${{ inputs.data }} ${{ inputs.data_2 }}",
    ]


def test_what_a_setup_task_leaves_open_is_asked_of_the_job() -> None:
    setup = {"commandLine": "run $AZ_BATCHAI_ODD $AZ_BATCHAI_MOUNT_ROOT/afs/x"}
    cluster = {"properties": {**CLUSTER["properties"], "nodeSetup": {"setupTask": setup}}}  # type: ignore[dict-item]
    imported = import_batchai(custom("fit"), BatchaiOptions(cluster=Source("big.json", "", cluster)))
    odd = next(entry for entry in imported.report.todos if "AZ_BATCHAI_ODD" in entry.note)
    assert (odd.file, odd.path, odd.to) == ("trees.json", (), "job.command")
    told = [entry.file for entry in imported.report.entries if entry.path[-2:] == ("setupTask", "commandLine")]
    assert told == ["big.json"]
