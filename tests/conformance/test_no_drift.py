"""Whatever the spec says of a kind: once applied, nothing differs from it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection

import pytest

from tests.conformance.desk import Desk, actions

# The key of nobody: made for this test, its private half thrown away.
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBOgZ8Uu4mKKBJ0sVQkSJ0nVQYk3kq2cJUu0mWTEQ0pB conformance"

KINDS = {
    "cluster": """
        compute:
          name: <name>
          type: amlcompute
          size: <size>
          tier: low_priority
          min_instances: 0
          max_instances: 3
          idle_time_before_scale_down: 240
          description: made by the conformance suite; nobody needs it
          tags: {team: conformance, "odd name": "a value: with more"}
        """,
    "cluster-defaults": """
        compute: {name: <name>, size: <lower>, max_instances: 1}
        """,
    "cluster-ssh": """
        compute:
          name: <name>
          size: <size>
          max_instances: 1
          identity: {type: system_assigned}
          ssh_public_access_enabled: true
          ssh_settings: {admin_username: trainer, ssh_key_value: <key>, admin_password: "${{ secrets.CONF_PASSWORD }}"}
        """,
    "cluster-identities": """
        compute:
          name: <name>
          size: <size>
          max_instances: 2
          identity:
            type: user_assigned
            user_assigned_identities:
              - resource_id: <identities>/trainer
              - resource_id: <identities>/Another
        """,
    "cluster-network": """
        compute:
          name: <name>
          size: <size>
          max_instances: 1
          network_settings: {vnet_name: vnet, subnet: default}
          enable_node_public_ip: false
        """,
    "blob-store": """
        datastores:
          <store>:
            type: azure_blob
            account_name: <account>
            container_name: <container>
            credentials: {account_key: "${{ secrets.CONF_KEY }}"}
        """,
    "blob-store-identity": """
        datastores:
          <store>: {type: azure_blob, account_name: <account>, container_name: <container>}
        """,
    "file-store": """
        datastores:
          <store>:
            type: azure_file
            account_name: <account>
            file_share_name: <container>
            credentials: {account_key: "${{ secrets.CONF_KEY }}"}
        """,
    "lake-store": """
        datastores:
          <store>:
            type: azure_data_lake_gen2
            account_name: <account>
            filesystem: <container>
            credentials:
              tenant_id: 11111111-2222-3333-4444-555555555555
              client_id: 11111111-2222-3333-4444-666666666666
              client_secret: ${{ secrets.CONF_KEY }}
        """,
    "data": """
        data:
          folder: {path: data, target: conformance/<name>/folder}
          file: {path: data/a.txt, target: conformance/<name>/file, prune: true}
        """,
    "environment": """
        job: {command: "true", environment: {conda_file: conda.yml}}
        """,
}
NEEDS = {
    "cluster-network": "network",
    "cluster-identities": "network",
    **{kind: "store" for kind in KINDS if "-store" in kind},
}
GROUPS = {
    "clusters": [kind for kind in KINDS if kind.startswith("cluster")],
    "datastores": [kind for kind in KINDS if "-store" in kind],
    "data": ["data"],
    "environments": ["environment"],
}
"""Kinds that are applied in one go, each by a spec of its own: what differs is told by its address."""


def declare(desk: Desk, kinds: Collection[str]) -> None:
    """A folder `specs` on the desk, with one spec of each of these kinds, and what they need."""
    place = desk.place
    store = place.store
    words = {"account": store.account, "container": store.container} if store else {}
    words["identities"] = (
        "/subscriptions/11111111-2222-3333-4444-777777777777/resourceGroups/ids/providers/"
        "Microsoft.ManagedIdentity/userAssignedIdentities"
    )
    words |= {"size": place.size, "lower": place.size.lower(), "key": PUBLIC_KEY}
    desk.variables |= {"CONF_KEY": store.key if store else "", "CONF_PASSWORD": "Of-no-use-1234!"}
    desk.write("specs/data/a.txt", "a\n")
    desk.write("specs/data/below/b.txt", "b\n")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"  # this machine has no other
    desk.write("specs/conda.yml", f"name: bare\ndependencies:\n  - python={python}\n")
    for number, kind in enumerate(kinds):
        name = f"{desk.name}-{number}"
        desk.spec(KINDS[kind], f"specs/{kind}.yaml", **words, name=name, store=name.replace("-", "_"))


@pytest.mark.parametrize("group", GROUPS)
def test_what_was_applied_is_as_declared(desk: Desk, needs: Callable[..., None], group: str) -> None:
    kinds = [kind for kind in GROUPS[group] if kind not in NEEDS or desk.place.has(NEEDS[kind])]
    if not kinds:
        needs(*(NEEDS[kind] for kind in GROUPS[group]))
    declare(desk, kinds)
    assert {*actions(desk.plan("--exit-code", "specs", ends=2)).values()} <= {"create", "submit"}
    desk.apply("specs")
    again = desk.plan("--exit-code", "specs", ends=0)
    assert actions(again) == {}
    if group != "environments":
        assert "No drift" in desk.run("drift", "specs", ends=0).out
