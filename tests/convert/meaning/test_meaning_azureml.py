"""A job file of the CLI v2 says what becomes of it by import and export: its own loader reads both."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.convert.meaning.said import exported, said_of

pytestmark = pytest.mark.slow
BASE = "environment: azureml:base:3\ncompute: azureml:cpu-cluster\n"
ANY = "command: python train.py\n" + BASE

JOBS = {
    "bare": ANY,
    "described": ANY
    + """
        display_name: Leaves
        description: |
          How leaves
          are told apart
        experiment_name: trees
        tags: {team: vision, "a: b": "1"}
        """,
    "several lines": """
        command: |
          set -e
          for step in 1 2; do tool "$step"; done
          python train.py \\
            --last
        """
    + BASE,
    "quotes": """
        command: >-
          python train.py --name '${{inputs.name}}' --also "${{ inputs.name }} or ${{inputs.name}}"
          --json '{"a": [1, 2]}' --cost \\$5 --home "$LEVEL" --odd 'it'"'"'s $5' --empty "" --bare ${{inputs.name}}
        inputs: {name: red oak}
        environment_variables: {LEVEL: "two words"}
        """
    + BASE,
    "pipes": """
        command: python train.py 2>&1 | cat > log.txt && tool done || python again.py; echo $((1 + 2)) `echo a`
        """
    + BASE,
    "literals": """
        command: >-
          python train.py ${{inputs.count}} ${{inputs.rate}} ${{inputs.small}} ${{inputs.flag}} ${{inputs.word}}
          ${{inputs.zero}} ${{inputs.path}}
        inputs: {count: 3, rate: 0.25, small: 1.0e-05, flag: true, word: "3", zero: 0, path: outputs/a.pt}
        """
    + BASE,
    "an optional argument": """
        command: python train.py $[[--a ${{inputs.a}}]] $[[--b ${{inputs.b}}]] end
        inputs: {a: 1}
        """
    + BASE,
    "inputs by mode": """
        command: tool ${{inputs.mounted}} ${{inputs.fetched}} ${{inputs.by_default}}/a.csv
        inputs:
          mounted: {type: uri_folder, path: azureml://datastores/sets/paths/leaves/, mode: ro_mount}
          fetched: {type: uri_folder, path: azureml://datastores/sets/paths/more, mode: download}
          by_default: {path: azureml://datastores/sets/paths/rest}
        """
    + BASE,
    "inputs by place": """
        command: >-
          tool ${{inputs.asset}} ${{inputs.latest}} ${{inputs.web}}
          ${{inputs.blob}} ${{inputs.lake}} ${{inputs.here}}
        inputs:
          asset: {type: uri_folder, path: azureml:leaves:3}
          latest: {type: uri_file, path: azureml:leaves@latest}
          web: {type: uri_file, path: https://example.com/leaves.csv}
          blob: {type: uri_folder, path: wasbs://sets@account.blob.core.windows.net/leaves}
          lake: {type: uri_folder, path: abfss://sets@account.dfs.core.windows.net/leaves, mode: download}
          here: {type: uri_folder, path: ../data}
        """
    + BASE,
    "outputs": """
        command: tool ${{outputs.model}} ${{outputs.kept}} "${{outputs.logs}}/a b"
        outputs:
          model: {type: uri_folder, path: azureml://datastores/sets/paths/models, mode: upload}
          kept: {type: uri_folder}
          logs:
        """
    + BASE,
    "an image": """
        command: python train.py
        compute: azureml:cpu-cluster
        environment: {image: registry.example.com/a:2}
        """,
    "conda inline": """
        command: python train.py
        compute: azureml:cpu-cluster
        environment:
          image: registry.example.com/a:2
          conda_file:
            channels: [conda-forge]
            dependencies: [python=3.11, {pip: [numpy==1.26, "torch>=2; sys_platform == 'linux'"]}]
        """,
    "conda in a file": """
        command: python train.py
        compute: azureml:cpu-cluster
        environment: {image: registry.example.com/a:2, conda_file: ../conda.yml}
        """,
    "a Dockerfile": """
        command: python train.py
        compute: azureml:cpu-cluster
        environment: {build: {path: ../docker, dockerfile_path: Dockerfile.gpu}}
        """,
    "an environment in a file": """
        command: python train.py
        compute: azureml:cpu-cluster
        environment: file:../environment.yml
        """,
    "an environment of a registry": """
        command: python train.py
        compute: azureml:cpu-cluster
        environment: azureml://registries/azureml/environments/sklearn-1.5/labels/latest
        """,
    "mpi": ANY + "distribution: {type: mpi, process_count_per_instance: 4}\nresources: {instance_count: 2}",
    "pytorch": ANY + "distribution: {type: pytorch, process_count_per_instance: 8}\nresources: {instance_count: 3}",
    "pytorch, one process": ANY + "distribution: {type: pytorch}\nresources: {instance_count: 2}",
    "workers": ANY + "distribution: {type: tensorflow, worker_count: 2}\nresources: {instance_count: 2}",
    "parameter servers": ANY
    + "distribution: {type: tensorflow, worker_count: 2, parameter_server_count: 1}\nresources: {instance_count: 3}",
    "machines": ANY + "resources: {instance_count: 2, shm_size: 8g, docker_args: --ipc=host --ulimit memlock=-1}",
    "no cluster": """
        command: python train.py
        environment: azureml:base:3
        resources: {instance_type: Standard_NC6s_v3, instance_count: 2}
        queue_settings: {job_tier: spot}
        """,
    "limits": ANY + "limits: {timeout: 3600}",
    "variables": ANY + 'environment_variables: {LEVEL: info, COUNT: "3", EMPTY: "", FLAG: "true", ODD: "it\'s $5"}',
    "an identity": ANY + "identity: {type: managed, client_id: 00000000-0000-0000-0000-000000000001}",
    "the user's identity": ANY + "identity: {type: user_identity}",
    "services": ANY
    + """
        services:
          board: {type: tensor_board, log_dir: outputs/board}
          lab: {type: jupyter_lab, nodes: all}
        """,
    "code": "code: ../src\ncommand: python -m trees.train\n" + BASE,
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "src/train.py": "",
        "jobs/train.py": "",
        "data/leaves.csv": "1\n",
        "conda.yml": "dependencies: [python=3.11, {pip: [numpy]}]\n",
        "docker/Dockerfile.gpu": "FROM scratch\n",
        "environment.yml": "name: trees\nversion: 2\nimage: registry.example.com/trees:1\nconda_file: conda.yml\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)


@pytest.mark.parametrize("job", JOBS)
def test_the_same_is_said(job: str) -> None:
    source = Path("jobs/leaves.yml")
    fields = "".join(textwrap.dedent(part) for part in _parts(JOBS[job]))
    source.write_text(f"$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json\n{fields}")
    assert said_of(exported("azureml", source)) == said_of(source)


def _parts(text: str) -> list[str]:
    """Fields in the margin, and those that are indented as the table is, whichever come first."""
    found: list[str] = []
    for line in text.splitlines(keepends=True):
        indented = line.startswith("        ")
        if not found or (bool(line.strip()) and indented != found[-1].startswith("        ")):
            found.append("")
        found[-1] += line
    return found
