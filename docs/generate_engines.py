"""Writes docs/engines.md: what each engine can do, asked of the engines themselves.

For each row a small spec is checked by every engine, as `specrun validate --engine X` does it; what a kind's fields
allow is what the engines' `capabilities` say. `--check` only says (exit 1) whether the file is what would be written.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from pages import deliver

from specrun.apply.project import scope_of
from specrun.engines.facts import ENGINES, Facts, unread
from specrun.engines.local import checks
from specrun.engines.registry import find_place, make_engine
from specrun.plan.hashes import HashCache
from specrun.plan.resources import Capability
from specrun.spec.diagnostics import Severity
from specrun.spec.load import load

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "engines.md"
WORKSPACE = (
    "workspace: {name: ml-ws, resource_group: ml-rg, subscription_id: 00000000-0000-0000-0000-000000000000, "
    "location: westeurope, create: true}"
)
CLUSTER = "compute: {name: cluster, size: STANDARD_D4DS_V5, max_instances: 2}"
ARM_ID = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.ManagedIdentity"

# ruff: noqa: E501 - a table's row is one line
INTRODUCTION = """\
# The engines

<!-- Written by docs/generate_engines.py, which asks the engines: change those. -->

One spec, three places where it runs. `--engine NAME` chooses, else `SPECRUN_ENGINE`, else `engine:` in the spec, else
`local`.

| engine | where | through | for |
| --- | --- | --- | --- |
| [`local`](local.md) | this machine | processes of its own | trying, debugging, small trainings; no account |
| [`azureml`](azureml.md) | an Azure ML workspace | SDK v2, `azure-ai-ml` | **everybody on Azure ML** |
| [`azureml-v1`](azureml-v1.md) | the same workspace | SDK v1, `azureml-core` and `azureml-train` | workloads that live on SDK v1, whose support ended on 30 June 2026 |

The two Azure engines see one service: a workspace, cluster or datastore that was made through one is as declared for the
other, and a run of either is found by `azureml`. Fingerprints are the same on all three.

`specrun validate --engine NAME` says what an engine cannot do, at its line, before anything starts. In the tables *yes*
is what that command has nothing to say about; *not read* means that the engine does without the field.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A feature: what it is called, the field that it is about, and a spec's text that uses it."""

    feature: str
    path: tuple[str, ...]
    text: str


def _job(rest: str, top: str = CLUSTER) -> str:
    return f"{top}\njob:\n  command: ls\n{rest}"


def _sweep(rest: str, algorithm: str = "random") -> str:
    return (
        f"{CLUSTER}\njob:\n  command: ls ${{{{ search_space.lr }}}}\nsweep:\n  sampling_algorithm: {algorithm}\n"
        "  search_space: {lr: {type: uniform, min_value: 0.1, max_value: 0.9}}\n"
        f"  objective: {{goal: maximize, primary_metric: accuracy}}\n{rest}"
    )


def _cluster(field: str) -> str:
    return f"compute: {{name: cluster, size: STANDARD_D4DS_V5, max_instances: 2, {field}}}"


GROUPS: Mapping[str, tuple[Row, ...]] = {
    "Workspace and cluster": (
        Row("workspace, made when it is missing", ("workspace",), CLUSTER),
        Row("cluster with `tier: low_priority`", ("compute", "tier"), _cluster("tier: low_priority")),
        Row(
            "cluster in a virtual network",
            ("compute", "network_settings"),
            _cluster("network_settings: {vnet_name: v, subnet: s}"),
        ),
        Row(
            "cluster without public addresses and without a network of yours",
            ("compute", "enable_node_public_ip"),
            _cluster("enable_node_public_ip: false"),
        ),
        Row(
            "SSH to the cluster",
            ("compute", "ssh_settings"),
            _cluster("ssh_settings: {admin_username: me, ssh_key_value: ssh-rsa AAAA}"),
        ),
        Row(
            "managed identity of the cluster",
            ("compute", "identity"),
            _cluster(
                "identity: {type: user_assigned, user_assigned_identities: [{resource_id: "
                f"{ARM_ID}/userAssignedIdentities/one}}]}}"
            ),
        ),
        Row(
            "no cluster: `resources.instance_type`",
            ("job", "resources", "instance_type"),
            _job("  resources: {instance_type: STANDARD_D4DS_V5}\n", ""),
        ),
    ),
    "Datastores and data": (
        Row(
            "blob container with a key",
            ("datastores",),
            "datastores: {one: {type: azure_blob, account_name: mlstore, container_name: training, credentials: "
            "{account_key: '${{ secrets.STORE_KEY }}'}}}",
        ),
        Row(
            "blob container with the signed-in identity",
            ("datastores",),
            "datastores: {one: {type: azure_blob, account_name: mlstore, container_name: training}}",
        ),
        Row(
            "file share with a key",
            ("datastores",),
            "datastores: {one: {type: azure_file, account_name: mlstore, file_share_name: archive, credentials: "
            "{account_key: '${{ secrets.STORE_KEY }}'}}}",
        ),
        Row(
            "file share with an identity",
            ("datastores",),
            "datastores: {one: {type: azure_file, account_name: mlstore, file_share_name: archive}}",
        ),
        Row(
            "ADLS gen2",
            ("datastores",),
            "datastores: {one: {type: azure_data_lake_gen2, account_name: mlstore, filesystem: lake}}",
        ),
        Row("a folder uploaded, compared by content", ("data",), "data: {digits: {path: .}}"),
    ),
    "Inputs and outputs": (
        Row("an entry of `data`", ("job", "inputs"), "data: {d: {path: .}}\n" + _job("  inputs: {d: {data: d}}\n")),
        Row("a local path", ("job", "inputs"), _job("  inputs: {d: {path: sub}}\n")),
        Row(
            "a path on a datastore",
            ("job", "inputs"),
            _job("  inputs: {d: {path: azureml://datastores/one/paths/sets}}\n"),
        ),
        Row("a registered data asset", ("job", "inputs"), _job("  inputs: {d: {path: azureml:digits:1}}\n")),
        Row(
            "an https address, read by the job itself",
            ("job", "inputs"),
            _job("  inputs: {d: {path: 'https://example.com/a.csv'}}\n"),
        ),
        Row("a scalar", ("job", "inputs"), _job("  inputs: {rate: 0.1}\n")),
        Row("an output kept with the run", ("job", "outputs"), _job("  outputs: {model: {}}\n")),
        Row(
            "an output on a datastore",
            ("job", "outputs"),
            _job("  outputs: {model: {path: azureml://datastores/one/paths/models}}\n"),
        ),
    ),
    "Environments": (
        Row("`pip`", ("job", "environment", "pip"), _job("  environment: {pip: [numpy]}\n")),
        Row("`conda_file`", ("job", "environment", "conda_file"), _job("  environment: {conda_file: conda.yml}\n")),
        Row("`image`", ("job", "environment", "image"), _job("  environment: {image: 'python:3.11'}\n")),
        Row("`build`", ("job", "environment", "build"), _job("  environment: {build: {path: sub}}\n")),
        Row(
            "`framework: tensorflow`, version 2.3",
            ("job", "environment", "framework"),
            _job("  environment: {framework: tensorflow, version: '2.3'}\n"),
        ),
        Row(
            "`framework: tensorflow`, version 2.16",
            ("job", "environment", "framework"),
            _job("  environment: {framework: tensorflow, version: '2.16'}\n"),
        ),
        Row("registered: `azureml:NAME:VERSION`", ("job", "environment"), _job("  environment: azureml:trainer:3\n")),
        Row(
            "of a registry: `azureml://registries/…`",
            ("job", "environment"),
            _job("  environment: azureml://registries/azureml/environments/sklearn-1.5/versions/1\n"),
        ),
    ),
    "Jobs": (
        Row(
            "TensorFlow with parameter servers",
            ("job", "distribution"),
            _job(
                "  distribution: {type: tensorflow, parameter_server_count: 1, worker_count: 2}\n"
                "  resources: {instance_count: 2}\n"
            ),
        ),
        Row(
            "PyTorch",
            ("job", "distribution"),
            _job("  distribution: {type: pytorch}\n  resources: {instance_count: 2}\n"),
        ),
        Row("MPI", ("job", "distribution"), _job("  distribution: {type: mpi}\n  resources: {instance_count: 2}\n")),
        Row("`limits.timeout`", ("job", "limits", "timeout"), _job("  limits: {timeout: 60}\n")),
        Row("`limits.max_attempts`", ("job", "limits", "max_attempts"), _job("  limits: {max_attempts: 5}\n")),
        Row("`resources.shm_size`", ("job", "resources", "shm_size"), _job("  resources: {shm_size: 8g}\n")),
        Row(
            "`resources.docker_args`",
            ("job", "resources", "docker_args"),
            _job("  resources: {docker_args: --ulimit memlock=-1}\n"),
        ),
        Row(
            "`resources.locations`",
            ("job", "resources", "locations"),
            _job("  resources: {instance_type: STANDARD_D4DS_V5, locations: [westeurope]}\n", ""),
        ),
        Row(
            "`resources.max_instance_count`",
            ("job", "resources", "max_instance_count"),
            _job("  resources: {instance_type: STANDARD_D4DS_V5, max_instance_count: 2}\n", ""),
        ),
        Row(
            "`queue_settings`",
            ("job", "queue_settings"),
            _job("  resources: {instance_type: STANDARD_D4DS_V5}\n  queue_settings: {job_tier: spot}\n", ""),
        ),
        Row("`services`", ("job", "services"), _job("  services: {lab: {type: jupyter_lab}}\n")),
        Row("identity of the job", ("job", "identity"), _job("  identity: {type: user_identity}\n")),
        Row("tags", ("job", "tags"), _job("  tags: {team: vision}\n")),
        Row(
            "a secret as a variable",
            ("job", "environment_variables"),
            _job("  environment_variables: {TOKEN: '${{ secrets.TOKEN }}'}\n"),
        ),
    ),
    "Sweeps": (
        Row("`sweep` with `grid` or `random`", ("sweep",), _sweep("")),
        Row(
            "`sampling_algorithm: bayesian` (`local`: with the extra `bayesian`)",
            ("sweep", "sampling_algorithm"),
            _sweep("", "bayesian"),
        ),
        Row(
            "`early_termination`",
            ("sweep", "early_termination"),
            _sweep("  early_termination: {type: median_stopping}\n"),
        ),
        Row(
            "`limits.max_failed_trials`",
            ("sweep", "limits", "max_failed_trials"),
            _sweep("  limits: {max_failed_trials: 3}\n"),
        ),
    ),
}

KINDS = {"compute": "clusters", "datastore": "datastores", "environment": "environments", "run": "runs"}


def page() -> str:
    """What docs/engines.md should be."""
    # Whatever is installed where this runs: what an extra brings counts as there.
    with tempfile.TemporaryDirectory() as name, patch.object(checks, "find_spec", lambda module: module):
        folder = Path(name)
        (folder / "sub").mkdir()
        (folder / "sub" / "Dockerfile").write_text("FROM python:3.11\n")
        (folder / "conda.yml").write_text("dependencies: [python=3.11, pip, {pip: [numpy]}]\n")
        reasons: list[str] = []
        blocks = [INTRODUCTION]
        for group, rows in GROUPS.items():
            blocks += [f"## {group}\n", _table(folder, rows, reasons)]
        blocks += ["## What is done instead\n", "".join(reasons)]
    blocks += ["## What can change, and what is deleted\n", *_capabilities()]
    return "\n".join(blocks).rstrip() + "\n"


def _table(folder: Path, rows: tuple[Row, ...], reasons: list[str]) -> str:
    lines = [f"| | {' | '.join(f'`{name}`' for name in ENGINES)} |", f"| --- |{' --- |' * len(ENGINES)}"]
    for row in rows:
        cells = []
        for name in ENGINES:
            cell, reason = _answer(folder, row, name)
            cells.append(cell)
            if reason:
                reasons.append(f"- **{row.feature}, `{name}`**: {reason}\n")
        lines.append(f"| {row.feature} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _answer(folder: Path, row: Row, name: str) -> tuple[str, str]:
    """What an engine says of a feature: a word, and its words where it cannot do it, or only in part."""
    file = folder / "job.yaml"
    file.write_text(f"apiVersion: specrun/v1\nname: probe\n{WORKSPACE}\n{row.text}\n", encoding="utf-8")
    loaded = load([str(file)], engine=name)
    assert loaded.ok, (row, loaded.diagnostics)
    (spec,) = loaded.specs
    engine = make_engine(find_place(name, spec.workspace), folder, HashCache(folder), scope_of([spec]))
    found = list(engine.check(spec))
    said = " ".join(one.detail for one in found if one.severity is not Severity.NOTE).replace(str(folder), "…")
    if any(one.severity is Severity.ERROR for one in found):
        return "no", said
    if any(row.path[: len(path)] == path for path in unread()[name]):
        return "not read", said
    return ("with a warning", said) if said else ("yes", "")


def _capabilities() -> Iterator[str]:
    yield (
        "Whatever an engine can change in place, `apply` changes; where a field is fixed, `plan` says so, and "
        "`--allow-replace` replaces what can be replaced.\n"
    )
    lines = [f"| | {' | '.join(f'`{name}`' for name in ENGINES)} |", f"| --- |{' --- |' * len(ENGINES)}"]
    for kind, words in KINDS.items():
        known = [_capability(engine, kind) for engine in ENGINES.values()]
        lines.append(f"| {words}: changed in place | {' | '.join(map(_in_place, known))} |")
        if any(one.replaceable for one in known):
            replaced = ["yes" if one.replaceable else "no" for one in known]
            lines.append(f"| {words}: replaced | {' | '.join(replaced)} |")
        lines.append(f"| {words}: deleted by `destroy` | {' | '.join(_deleted(one) for one in known)} |")
    yield "\n".join(lines) + "\n"


def _capability(engine: Facts, kind: str) -> Capability:
    return engine.capabilities.get(kind, Capability())  # type: ignore[call-overload]


def _in_place(capability: Capability) -> str:
    if capability.in_place is None:
        return "everything"
    return ", ".join(f"`{name}`" for name in sorted(capability.in_place)) or "–"


def _deleted(capability: Capability) -> str:
    return f"never: {capability.kept}" if capability.kept else "what specrun made"


def main(arguments: list[str]) -> int:
    """Writes or checks the page, the same wherever it is written: also where Optuna is installed."""
    checks.find_spec = lambda name: None  # type: ignore[assignment]
    return deliver(PAGE, page(), __file__, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
