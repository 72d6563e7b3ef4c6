"""Scripts and notebooks as specs: each file in tests/cases/import/scripts, beside the spec that it gives."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from specrun.convert.imported import Imported
from specrun.convert.options import ImportOptions
from specrun.convert.report import Entry, Verdict
from specrun.convert.scripts import import_script
from specrun.convert.sources import Refused
from tests.convert.unexplained import unexplained

CASES = Path(__file__).parents[1] / "cases" / "import" / "scripts"
FILES = sorted(CASES.glob("*.txt"))


def imported(file: str, text: str) -> Imported:
    return import_script(file, text, ImportOptions())[0]


def of(text: str) -> dict[str, object]:
    return dict(imported("train.py", text).draft.values())


def entry(found: Imported, source: str) -> Entry:
    return next(one for one in found.report.entries if one.source == source)


@pytest.fixture(params=FILES, ids=lambda path: path.name.removesuffix(".txt"))
def case(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def read(case: Path) -> Imported:
    return imported(case.name.removesuffix(".txt"), case.read_text())


def test_the_spec(case: Path) -> None:
    found = read(case)
    files = "".join(
        f"--- {name}\n{text}" for name, text in found.files.items() if name.endswith((".yml", "Dockerfile"))
    )
    assert found.draft.text() + files == case.with_suffix("").with_suffix(".yaml").read_text()


def test_it_is_valid_but_for_what_it_asks(case: Path, tmp_path: Path) -> None:
    found = read(case)
    path = tmp_path / "job.yaml"
    path.write_text(found.draft.text())
    assert unexplained(path, found) == []


def test_no_credential_is_copied(case: Path) -> None:
    found = read(case)
    notes = " ".join(f"{one.source} {one.note} {one.to}" for one in found.report.entries)
    assert "CANARY" not in found.draft.text() + notes + "".join(found.files.values())


def test_every_argument_is_in_the_report_with_its_line(case: Path) -> None:
    """Found without the importer: every keyword of every call of a class that begins with a capital letter."""
    text = case.read_text()
    entries = read(case).report.entries
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"] if ".ipynb" in case.name else []
    parts = ["".join(cell["source"]) for cell in cells] or [text]
    for part in parts:
        if any(line.startswith(("!", "%")) for line in part.split("\n")):
            continue
        for node in ast.walk(ast.parse(part)):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            told = [
                one for one in entries if one.path and re.sub(r"#\d+$", "", str(one.path[0])).split(".")[-1] == name
            ]
            for keyword in node.keywords if told else []:
                of_it = [one for one in told if keyword.arg in one.path or len(one.path) == 1]
                assert of_it, (name, keyword.arg)
                asked = [one for one in of_it if one.verdict is Verdict.NEEDS_YOU and keyword.arg in one.path]
                lines = {f"line {number}" for number in range(keyword.value.lineno, keyword.value.end_lineno or 0 + 1)}
                places = {one.place.rpartition(", ")[2] for one in asked if len(told) == 1}
                assert not asked or places <= {*lines, f"line {keyword.value.lineno}"}, (name, keyword.arg, places)


def test_defects_of_a_tutorial() -> None:
    found = read(CASES / "tutorial.ipynb.txt")
    compute, job = found.draft.values()["compute"], found.draft.values()["job"]
    assert isinstance(compute, dict)
    assert isinstance(job, dict)
    assert compute["name"] == "NC6"  # used before it is defined
    assert compute["idle_time_before_scale_down"] == 300  # a text in the page
    assert job["arguments"][:2] == ["--input_data", "${{ inputs.input_data }}/mnist.npz"]  # a blank in the page


def test_further_jobs_are_named() -> None:
    found = read(CASES / "script-run-config.py.txt")
    assert entry(found, "ScriptRunConfig#2").verdict is Verdict.NEEDS_YOU


def test_what_is_computed_is_a_variable_with_its_expression() -> None:
    found = imported("a.py", "import x\nAmlCompute.provisioning_configuration(vm_size=x.pick(2), max_nodes=1)\n")
    assert "  # TODO: line 2: x.pick(2)\n  vm_size: TODO\n" in found.draft.text()
    asked = entry(found, "AmlCompute.provisioning_configuration.vm_size")
    assert (asked.verdict, asked.flag) == (Verdict.NEEDS_YOU, "--var vm_size=VALUE")


def test_a_branch_that_is_never_taken() -> None:
    text = "GPU = False\nif GPU:\n    size = 'STANDARD_NC6'\nelse:\n    size = 'STANDARD_D2_V2'\n"
    values = of(text + "AmlCompute.provisioning_configuration(vm_size=size)")
    assert isinstance(values["compute"], dict)
    assert values["compute"]["size"] == "STANDARD_D2_V2"


def test_a_name_that_is_not_the_sdks() -> None:
    with pytest.raises(Refused, match="it uses none of"):
        imported(
            "a.py",
            "from keras import Input\nx = Input(type=3, path=2)\nclass AmlCompute:\n    pass\nAmlCompute(size=1)",
        )


def test_an_argument_of_an_estimator_that_is_a_flag_alone() -> None:
    job = of(
        "from azureml.train.dnn import TensorFlow\nTensorFlow('.', entry_script='a.py', script_params={'-v': ''})"
    )["job"]
    assert isinstance(job, dict)
    assert job["arguments"] == ["-v"]


def test_names_with_secrets_are_not_shown_in_comments() -> None:
    text = (
        "Workspace.get(name=look('x', api_key='CANARY'), subscription_id=f(password='CANARY', b={'token': 'CANARY'}))"
    )
    found = imported("a.py", text)
    assert "CANARY" not in found.draft.text() + str(found.report)


@pytest.mark.parametrize(
    "growth",
    [
        "x = [1]\n" + "x = x + x\n" * 60,
        "x = 'a'\n" + "x += x\n" * 60,
        "x = 'a'\n" + "x = f'{x}{x}'\n" * 60,
        "x = [1]\n" + "x.extend(x)\n" * 60,
        "x = {}\n" + "x = {'a': x, 'b': x}\n" * 60,
        "x = [1]\n" + "x = [x, x]\n" * 60,
        "x = {}\nx['x'] = x\n",
        "def x(a):\n    return x(a) or x(a)\n" + "x(1)\n" * 60,
        "x = 9 * 9" + " * 9" * 900 + "\n",
    ],
)
def test_what_grows_is_not_followed_for_ever(growth: str) -> None:
    end = "job = ScriptRunConfig('.', 'a.py', arguments=x, environment_variables=x)\n"
    batch = "models.JobCreateParameters(node_count=x, environment_variables=x)\n"
    for text in (growth + end, growth + batch):
        try:
            assert len(imported("a.py", text).draft.text()) < 200_000
        except Refused:
            continue


@pytest.mark.parametrize(
    ("file", "text", "place", "message"),
    [
        ("a.py", "x = 1\nprint 'hello'\n", (2, 1), "it is Python 2"),
        ("a.py", "try:\n    pass\nexcept IOError, error:\n    pass\n", (3, 8), "it is Python 2"),
        ("a.py", "import os\nx = (1,\n", (2, 5), "it is not Python: '(' was never closed"),
        ("a.py", "import numpy\nprint(1)\n", (0, 0), "it uses none of"),
        (
            "a.py",
            "from azureml.pipeline.core import Pipeline\nPipeline(ws, [])",
            (0, 0),
            "pipeline (line 2): a pipeline",
        ),
        ("a.ipynb", "{", (1, 2), "it is not a notebook, which is JSON"),
        ("a.ipynb", "[1]", (0, 0), "it has no list of cells"),
        (
            "a.ipynb",
            '{"cells": [{"cell_type": "code", "source": ["x =\\n", "1 +"]}]}',
            (1, 4),
            "cell 1: it is not Python",
        ),
        ("a.py", "x = '\0'", (0, 0), "it is not Python"),
        ("a.py", "x = " + "(" * 5000 + ")" * 5000, (0, 0), "it is not Python"),
    ],
)
def test_refused(file: str, text: str, place: tuple[int, int], message: str) -> None:
    with pytest.raises(Refused) as caught:
        imported(file, text)
    assert message in caught.value.message
    if place != (0, 0):
        assert (caught.value.line, caught.value.column) == place


STRANGE = [
    "ScriptRunConfig(*x, **y)",
    "ScriptRunConfig(*[x], script=lambda *a, **k: a)",
    "ScriptRunConfig(script=[i for i in x], arguments=(y := 1), compute_target=x[*y])",
    "ScriptRunConfig(script='\\ud800', arguments=['\\udfff'])",
    "ClusterCreateParameters(*[x]); clusters.create('rg', 'ws', [*x])",
    "c.clusters.create(*a, **b)\nClusterCreateParameters(location=[1], vm_size={}, **{'a': 1})",
    "c.jobs.create('rg', ['x'], JobCreateParameters(location='x', node_count='y'))",
    "c.clusters.create('rg', {'x': 1}, ClusterCreateParameters(vm_size='x'))",
]


@pytest.mark.parametrize("call", STRANGE)
def test_calls_as_nobody_writes_them(call: str) -> None:
    found = imported("train.py", f"from azureml.core import ScriptRunConfig\n{call}\nScriptRunConfig(script='a.py')\n")
    assert found.report.entries
    found.draft.text().encode()


@pytest.mark.parametrize("text", [f"x = 0x{'f' * 5000}", f"x = {'9' * 5000}", "(" * 10_000, "x = 1\n" * 30_000, "\0"])
def test_what_cannot_be_followed_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        imported("train.py", f"from azureml.core import ScriptRunConfig\n{text}\nScriptRunConfig(script='a.py')\n")
