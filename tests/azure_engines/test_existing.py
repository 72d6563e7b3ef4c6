"""What is in a workspace, whoever made it, on both engines alike."""

from __future__ import annotations

import pytest

from specrun.plan.makers import NOBODY, Maker
from specrun.plan.observed import Existing
from tests.azure_engines.by_hand import CREDENTIALS, add_cluster, add_datastore
from tests.azure_engines.place import Place, resource


def test_every_cluster_is_listed_with_computes_of_other_kinds(place: Place) -> None:
    place.make_workspace()
    add_cluster(place, "gpu", tags={"specrun": "job", "specrun-repository": "github.com/org/repo"})
    add_cluster(place, "box", "ComputeInstance")
    add_cluster(place, "a-cluster", tags={"team": "vision"})
    found = place.engine(place.spec("compute: gpu")).resources.existing("compute")
    assert [(one.name, one.type.lower(), one.maker) for one in found] == [
        ("a-cluster", "amlcompute", NOBODY),
        ("box", "computeinstance", NOBODY),
        ("gpu", "amlcompute", Maker("job", "github.com/org/repo")),
    ]


def test_every_datastore_is_listed(place: Place, engine: str) -> None:
    place.make_workspace()
    for number in range(35):  # more than a page
        add_datastore(place, f"store_{number:02}", tags={"specrun": "job"})
    found = place.engine(place.spec("compute: gpu")).resources.existing("datastore")
    assert [one.name for one in found] == sorted(place.plane.datastores)
    # SDK v1 does not tell who registered one.
    maker = Maker("job") if engine == "azureml" else NOBODY
    assert [one.maker for one in found if one.name == "store_00"] == [maker]


def test_what_is_on_this_machine_is_listed(tmp_path: object) -> None:
    from pathlib import Path

    from specrun.engines.local.resources import LocalResources
    from specrun.plan.hashes import HashCache

    home = Path(str(tmp_path))
    here = LocalResources(home, HashCache(home))
    assert here.existing("compute") == []
    records = home / "resources" / "compute"
    records.mkdir(parents=True)
    (records / "gpu.json").write_text('{"owner": ["job", "github.com/org/repo", ""], "properties": {}}')
    (records / "cpu.json").write_text('{"owner": "", "properties": {}}')
    found = here.existing("compute")
    assert found == [Existing("cpu"), Existing("gpu", maker=Maker("job", "github.com/org/repo"))]


@pytest.mark.parametrize(("opened_with", "credentials"), CREDENTIALS.items())
def test_a_datastore_tells_how_it_is_opened_and_no_secret(
    place: Place, opened_with: str, credentials: tuple[dict[str, object] | None, dict[str, str | None]]
) -> None:
    place.make_workspace()
    given, seen = credentials
    lake = opened_with in ("principal", "identity")
    add_datastore(place, "training", "AzureDataLakeGen2" if lake else "AzureBlob", given)
    kind = "azure_data_lake_gen2, filesystem: data" if lake else "azure_blob, container_name: data"
    spec = place.spec(f"datastores: {{training: {{type: {kind}, account_name: store1}}}}")
    observed = place.engine(spec).resources.observe(resource(spec, "datastore/training"))
    assert observed.credentials == seen
    assert "hidden" not in repr(observed)
