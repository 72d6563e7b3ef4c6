"""Whose clusters and datastores are: what `destroy` keeps, and what a plan says of others', on both engines."""

from __future__ import annotations

from pathlib import Path

from tests.azure_engines.by_hand import add_cluster, add_datastore
from tests.azure_engines.conftest import Specrun
from tests.azure_engines.place import Place

HEAD = "apiVersion: specrun/v1\nname: {}\nworkspace: {{from_config: config.json}}\n"
GPU = "compute: {name: gpu, max_instances: 4}\n"
STORE = "datastores: {training: {type: azure_blob, account_name: store1, container_name: data}}\n"


def write(file: str, text: str) -> None:
    Path(file).write_text(HEAD.format(Path(file).stem) + text)


def test_destroy_keeps_what_another_spec_declares_for_any_engine(place: Place, specrun: Specrun, engine: str) -> None:
    Path(".git").mkdir()
    add_cluster(place, "gpu", tags={"specrun": "a"})
    add_cluster(place, "cpu", tags={"specrun": "a"})
    add_datastore(place, "training", tags={"specrun": "a"})
    other = "azureml" if engine == "azureml-v1" else "azureml-v1"
    write("a.yaml", GPU + STORE)
    write("b.yaml", f"engine: {other}\ndata: {{d: {{path: c, datastore: training}}}}\n")
    Path("c").mkdir()
    targets = "targets: {dev: {compute: other}, prod: {compute: gpu}}\n"
    write("c.yaml", f"engine: {other}\n{targets}compute: none\njob: {{command: x}}\n")
    code, out, err = specrun("destroy", "a.yaml", "-y", "--engine", engine)
    assert code == 0, out + err
    assert "compute/gpu: kept: c.yaml for its target prod uses it" in " ".join((out + err).split())
    if engine == "azureml":  # SDK v1 deletes none
        assert "datastore/training: kept: b.yaml uses it" in " ".join((out + err).split())
    (workspace,) = place.emulator.service.workspaces.values()
    assert {"gpu", "cpu"} == {*workspace.computes}
    assert "training" in place.plane.datastores


def test_a_plan_tells_whose_the_declared_ones_are(place: Place, specrun: Specrun, engine: str) -> None:
    Path(".specrun.yaml").write_text("repository: github.com/org/models\n")
    tags = {"specrun": "platform", "specrun-repository": "github.com/org/platform", "specrun-target": "prod"}
    add_cluster(place, "gpu", tags=tags)
    add_datastore(place, "training", tags=tags)
    write("a.yaml", GPU + STORE)
    code, out, err = specrun("plan", "a.yaml", "--engine", engine, "--exit-code")
    assert (code, out.count("as declared")) == (0, 2), err
    told = " ".join(err.split())
    assert "a.yaml:4:1: warning[made-elsewhere]" in told
    who = "made by platform of github.com/org/platform for target prod: use its bare name"
    assert f"compute gpu was {who}, `compute: gpu`." in told
    # SDK v1 does not tell who registered a datastore.
    assert (f"datastore training was {who}" in told) == (engine == "azureml")
