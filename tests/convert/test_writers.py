"""The writers take what every importer brings: fields whose values are known or not, from wherever they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specrun.convert.options import ImportOptions
from specrun.convert.report import Ledger, Verdict
from specrun.convert.section import Fields
from specrun.convert.unknown import Missing, Mixed, Secret, Unknown
from specrun.convert.writers import Reading, write_cluster, write_datastore, write_job
from tests.searching import drawn


def written(fields: dict[str, Any], **others: Any) -> Reading:
    """A job whose fields all stand at the same place of the source."""
    reading = Reading("train", ImportOptions(), **others)
    write_job(reading, reading.over(Ledger("train.py", {"job": 1}), put(fields)))
    return reading


def put(fields: dict[str, Any]) -> Fields:
    found = Fields(("job",))
    for name, value in fields.items():
        found.put(name, put(value) if isinstance(value, dict) else value, ("job",))
    return found


def questions(reading: Reading) -> list[tuple[str, str]]:
    return [(todo.to, todo.flag) for todo in reading.imported("unknown").report.todos]


def test_a_script_with_arguments_stays_one() -> None:
    arguments = ["--data", "${{inputs.my-set}}", "--steps", 3, "--lr", Unknown("rate()", "line 4", "rate")]
    found = written({"script": "train.py", "arguments": arguments, "inputs": {"my-set": {"path": "x"}}})
    assert found.draft.get(("job", "script")) == "train.py"
    assert found.draft.get(("job", "arguments")) == [
        "--data", "${{ inputs.my_set }}", "--steps", 3, "--lr", "${{ vars.rate }}",
    ]  # fmt: skip
    assert found.draft.get(("vars", "rate")) == "TODO"
    assert ("job", "--var rate=VALUE") in questions(found)


@pytest.mark.parametrize(
    ("fields", "command"),
    [
        ({"interpreter": "/opt/python"}, "/opt/python 'my train.py' 'a b' ${{ inputs.d }}/x"),
        ({"exports": {"DATA": "${{inputs.d}}"}}, "DATA=${{ inputs.d }} python 'my train.py' 'a b' ${{ inputs.d }}/x"),
        (
            {"arguments": [Mixed(("--key=", Secret("MY_KEY"))), Secret("MY_KEY")]},
            'python \'my train.py\' --key="$MY_KEY" "$MY_KEY"',
        ),
    ],
)
def test_a_script_that_the_shell_has_to_start_becomes_a_command(fields: dict[str, Any], command: str) -> None:
    job = {"script": "my train.py", "arguments": ["a b", "${{inputs.d}}/x"], "inputs": {"d": {"path": "d"}}}
    found = written({**job, **fields})
    assert found.draft.get(("job", "command")) == command
    assert found.draft.get(("job", "script")) is None
    if "$MY_KEY" in command:
        assert found.draft.get(("job", "environment_variables", "MY_KEY")) == "${{ secrets.MY_KEY }}"


def test_what_the_environment_holds_is_read_there_unless_the_source_has_a_default() -> None:
    rate = Unknown("os.environ.get('LR', 0.1)", "line 3", environment="LR", default=0.1)
    user = Unknown("os.environ['TEAM']", "line 4", environment="TEAM")
    found = written({"script": "a.py", "arguments": [rate, user]})
    assert found.draft.get(("job", "arguments")) == ["${{ vars.lr }}", "${{ env.TEAM }}"]
    assert "# line 3: the environment's LR, whose default this is\n  lr: 0.1\n" in found.draft.text()
    assert questions(found) == []


def test_a_list_with_something_unknown_in_it_is_read_as_lists_are() -> None:
    some = ["--ipc", Unknown("how()", "line 3", "how")]
    found = written({"command": "run", "resources": {"docker_args": some, "instance_count": some}})
    assert found.draft.get(("job", "resources", "docker_args")) == "--ipc ${{ vars.how }}"
    assert found.draft.get(("job", "resources", "instance_count")) == "TODO"


def test_texts_stand_in_files_beside_the_spec() -> None:
    environment = {"build": {"dockerfile": "FROM a\nRUN b"}}
    found = written({"command": "run", "environment": environment})
    assert found.files == {"train.docker/Dockerfile": "FROM a\nRUN b\n"}
    assert found.draft.get(("job", "environment", "build", "path")) == "train.docker"
    conda = {"dependencies": ["python=3.11", Unknown("name()", "line 3")]}
    found = written({"command": "run", "environment": {"conda_file": conda, "image": "a/b"}})
    assert "- TODO\n" in found.files["train.conda.yml"]
    assert ("job.environment.conda_file", "") in questions(found)
    assert found.draft.get(("job", "environment", "image")) == "a/b"


def test_what_was_put_together_is_told_and_remarked_on() -> None:
    reading = Reading("train", ImportOptions())
    job = Fields()
    job.put("command", "run", ("cmd",), note="from two fields")
    resources = job.inner("resources")
    resources.put("instance_count", 2, ("nodes",), comment="nodeCount", doubt="is that right?", flag="--nodes N")
    resources.put("shm_size", "2g")
    inputs = job.inner("inputs")
    mounted = Fields()
    mounted.put("path", "azureml:a:1")
    inputs.put("a", mounted, comment="what was mounted")
    write_job(reading, reading.over(Ledger("job.json", {"cmd": 1, "nodes": 2}), job))
    report = reading.imported("unknown").report
    assert [(entry.path, entry.verdict, entry.note) for entry in report.entries] == [
        (("cmd",), Verdict.REWRITTEN, "from two fields"),
        (("nodes",), Verdict.NEEDS_YOU, "is that right?"),
        (("nodes",), Verdict.CARRIED, ""),
    ]
    text = reading.draft.text()
    assert "    # nodeCount\n    instance_count: 2\n    shm_size: 2g\n" in text
    assert "    # what was mounted\n    a:\n" in text
    assert [(todo.note, todo.flag) for todo in report.todos] == [("is that right?", "--nodes N")]


def test_a_cluster_and_stores_are_declared_beside_their_job() -> None:
    stores = {"s": {"type": "azure_blob", "account_name": "a", "container_name": "c", "credentials": KEY}}
    data = {"d": {"path": "here", "datastore": "s", "target": "x"}}
    cluster = {"name": "gpu-cluster", "size": "STANDARD_D2", "max_instances": Missing("how many?", "--most N")}
    found = written({"command": "run", "compute": cluster, "datastores": stores, "data": data})
    values = found.draft.values()
    assert values["compute"] == {"name": "gpu-cluster", "size": "STANDARD_D2", "max_instances": "TODO"}
    assert values["datastores"] == {
        "s": {**stores["s"], "credentials": {"account_key": "${{ secrets.S_ACCOUNT_KEY }}"}}
    }
    assert values["data"] == data
    assert questions(found) == [("compute.max_instances", "--most N")]


KEY = {"account_key": "c2VjcmV0"}

_WORDS = (
    "name command script arguments interpreter exports code environment image conda_file pip build dockerfile path "
    "inputs outputs a b data datastores compute size tags environment_variables SECRET_KEY resources gpu "
    "instance_count docker_args distribution type process_count limits timeout identity services credentials "
    "account_key ssh_settings admin_password user_assigned_identities mode value experiment_name"
)
_NAMES = st.sampled_from(_WORDS.split())
_OPEN = st.sampled_from(
    [
        Unknown("rate()", "line 3", "rate"),
        Unknown("os.environ['A']", "line 4", environment="A"),
        Unknown("n", default=3),
        Secret("credential"),
        Secret("MY_KEY"),
        Missing("which?", "--which X"),
        Mixed(("azureml:", Unknown("x"))),
        Mixed(("run --key ", Secret("MY_KEY"), " ${{inputs.a}}")),
    ]
)
_VALUES = st.recursive(
    _OPEN
    | st.sampled_from(["azureml:a:1", "mpi", "${{inputs.a}}", "two words", 2, True, None, "<NAME>", "azure_blob"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=6),
    max_leaves=30,
)


@pytest.mark.long
@drawn(60, 4000)
@given(st.dictionaries(_NAMES, _VALUES, max_size=12))
def test_whatever_is_not_known_ends_in_a_spec_and_in_the_report(fields: dict[str, Any]) -> None:
    for write in (write_job, write_cluster, write_datastore):
        reading = Reading("train", ImportOptions())
        write(reading, reading.over(Ledger("train.py", {"job": 1}), put(fields)))
        text = reading.draft.text()
        assert not any(mark in text for mark in ("Unknown(", "Mixed(", "Secret(", "Missing("))
        if "TODO" in str(reading.draft.values()):
            assert questions(reading)
