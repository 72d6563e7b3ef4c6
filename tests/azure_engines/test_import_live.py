"""`specrun import live`: what was made by hand becomes a spec, and a plan right after it is empty; on both engines."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.azure_engines.by_hand import CREDENTIALS, add_cluster, add_datastore
from tests.azure_engines.conftest import Specrun
from tests.azure_engines.place import Place
from tests.searching import Search

IDENTITY = "/subscriptions/0/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
NETWORK = "/subscriptions/{sub}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}/subnets/{of}"
TEXTS = ("vision", "007", "yes", "a: b", "# no", "  two  ", "ü\U0001f600", "null", "2026-01-01", "x" * 256, "")


def make_any_cluster(chance: random.Random, place: Place, name: str) -> None:
    """A cluster as somebody may have made it, with any of what Azure ML lets them say."""

    def maybe(value: Any) -> Any:
        return value if chance.random() < 0.6 else None

    most = chance.randint(0, 9)
    scale = {
        "minNodeCount": chance.randint(0, most),
        "maxNodeCount": most,
        "nodeIdleTimeBeforeScaleDown": maybe(chance.choice(("PT2M", "PT30M", "PT0S", "PT1H0M5S"))),
    }
    own = place.emulator.service.subscription
    subnet = NETWORK.format(sub=own, group=chance.choice(("ml-rg", "ML-RG", "net-rg")), name="vnet", of="default")
    account = {"adminUserName": "me", "adminUserPassword": maybe("hidden")}
    inner = {
        "vmSize": chance.choice(("STANDARD_NC6S_V3", "Standard_D2_v2", "standard_ds3_v2")),
        "vmPriority": chance.choice(("Dedicated", "LowPriority")),
        "scaleSettings": scale,
        "remoteLoginPortPublicAccess": chance.choice(("Enabled", "Disabled", "NotSpecified")),
        "subnet": maybe({"id": subnet}),
        "enableNodePublicIp": chance.choice((True, False, None)),
        "userAccountCredentials": maybe({**account, "adminUserSshPublicKey": maybe("ssh-ed25519 AAAA me@here")}),
    }
    kind = chance.choice(("SystemAssigned", "UserAssigned"))
    named = {"userAssignedIdentities": {f"{IDENTITY}/{one}": {} for one in "ba"}} if kind == "UserAssigned" else {}
    tags = {chance.choice(("team", "no: pe", "-", "ü", "cost-centre")): chance.choice(TEXTS) for _ in range(3)}
    add_cluster(
        place,
        name,
        inner={name: value for name, value in inner.items() if value is not None},
        description=maybe(chance.choice((*TEXTS, "two\nlines", "${{ env.HOME }}", "$[[x]]"))),
        tags=maybe(chance.choice((tags, {"specrun": "old", "specrun-repository": "github.com/org/repo", **tags}))),
        identity=maybe({"type": kind, **named}),
    )


@pytest.mark.long
def test_a_plan_right_after_it_is_empty(place: Place, specrun: Specrun, search: Search) -> None:
    clusters = [f"cluster-{number}" for number in range(search.rounds(12, 300))]
    for name in clusters:
        make_any_cluster(search.random, place, name)
    stores = []
    for kind in ("AzureBlob", "AzureFile", "AzureDataLakeGen2"):
        opened_with = {name: given for name, (given, _) in CREDENTIALS.items()}
        for number, name in enumerate(("account key", "signature") if kind == "AzureFile" else opened_with):
            stores.append(f"{kind.lower()}_{number}")
            add_datastore(place, stores[-1], kind, opened_with[name])
    things = [*(f"compute/{name}" for name in clusters), *(f"datastore/{name}" for name in stores)]
    code, out, err = specrun("import", "live", *things, "--out-dir", "specs")
    assert code == 0, err
    assert len(list(Path("specs").iterdir())) == len(clusters) + 1
    texts = "".join(file.read_text() for file in Path("specs").iterdir())
    assert "hidden" not in texts + out + err
    assert "aGlkZGVu" not in texts + out + err
    assert "specrun:" not in texts
    code, out, err = specrun("plan", "specs", "--exit-code")
    assert (code, "No changes." in out) == (0, True), out + err
    assert out.count("as declared") == len(things)


def test_its_section_says_all_that_can_be_observed(place: Place, specrun: Specrun, engine: str) -> None:
    own = place.emulator.service.subscription
    inner = {
        "vmSize": "STANDARD_D2_V2",
        "vmPriority": "LowPriority",
        "scaleSettings": {"minNodeCount": 1, "maxNodeCount": 3, "nodeIdleTimeBeforeScaleDown": "PT30M"},
        "subnet": {"id": NETWORK.format(sub=own, group="net-rg", name="vnet", of="default")},
        "remoteLoginPortPublicAccess": "Enabled",
        "enableNodePublicIp": False,
        "userAccountCredentials": {"adminUserName": "me", "adminUserPassword": "hidden"},
    }
    tags = {"team": "vision", "password": "hunter2222", "specrun": "old"}
    identity = {"type": "UserAssigned", "userAssignedIdentities": {f"{IDENTITY}/a": {}}}
    add_cluster(place, "GPU", inner=inner, description="ours", tags=tags, identity=identity)
    add_datastore(place, "training", credentials=CREDENTIALS["account key"][0])
    code, out, err = specrun("import", "live", "compute/gpu", "datastore/training")
    assert code == 0, err
    vnet = NETWORK.format(sub=own, group="net-rg", name="vnet", of="").removesuffix("/subnets/")
    assert (
        out
        == f"""\
apiVersion: specrun/v1
name: gpu
engine: {engine}

workspace:
  name: ml-ws
  resource_group: ml-rg
  subscription_id: {own}

# compute/gpu as it is now
compute:
  name: GPU
  type: amlcompute
  size: STANDARD_D2_V2
  tier: low_priority
  min_instances: 1
  max_instances: 3
  idle_time_before_scale_down: 1800
  description: ours
  tags:
    team: vision
  network_settings:
    vnet_name: {vnet}
    subnet: default
  identity:
    type: user_assigned
    user_assigned_identities:
      - resource_id: {IDENTITY}/a
  ssh_public_access_enabled: true
  ssh_settings:
    admin_username: me
    # a secret: set GPU_ADMIN_PASSWORD where specrun runs
    admin_password: ${{{{ secrets.GPU_ADMIN_PASSWORD }}}}
  enable_node_public_ip: false

datastores:
  # datastore/training as it is now
  training:
    type: azure_blob
    account_name: store1
    container_name: data
    credentials:
      # a secret: set TRAINING_ACCOUNT_KEY where specrun runs
      account_key: ${{{{ secrets.TRAINING_ACCOUNT_KEY }}}}
"""
    )
    err = " ".join(err.split())
    assert "set GPU_ADMIN_PASSWORD to its password" in err
    assert "made by old" in err
    assert "it looks like a secret, which is not copied" in err


def test_what_cannot_be_taken_over_is_told_all_at_once(place: Place, specrun: Specrun) -> None:
    add_cluster(place, "gpu-cluster")
    add_cluster(place, "box-of-ann", "ComputeInstance")
    code, out, err = specrun("import", "live", "compute/gpu-clustr", "compute/box-of-ann", "datastore/trainin")
    assert (code, out) == (1, "")
    assert "there is no compute gpu-clustr on workspace ml-ws" in err
    assert "There is box-of-ann, gpu-cluster. Did you mean `compute/gpu-cluster`?" in err
    assert "of type computeinstance: use it as it is with `compute: box-of-ann`" in err.replace("ComputeI", "computei")
    assert "there is no datastore trainin on workspace ml-ws. There is" in err
    assert "workspaceblobstore" in err


def test_a_workspace_that_is_not_there(place: Place, specrun: Specrun) -> None:
    config = Path("config.json")
    config.write_text(config.read_text().replace("ml-ws", "ml-none"))
    code, out, err = specrun("import", "live", "compute/gpu", "compute/GPU")
    assert (code, out) == (1, "")
    assert err.count("error: ") == 1
    assert "ml-none" in err


@pytest.mark.parametrize("engine", ["azureml"], indirect=True)  # SDK v1 cannot read it
def test_what_no_spec_can_declare_is_refused(place: Place, specrun: Specrun) -> None:
    add_datastore(place, "shares", "AzureFile")
    code, out, err = specrun("import", "live", "datastore/shares")
    assert (code, out) == (65, "")
    assert "datastore/shares: no spec can declare it as it is, which its bare name does not need." in err


def test_credentials_that_a_spec_does_not_have_are_left_out(place: Place, specrun: Specrun, engine: str) -> None:
    add_datastore(place, "lake", "AzureBlob", CREDENTIALS["principal"][0])
    code, _, err = specrun("import", "live", "datastore/lake", "--out", "lake.yaml")
    text = Path("lake.yaml").read_text()
    if engine == "azureml":  # SDK v1 does not tell it of a container
        assert "opened with tenant_id and client_id and client_secret, which a spec does not have" in " ".join(
            err.split()
        )
    assert (code, "credentials:" in text.replace("TODO", "").split("datastores:")[1]) == (0, False)
    assert specrun("plan", "lake.yaml", "--exit-code")[0] == 0
