from __future__ import annotations

import pytest

from specrun.spec.overrides import apply, scalars


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("10", 10),
        ("0.5", 0.5),
        ("1e-4", 1e-4),
        ("true", True),
        ("no", "no"),
        ("null", None),
        ("", ""),
        ("'10'", "10"),
        ("'it''s'", "it's"),
        ('"a\\tb"', "a\tb"),
        ('"a', '"a'),
        ("'", "'"),
        (" x ", "x"),
        ("a: b", "a: b"),
        ("[1, 2]", "[1, 2]"),
    ],
)
def test_a_variable_is_a_yaml_scalar(given: str, value: object) -> None:
    found = scalars({"x": given})["x"]
    assert found == value
    assert type(found) is type(value)


def test_without_overrides_the_values_are_the_same_object() -> None:
    values = {"job": {"command": "x"}}
    assert apply(values, {}, None) is values


def test_a_file_without_a_job_has_nothing_to_replace() -> None:
    values = {"compute": "gpu"}
    assert apply(values, {"x": "y"}, {}) is values


def test_what_is_replaced_is_a_copy() -> None:
    values = {"job": {"command": "x", "environment": "azureml:e", "inputs": {"a": {"data": "d"}, "b": 3}}}
    done = apply(values, {"a": "/data", "other": "/x"}, {})
    assert done["job"]["inputs"] == {"a": {"path": "/data", "type": "uri_folder", "mode": "ro_mount"}, "b": 3}
    assert "environment" not in done["job"]
    assert values["job"]["environment"] == "azureml:e"


def test_the_mode_stays() -> None:
    values = {"job": {"inputs": {"a": {"data": "d", "mode": "download"}}}}
    assert apply(values, {"a": "/data"}, None)["job"]["inputs"]["a"]["mode"] == "download"
