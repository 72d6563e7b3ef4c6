"""The table of names from elsewhere: every row leads to a field that a spec has."""

from __future__ import annotations

import pytest

from specrun.spec import names
from specrun.spec.keys import Keys
from specrun.spec.names import foreign_key, foreign_value, seconds, section
from specrun.spec.schema import schema

PLACES = Keys(schema()).places
SECTIONS = {place for places in PLACES.values() for place in places}
ROWS = [(where, key) for where, keys, *_ in names.key_rows() for key in keys.split()]


def has(path):
    where, _, leaf = path.rpartition(".")
    return where in PLACES.get(leaf, ())


@pytest.mark.parametrize(("where", "key"), ROWS)
def test_row_stands_in_a_section_and_leads_to_a_field(where, key):
    assert where in SECTIONS
    assert not has(f"{where}.{key}" if where else key), "a spec has this key itself"
    found = foreign_key(where, key)
    assert found is not None
    assert found.target is None or has(found.target), found.target
    assert found.target is not None or found.note
    assert not found.note or found.note[-1] in ".`}…"


def test_no_key_leads_to_two_targets():
    for where, keys, origin, target, note in names.key_rows():
        for key in keys.split():
            found = foreign_key(where, key)
            assert (found.origin, found.note) == (origin, note), f"{where}.{key} stands in two rows"
            assert (found.target is None) == (target is None)


@pytest.mark.parametrize(("field", "right"), [(field, right) for field, right, _ in names.value_rows()])
def test_value_leads_to_one_that_is_allowed(field, right):
    assert has(field)
    allowed = {value for node in enums(schema(), field.rpartition(".")[2]) for value in node}
    assert right in allowed


def enums(node, leaf):
    """The enums of all fields with this name."""
    if isinstance(node, list):
        for item in node:
            yield from enums(item, leaf)
    elif isinstance(node, dict):
        field = node.get("properties", {}).get(leaf, {})
        field = field if isinstance(field, dict) else {}
        for form in (field, field.get("then", {})):  # one that is text or a mapping says the words under a condition
            if "$ref" in form:
                field = schema()["$defs"][form["$ref"].rpartition("/")[2]]
        yield field.get("anyOf", [{}])[0].get("enum", ())
        for child in node.values():
            yield from enums(child, leaf)


@pytest.mark.parametrize(
    ("where", "key", "target"),
    [
        ("compute", "vm_size", "compute.size"),
        ("compute", "vmSize", "compute.size"),
        ("compute", "vm_priority", "compute.tier"),
        ("compute", "min_nodes", "compute.min_instances"),
        ("compute", "maximumNodeCount", "compute.max_instances"),
        ("compute", "admin_username", "compute.ssh_settings.admin_username"),
        ("job", "entry_script", "job.script"),
        ("job", "script_params", "job.arguments"),
        ("job", "node_count", "job.resources.instance_count"),
        ("job", "nodeCount", "job.resources.instance_count"),
        ("job", "worker_count", "job.distribution.worker_count"),
        ("job", "experiment_name", "experiment"),
        ("", "compute_target", "compute"),
        ("datastores.*", "accountKey", "datastores.*.credentials.account_key"),
        ("data.*", "target_path", "data.*.target"),
    ],
)
def test_well_known_names(where, key, target):
    assert foreign_key(where, key).target == target


def test_unknown_names_are_nobodys():
    assert foreign_key("job", "frobnicate") is None
    assert foreign_key("workspace", "vm_size") is None
    assert foreign_value("compute.tier", "gold") is None
    assert foreign_value("compute.size", "lowpriority") is None


@pytest.mark.parametrize(
    ("field", "value", "right"),
    [
        ("compute.tier", "lowpriority", "low_priority"),
        ("compute.tier", "LowPriority", "low_priority"),
        ("compute.type", "AmlCompute", "amlcompute"),
        ("datastores.*.type", "AzureBlob", "azure_blob"),
        ("job.distribution.type", "ParameterServer", "tensorflow"),
        ("job.distribution.type", "PyTorch", "pytorch"),
        ("job.distribution.type", "Mpi", "mpi"),
        ("job.inputs.*.mode", "as_mount", "ro_mount"),
        ("compute", "azureml:gpu", "gpu"),
    ],
)
def test_well_known_values(field, value, right):
    assert foreign_value(field, value) == right


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ((), ""),
        (("job",), "job"),
        (("datastores", "training"), "datastores.*"),
        (("datastores", "training", "credentials"), "datastores.*.credentials"),
        (("job", "inputs", "mnist"), "job.inputs.*"),
        (("data",), "data"),
    ],
)
def test_section_of_a_path(path, name):
    assert section(path) == name


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("PT2H", 7200),
        ("P1D", 86400),
        ("P1DT1H1M1S", 90061),
        ("pt30m", 1800),
        ("2h", 7200),
        ("1h 30m", 5400),
        ("90s", 90),
        ("1:30:00", 5400),
        ("90", None),
        ("", None),
        ("P", None),
        ("soon", None),
        ("PT", None),
    ],
)
def test_durations_in_seconds(text, number):
    assert seconds(text) == number
