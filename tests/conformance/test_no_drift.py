"""Whatever the spec says of a kind: once applied, nothing differs from it."""

from __future__ import annotations

import sys
from collections.abc import Callable

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
    "cluster-network": ["network"],
    "cluster-identities": ["network"],
    **{kind: ["store"] for kind in KINDS if "-store" in kind},
}

DRIFTING = ("cluster-identities", "cluster-network", "file-store", "lake-store", "data")
"""Of which `drift` says the same as the plan: kinds of each shape, since what differs is decided by one rule."""


def declare(desk: Desk, kind: str) -> None:
    """A spec of this kind on the desk, with what it needs."""
    place = desk.place
    store = place.store
    words = {"account": store.account, "container": store.container} if store else {}
    words["identities"] = (
        "/subscriptions/11111111-2222-3333-4444-777777777777/resourceGroups/ids/providers/"
        "Microsoft.ManagedIdentity/userAssignedIdentities"
    )
    words |= {"size": place.size, "lower": place.size.lower(), "key": PUBLIC_KEY, "store": desk.name.replace("-", "_")}
    desk.variables |= {"CONF_KEY": store.key if store else "", "CONF_PASSWORD": "Of-no-use-1234!"}
    desk.write("data/a.txt", "a\n")
    desk.write("data/below/b.txt", "b\n")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"  # this machine has no other
    desk.write("conda.yml", f"name: bare\ndependencies:\n  - python={python}\n")
    desk.spec(KINDS[kind], **words)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_applied_is_as_declared(desk: Desk, needs: Callable[..., None], kind: str) -> None:
    needs(*NEEDS.get(kind, []))
    declare(desk, kind)
    assert actions(desk.plan("--exit-code", ends=2)) != {}
    desk.apply()
    again = desk.plan("--exit-code", ends=0)
    assert actions(again) == {}
    if kind in DRIFTING:
        assert "No drift" in desk.run("drift", ends=0).out
