"""Whatever a JSON file holds, importing it gives a spec or a refusal."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specrun.convert.batchai import BatchaiOptions, folder_imports, import_batchai, import_cluster, kind_of
from specrun.convert.imported import Imported
from specrun.convert.kinds import TOOLKITS
from specrun.convert.report import Verdict, leaves
from specrun.convert.sources import Refused, Source
from tests.convert.imports import mistakes, read_back, unspoken
from tests.searching import drawn

FOLDER = Path(__file__).parents[1] / "cases" / "import" / "batchai"
TEXTS = st.sampled_from(
    [
        "",
        " ",
        "a b",
        "\n",
        "é\u2028",
        "<AZURE_BATCHAI_STORAGE_ACCOUNT>",
        "$AZ_BATCHAI_JOB_MOUNT_ROOT/data/x.py",
        "$AZ_BATCHAI_MOUNT_ROOT",
        "${AZ_BATCHAI_INPUT_A}/../..",
        "$AZ_BATCHAI_OUTPUT_ --o $AZ_BATCHAI_INPUT_",
        "$AZ_BATCHAI_TASK_INDEX $AZ_BATCHAI_JOB_TEMP",
        "mpirun -n 4 --hostfile $AZ_BATCHAI_MPI_HOST_FILE python a.py",
        "mpirun -x",
        "${{ vars.x }}",
        "a \ue0007\ue001 \ue001\ue000",
        "<your-name>/x $[[ y ]]",
        "[parameters('x')]",
        "2",
        "PT5M",
        "https://a.file.core.windows.net/share/sub",
        "//..",
        "'",
    ]
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 10**30), st.floats(allow_nan=True), st.text(max_size=8), TEXTS
)
KEYS = (
    *TOOLKITS,
    *("properties", "name", "nodeCount", "cluster", "id", "mountVolumes", "azureFileShares", "azureBlobFileSystems"),
    *("fileServers", "unmanagedFileSystems", "accountName", "azureFileUrl", "relativeMountPath", "containerName"),
    *("credentials", "accountKey", "inputDirectories", "outputDirectories", "path", "pathPrefix", "pathSuffix"),
    *("environmentVariables", "secrets", "value", "containerSettings", "imageSourceRegistry", "image", "serverUrl"),
    *("shmSize", "jobPreparation", "commandLine", "constraints", "maxWallClockTime", "pythonScriptFilePath"),
    *("commandLineArgs", "masterCommandLineArgs", "workerCommandLineArgs", "parameterServerCommandLineArgs"),
    *("workerCount", "parameterServerCount", "processCount", "configFilePath", "vmSize", "vmPriority"),
    *("scaleSettings", "autoScale", "manual", "minimumNodeCount", "maximumNodeCount", "targetNodeCount"),
    *("nodeSetup", "setupTask", "userAccountSettings", "adminUserName", "adminUserPassword", "subnet", "$schema"),
)
VALUES = st.recursive(
    SCALARS | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=25,
)
DOCUMENTS = st.one_of(
    VALUES,
    st.builds(
        lambda toolkit, settings, rest: {"properties": {**rest, "nodeCount": rest.get("nodeCount"), toolkit: settings}},
        st.sampled_from(TOOLKITS),
        st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8),
        st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8),
    ),
    st.builds(
        lambda rest: {"properties": {**rest, "vmSize": rest.get("vmSize")}},
        st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=8),
    ),
)


FILES = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]


@st.composite
def changed(draw: st.DrawFn) -> object:
    """A real file with a few of its values replaced, taken away or put elsewhere."""
    document = copy.deepcopy(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from([path for leaf in leaves(document) for path in (leaf, leaf[:-1]) if path] or [()]))
        place = document
        for key in path[:-1]:
            place = place[key]
        if path and draw(st.booleans()):
            place[path[-1]] = draw(VALUES)
        elif path:
            del place[path[-1]]
    return document


def check(imported: Imported, source: Source) -> None:
    written = read_back(imported)
    assert isinstance(written, dict)
    assert written["apiVersion"] == "specrun/v1"
    assert imported.draft.values() == written
    assert unspoken(source, imported) == []
    assert all(entry.note for entry in imported.report.entries if entry.verdict is not Verdict.CARRIED)


@pytest.mark.long
@drawn(100, 8000)
@given(
    DOCUMENTS | changed(),
    st.none() | DOCUMENTS | changed(),
    st.sampled_from([None, "src"]),
    st.sampled_from([{}, {"data": "store:a"}]),
)
def test_any_json_gives_a_spec_or_a_refusal(
    values: object, cluster: object, code: str | None, mounts: Mapping[str, str]
) -> None:
    given = Source("cluster.json", "", cluster)
    other = given if kind_of(given) == "cluster" else None
    job = Source("job.json", "", values)
    for read in (import_batchai, import_cluster):
        with suppress(Refused):
            check(read(job, BatchaiOptions(cluster=other, code=code, mounts=mounts)), job)


@pytest.mark.long
@drawn(40, 2000)
@given(changed())
def test_what_is_written_is_valid(values: object) -> None:
    read = import_cluster if kind_of(Source("job.json", "", values)) == "cluster" else import_batchai
    with TemporaryDirectory() as folder, suppress(Refused):
        assert mistakes(read(Source("job.json", "", values), BatchaiOptions()), Path(folder)) == []


@pytest.mark.long
@drawn(40, 2000)
@given(st.lists(DOCUMENTS, max_size=4))
def test_any_folder_gives_specs_or_a_refusal(documents: list[object]) -> None:
    sources = [Source(f"f{number}/job.json", "", values) for number, values in enumerate(documents)]
    try:
        found = [one() for one in folder_imports(sources, BatchaiOptions())]
    except Refused:
        return
    assert len({one.name for one in found}) == len(documents)
    for source, imported in zip(sources, found, strict=True):
        check(imported, source)
