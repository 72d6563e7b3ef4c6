"""Clusters against the emulator."""

from __future__ import annotations

from specrun.plan.changes import Action
from specrun.plan.observed import Status
from tests.azureml_v1.place import Place, resources

CLUSTER = """
compute:
  name: gpu-cluster
  size: Standard_NC6s_v3
  tier: low_priority
  max_instances: 2
  description: the vision team's
  tags: {team: vision}
  network_settings: {vnet_name: vnet, subnet: default}
  ssh_settings: {admin_username: me, ssh_key_value: ssh-ed25519 AAAA}
  ssh_public_access_enabled: true
  enable_node_public_ip: false
  identity: {type: user_assigned, user_assigned_identities: [{resource_id: /subscriptions/0/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/b}, {resource_id: /subscriptions/0/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/a}]}
"""


def test_a_cluster_is_made(place: Place) -> None:
    spec = place.spec(CLUSTER)
    engine = place.make_workspace(spec)
    cluster = resources(spec)["compute/gpu-cluster"]
    print(place.requests(lambda: engine.observe(cluster)))
    print(place.requests(lambda: engine.observe(cluster)))
    assert engine.observe(cluster).status is Status.MISSING
    print(place.requests(lambda: place.change(engine, Action.CREATE, cluster)))
    print(place.reports)
    seen = engine.observe(cluster)
    print(seen)
    print(engine.nodes("gpu-cluster"))
    from specrun.plan.diff import diff
    print(diff(cluster.properties, seen.properties, engine.capabilities["compute"]))
    assert seen.status is Status.READY
    print(place.requests(lambda: place.change(engine, Action.DELETE, cluster)))
