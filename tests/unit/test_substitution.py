from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specrun.spec import source
from specrun.spec.diagnostics import Severity
from specrun.spec.secret_places import is_credential
from specrun.spec.substitution import Substituted, substitute


@pytest.fixture
def put(tmp_path: Path) -> Any:
    def run(text: str, variables: dict[str, Any] | None = None, **options: Any) -> Substituted:
        (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
        document, diagnostics = source.read(str(tmp_path / "x.yaml"))
        assert document is not None, diagnostics
        return substitute(document, variables or {}, **options)

    return run


def test_a_whole_expression_keeps_the_type(put: Any) -> None:
    done = put(
        "vars: {n: 2, f: 0.5, b: true, s: '7'}\na: ['${{ vars.n }}', '${{vars.f}}', '${{ vars.b }}', '${{ vars.s }}']\n"
    )
    assert done.values["a"] == [2, 0.5, True, "7"]
    assert not done.diagnostics


def test_inside_a_text_it_is_text(put: Any) -> None:
    assert put("vars: {n: 2, b: false}\na: x${{ vars.n }}-${{ vars.b }}\n").values["a"] == "x2-false"


def test_env_is_text_even_where_it_looks_like_a_number(put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBER", "0123")
    assert put("a: ${{ env.NUMBER }}\n").values["a"] == "0123"


def test_an_empty_env_is_set(put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMPTY", "")
    done = put("a: x${{ env.EMPTY }}\n")
    assert done.values["a"] == "x"
    assert not done.diagnostics


def test_a_given_variable_replaces_the_declared_one_also_in_vars(put: Any) -> None:
    done = put("vars: {n: 2}\na: ${{ vars.n }}\n", {"n": 5})
    assert (done.values["a"], done.values["vars"]) == (5, {"n": 5})


def test_a_given_variable_saves_its_env_from_being_read(put: Any) -> None:
    assert not put("vars: {n: '${{ env.NEVER_SET_ANYWHERE }}'}\na: ${{ vars.n }}\n", {"n": 5}).diagnostics


def test_nothing_to_do_gives_the_very_values(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: [1, {b: c}]\n", encoding="utf-8")
    document, _ = source.read(str(tmp_path / "x.yaml"))
    assert document is not None
    assert substitute(document).values is document.values


def test_the_documents_own_values_stay(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "vars: {n: 1}\na: {b: ['${{ vars.n }}', {c: '${{ vars.n }}'}], d: {}}\n", encoding="utf-8"
    )
    document, _ = source.read(str(tmp_path / "x.yaml"))
    assert document is not None
    done = substitute(document)
    assert done.values["a"] == {"b": [1, {"c": 1}], "d": {}}
    assert document.values["a"]["b"] == ["${{ vars.n }}", {"c": "${{ vars.n }}"}]
    assert done.values["a"]["d"] is document.values["a"]["d"]


def test_inputs_and_outputs_stay_in_the_command_spelled_one_way(put: Any) -> None:
    text = "job:\n  command: x ${{inputs.a}} ${{   outputs . b }}\n  inputs: {a: 1}\n  outputs: {b: {}}\n"
    assert put(text).values["job"]["command"] == "x ${{ inputs.a }} ${{ outputs.b }}"


def test_a_secret_stays_a_name(put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "canary")
    done = put("job:\n  environment_variables: {K: '${{secrets.KEY}}'}\n")
    assert done.values["job"]["environment_variables"] == {"K": "${{ secrets.KEY }}"}
    assert "canary" not in repr(done)


def test_the_value_of_a_credential_is_never_put_in(put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "canary")
    done = put("datastores: {s: {credentials: {account_key: '${{ env.KEY }}'}}}\n")
    assert "canary" not in repr(done)


def test_what_cannot_be_put_in_stays_as_written_and_is_a_hole(put: Any) -> None:
    done = put("a: x ${{ env.NEVER_SET_ANYWHERE }} ${{ vars.no }}\n")
    assert done.values["a"] == "x ${{ env.NEVER_SET_ANYWHERE }} ${{ vars.no }}"
    assert done.holes == {("a",)}
    assert [found.code for found in done.diagnostics] == ["unset-env", "unknown-variable"]


@pytest.mark.parametrize(
    ("text", "given", "engine"),
    [("a: 1\n", None, "local"), ("engine: azureml\n", None, "azureml"), ("engine: azureml\n", "local", "local")],
)
def test_the_engine(put: Any, text: str, given: str | None, engine: str) -> None:
    assert put(text, engine=given).engine == engine


def test_the_engine_may_be_a_variable(put: Any) -> None:
    text = "vars: {e: azureml}\nengine: ${{ vars.e }}\nworkspace: {name: '${{ env.NEVER_SET_ANYWHERE }}'}\n"
    (found,) = put(text, unread={"azureml": (("workspace",),)}).diagnostics
    assert found.severity is Severity.NOTE


def test_unread_is_a_prefix_of_whole_names(put: Any) -> None:
    text = "workspace: {name: '${{ env.NEVER_SET_ANYWHERE }}'}\nworkspaces: ${{ env.NEVER_SET_ANYWHERE }}\n"
    severities = [found.severity for found in put(text, unread={"local": (("workspace",),)}).diagnostics]
    assert severities == [Severity.NOTE, Severity.ERROR]


@pytest.mark.parametrize(
    "text", ["[1, '${{ env.X }}']\n", "vars: [1]\na: ${{ vars.x }}\n", "job: 3\na: ${{ inputs.x }}\n"]
)
def test_wrong_shapes_do_not_matter(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    document, _ = source.read(str(tmp_path / "x.yaml"))
    if document is not None:
        assert all(found.code == "expression-misplaced" for found in substitute(document).diagnostics)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        (("datastores", "x", "credentials", "account_key"), True),
        (("datastores", "x", "credentials", "client_secret"), True),
        (("datastores", "x", "credentials", "tenant_id"), False),
        (("compute", "ssh_settings", "admin_password"), True),
        (("compute", "ssh_settings", "ssh_key_value"), False),
        (("job", "tags", "account_key"), False),
    ],
)
def test_is_credential(path: tuple[str, ...], answer: bool) -> None:
    assert is_credential(path) is answer


@pytest.mark.parametrize("namespace", ["env", "secrets"])
def test_where_nobody_reads_it_nobody_is_told_to_set_it(
    put: Any, monkeypatch: pytest.MonkeyPatch, namespace: str
) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    text = f"datastores: {{d: {{credentials: {{account_key: '${{{{ {namespace}.NOT_SET }}}}'}}}}}}\n"
    text += f"job: {{environment_variables: {{X: '${{{{ {namespace}.NOT_SET }}}}'}}}}\n"
    found = put(text, unread={"local": (("datastores",),)}).diagnostics
    (told,) = [one.detail for one in found if one.path[0] == "job"]
    assert "export NOT_SET=" in told
    for one in found:
        if one.path[0] == "datastores":
            assert "export" not in one.detail
            assert "The engine `local` does not read this field" in one.detail
